/*
 * RFC 3810, section 6.2: a query counts if it comes from a link-local address, with hop limit 1 and the Router Alert
 * option; RFC 2710 has the same rules for what MLD's first version sends, but a report may come from the unspecified
 * address (RFC 3590, section 4). lwIP answers anything. ld's --wrap puts this before mld6_input.
 */
#include "lwip/ip.h"
#include "lwip/mld6.h"
#include "lwip/pbuf.h"
#include "lwip/prot/icmp6.h"
#include "lwip/prot/ip6.h"

#include <stdbool.h>

enum {
    HOP_LIMIT = 1,
    OPTION_UNIT = 8, /* of a Hop-by-Hop Options header's length, which does not count the first */
    OPTIONS_AT = 2,  /* in that header */
};

void __real_mld6_input(struct pbuf *p, struct netif *input);
void __wrap_mld6_input(struct pbuf *p, struct netif *input);

/* The header is whole, and in one piece before the message: ip6_input has seen to that. */
static bool alerts_routers(void) {
    const struct ip6_hdr *header = ip6_current_header();
    if (IP6H_NEXTH(header) != IP6_NEXTH_HOPBYHOP) {
        return false;
    }
    const u8_t *options = (const u8_t *)header + IP6_HLEN;
    unsigned end = (options[1] + 1) * OPTION_UNIT;
    for (unsigned at = OPTIONS_AT; at + 1 < end;) {
        if (options[at] == IP6_PAD1_OPTION) {
            ++at;
            continue;
        }
        unsigned size = options[at + 1];
        if (options[at] == IP6_ROUTER_ALERT_OPTION && size == IP6_ROUTER_ALERT_DLEN && at + 3 < end) {
            return (options[at + 2] << 8 | options[at + 3]) == IP6_ROUTER_ALERT_VALUE_MLD;
        }
        at += 2 + size;
    }
    return false;
}

static bool from_the_link(u8_t type) {
    return ip6_addr_islinklocal(ip6_current_src_addr())
        || (type == ICMP6_TYPE_MLR && ip6_addr_isany(ip6_current_src_addr()));
}

void __wrap_mld6_input(struct pbuf *p, struct netif *input) {
    if (!from_the_link(pbuf_get_at(p, 0)) || IP6H_HOPLIM(ip6_current_header()) != HOP_LIMIT || !alerts_routers()) {
        pbuf_free(p);
        return;
    }
    __real_mld6_input(p, input);
}
