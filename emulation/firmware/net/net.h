/* The network as the port sees it. */
#ifndef NET_H
#define NET_H

#include <stdbool.h>
#include <stdint.h>

/* Start lwIP and the Ethernet interface, with the board's static addresses. */
void net_init(void);

/* Deal with received frames and due timers. True: something happened that a socket's owner may want to see. */
bool net_poll(void);

/* Milliseconds until net_poll has something to do, if no frame arrives. */
uint32_t net_sleep_time(void);

#endif
