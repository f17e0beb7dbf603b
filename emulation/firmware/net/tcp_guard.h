/* What of a TCP segment lwIP may see. */
#ifndef TCP_GUARD_H
#define TCP_GUARD_H

#include "lwip/arch.h"

struct pbuf;
struct tcp_hdr;
struct tcp_pcb;

/*
 * Cut a segment to what its connection can take, before lwIP acts on it. `p` holds its data; `flags`, `length` (data,
 * SYN and FIN) and `options` (bytes of them) are what lwIP goes by.
 */
void tcp_guard(
    const struct tcp_pcb *pcb, struct tcp_hdr *header, struct pbuf *p, u8_t *flags, u16_t *length, u16_t *options
);

#endif
