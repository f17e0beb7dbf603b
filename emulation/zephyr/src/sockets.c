/*
 * Zephyr's sockets, and what has to be done around those of Zephyr 1.14:
 * - they count as writable at any time, and send waits a second for memory: so what is under way is counted first;
 * - they accept no more data than fits, but do not tell the peer when there is room again: so that is told;
 * - a connection that ends before it was accepted stays in the queue although its memory is given back, and an accept
 *   that finds nothing, or such a one, never gives its descriptor back: so only good ones get to accept;
 * - a connection that was reset still takes segments, and a second reset gives back memory that its socket uses, and the
 *   next connection gets: so it takes no more of them;
 * - a TCP socket that was never connected is not given back when it is closed: so that is done.
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
#include "translation.h"

enum {
    /* Of what packets are sent in, so many are for acknowledgements, resets and pings. */
    RESERVED_PACKETS = 4,
    RESERVED_BUFFERS = 6,
    HEADER_BUFFERS = 2,
    /* A peer may not make segments smaller, else there are not enough of them to answer anything (CVE-2019-11479). */
    LEAST_MSS = 48,
};

static struct net_context *context_of(int socket) {
    return z_get_fd_obj(socket, NULL, 0);
}

/* ---- Opening. A socket of Zephyr is for one family: what listens on "::" has a twin for IPv4. ---- */

enum { NONE = -1 };

static int twins[CONFIG_POSIX_MAX_FDS];

static int open_for(bool six, bool stream) {
    int socket = zsock_socket(six ? AF_INET6 : AF_INET, stream ? SOCK_STREAM : SOCK_DGRAM,
        stream ? IPPROTO_TCP : IPPROTO_UDP);
    if (socket < 0) {
        return our_error(errno);
    }
    twins[socket] = NONE;
    zsock_fcntl(socket, F_SETFL, O_NONBLOCK);
    return socket;
}

int sockets_open(bool stream) {
    return open_for(false, stream);
}

static void drop_queued(struct net_context *queued) {
    struct net_pkt *packet;
    while ((packet = k_fifo_get(&queued->recv_q, K_NO_WAIT)) != NULL) {
        net_pkt_unref(packet);
    }
    net_context_put(queued);
}

static int close_one(int socket) {
    struct net_context *context = context_of(socket);
    if (context == NULL) {
        return -EBADF;
    }
    enum net_context_state state = net_context_get_state(context);
    if (state == NET_CONTEXT_LISTENING) {
        struct net_context *queued;
        while ((queued = k_fifo_get(&context->accept_q, K_NO_WAIT)) != NULL) {
            drop_queued(queued);
        }
    }
    bool unused = context->tcp != NULL && state != NET_CONTEXT_LISTENING && state != NET_CONTEXT_CONNECTED
        && state != NET_CONTEXT_CONNECTING;
    int result = zsock_close(socket) < 0 ? our_error(errno) : 0;
    if (unused) {
        net_context_unref(context);
    }
    return result;
}

/* Make it a socket for this family, if it is not. */
static int change_family(int *socket, bool six) {
    struct net_context *context = context_of(*socket);
    if (context == NULL) {
        return -EBADF;
    }
    if ((net_context_get_family(context) == AF_INET6) == six) {
        return 0;
    }
    int other = open_for(six, net_context_get_type(context) == SOCK_STREAM);
    if (other < 0) {
        return other;
    }
    close_one(*socket);
    *socket = other;
    return 0;
}

static bool is_everything(const struct socket_address *address) {
    static const uint8_t zero[sizeof address->ip];
    return address->six && memcmp(address->ip, zero, sizeof zero) == 0;
}

static int bind_one(int socket, const struct socket_address *address) {
    union any_address local;
    socklen_t size = to_zephyr(address, &local);
    return zsock_bind(socket, &local.any, size) < 0 ? our_error(errno) : 0;
}

int sockets_bind(int *socket, const struct socket_address *address) {
    if (is_everything(address)) { /* IPv4 first: Zephyr takes its address for IPv6's otherwise */
        struct net_context *context = context_of(*socket);
        struct socket_address four = { .port = address->port };
        int result = context == NULL ? -EBADF : bind_one(*socket, &four);
        if (result < 0) {
            return result;
        }
        int both = open_for(true, net_context_get_type(context) == SOCK_STREAM);
        if (both < 0) {
            return both;
        }
        twins[both] = *socket;
        *socket = both;
        return bind_one(both, address);
    }
    int result = change_family(socket, address->six);
    return result < 0 ? result : bind_one(*socket, address);
}

/* ---- Listening ---- */

/* The first connection that can be accepted; those before it that have ended meanwhile are given up. */
static struct net_context *first_queued(struct net_context *listener) {
    struct net_context *queued;
    while ((queued = k_fifo_peek_head(&listener->accept_q)) != NULL && net_context_is_closing(queued)) {
        k_fifo_get(&listener->accept_q, K_NO_WAIT);
        drop_queued(queued);
    }
    return queued;
}

static net_context_recv_cb_t zephyrs_received;

/* Zephyr's receive function, which forgets what a reset means. It runs with the connection locked. */
static void received(struct net_context *connection, struct net_pkt *packet, union net_ip_header *ip,
    union net_proto_header *protocol, int status, void *data) {
    zephyrs_received(connection, packet, ip, protocol, status, data);
    if (status == -ECONNRESET && connection->tcp != NULL) {
        k_delayed_work_cancel(&connection->tcp->retry_timer);
        net_tcp_change_state(connection->tcp, NET_TCP_CLOSED);
    }
}

static void watch(struct net_context *connection) {
    if (connection->recv_cb != NULL && connection->recv_cb != received) {
        zephyrs_received = connection->recv_cb;
        connection->recv_cb = received;
    }
}

