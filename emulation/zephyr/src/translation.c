#include "translation.h"

#include <errno.h>
#include <string.h>

/* Numbers of py/mperrno.h, which are those of Linux; Zephyr's differ. */
int our_error(int zephyr) {
    static const struct {
        uint8_t zephyr, ours;
    } table[] = {
        { EADDRINUSE, 98 }, { EADDRNOTAVAIL, 99 }, { ECONNABORTED, 103 }, { ECONNRESET, 104 }, { ENOBUFS, 105 },
        { EISCONN, 106 }, { ENOTCONN, 107 }, { ESHUTDOWN, 104 }, { ETIMEDOUT, 110 }, { ECONNREFUSED, 111 },
        { EHOSTUNREACH, 113 }, { EALREADY, 114 }, { EINPROGRESS, 115 }, { ENETUNREACH, 101 }, { EOPNOTSUPP, 95 },
        { EDESTADDRREQ, 89 }, { EMSGSIZE, 90 }, { EPROTONOSUPPORT, 93 }, { EAFNOSUPPORT, 97 },
    };
    for (unsigned i = 0; i < ARRAY_SIZE(table); ++i) {
        if (table[i].zephyr == zephyr) {
            return -table[i].ours;
        }
    }
    return -zephyr;
}

bool sockets_parse(const char *text, struct socket_address *address) {
    memset(address->ip, 0, sizeof address->ip);
    address->six = strchr(text, ':') != NULL;
    return net_addr_pton(address->six ? AF_INET6 : AF_INET, text, address->ip) == 0;
}

void sockets_format(const struct socket_address *address, char *text) {
    net_addr_ntop(address->six ? AF_INET6 : AF_INET, address->ip, text, SOCKETS_TEXT_SIZE);
}

socklen_t to_zephyr(const struct socket_address *address, union any_address *result) {
    memset(result, 0, sizeof *result);
    if (address->six) {
        result->six.sin6_family = AF_INET6;
        result->six.sin6_port = htons(address->port);
        memcpy(&result->six.sin6_addr, address->ip, sizeof result->six.sin6_addr);
        return sizeof result->six;
    }
    result->four.sin_family = AF_INET;
    result->four.sin_port = htons(address->port);
    memcpy(&result->four.sin_addr, address->ip, sizeof result->four.sin_addr);
    return sizeof result->four;
}

void from_zephyr(const struct sockaddr *address, struct socket_address *result) {
    const union any_address *from = (const union any_address *)address;
    memset(result, 0, sizeof *result);
    result->six = address->sa_family == AF_INET6;
    if (result->six) {
        memcpy(result->ip, &from->six.sin6_addr, sizeof from->six.sin6_addr);
        result->port = ntohs(from->six.sin6_port);
    } else {
        memcpy(result->ip, &from->four.sin_addr, sizeof from->four.sin_addr);
        result->port = ntohs(from->four.sin_port);
    }
}
