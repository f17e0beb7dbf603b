/* Read before lwIP's tcp_in.c. */
#include "lwip/priv/tcp_priv.h"

/*
 * RFC 9293, section 3.10.7.1: the answer to a segment without ACK has sequence number 0,
 * whatever its acknowledgement field says; lwIP takes the field. `flags` is that file's name for the segment's flags.
 */
#define tcp_rst_netif(netif, ackno, ...) tcp_rst_netif(netif, (flags & TCP_ACK) ? (ackno) : 0, __VA_ARGS__)
#define tcp_rst(pcb, ackno, ...)         tcp_rst(pcb, (flags & TCP_ACK) ? (ackno) : 0, __VA_ARGS__)

/*
 * What tcp_input ends with, once an acknowledgement has been dealt with. If that was for the last byte, which a probe
 * of the closed window has carried, there is nothing left to be probed for; lwIP lets its persist timer run on, and
 * then asserts that something waits.
 */
#define tcp_output(pcb) (still_waits(pcb), tcp_output(pcb))

static inline void still_waits(struct tcp_pcb *pcb) {
    if (pcb->unsent == NULL) {
        pcb->persist_backoff = 0;
    }
}
