/*
 * The module socket on sockets.h, with the methods of the one on lwIP. Waiting is done here: sockets.h never waits, and
 * what Python waits for goes through the same event loop as everything else.
 */
#include <string.h>

#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stream.h"

#include "sockets.h"

enum { AF_INET = 2, AF_INET6 = 10, SOCK_STREAM = 1, SOCK_DGRAM = 2 };
enum { CLOSED = -1, FOR_EVER = -1 };

typedef struct {
    mp_obj_base_t base;
    int number;
    bool stream;
    mp_int_t timeout; /* milliseconds, or FOR_EVER */
} socket_t;

static const mp_obj_type_t socket_type;

static socket_t *new_socket(int number, bool stream) {
    socket_t *self = mp_obj_malloc_with_finaliser(socket_t, &socket_type);
    self->number = number;
    self->stream = stream;
    self->timeout = FOR_EVER;
    return self;
}

static int checked(int result) {
    if (result < 0) {
        mp_raise_OSError(-result);
    }
    return result;
}

static socket_t *opened(mp_obj_t object) {
    socket_t *self = MP_OBJ_TO_PTR(object);
    if (self->number == CLOSED) {
        mp_raise_OSError(MP_EBADF);
    }
    return self;
}

/* Of a pair (address, port). "::" is every address of either family, as it is with lwIP. */
static struct socket_address address_of(mp_obj_t object) {
    struct socket_address address;
    mp_obj_t *items;
    mp_obj_get_array_fixed_n(object, 2, &items);
    const char *text = mp_obj_str_get_str(items[0]);
    if (!sockets_parse(text[0] == '\0' ? "0.0.0.0" : text, &address)) {
        mp_raise_ValueError(MP_ERROR_TEXT("invalid arguments"));
    }
    address.port = (uint16_t)mp_obj_get_int(items[1]);
    return address;
}

static mp_obj_t address_object(const struct socket_address *address) {
    char text[SOCKETS_TEXT_SIZE];
    sockets_format(address, text);
    const mp_obj_t items[2] = { mp_obj_new_str_from_cstr(text), MP_OBJ_NEW_SMALL_INT(address->port) };
    return mp_obj_new_tuple(2, items);
}

/* Repeat what said EAGAIN when something has happened. Raises OSError when the socket's patience is over. */
static void wait(socket_t *self, mp_uint_t since) {
    if (self->timeout == 0) {
        mp_raise_OSError(MP_EAGAIN);
    } else if (self->timeout == FOR_EVER) {
        mp_event_wait_indefinite();
    } else {
        mp_uint_t waited = mp_hal_ticks_ms() - since;
        if (waited >= (mp_uint_t)self->timeout) {
            mp_raise_OSError(MP_ETIMEDOUT);
        }
        mp_event_wait_ms(self->timeout - waited);
    }
}

static mp_obj_t socket_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)type;
    mp_arg_check_num(n_args, n_kw, 0, 3, false);
    mp_int_t family = n_args > 0 ? mp_obj_get_int(args[0]) : AF_INET;
    mp_int_t kind = n_args > 1 ? mp_obj_get_int(args[1]) : SOCK_STREAM;
    if (family != AF_INET && family != AF_INET6) {
        mp_raise_OSError(MP_EAFNOSUPPORT);
    }
    if (kind != SOCK_STREAM && kind != SOCK_DGRAM) {
        mp_raise_OSError(MP_EINVAL);
    }
    socket_t *self = new_socket(CLOSED, kind == SOCK_STREAM);
    self->number = checked(sockets_open(self->stream));
    return MP_OBJ_FROM_PTR(self);
}

static void socket_print(const mp_print_t *print, mp_obj_t object, mp_print_kind_t kind) {
    (void)kind;
    mp_printf(print, "<socket %d>", ((socket_t *)MP_OBJ_TO_PTR(object))->number);
}

static mp_obj_t socket_bind(mp_obj_t object, mp_obj_t address_object) {
    struct socket_address address = address_of(address_object);
    checked(sockets_bind(&opened(object)->number, &address));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_bind_obj, socket_bind);

