/* Read before MicroPython's modlwip.c: some of lwIP's names get a meaning that mends what modlwip does with them. */
#include "lwip/memp.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"
#include "lwip/tcp.h"
#include "lwip/udp.h"

/*
 * What arrived for a connection before Python accepted it is not delivered by modlwip: data waits for lwIP's next
 * timer, up to 250 ms, and the peer's FIN is lost, so that the connection never ends. modlwip calls tcp_accepted,
 * which lwIP 2 no longer needs, once the accepted socket is set up: the place to catch up.
 */
#undef tcp_accepted
#define tcp_accepted(listener) catch_up(socket2->pcb.tcp, &socket2->state, STATE_PEER_CLOSED)

static inline void catch_up(struct tcp_pcb *pcb, signed char *socket_state, signed char peer_closed) {
    tcp_backlog_accepted(pcb); /* see below */
    if (pcb->refused_data != NULL) {
        tcp_process_refused_data(pcb); /* calls the new socket's receive function, and tells it of a FIN */
    } else if (pcb->state == CLOSE_WAIT) {
        *socket_state = peer_closed;
    }
}

/*
 * Closing a listening socket, modlwip takes its callbacks away; but a listening PCB has no room for these two, and what
 * lies behind it in the pool would be overwritten.
 */
#define tcp_err(pcb, function) \
    ((pcb)->state == LISTEN \
        ? (void)0 : (count_waiting(pcb, (function) == _lwip_tcp_err_unaccepted), tcp_err(pcb, function)))
#define tcp_recv(pcb, function) \
    ((pcb)->state == LISTEN \
        ? (void)0 : tcp_recv(pcb, (tcp_recv_fn)(function) == _lwip_tcp_recv ? receive_data : (function)))

/*
 * Of a segment that repeats what has come already, lwIP leaves the buffers that hold nothing new in their place, empty;
 * so it does with one that held headers only. modlwip reads buffer by buffer, and for Python no bytes are the stream's end.
 */
static err_t _lwip_tcp_recv(void *socket, struct tcp_pcb *pcb, struct pbuf *p, err_t error);

static err_t receive_data(void *socket, struct tcp_pcb *pcb, struct pbuf *p, err_t error) {
    struct pbuf **place = &p;
    while (*place != NULL) {
        struct pbuf *buffer = *place;
        if (buffer->len == 0) {
            *place = buffer->next;
            buffer->next = NULL;
            pbuf_free(buffer);
        } else {
            place = &buffer->next;
        }
    }
    return _lwip_tcp_recv(socket, pcb, p, error);
}

/*
 * A connection that waits for Python to accept it takes a place in the listener's queue. For lwIP its place in the
 * backlog is free as soon as it is established, so that more come than the queue can hold, and are reset. It keeps the
 * place until it is accepted; a SYN beyond the backlog is dropped, and comes again. modlwip sets this function for
 * errors of what has just been put into the queue.
 */
static inline void count_waiting(struct tcp_pcb *pcb, int waiting) {
    if (waiting) {
        tcp_backlog_delayed(pcb);
    }
}

/*
 * Data that wait for Python are moved together: else each segment, however short, would hold a buffer of the pool, and
 * one peer sending single bytes could take them all.
 */
static inline void append(struct pbuf *head, struct pbuf *tail) {
    struct pbuf *last = head;
    while (last->next != NULL) {
        last = last->next;
    }
    u8_t *end = (u8_t *)last->payload + last->len;
    u8_t *limit = (u8_t *)last + LWIP_MEM_ALIGN_SIZE(sizeof(struct pbuf)) + PBUF_POOL_BUFSIZE;
    if (last->type_internal != (u8_t)PBUF_POOL || last->ref != 1 || tail->tot_len > limit - end) {
        pbuf_cat(head, tail);
        return;
    }
    pbuf_copy_partial(tail, end, tail->tot_len, 0);
    for (struct pbuf *p = head; p != NULL; p = p->next) {
        p->tot_len += tail->tot_len;
    }
    last->len += tail->tot_len;
    pbuf_free(tail);
}

#define pbuf_cat(head, tail) append(head, tail)

/* modlwip forgets the family of a UDP socket, and lwIP then refuses to send to an IPv6 address before it is bound. */
#define udp_new() udp_new_ip_type(socket->domain == MOD_NETWORK_AF_INET6 ? IPADDR_TYPE_V6 : IPADDR_TYPE_V4)

/*
 * When tcp_write finds no memory modlwip waits for it, up to 10 s, and with it the whole event loop: a few peers that
 * do not read could stop the board. So a connection counts as not writable while memory, segments or its queue are too
 * short for a write of the largest size; asyncio then waits for it like for a full send buffer. Where a peer's MSS or
 * window makes segments small, no more is written at once than the queue has places for.
 */
#undef tcp_sndbuf
#define tcp_sndbuf(pcb) writable_bytes(pcb)

static inline u16_t writable_bytes(const struct tcp_pcb *pcb) {
    enum {
        SPARE = 2, /* places: for what is appended to the last segment, and for a segment that is cut */
        OVERHEAD = 128, /* bytes of each segment: headers and the heap's own */
        PBUFS = TCP_SND_BUF / TCP_MSS + SPARE,
        MEMORY = TCP_SND_BUF + PBUFS * OVERHEAD,
    };
    const struct stats_mem *segments = lwip_stats.memp[MEMP_TCP_SEG];
    bool short_of = lwip_stats.mem.used + MEMORY > lwip_stats.mem.avail
        || segments->used + PBUFS > segments->avail
        || pcb->snd_queuelen + PBUFS > TCP_SND_QUEUELEN;
    if (short_of) {
        return 0;
    }
    u16_t size = LWIP_MIN(pcb->mss, pcb->snd_wnd_max / 2); /* as tcp_write has it */
    if (size == 0) {
        size = pcb->mss;
    }
    u16_t places = LWIP_MIN(TCP_SND_QUEUELEN - pcb->snd_queuelen, segments->avail - segments->used) - SPARE;
    u16_t memory = lwip_stats.mem.avail - lwip_stats.mem.used - SPARE * OVERHEAD;
    places = LWIP_MIN(places, memory / (size + OVERHEAD));
    return LWIP_MIN(pcb->snd_buf, places * size);
}

/*
 * A reset takes the PCB from the socket, perhaps before Python has set the first option of a connection it has just
 * accepted. modlwip asks for the PCB in every other place; here the option of what is gone is forgotten, and Python
 * learns of the reset when it reads.
 */
#undef tcp_set_flags
#undef tcp_clear_flags
#define tcp_set_flags(pcb, set)     change_flags(pcb, set, 0)
#define tcp_clear_flags(pcb, clear) change_flags(pcb, 0, clear)

static inline void change_flags(struct tcp_pcb *pcb, tcpflags_t set, tcpflags_t clear) {
    if (pcb != NULL) {
        pcb->flags = (tcpflags_t)((pcb->flags | set) & ~clear);
    }
}
