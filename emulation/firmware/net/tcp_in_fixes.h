/*
 * Read before lwIP's tcp_in.c. RFC 9293, section 3.10.7.1: the answer to a segment without ACK has sequence number 0,
 * whatever its acknowledgement field says; lwIP takes the field. `flags` is that file's name for the segment's flags.
 */
#include "lwip/priv/tcp_priv.h"

#define tcp_rst_netif(netif, ackno, ...) tcp_rst_netif(netif, (flags & TCP_ACK) ? (ackno) : 0, __VA_ARGS__)
#define tcp_rst(pcb, ackno, ...)         tcp_rst(pcb, (flags & TCP_ACK) ? (ackno) : 0, __VA_ARGS__)
