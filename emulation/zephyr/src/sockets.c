/*
 * Zephyr's sockets, and what has to be done around those of Zephyr 1.14:
 * - they count as writable at any time, and send waits a second for memory: so what is under way is counted first;
 * - they accept no more data than fits, but do not tell the peer when there is room again: so that is told;
 * - a connection that ends before it was accepted stays in the queue although its memory is given back, and an accept
 *   that finds nothing, or such a one, never gives its descriptor back: so only good ones get to accept.
 */
#include <zephyr.h>
#include <fcntl.h>
#include <errno.h>
#include <misc/fdtable.h>
#include <net/net_context.h>
#include <net/net_pkt.h>
#include <net/socket.h>

#include "sockets.h"
#include "sockets_internal.h" /* Zephyr's, for the flags of a socket */
#include "tcp_internal.h"     /* Zephyr's, for segments that are under way */

enum {
    /* Of what packets are sent in, so many are for acknowledgements, resets and pings. */
    RESERVED_PACKETS = 4,
    RESERVED_BUFFERS = 6,
    HEADER_BUFFERS = 2,
};

/* Numbers of py/mperrno.h, which are those of Linux; Zephyr's differ. */
static int error(int zephyr) {
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

static struct net_context *context_of(int socket) {
    return z_get_fd_obj(socket, NULL, 0);
}

static struct sockaddr_in to_zephyr(const struct socket_address *address) {
    struct sockaddr_in result = { .sin_family = AF_INET, .sin_port = htons(address->port) };
    memcpy(&result.sin_addr, address->ip, sizeof address->ip);
    return result;
}

static void from_zephyr(const struct sockaddr_in *address, struct socket_address *result) {
    memcpy(result->ip, &address->sin_addr, sizeof result->ip);
    result->port = ntohs(address->sin_port);
}

int sockets_open(bool stream) {
    int socket = zsock_socket(AF_INET, stream ? SOCK_STREAM : SOCK_DGRAM, stream ? IPPROTO_TCP : IPPROTO_UDP);
    if (socket < 0) {
        return error(errno);
    }
    zsock_fcntl(socket, F_SETFL, O_NONBLOCK);
    return socket;
}

/* ---- Listening ---- */

static void drop_queued(struct net_context *queued) {
    struct net_pkt *packet;
    while ((packet = k_fifo_get(&queued->recv_q, K_NO_WAIT)) != NULL) {
        net_pkt_unref(packet);
    }
    net_context_put(queued);
}

/* The first connection that can be accepted; those before it that have ended meanwhile are given up. */
static struct net_context *first_queued(struct net_context *listener) {
    struct net_context *queued;
    while ((queued = k_fifo_peek_head(&listener->accept_q)) != NULL && net_context_is_closing(queued)) {
        k_fifo_get(&listener->accept_q, K_NO_WAIT);
        drop_queued(queued);
    }
    return queued;
}

static net_tcp_accept_cb_t zephyrs_accepted;

/* A connection that waits to be accepted must not vanish when it ends. */
static void accepted(struct net_context *connection, struct sockaddr *peer, socklen_t length, int status, void *data) {
    zephyrs_accepted(connection, peer, length, status, data);
    if (status == 0) {
        net_context_ref(connection);
    }
}

int sockets_bind(int socket, const struct socket_address *address) {
    struct sockaddr_in local = to_zephyr(address);
    return zsock_bind(socket, (struct sockaddr *)&local, sizeof local) < 0 ? error(errno) : 0;
}

int sockets_listen(int socket, int backlog) {
    if (zsock_listen(socket, backlog) < 0) {
        return error(errno);
    }
    struct net_context *listener = context_of(socket);
    zephyrs_accepted = listener->tcp->accept_cb;
    listener->tcp->accept_cb = accepted;
    return 0;
}

int sockets_accept(int socket, struct socket_address *peer) {
    struct net_context *listener = context_of(socket);
    struct net_context *queued = listener != NULL ? first_queued(listener) : NULL;
    if (queued == NULL) {
        return listener != NULL ? -EAGAIN : -EBADF;
    }
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    int connection = zsock_accept(socket, (struct sockaddr *)&from, &size);
    if (connection < 0) {
        return error(errno);
    }
    net_context_unref(queued); /* the descriptor counts as a user now */
    zsock_fcntl(connection, F_SETFL, O_NONBLOCK);
    from_zephyr(&from, peer);
    return connection;
}

int sockets_connect(int socket, const struct socket_address *address) {
    struct sockaddr_in remote = to_zephyr(address);
    return zsock_connect(socket, (struct sockaddr *)&remote, sizeof remote) < 0 ? error(errno) : 0;
}

int sockets_close(int socket) {
    struct net_context *context = context_of(socket);
    if (context == NULL) {
        return -EBADF;
    }
    if (net_context_get_state(context) == NET_CONTEXT_LISTENING) {
        struct net_context *queued;
        while ((queued = k_fifo_get(&context->accept_q, K_NO_WAIT)) != NULL) {
            drop_queued(queued);
        }
    }
    return zsock_close(socket) < 0 ? error(errno) : 0;
}

/* ---- Sending ---- */

/* Bytes that wait for their acknowledgement, with their headers. */
static size_t under_way(struct net_context *context) {
    struct net_pkt *packet;
    size_t bytes = 0;
    k_sched_lock();
    SYS_SLIST_FOR_EACH_CONTAINER(&context->tcp->sent_list, packet, sent_list) {
        bytes += net_pkt_get_len(packet);
    }
    k_sched_unlock();
    return bytes;
}

/* How many bytes can be given to Zephyr without waiting, up to `wanted`. */
static size_t room(struct net_context *context, size_t wanted) {
    struct k_mem_slab *receive, *transmit;
    struct net_buf_pool *receive_data, *transmit_data;
    net_pkt_get_info(&receive, &transmit, &receive_data, &transmit_data);
    int buffers = transmit_data->avail_count - RESERVED_BUFFERS - HEADER_BUFFERS;
    if (k_mem_slab_num_free_get(transmit) <= RESERVED_PACKETS || buffers <= 0) {
        return 0;
    }
    size_t most = buffers * CONFIG_NET_BUF_DATA_SIZE;
    if (context->tcp != NULL) {
        size_t waiting = under_way(context);
        if (waiting >= CONFIG_BENCH_TCP_SEND_BUFFER) {
            return 0;
        }
        most = MIN(most, CONFIG_BENCH_TCP_SEND_BUFFER - waiting);
        most = MIN(most, context->tcp->send_mss);
    }
    return MIN(most, wanted);
}

static int send_once(struct net_context *context, int socket, const void *data, size_t length,
    const struct socket_address *to) {
    size_t size = room(context, length);
    if (size == 0 || (context->tcp == NULL && size < length)) { /* a datagram goes as a whole */
        return -EAGAIN;
    }
    ssize_t sent;
    if (to != NULL) {
        struct sockaddr_in remote = to_zephyr(to);
        sent = zsock_sendto(socket, data, size, 0, (struct sockaddr *)&remote, sizeof remote);
    } else {
        sent = zsock_send(socket, data, size, 0);
    }
    return sent < 0 ? error(errno) : (int)sent;
}

int sockets_send(int socket, const void *data, size_t length, const struct socket_address *to) {
    struct net_context *context = context_of(socket);
    if (context == NULL) {
        return -EBADF;
    }
    size_t done = 0;
    do {
        int sent = send_once(context, socket, (const uint8_t *)data + done, length - done, to);
        if (sent < 0) {
            return done > 0 ? (int)done : sent;
        }
        done += sent;
    } while (done < length);
    return (int)done;
}

/* ---- Receiving ---- */

/* Tell the peer that there is room for a segment again. */
static void announce_window(struct net_context *context) {
    struct net_pkt *packet = NULL;
    k_mutex_lock(&context->lock, K_FOREVER);
    if (context->tcp != NULL && net_tcp_get_state(context->tcp) == NET_TCP_ESTABLISHED
        && net_tcp_prepare_ack(context->tcp, &context->remote, &packet) == 0 && net_tcp_send_pkt(packet) < 0) {
        net_pkt_unref(packet);
    }
    k_mutex_unlock(&context->lock);
}

int sockets_receive(int socket, void *data, size_t length, struct socket_address *from) {
    struct net_context *context = context_of(socket);
    if (context == NULL) {
        return -EBADF;
    }
    struct sockaddr_in remote;
    socklen_t size = sizeof remote;
    bool closed = context->tcp == NULL || context->tcp->recv_wnd >= NET_TCP_DEFAULT_MSS;
    ssize_t received = zsock_recvfrom(socket, data, length, 0, (struct sockaddr *)&remote, &size);
    if (received < 0) {
        return error(errno);
    }
    if (!closed && context->tcp != NULL && context->tcp->recv_wnd >= NET_TCP_DEFAULT_MSS) {
        announce_window(context);
    }
    if (from != NULL) {
        from_zephyr(context->tcp != NULL ? (struct sockaddr_in *)&context->remote : &remote, from);
    }
    return (int)received;
}

/* ---- Polling ---- */

bool sockets_readable(int socket) {
    struct net_context *context = context_of(socket);
    if (context == NULL) {
        return true;
    }
    if (net_context_get_state(context) == NET_CONTEXT_LISTENING) {
        return first_queued(context) != NULL;
    }
    return !k_fifo_is_empty(&context->recv_q) || sock_is_eof(context);
}

bool sockets_writable(int socket) {
    struct net_context *context = context_of(socket);
    return context == NULL || sock_is_eof(context) || room(context, 1) > 0;
}

static void note_connection(struct net_context *context, void *found) {
    if (net_context_get_ip_proto(context) == IPPROTO_TCP && net_context_get_state(context) != NET_CONTEXT_LISTENING) {
        *(bool *)found = true;
    }
}

bool sockets_in_use(void) {
    bool found = false;
    net_context_foreach(note_connection, &found);
    return found;
}