static mp_obj_t socket_listen(size_t n_args, const mp_obj_t *args) {
    mp_int_t backlog = n_args > 1 ? mp_obj_get_int(args[1]) : MICROPY_PY_SOCKET_LISTEN_BACKLOG_DEFAULT;
    checked(sockets_listen(opened(args[0])->number, backlog < 0 ? 0 : backlog));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_listen_obj, 1, 2, socket_listen);

static mp_obj_t socket_accept(mp_obj_t object) {
    socket_t *self = opened(object);
    /* First of all, so that no connection is lost when there is no memory. */
    socket_t *connection = new_socket(CLOSED, true);
    mp_obj_tuple_t *result = MP_OBJ_TO_PTR(mp_obj_new_tuple(2, NULL));
    struct socket_address peer;
    mp_uint_t start = mp_hal_ticks_ms();
    int number;
    while ((number = sockets_accept(self->number, &peer)) == -MP_EAGAIN) {
        wait(self, start);
    }
    connection->number = checked(number);
    result->items[0] = MP_OBJ_FROM_PTR(connection);
    result->items[1] = address_object(&peer);
    return MP_OBJ_FROM_PTR(result);
}
static MP_DEFINE_CONST_FUN_OBJ_1(socket_accept_obj, socket_accept);

static mp_obj_t socket_connect(mp_obj_t object, mp_obj_t address_object) {
    struct socket_address address = address_of(address_object);
    checked(sockets_connect(&opened(object)->number, &address));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_connect_obj, socket_connect);

/* ---- Sending and receiving ---- */

static mp_uint_t send(socket_t *self, const void *data, size_t length, const struct socket_address *to) {
    mp_uint_t start = mp_hal_ticks_ms();
    int sent;
    while ((sent = sockets_send(&self->number, data, length, to)) == -MP_EAGAIN) {
        wait(self, start);
    }
    return (mp_uint_t)checked(sent);
}

static mp_obj_t socket_send(mp_obj_t object, mp_obj_t data) {
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(data, &buffer, MP_BUFFER_READ);
    return mp_obj_new_int_from_uint(send(opened(object), buffer.buf, buffer.len, NULL));
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_send_obj, socket_send);

