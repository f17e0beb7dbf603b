/* lwIP would answer its own address, and ask by ARP who has it; it never looks at options, and an echo reply
 * has those of its request. */
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

bool ip4_drop_bad_options(struct pbuf *p) {
    const uint8_t *header = p->payload;
    const unsigned size = (header[0] & 15) * 4;
    if (p->len < IP_HLEN || size > p->len) {
        return false; /* lwIP drops it */
    }
    for (unsigned at = IP_HLEN; at < size && header[at] != 0;) {
        if (header[at] == 1) {
            ++at;
            continue;
        }
        const unsigned length = at + 1 < size ? header[at + 1] : 0;
        if (length < 2 || length > size - at) {
            pbuf_free(p);
            return true;
        }
        at += length;
    }
    return false;
}
