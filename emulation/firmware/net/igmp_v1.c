/*
 * RFC 2236, section 4: where a router speaks IGMP's first version, reports are of that version, for 400 s after its last
 * query, and nobody is told of leaving; a report of either version spares other members theirs. lwIP knows the second
 * version alone. ld's --wrap puts these functions before lwIP's own.
 */
#include <stdbool.h>

#include "lwip/igmp.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip4.h"
#include "lwip/pbuf.h"
#include "lwip/prot/igmp.h"
#include "lwip/prot/ip.h"
#include "lwip/sys.h"

/* Version 1 Router Present Timeout (RFC 2236, section 8.11), milliseconds. */
#define ROUTER_PRESENT 400000u

static bool router_present;
static u32_t present_until;

void __real_igmp_input(struct pbuf *p, struct netif *input, const ip4_addr_t *destination);
void __wrap_igmp_input(struct pbuf *p, struct netif *input, const ip4_addr_t *destination);
err_t __real_ip4_output_if_opt(struct pbuf *p, const ip4_addr_t *source, const ip4_addr_t *destination, u8_t ttl,
    u8_t tos, u8_t protocol, struct netif *netif, void *options, u16_t options_length);
err_t __wrap_ip4_output_if_opt(struct pbuf *p, const ip4_addr_t *source, const ip4_addr_t *destination, u8_t ttl,
    u8_t tos, u8_t protocol, struct netif *netif, void *options, u16_t options_length);

static void change_type(struct pbuf *p, u8_t type) {
    struct igmp_msg *message = p->payload;
    message->igmp_msgtype = type;
    message->igmp_checksum = 0;
    message->igmp_checksum = inet_chksum(message, p->len);
}

void __wrap_igmp_input(struct pbuf *p, struct netif *input, const ip4_addr_t *destination) {
    if (p->len >= IGMP_MINLEN && inet_chksum(p->payload, p->len) == 0) {
        const struct igmp_msg *message = p->payload;
        /* A longer query is of the third version (RFC 3376, section 7.1). */
        if (message->igmp_msgtype == IGMP_MEMB_QUERY && message->igmp_maxresp == 0 && p->tot_len == IGMP_MINLEN) {
            router_present = true;
            present_until = sys_now() + ROUTER_PRESENT;
        } else if (message->igmp_msgtype == IGMP_V1_MEMB_REPORT) {
            change_type(p, IGMP_V2_MEMB_REPORT);
        }
    }
    __real_igmp_input(p, input, destination);
}

err_t __wrap_ip4_output_if_opt(struct pbuf *p, const ip4_addr_t *source, const ip4_addr_t *destination, u8_t ttl,
    u8_t tos, u8_t protocol, struct netif *netif, void *options, u16_t options_length) {
    router_present = router_present && (s32_t)(present_until - sys_now()) > 0;
    if (protocol == IP_PROTO_IGMP && router_present) {
        const struct igmp_msg *message = p->payload;
        if (message->igmp_msgtype == IGMP_LEAVE_GROUP) {
            return ERR_OK;
        }
        change_type(p, IGMP_V1_MEMB_REPORT);
    }
    return __real_ip4_output_if_opt(
        p, source, destination, ttl, tos, protocol, netif, options, options_length);
}