static net_tcp_accept_cb_t zephyrs_accepted;

/* A connection that waits to be accepted must not vanish when it ends. */
static void accepted(struct net_context *connection, struct sockaddr *peer, socklen_t length, int status, void *data) {
    zephyrs_accepted(connection, peer, length, status, data);
    if (status == 0) {
        net_context_ref(connection);
        watch(connection);
    }
}

static int listen_one(int socket, int backlog) {
    if (zsock_listen(socket, backlog) < 0) {
        return our_error(errno);
    }
    struct net_context *listener = context_of(socket);
    zephyrs_accepted = listener->tcp->accept_cb;
    listener->tcp->accept_cb = accepted;
    return 0;
}

int sockets_listen(int socket, int backlog) {
    int result = context_of(socket) == NULL ? -EBADF : listen_one(socket, backlog);
    return result < 0 || twins[socket] == NONE ? result : listen_one(twins[socket], backlog);
}

static int accept_one(int socket, struct socket_address *peer) {
    struct net_context *listener = context_of(socket);
    struct net_context *queued = listener != NULL ? first_queued(listener) : NULL;
    if (queued == NULL) {
        return listener != NULL ? -EAGAIN : -EBADF;
    }
    union any_address from;
    socklen_t size = sizeof from;
    int connection = zsock_accept(socket, &from.any, &size);
    if (connection < 0) {
        return our_error(errno);
    }
    net_context_unref(queued); /* the descriptor counts as a user now */
    twins[connection] = NONE;
    zsock_fcntl(connection, F_SETFL, O_NONBLOCK);
    from_zephyr(&from.any, peer);
    return connection;
}

int sockets_accept(int socket, struct socket_address *peer) {
    int connection = accept_one(socket, peer);
    return connection == -EAGAIN && twins[socket] != NONE ? accept_one(twins[socket], peer) : connection;
}

int sockets_connect(int *socket, const struct socket_address *address) {
    union any_address remote;
    socklen_t size = to_zephyr(address, &remote);
    int result = change_family(socket, address->six);
    if (result < 0) {
        return result;
    }
    if (zsock_connect(*socket, &remote.any, size) < 0) {
        return our_error(errno);
    }
    struct net_context *context = context_of(*socket);
    if (context->tcp != NULL) {
        watch(context);
    }
    return 0;
}

int sockets_close(int socket) {
    if (context_of(socket) != NULL && twins[socket] != NONE) {
        close_one(twins[socket]);
    }
    return close_one(socket);
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
        most = MIN(most, MAX(context->tcp->send_mss, LEAST_MSS));
    }
    return MIN(most, wanted);
}

/* Not zsock_send, which would put Zephyr's receive function back. */
static int send_stream(struct net_context *context, const void *data, size_t size) {
    int result = -ECONNRESET;
    k_mutex_lock(&context->lock, K_FOREVER);
    if (context->tcp != NULL && context->conn_handler != NULL && net_tcp_get_state(context->tcp) != NET_TCP_CLOSED) {
        result = net_context_send(context, data, size, NULL, K_NO_WAIT, NULL);
    }
    k_mutex_unlock(&context->lock);
    return result < 0 ? our_error(-result) : result;
}

static int send_datagram(int socket, const void *data, size_t size, const struct socket_address *to) {
    union any_address remote;
    socklen_t remote_size = to != NULL ? to_zephyr(to, &remote) : 0;
    ssize_t sent = zsock_sendto(socket, data, size, 0, to != NULL ? &remote.any : NULL, remote_size);
    return sent < 0 ? our_error(errno) : (int)sent;
}

int sockets_send(int *socket, const void *data, size_t length, const struct socket_address *to) {
    int result = to != NULL ? change_family(socket, to->six) : 0;
    struct net_context *context = context_of(*socket);
    if (result < 0 || context == NULL) {
        return result < 0 ? result : -EBADF;
    }
    if (net_context_get_type(context) != SOCK_STREAM) { /* goes as a whole */
        return room(context, length) < length ? -EAGAIN : send_datagram(*socket, data, length, to);
    }
    size_t done = 0;
    do {
        size_t size = room(context, length - done);
        int sent = size > 0 || length == 0 ? send_stream(context, (const uint8_t *)data + done, size) : -EAGAIN;
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
    union any_address remote;
    socklen_t size = sizeof remote;
    bool open = context->tcp == NULL || context->tcp->recv_wnd >= NET_TCP_DEFAULT_MSS;
    ssize_t received = zsock_recvfrom(socket, data, length, 0, &remote.any, &size);
    if (received < 0) {
        return our_error(errno);
    }
    if (!open && context->tcp != NULL && context->tcp->recv_wnd >= NET_TCP_DEFAULT_MSS) {
        announce_window(context);
    }
    if (from != NULL) {
        from_zephyr(context->tcp != NULL ? &context->remote : &remote.any, from);
    }
    return (int)received;
}

/* ---- Polling ---- */

static bool readable(int socket) {
    struct net_context *context = context_of(socket);
    if (context == NULL) {
        return true;
    }
    if (net_context_get_state(context) == NET_CONTEXT_LISTENING) {
        return first_queued(context) != NULL;
    }
    return !k_fifo_is_empty(&context->recv_q) || sock_is_eof(context);
}

bool sockets_readable(int socket) {
    return readable(socket) || (twins[socket] != NONE && readable(twins[socket]));
}

bool sockets_writable(int socket) {
    struct net_context *context = context_of(socket);
    return context == NULL || sock_is_eof(context)
        || (context->tcp != NULL && net_tcp_get_state(context->tcp) == NET_TCP_CLOSED) || room(context, 1) > 0;
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
