/*
 * RFC 4861, sections 6.1 and 7.1: a Neighbour Discovery message in which an option has length 0 must be silently
 * discarded. lwIP only ignores the option.
 */
#include "nd6_guard.h"

#include "lwip/pbuf.h"
#include "lwip/prot/icmp6.h"
#include "lwip/prot/ip6.h"

enum { OPTION_UNIT = 8 };

/* Size of a message up to its options, by ICMPv6 type; 0: not Neighbour Discovery. */
static u16_t fixed_part(u8_t type) {
    switch (type) {
        case ICMP6_TYPE_RS:
            return 8;
        case ICMP6_TYPE_RA:
            return 16;
        case ICMP6_TYPE_NS:
        case ICMP6_TYPE_NA:
            return 24;
        case ICMP6_TYPE_RD:
            return 40;
        default:
            return 0;
    }
}

bool nd6_malformed(const struct pbuf *p) {
    const struct ip6_hdr *header = p->payload;
    if (p->len <= IP6_HLEN || IP6H_NEXTH(header) != IP6_NEXTH_ICMP6) {
        return false;
    }
    u16_t fixed = fixed_part(pbuf_get_at(p, IP6_HLEN));
    if (fixed == 0 || IP6H_PLEN(header) > p->tot_len - IP6_HLEN) {
        return false; /* of no concern here, or cut short: lwIP notices */
    }
    u16_t end = IP6_HLEN + IP6H_PLEN(header);
    u16_t offset = IP6_HLEN + fixed;
    while (offset < end) {
        u16_t size = offset + 1 < end ? pbuf_get_at(p, offset + 1) * OPTION_UNIT : 0;
        if (size == 0 || size > end - offset) {
            return true;
        }
        offset += size;
    }
    return false;
}
