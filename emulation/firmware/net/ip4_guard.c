#include "ip4_guard.h"

#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/prot/ip4.h"

/* lwIP would answer its own address, and ask by ARP who has it. */
static bool is_own(const struct ip_hdr *header, const struct netif *netif) {
    return header->src.addr == netif_ip4_addr(netif)->addr;
}

/*
 * lwIP takes a fragment without data for a packet's last one, and hangs an empty buffer on what has come. The answer to
 * a ping that ends so would fail an assertion while the address it goes to is asked for.
 */
static bool is_empty_fragment(const struct ip_hdr *header) {
    return (IPH_OFFSET(header) & PP_HTONS(IP_OFFMASK | IP_MF)) != 0
        && lwip_ntohs(IPH_LEN(header)) <= IPH_HL_BYTES(header);
}

bool ip4_drop(struct pbuf *p, const struct netif *netif) {
    const struct ip_hdr *header = p->payload;
    if (p->len < IP_HLEN || !(is_own(header, netif) || is_empty_fragment(header))) {
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
