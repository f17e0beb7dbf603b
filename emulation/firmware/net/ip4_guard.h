/* IPv4 packets that must be discarded before lwIP acts on them. */
#ifndef IP4_GUARD_H
#define IP4_GUARD_H

#include <stdbool.h>

struct netif;
struct pbuf;

/*
 * Frees a packet from the interface's own address (RFC 1122, section 3.2.1.3), and a fragment without data, and says
 * that it did.
 */
bool ip4_drop(struct pbuf *p, const struct netif *netif);

/* Frees a packet with an option of a wrong length, which lwIP would send back, and says that it did. */
bool ip4_drop_bad_options(struct pbuf *p);

#endif
