/*
 * TCP and UDP over IPv4 and IPv6 for the interpreter's socket module: Zephyr's BSD sockets, which never wait here. Nothing of
 * Zephyr's headers is seen above this one. What can fail returns a negative number of py/mperrno.h.
 */
#ifndef SOCKETS_H
#define SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SOCKETS_TEXT_SIZE = 48 };

struct socket_address {
    uint8_t ip[16]; /* of IPv4 the first four */
    bool six;       /* whether it is IPv6 */
    uint16_t port;
};

/* False: the text is no address. */
bool sockets_parse(const char *text, struct socket_address *address);

/* Needs SOCKETS_TEXT_SIZE bytes. */
void sockets_format(const struct socket_address *address, char *text);

/*
 * A new socket; not negative. It is for either family: an address of the other one changes the number, which is why it
 * is given by reference where addresses are. One that listens on "::" takes connections of both.
 */
int sockets_open(bool stream);

int sockets_close(int socket);

int sockets_bind(int *socket, const struct socket_address *address);
int sockets_listen(int socket, int backlog);

/* The socket of a new connection, and whose it is; -MP_EAGAIN if there is none. */
int sockets_accept(int socket, struct socket_address *peer);

/* Waits for the answer, at most as long as Zephyr is configured for. */
int sockets_connect(int *socket, const struct socket_address *address);

/* How many bytes were taken; -MP_EAGAIN if none can be now. `to` may be NULL for a connected socket. */
int sockets_send(int *socket, const void *data, size_t length, const struct socket_address *to);

/* How many bytes came; 0: the peer has closed; -MP_EAGAIN if none are there. `from` may be NULL. */
int sockets_receive(int socket, void *data, size_t length, struct socket_address *from);

bool sockets_readable(int socket);
bool sockets_writable(int socket);

/* Whether there is a connection, to which timers may do something. */
bool sockets_in_use(void);

#endif
