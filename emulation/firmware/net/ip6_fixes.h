/* Comes before lwIP's ip6.c: what that gets wrong. */
#ifndef IP6_FIXES_H
#define IP6_FIXES_H

#include "lwip/icmp6.h"
#include "lwip/ip.h"
#include "lwip/pbuf.h"

/* Headers that were passed over are no longer part of the packet when a Parameter Problem is sent, which has to
 * quote it from its IPv6 header on (RFC 4443, section 3.4). The packet is dropped afterwards. No error goes to a
 * packet whose source is no single node (section 2.4 e.6): lwIP would answer the unspecified address, and wait in
 * vain to be told its neighbour's link-layer address. */
static inline void param_problem_of_whole(struct pbuf *p, enum icmp6_pp_code code, const void *pointer) {
    if (ip6_addr_isany(ip6_current_src_addr())) {
        return;
    }
    size_t behind = (size_t)((const uint8_t *)p->payload - (const uint8_t *)ip6_current_header());
    pbuf_add_header_force(p, behind);
    icmp6_param_problem(p, code, pointer);
}

#define icmp6_param_problem param_problem_of_whole

#endif
