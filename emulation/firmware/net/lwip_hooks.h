/* What lwIP calls at its hooks, see lwipopts.h. */
#ifndef LWIP_HOOKS_H
#define LWIP_HOOKS_H

#include "half_open.h"
#include "ip4_guard.h"
#include "reserve.h"
#include "tcp_guard.h"
#include "tcp_isn.h"

/* Initial sequence numbers that cannot be predicted (RFC 6528). */
#define LWIP_HOOK_TCP_ISN(local_ip, local_port, remote_ip, remote_port) \
    tcp_isn(local_ip, local_port, remote_ip, remote_port)

/*
 * Anything but ERR_OK: the segment is dropped. `flags` and `tcplen` are tcp_in.c's names for the segment's flags and
 * its length in sequence space, and `optlen` is one of its variables as well.
 */
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, header, optlen, opt1len, opt2, p) \
    (reserve_takes_segment(p, TCPH_FLAGS(header)) \
        ? (((pcb)->state == LISTEN && flags == TCP_SYN ? half_open_make_room(pcb) : (void)0), \
           tcp_guard(pcb, header, p, &flags, &tcplen, &(optlen)), ERR_OK) \
        : ERR_MEM)

/* Nonzero: the packet was dealt with. */
#define LWIP_HOOK_IP4_INPUT(p, netif) (ip4_drop(p, netif) || ip4_drop_bad_options(p))

#endif