static mp_obj_t socket_sendall(mp_obj_t object, mp_obj_t data) {
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(data, &buffer, MP_BUFFER_READ);
    for (size_t done = 0; done < buffer.len;) {
        done += send(opened(object), (const byte *)buffer.buf + done, buffer.len - done, NULL);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_sendall_obj, socket_sendall);

static mp_obj_t socket_sendto(mp_obj_t object, mp_obj_t data, mp_obj_t address_object) {
    struct socket_address address = address_of(address_object);
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(data, &buffer, MP_BUFFER_READ);
    return mp_obj_new_int_from_uint(send(opened(object), buffer.buf, buffer.len, &address));
}
static MP_DEFINE_CONST_FUN_OBJ_3(socket_sendto_obj, socket_sendto);

static mp_obj_t receive(socket_t *self, mp_obj_t length, struct socket_address *from) {
    vstr_t bytes;
    vstr_init_len(&bytes, mp_obj_get_int(length));
    mp_uint_t start = mp_hal_ticks_ms();
    int received;
    while ((received = sockets_receive(self->number, bytes.buf, bytes.len, from)) == -MP_EAGAIN) {
        wait(self, start);
    }
    bytes.len = (size_t)checked(received);
    return bytes.len > 0 ? mp_obj_new_bytes_from_vstr(&bytes) : mp_const_empty_bytes;
}

static mp_obj_t socket_recv(mp_obj_t object, mp_obj_t length) {
    return receive(opened(object), length, NULL);
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_recv_obj, socket_recv);

static mp_obj_t socket_recvfrom(mp_obj_t object, mp_obj_t length) {
    struct socket_address from;
    mp_obj_t items[2] = { receive(opened(object), length, &from) };
    items[1] = address_object(&from);
    return mp_obj_new_tuple(2, items);
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_recvfrom_obj, socket_recvfrom);

/* ---- Options ---- */

static mp_obj_t socket_settimeout(mp_obj_t object, mp_obj_t timeout) {
    opened(object)->timeout = timeout == mp_const_none ? FOR_EVER : mp_obj_get_int(timeout) * 1000;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_settimeout_obj, socket_settimeout);

static mp_obj_t socket_setblocking(mp_obj_t object, mp_obj_t blocking) {
    opened(object)->timeout = mp_obj_is_true(blocking) ? FOR_EVER : 0;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_setblocking_obj, socket_setblocking);

/* Zephyr 1.14 has none that do anything: ports can be used again at once, and nothing is held back (no Nagle). */
static mp_obj_t socket_setsockopt(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    opened(args[0]);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_setsockopt_obj, 4, 4, socket_setsockopt);

static mp_obj_t socket_makefile(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    return args[0];
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_makefile_obj, 1, 3, socket_makefile);

/* ---- As a stream: errors are returned, not raised. ---- */

static mp_uint_t returned(socket_t *self, int result, mp_uint_t start, int *error, bool *again) {
    *again = false;
    if (result >= 0) {
        return (mp_uint_t)result;
    }
    if (result == -MP_EAGAIN && self->timeout != 0) {
        wait(self, start);
        *again = true;
    }
    *error = -result;
    return MP_STREAM_ERROR;
}

static mp_uint_t stream_read(mp_obj_t object, void *data, mp_uint_t length, int *error) {
    socket_t *self = opened(object);
    mp_uint_t start = mp_hal_ticks_ms(), result;
    bool again;
    do {
        result = returned(self, sockets_receive(self->number, data, length, NULL), start, error, &again);
    } while (again);
    return result;
}

static mp_uint_t stream_write(mp_obj_t object, const void *data, mp_uint_t length, int *error) {
    socket_t *self = opened(object);
    mp_uint_t start = mp_hal_ticks_ms(), result;
    bool again;
    do {
        result = returned(self, sockets_send(&self->number, data, length, NULL), start, error, &again);
    } while (again);
    return result;
}

static mp_uint_t stream_ioctl(mp_obj_t object, mp_uint_t request, uintptr_t argument, int *error) {
    socket_t *self = MP_OBJ_TO_PTR(object);
    if (request == MP_STREAM_CLOSE) {
        if (self->number != CLOSED) {
            sockets_close(self->number);
            self->number = CLOSED;
        }
        return 0;
    }
    if (request != MP_STREAM_POLL) {
        *error = MP_EINVAL;
        return MP_STREAM_ERROR;
    }
    if (self->number == CLOSED) {
        return MP_STREAM_POLL_NVAL;
    }
    mp_uint_t ready = 0;
    if ((argument & MP_STREAM_POLL_RD) && sockets_readable(self->number)) {
        ready |= MP_STREAM_POLL_RD;
    }
    if ((argument & MP_STREAM_POLL_WR) && sockets_writable(self->number)) {
        ready |= MP_STREAM_POLL_WR;
    }
    return ready;
}

static const mp_stream_p_t stream = {
    .read = stream_read,
    .write = stream_write,
    .ioctl = stream_ioctl,
};

static const mp_rom_map_elem_t locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&mp_stream_close_obj) },
    { MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&mp_stream_close_obj) },
    { MP_ROM_QSTR(MP_QSTR_bind), MP_ROM_PTR(&socket_bind_obj) },
    { MP_ROM_QSTR(MP_QSTR_listen), MP_ROM_PTR(&socket_listen_obj) },
    { MP_ROM_QSTR(MP_QSTR_accept), MP_ROM_PTR(&socket_accept_obj) },
    { MP_ROM_QSTR(MP_QSTR_connect), MP_ROM_PTR(&socket_connect_obj) },
    { MP_ROM_QSTR(MP_QSTR_send), MP_ROM_PTR(&socket_send_obj) },
    { MP_ROM_QSTR(MP_QSTR_sendall), MP_ROM_PTR(&socket_sendall_obj) },
    { MP_ROM_QSTR(MP_QSTR_sendto), MP_ROM_PTR(&socket_sendto_obj) },
    { MP_ROM_QSTR(MP_QSTR_recv), MP_ROM_PTR(&socket_recv_obj) },
    { MP_ROM_QSTR(MP_QSTR_recvfrom), MP_ROM_PTR(&socket_recvfrom_obj) },
    { MP_ROM_QSTR(MP_QSTR_settimeout), MP_ROM_PTR(&socket_settimeout_obj) },
    { MP_ROM_QSTR(MP_QSTR_setblocking), MP_ROM_PTR(&socket_setblocking_obj) },
    { MP_ROM_QSTR(MP_QSTR_setsockopt), MP_ROM_PTR(&socket_setsockopt_obj) },
    { MP_ROM_QSTR(MP_QSTR_makefile), MP_ROM_PTR(&socket_makefile_obj) },
    { MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&mp_stream_read_obj) },
    { MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&mp_stream_readinto_obj) },
    { MP_ROM_QSTR(MP_QSTR_readline), MP_ROM_PTR(&mp_stream_unbuffered_readline_obj) },
    { MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&mp_stream_write_obj) },
};
static MP_DEFINE_CONST_DICT(locals, locals_table);

