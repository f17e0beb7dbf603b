/* lwIP would answer its own address, and ask by ARP who has it. */
#include "ip4_guard.h"

#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/prot/ip4.h"

bool ip4_drop_own(struct pbuf *p, const struct netif *netif) {
    const struct ip_hdr *header = p->payload;
    if (p->len < IP_HLEN || header->src.addr != netif_ip4_addr(netif)->addr) {
        return false;
    }
    pbuf_free(p);
    return true;
}
