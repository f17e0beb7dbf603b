/* What lwIP calls at its hooks, see lwipopts.h. */
#ifndef LWIP_HOOKS_H
#define LWIP_HOOKS_H

#include "ip4_guard.h"
#include "nd6_guard.h"
#include "reserve.h"
#include "tcp_isn.h"

/* Initial sequence numbers that cannot be predicted (RFC 6528). */
#define LWIP_HOOK_TCP_ISN(local_ip, local_port, remote_ip, remote_port) \
    tcp_isn(local_ip, local_port, remote_ip, remote_port)

/* Anything but ERR_OK: the segment is dropped. */
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, header, optlen, opt1len, opt2, p) \
    (reserve_takes_segment(p, TCPH_FLAGS(header)) ? ERR_OK : ERR_MEM)

/* Nonzero: the packet was dealt with. */
#define LWIP_HOOK_IP4_INPUT(p, netif) (ip4_drop_own(p, netif) || ip4_drop_bad_options(p))
#define LWIP_HOOK_IP6_INPUT(p, netif) (nd6_malformed(p) ? (pbuf_free(p), 1) : 0)

#endif