static MP_DEFINE_CONST_OBJ_TYPE(
    socket_type,
    MP_QSTR_socket,
    MP_TYPE_FLAG_NONE,
    make_new, socket_make_new,
    print, socket_print,
    protocol, &stream,
    locals_dict, &locals
    );

/* getaddrinfo(host, port, ...): numbers only, there is no resolver. */
static mp_obj_t getaddrinfo(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    const mp_obj_t pair[2] = { args[0], args[1] };
    struct socket_address address = address_of(mp_obj_new_tuple(2, pair));
    const mp_obj_t items[5] = {
        MP_OBJ_NEW_SMALL_INT(address.six ? AF_INET6 : AF_INET), MP_OBJ_NEW_SMALL_INT(SOCK_STREAM),
        MP_OBJ_NEW_SMALL_INT(0), MP_OBJ_NEW_QSTR(MP_QSTR_), address_object(&address),
    };
    mp_obj_t info = mp_obj_new_tuple(5, items);
    return mp_obj_new_list(1, &info);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(getaddrinfo_obj, 2, 6, getaddrinfo);

static const mp_rom_map_elem_t globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_socket) },
    { MP_ROM_QSTR(MP_QSTR_socket), MP_ROM_PTR(&socket_type) },
    { MP_ROM_QSTR(MP_QSTR_getaddrinfo), MP_ROM_PTR(&getaddrinfo_obj) },
    { MP_ROM_QSTR(MP_QSTR_AF_INET), MP_ROM_INT(AF_INET) },
    { MP_ROM_QSTR(MP_QSTR_AF_INET6), MP_ROM_INT(AF_INET6) },
    { MP_ROM_QSTR(MP_QSTR_SOCK_STREAM), MP_ROM_INT(SOCK_STREAM) },
    { MP_ROM_QSTR(MP_QSTR_SOCK_DGRAM), MP_ROM_INT(SOCK_DGRAM) },
    { MP_ROM_QSTR(MP_QSTR_SOL_SOCKET), MP_ROM_INT(1) },
    { MP_ROM_QSTR(MP_QSTR_SO_REUSEADDR), MP_ROM_INT(2) },
    { MP_ROM_QSTR(MP_QSTR_IPPROTO_TCP), MP_ROM_INT(6) },
    { MP_ROM_QSTR(MP_QSTR_TCP_NODELAY), MP_ROM_INT(1) },
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t bench_socket_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&globals,
};

MP_REGISTER_EXTENSIBLE_MODULE(MP_QSTR_socket, bench_socket_module);
