/* The last buffers of the receive pool, which no connection's data may take. */
#ifndef RESERVE_H
#define RESERVE_H

#include <stdbool.h>

#include "lwip/arch.h"

struct pbuf;

/* Whether there is a place for a frame of `length` bytes: one that needs a single buffer may use the reserve. */
bool reserve_takes_frame(u16_t length);

/* Whether a segment of a connection may be kept; `p` holds its data, `flags` are those of its header. */
bool reserve_takes_segment(const struct pbuf *p, u8_t flags);

#endif
