/* MicroPython on this board: what of the language and of its library is built in. */
#include <stdint.h>

#define MICROPY_CONFIG_ROM_LEVEL            MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES

typedef int32_t mp_int_t;
typedef uint32_t mp_uint_t;
typedef long mp_off_t;

#include <alloca.h>

uint32_t board_random(void);

#define MICROPY_HW_BOARD_NAME               "Arduino 101"
#define MICROPY_HW_MCU_NAME                 "Quark SE C1000"
#define MICROPY_PLATFORM_VERSION            "1"
#define MP_SSIZE_MAX                        0x7fffffff
#define MP_STATE_PORT                       MP_STATE_VM

/* Interpreter. */
#define MICROPY_ENABLE_COMPILER             1
#define MICROPY_ENABLE_GC                   1
#define MICROPY_ENABLE_PYSTACK              1 /* a call takes nothing from the heap, and leaves no hole in it */
#define MICROPY_ENABLE_FINALISER            1 /* sockets close themselves when collected */
#define MICROPY_ENABLE_SCHEDULER            1
#define MICROPY_ENABLE_EXTERNAL_IMPORT      1 /* frozen modules need it too */
#define MICROPY_ENABLE_SOURCE_LINE          1
#define MICROPY_STACK_CHECK                 1
#define MICROPY_STACK_CHECK_MARGIN          1024
#define MICROPY_KBD_EXCEPTION               1
#define MICROPY_HELPER_REPL                 1
#define MICROPY_REPL_AUTO_INDENT            1
#define MICROPY_READER_VFS                  0
#define MICROPY_VFS                         0
#define MICROPY_GCREGS_SETJMP               0
#define MICROPY_LONGINT_IMPL                MICROPY_LONGINT_IMPL_MPZ
#define MICROPY_FLOAT_IMPL                  MICROPY_FLOAT_IMPL_NONE
#define MICROPY_USE_INTERNAL_ERRNO          1
#define MICROPY_USE_INTERNAL_PRINTF         1
#define MICROPY_STREAMS_NON_BLOCK           1
#define MICROPY_ERROR_REPORTING             MICROPY_ERROR_REPORTING_NORMAL
#define MICROPY_WARNINGS                    1
#define MICROPY_OPT_COMPUTED_GOTO           1
#define MICROPY_OPT_MAP_LOOKUP_CACHE_SIZE   256
#define MICROPY_ALLOC_PATH_MAX              64
#define MICROPY_PY_SYS_PLATFORM             "quark_se"

/* Library: what asyncio, sockets and WebSockets want. */
#define MICROPY_PY_ASYNCIO                  1
#define MICROPY_PY_SELECT                   1
#define MICROPY_PY_SELECT_SELECT            0
#define MICROPY_PY_HASHLIB                  1
#define MICROPY_PY_HASHLIB_SHA1             1
#define MICROPY_PY_HASHLIB_SHA256           1
#define MICROPY_SSL_AXTLS                   1 /* only picks the shape of the SHA-1 functions */
#define MICROPY_PY_SSL                      0
#define MICROPY_PY_BINASCII                 1
#define MICROPY_PY_BINASCII_CRC32           0
#define MICROPY_PY_RANDOM                   1
#define MICROPY_PY_RANDOM_SEED_INIT_FUNC    (board_random())
#define MICROPY_PY_TIME                     1
#define MICROPY_PY_TIME_GMTIME_LOCALTIME_MKTIME 0 /* there is no real-time clock */
#define MICROPY_PY_TIME_TIME_TIME_NS        0
#define MICROPY_PY_SYS_STDFILES             1
#define MICROPY_PY_LWIP_SOCK_RAW            0
#define MICROPY_PY_SOCKET_LISTEN_BACKLOG_DEFAULT 2
#define MICROPY_PY_OS                       0
#define MICROPY_PY_IO_IOBASE                1
#define MICROPY_PY_DEFLATE                  0
#define MICROPY_PY_RE                       0
#define MICROPY_PY_CRYPTOLIB                0
#define MICROPY_PY_FRAMEBUF                 0
#define MICROPY_PY_UCTYPES                  0
#define MICROPY_PY_MACHINE                  0
#define MICROPY_PY_ONEWIRE                  0
#define MICROPY_PY_PLATFORM                 0
#define MICROPY_PY_WEBSOCKET                0
#define MICROPY_PY_WEBREPL                  0
#define MICROPY_PY_VFS                      0
#define MICROPY_PY_CMATH                    0
#define MICROPY_PY_MATH                     0

/*
 * The network and its timers are served wherever the interpreter waits, and now and then in busy code: an endless
 * Python loop must not make the board unreachable.
 */
void port_poll(void);
void port_wait(uint32_t milliseconds);
#define MICROPY_INTERNAL_EVENT_HOOK         port_poll()
#define MICROPY_INTERNAL_WFE(timeout)       port_wait((uint32_t)(timeout))
#define MICROPY_VM_HOOK_COUNT               256
#define MICROPY_VM_HOOK_INIT                static unsigned vm_hook_countdown = MICROPY_VM_HOOK_COUNT;
#define MICROPY_VM_HOOK_POLL \
    if (--vm_hook_countdown == 0) { \
        vm_hook_countdown = MICROPY_VM_HOOK_COUNT; \
        port_poll(); \
    }
#define MICROPY_VM_HOOK_LOOP                MICROPY_VM_HOOK_POLL
#define MICROPY_VM_HOOK_RETURN              MICROPY_VM_HOOK_POLL
