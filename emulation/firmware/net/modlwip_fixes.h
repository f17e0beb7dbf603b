/*
 * Read before MicroPython's modlwip.c. What arrived for a connection before Python accepted it is not delivered there:
 * data waits for lwIP's next timer, up to 250 ms, and the peer's FIN is lost, so that the connection never ends.
 * modlwip calls tcp_accepted, which lwIP 2 no longer needs, once the accepted socket is set up: the place to catch up.
 */
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"

#undef tcp_accepted
#define tcp_accepted(listener) catch_up(socket2->pcb.tcp, &socket2->state, STATE_PEER_CLOSED)

static inline void catch_up(struct tcp_pcb *pcb, signed char *socket_state, signed char peer_closed) {
    if (pcb->refused_data != NULL) {
        tcp_process_refused_data(pcb); /* calls the new socket's receive function, and tells it of a FIN */
    } else if (pcb->state == CLOSE_WAIT) {
        *socket_state = peer_closed;
    }
}
