/*
 * What a peer or a router may not make smaller. ld's --wrap puts these functions before lwIP's own.
 */
#include "lwip/nd6.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/ip6.h"

enum {
    /* With segments of a few bytes there are not enough of them to answer anything (CVE-2019-11479); Linux' limit. */
    LEAST_MSS = 48,
};

u16_t __real_tcp_eff_send_mss_netif(u16_t mss, struct netif *netif, const ip_addr_t *destination);
u16_t __real_nd6_get_destination_mtu(const ip6_addr_t *destination, struct netif *netif);

u16_t __wrap_tcp_eff_send_mss_netif(u16_t mss, struct netif *netif, const ip_addr_t *destination) {
    return __real_tcp_eff_send_mss_netif(LWIP_MAX(mss, LEAST_MSS), netif, destination);
}

err_t __real_tcp_write(struct tcp_pcb *pcb, const void *data, u16_t length, u8_t flags);

/*
 * lwIP makes segments of half the largest window it has seen, but of the whole MSS while it has seen only closed ones;
 * once such a peer opens its window by a few bytes, what waits is longer than what lwIP then asserts. It stays as long:
 * when it is to be sent it is cut to the window.
 */
err_t __wrap_tcp_write(struct tcp_pcb *pcb, const void *data, u16_t length, u8_t flags) {
    /* A reset may take the PCB while modlwip waits for memory; lwIP's own tcp_write then returns an error. */
    const struct tcp_seg *last = pcb != NULL ? pcb->unsent : NULL;
    while (last != NULL && last->next != NULL) {
        last = last->next;
    }
    if (last != NULL && pcb->snd_wnd_max / 2 > 0) {
        u16_t waiting = last->len + pcb->unsent_oversize + LWIP_TCP_OPT_LENGTH(last->flags);
        pcb->snd_wnd_max = LWIP_MAX(pcb->snd_wnd_max, 2 * waiting);
    }
    return __real_tcp_write(pcb, data, length, flags);
}

/* RFC 8201, section 4: no Packet Too Big message brings a path below IPv6's minimum link MTU. */
u16_t __wrap_nd6_get_destination_mtu(const ip6_addr_t *destination, struct netif *netif) {
    return LWIP_MAX(__real_nd6_get_destination_mtu(destination, netif), IP6_MIN_MTU_LENGTH);
}
