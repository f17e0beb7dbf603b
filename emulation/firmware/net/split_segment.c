/*
 * A segment that waits for a window which opens by less than its length is cut in two. lwIP gives FIN and PSH to the
 * second part, but leaves them on the first as well: the stream ended before its last bytes. ld's --wrap puts this
 * function before lwIP's own.
 */
#include "lwip/priv/tcp_priv.h"
#include "lwip/prot/tcp.h"

err_t __real_tcp_split_unsent_seg(struct tcp_pcb *pcb, u16_t split);

err_t __wrap_tcp_split_unsent_seg(struct tcp_pcb *pcb, u16_t split) {
    struct tcp_seg *second = pcb->unsent != NULL ? pcb->unsent->next : NULL;
    err_t error = __real_tcp_split_unsent_seg(pcb, split);
    if (error == ERR_OK && pcb->unsent != NULL && pcb->unsent->next != second) {
        TCPH_UNSET_FLAG(pcb->unsent->tcphdr, TCP_FIN | TCP_PSH);
    }
    return error;
}
