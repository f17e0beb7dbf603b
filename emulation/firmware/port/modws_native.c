/*
 * The module _ws_native: the inner loops of ws_server, and its messages without copies. ws_server/compat.py takes these
 * functions where they exist; elsewhere those of the same names in masking.py, utf8.py and buffers.py, which also say
 * what the functions do. Tests compare the two.
 */
#include <string.h>

#include "py/objarray.h"
#include "py/objstr.h"
#include "py/runtime.h"

#if MICROPY_PY_LWIP
#include "lwip/priv/tcp_priv.h"
#endif

/* Bytes start to end of an object, checked. */
static byte *part(mp_obj_t object, mp_obj_t start, mp_obj_t end, size_t *length, mp_uint_t access) {
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(object, &buffer, access);
    mp_int_t from = mp_obj_get_int(start), to = mp_obj_get_int(end);
    if (from < 0 || to < from || (size_t)to > buffer.len) {
        mp_raise_type(&mp_type_IndexError);
    }
    *length = (size_t)(to - from);
    return (byte *)buffer.buf + from;
}

/* copy_masked(target, at, data, start, end, key, phase) */
static mp_obj_t copy_masked(size_t count, const mp_obj_t *args) {
    (void)count;
    size_t length, room;
    const byte *from = part(args[2], args[3], args[4], &length, MP_BUFFER_READ);
    mp_int_t at = mp_obj_get_int(args[1]);
    byte *to = part(args[0], args[1], MP_OBJ_NEW_SMALL_INT(at + (mp_int_t)length), &room, MP_BUFFER_WRITE);
    mp_buffer_info_t key;
    mp_get_buffer_raise(args[5], &key, MP_BUFFER_READ);
    if (key.len != 4) {
        mp_raise_type(&mp_type_ValueError);
    }
    /* The key as the bytes of a word, turned so that its first byte meets the first of the data. */
    uint32_t mask, word;
    memcpy(&mask, key.buf, 4);
    unsigned turn = 8 * ((unsigned)mp_obj_get_int(args[6]) & 3);
    if (turn != 0) {
        mask = mask >> turn | mask << (32 - turn);
    }
    for (; length >= 4; length -= 4, from += 4, to += 4) { /* this CPU takes words from any address */
        memcpy(&word, from, 4);
        word ^= mask;
        memcpy(to, &word, 4);
    }
    for (; length > 0; length--, mask >>= 8) {
        *to++ = *from++ ^ (byte)mask;
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(copy_masked_obj, 7, 7, copy_masked);

/* RFC 3629 section 4 by what may come next; the numbers are those of utf8.py. */
enum { WHOLE, ONE, TWO, THREE, AFTER_E0, AFTER_ED, AFTER_F0, AFTER_F4, WRONG };

static unsigned after_lead(byte lead) {
    if (lead < 0x80) {
        return WHOLE;
    }
    if (lead < 0xc2 || lead > 0xf4) {
        return WRONG;
    }
    if (lead < 0xe0) {
        return ONE;
    }
    if (lead < 0xf0) {
        return lead == 0xe0 ? AFTER_E0 : lead == 0xed ? AFTER_ED : TWO;
    }
    return lead == 0xf0 ? AFTER_F0 : lead == 0xf4 ? AFTER_F4 : THREE;
}

/* check_utf8(state, data, start, end) */
static mp_obj_t check_utf8(size_t count, const mp_obj_t *args) {
    static const struct {
        byte low, high, next;
    } rules[] = {
        [ONE] = {0x80, 0xbf, WHOLE},
        [TWO] = {0x80, 0xbf, ONE},
        [THREE] = {0x80, 0xbf, TWO},
        [AFTER_E0] = {0xa0, 0xbf, ONE},
        [AFTER_ED] = {0x80, 0x9f, ONE},
        [AFTER_F0] = {0x90, 0xbf, TWO},
        [AFTER_F4] = {0x80, 0x8f, TWO},
    };
    (void)count;
    unsigned state = (unsigned)mp_obj_get_int(args[0]);
    if (state >= WRONG) {
        mp_raise_type(&mp_type_ValueError);
    }
    size_t length;
    const byte *at = part(args[1], args[2], args[3], &length, MP_BUFFER_READ);
    const byte *end = at + length;
    while (at < end) {
        if (state == WHOLE) {
            uint32_t word;
            while (end - at >= 4 && (memcpy(&word, at, 4), (word & 0x80808080) == 0)) {
                at += 4;
            }
            if (at == end) {
                break;
            }
            state = after_lead(*at++);
            if (state == WRONG) {
                return MP_OBJ_NEW_SMALL_INT(-1);
            }
        } else {
            if (*at < rules[state].low || *at > rules[state].high) {
                return MP_OBJ_NEW_SMALL_INT(-1);
            }
            state = rules[state].next;
            at++;
        }
    }
    return MP_OBJ_NEW_SMALL_INT(state);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(check_utf8_obj, 4, 4, check_utf8);

static mp_obj_array_t *bytearray(mp_obj_t object) {
    if (!mp_obj_is_exact_type(object, &mp_type_bytearray)) {
        mp_raise_type(&mp_type_TypeError);
    }
    return MP_OBJ_TO_PTR(object);
}

/* make_room(buffer, length, more=0); one byte is for the NUL that MicroPython wants behind a str. */
static mp_obj_t make_room(size_t count, const mp_obj_t *args) {
    mp_obj_array_t *array = NULL;
    mp_int_t length = mp_obj_get_int(args[1]), more = count > 2 ? mp_obj_get_int(args[2]) : 0;
    if (length < 0 || more < 0) {
        mp_raise_type(&mp_type_ValueError);
    }
    if (args[0] != mp_const_none) {
        array = bytearray(args[0]);
        if (array->free > (size_t)length) {
            memset((byte *)array->items + array->len, 0, (size_t)length);
            array->len += (size_t)length;
            array->free -= (size_t)length;
            return args[0];
        }
    }
    size_t kept = array != NULL ? array->len : 0, size = kept + (size_t)length;
    byte *items = more > 0 ? m_new_maybe(byte, size + (size_t)more + 1) : NULL;
    if (items == NULL) {
        more = 0;
        if (array != NULL) { /* perhaps it need not move */
            array->items = m_renew(byte, array->items, kept + array->free, size + 1);
        } else {
            items = m_new(byte, size + 1);
        }
    } else if (array != NULL) {
        memcpy(items, array->items, kept);
        m_del(byte, array->items, kept + array->free);
        array->items = items;
    }
    if (array == NULL) {
        array = MP_OBJ_TO_PTR(mp_obj_new_bytearray_by_ref(size, items));
    }
    memset((byte *)array->items + kept, 0, (size_t)length + (size_t)more + 1);
    array->len = size;
    array->free = (size_t)more + 1;
    return MP_OBJ_FROM_PTR(array);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(make_room_obj, 2, 3, make_room);

/* The buffer's memory becomes that of an immutable object, the buffer is empty then. */
static mp_obj_t take(mp_obj_t buffer, const mp_obj_type_t *type) {
    mp_obj_array_t *array = bytearray(buffer);
    if (array->len == 0) {
        return type == &mp_type_str ? MP_OBJ_NEW_QSTR(MP_QSTR_) : mp_const_empty_bytes;
    }
    if (array->free != 1) { /* room for the NUL, and no more than that */
        array->items = m_renew(byte, array->items, array->len + array->free, array->len + 1);
        array->free = 1;
    }
    mp_obj_str_t *taken = mp_obj_malloc(mp_obj_str_t, type); /* may raise, and then nothing has happened */
    ((byte *)array->items)[array->len] = '\0';
    taken->hash = 0; /* not computed */
    taken->len = array->len;
    taken->data = array->items;
    array->items = NULL;
    array->len = array->free = 0;
    return MP_OBJ_FROM_PTR(taken);
}

static mp_obj_t take_bytes(mp_obj_t buffer) {
    return take(buffer, &mp_type_bytes);
}
static MP_DEFINE_CONST_FUN_OBJ_1(take_bytes_obj, take_bytes);

static mp_obj_t take_text(mp_obj_t buffer) {
    return take(buffer, &mp_type_str);
}
static MP_DEFINE_CONST_FUN_OBJ_1(take_text_obj, take_text);

#if MICROPY_PY_LWIP
/*
 * limit_sending(socket, seconds): the connection is reset when its peer has taken nothing of what waits for it for so
 * long; what Linux calls TCP_USER_TIMEOUT. lwIP asks once a second, until modlwip takes the question away at the close.
 */
enum { LOOKS = 2 /* ticks of 500 ms from one look to the next */ };

static struct sending {
    const struct tcp_pcb *pcb;
    u32_t taken, since, limit; /* the last byte taken; when, and for how long there may be none, in ticks of 500 ms */
} sending[MEMP_NUM_TCP_PCB];

static err_t look(void *argument, struct tcp_pcb *pcb) {
    (void)argument;
    for (struct sending *entry = sending; entry < sending + MEMP_NUM_TCP_PCB; entry++) {
        if (entry->pcb != pcb) {
            continue;
        }
        if (pcb->snd_queuelen == 0 || pcb->lastack != entry->taken) {
            entry->taken = pcb->lastack;
            entry->since = tcp_ticks;
        } else if (tcp_ticks - entry->since >= entry->limit) {
            if (pcb->persist_backoff > 0) {
                pcb->snd_nxt = pcb->lastack; /* a closed window takes no reset behind the byte that probes it */
            }
            tcp_abort(pcb); /* modlwip's socket learns of it like of a reset */
            return ERR_ABRT;
        }
    }
    return ERR_OK;
}

/* modlwip's sockets are what lwIP's PCBs call their argument. */
static mp_obj_t limit_sending(mp_obj_t socket, mp_obj_t seconds) {
    mp_int_t limit = mp_obj_get_int(seconds);
    struct tcp_pcb *pcb = tcp_active_pcbs;
    while (pcb != NULL && pcb->callback_arg != MP_OBJ_TO_PTR(socket)) {
        pcb = pcb->next;
    }
    if (pcb == NULL || limit <= 0) {
        return mp_const_none;
    }
    /* Entries of connections that are gone count as free: a PCB has one at most, and there are as many as PCBs. */
    struct sending *free = NULL;
    for (struct sending *entry = sending; entry < sending + MEMP_NUM_TCP_PCB; entry++) {
        const struct tcp_pcb *active = tcp_active_pcbs;
        while (active != NULL && active != entry->pcb) {
            active = active->next;
        }
        if (entry->pcb == pcb || active == NULL) {
            entry->pcb = NULL;
            free = entry;
        }
    }
    if (free != NULL) {
        *free = (struct sending){pcb, pcb->lastack, tcp_ticks, (u32_t)limit * 1000 / TCP_SLOW_INTERVAL};
        tcp_poll(pcb, look, LOOKS);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(limit_sending_obj, limit_sending);
#endif

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__ws_native)},
    {MP_ROM_QSTR(MP_QSTR_copy_masked), MP_ROM_PTR(&copy_masked_obj)},
    {MP_ROM_QSTR(MP_QSTR_check_utf8), MP_ROM_PTR(&check_utf8_obj)},
    {MP_ROM_QSTR(MP_QSTR_make_room), MP_ROM_PTR(&make_room_obj)},
    {MP_ROM_QSTR(MP_QSTR_take_bytes), MP_ROM_PTR(&take_bytes_obj)},
    {MP_ROM_QSTR(MP_QSTR_take_text), MP_ROM_PTR(&take_text_obj)},
#if MICROPY_PY_LWIP
    {MP_ROM_QSTR(MP_QSTR_limit_sending), MP_ROM_PTR(&limit_sending_obj)},
#endif
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t ws_native_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals,
};

MP_REGISTER_MODULE(MP_QSTR__ws_native, ws_native_module);
