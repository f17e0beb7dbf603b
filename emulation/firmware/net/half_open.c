/*
 * RFC 4987, section 3.4: a few SYNs whose senders never go on would keep everybody else out for as long as lwIP waits
 * for them, and their retransmissions begin that time anew.
 */
#include "half_open.h"

#include <stdbool.h>
#include <stddef.h>

#include "lwip/memp.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"

/* A client on its way answers within a round trip: so long it is left alone, in steps of TCP_SLOW_INTERVAL. */
#define GRACE 2

static bool no_pcb_left(void) {
    const struct stats_mem *pool = lwip_stats.memp[MEMP_TCP_PCB];
    return pool->used == pool->avail && tcp_tw_pcbs == NULL; /* of those in TIME-WAIT lwIP takes the oldest itself */
}

void half_open_make_room(const struct tcp_pcb *listener) {
    const struct tcp_pcb_listen *wanted = (const struct tcp_pcb_listen *)listener;
    bool queue_full = wanted->accepts_pending >= wanted->backlog;
    if (!queue_full && !no_pcb_left()) {
        return;
    }
    struct tcp_pcb *oldest = NULL;
    u32_t age = GRACE;
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) {
        if (pcb->state == SYN_RCVD && tcp_ticks - pcb->tmr >= age && (!queue_full || pcb->listener == wanted)) {
            oldest = pcb;
            age = tcp_ticks - pcb->tmr;
        }
    }
    if (oldest != NULL) {
        tcp_abandon(oldest, 0); /* without a reset: the address is most likely not the sender's */
    }
}
