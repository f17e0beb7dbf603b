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

/*
 * Of data that overlap what has come before, lwIP leaves the buffers that hold only that in the chain, with a length of
 * 0. To modlwip, which reads buffer by buffer, none of a buffer is the end of the stream: the server would close.
 */
#undef TCP_EVENT_RECV
#define TCP_EVENT_RECV(pcb, p, err, ret) ((p) = without_empty(p), (ret) = hand_over(pcb, p, err))

static inline struct pbuf *without_empty(struct pbuf *p) {
    while (p->len == 0 && p->next != NULL) {
        struct pbuf *next = p->next;
        pbuf_ref(next); /* so that only the first is freed */
        pbuf_free(p);
        p = next;
    }
    return p;
}

static inline err_t hand_over(struct tcp_pcb *pcb, struct pbuf *p, err_t err) {
    return pcb->recv != NULL ? pcb->recv(pcb->callback_arg, pcb, p, err) : tcp_recv_null(NULL, pcb, p, err);
}
