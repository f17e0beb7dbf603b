/* Neighbour Discovery messages that must be discarded before lwIP acts on them. */
#ifndef ND6_GUARD_H
#define ND6_GUARD_H

#include <stdbool.h>

struct pbuf;

/* A Neighbour Discovery message with an option of length 0, or one that runs beyond the packet. */
bool nd6_malformed(const struct pbuf *p);

#endif
