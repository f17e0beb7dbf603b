/* A place for a client that wants to connect. */
#ifndef HALF_OPEN_H
#define HALF_OPEN_H

struct tcp_pcb;

/* A SYN has come for this listener: if there is no place, the oldest half-open connection in its way is given up. */
void half_open_make_room(const struct tcp_pcb *listener);

#endif
