/* Errors and addresses, as Zephyr has them and as the interpreter does. */
#ifndef TRANSLATION_H
#define TRANSLATION_H

#include <net/net_ip.h>
#include <net/socket.h>

#include "sockets.h"

union any_address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
};

/* A number of Zephyr's errno as a negative number of py/mperrno.h. */
int our_error(int zephyr);

/* Gives the size of what was written. */
socklen_t to_zephyr(const struct socket_address *address, union any_address *result);

void from_zephyr(const struct sockaddr *address, struct socket_address *result);

#endif
