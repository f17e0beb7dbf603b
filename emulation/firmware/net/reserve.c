/*
 * The last buffers of the pool are for what is dealt with at once: acknowledgements, resets, neighbour discovery, pings.
 * Connections whose data nobody fetches can hold the others, but they cannot make the board deaf. What is dropped here
 * the peer sends again.
 */
#include "reserve.h"

#include "lwip/memp.h"
#include "lwip/pbuf.h"
#include "lwip/prot/tcp.h"
#include "lwip/stats.h"

/* Whether `more` buffers can be had without the reserve. If not, what has arrived out of order is given up. */
static bool left_for(u16_t more) {
    const struct stats_mem *pool = lwip_stats.memp[MEMP_PBUF_POOL];
    bool enough = pool->used + more + NET_POOL_RESERVE <= pool->avail;
    if (!enough) {
        pbuf_free_ooseq_pending = 1; /* net_poll looks at it */
    }
    return enough;
}

bool reserve_takes_frame(u16_t length) {
    u16_t buffers = (length + PBUF_POOL_BUFSIZE - 1) / PBUF_POOL_BUFSIZE;
    return buffers == 1 || left_for(buffers);
}

bool reserve_takes_segment(const struct pbuf *p, u8_t flags) {
    /* The buffers of the segment itself are in use already. */
    return p->tot_len == 0 || (flags & TCP_RST) || left_for(0);
}
