/*
 * lwIP counts on peers that keep to the window, end their stream once, and name their MSS once. What one that does not
 * sends made assertions fail, and so stopped the board.
 */
#include "tcp_guard.h"

#include "lwip/pbuf.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/tcp.h"

/* Options are read where a connection begins; RFC 9293, section 3.2: the MSS "MUST only be sent" in a SYN. */
static bool heeds_options(const struct tcp_pcb *pcb, u8_t flags) {
    return (flags & TCP_SYN) && (pcb->state == LISTEN || pcb->state == SYN_SENT);
}

/* In these states data are received; only SYN_RCVD answers a SYN, which brings none. */
static bool receives(const struct tcp_pcb *pcb, u8_t flags) {
    return !(flags & TCP_SYN) && pcb->state >= SYN_RCVD && pcb->state < CLOSE_WAIT;
}

/* The FIN among what has arrived out of order: the last of it, since nothing comes after. NULL: none. */
static const struct tcp_seg *early_fin(const struct tcp_pcb *pcb) {
    const struct tcp_seg *segment = pcb->ooseq;
    while (segment != NULL && segment->next != NULL) {
        segment = segment->next;
    }
    return segment != NULL && (TCPH_FLAGS(segment->tcphdr) & TCP_FIN) ? segment : NULL;
}

void tcp_guard(
    const struct tcp_pcb *pcb, struct tcp_hdr *header, struct pbuf *p, u8_t *flags, u16_t *length, u16_t *options
) {
    if (!heeds_options(pcb, *flags)) {
        *options = 0;
    }
    if (!receives(pcb, *flags)) {
        return;
    }
    u32_t first = header->seqno;
    u32_t after = first + *length;
    u32_t edge = pcb->rcv_nxt + pcb->rcv_wnd;
    if (TCP_SEQ_GEQ(first, edge) || TCP_SEQ_LEQ(after, pcb->rcv_nxt)) {
        return; /* nothing of it is in the window: lwIP drops and acknowledges it */
    }
    /* RFC 9293, section 3.10.7.4: a segment is cut to the window. A FIN takes a place in it. */
    bool fin = (*flags & TCP_FIN) && TCP_SEQ_LEQ(after, edge);
    /* And to the end of the stream, which is where the first FIN was. */
    const struct tcp_seg *end = early_fin(pcb);
    if (end != NULL) {
        u32_t end_of_stream = end->tcphdr->seqno + end->len;
        if (TCP_SEQ_LT(first, end_of_stream) && TCP_SEQ_LT(end_of_stream, first + p->tot_len)) {
            edge = end_of_stream;
            fin = false;
        }
    }
    if (edge - first < p->tot_len) {
        pbuf_realloc(p, (u16_t)(edge - first));
    }
    if ((*flags & TCP_FIN) && !fin) {
        *flags &= ~TCP_FIN;
        TCPH_UNSET_FLAG(header, TCP_FIN);
    }
    *length = p->tot_len + fin;
}
