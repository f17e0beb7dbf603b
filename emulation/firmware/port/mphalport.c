/* Console and time for MicroPython, and the one place where the interpreter waits. */
#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "shared/runtime/interrupt_char.h"

#include "board.h"
#include "net.h"

/* Something happened that the interpreter has not looked at yet. */
static bool progress;

/* In the interrupt handler, so that Ctrl-C also stops code that never reads the console. */
static bool filter_interrupt_char(uint8_t character) {
    if (character != mp_interrupt_char) {
        return false;
    }
    mp_sched_keyboard_interrupt();
    return true;
}

void port_init(void);

void port_init(void) {
    board_console_filter = filter_interrupt_char;
}

/* Serve the network. lwIP is not re-entrant, and this is called from wherever Python waits or works. */
void port_poll(void) {
    static bool running;
    if (running) {
        return;
    }
    running = true;
    if (net_poll()) {
        progress = true;
    }
    running = false;
}

/*
 * Wait until something happens, at most `milliseconds`. The caller has looked at its sockets before port_poll ran:
 * if that made progress they must be looked at again first, so there is no waiting then.
 */
void port_wait(uint32_t milliseconds) {
    uint32_t start = board_milliseconds();
    uint32_t waited = 0;
    while (!progress && waited < milliseconds && MP_STATE_VM(sched_state) != MP_SCHED_PENDING) {
        uint32_t net = net_sleep_time();
        uint32_t left = milliseconds - waited;
        board_idle(left < net ? left : net);
        port_poll();
        if (board_event_take(BOARD_EVENT_CONSOLE)) {
            break;
        }
        waited = board_milliseconds() - start;
    }
    progress = false;
}

int mp_hal_stdin_rx_chr(void) {
    for (;;) {
        int character = board_console_read();
        if (character >= 0) {
            return character;
        }
        mp_event_wait_indefinite();
    }
}

uintptr_t mp_hal_stdio_poll(uintptr_t poll_flags) {
    uintptr_t ready = poll_flags & MP_STREAM_POLL_WR;
    if ((poll_flags & MP_STREAM_POLL_RD) && board_console_readable()) {
        ready |= MP_STREAM_POLL_RD;
    }
    return ready;
}

mp_uint_t mp_hal_stdout_tx_strn(const char *text, size_t length) {
    board_console_write(text, length);
    return length;
}

mp_uint_t mp_hal_ticks_ms(void) {
    return board_milliseconds();
}

mp_uint_t mp_hal_ticks_us(void) {
    return (mp_uint_t)board_microseconds();
}

uint64_t mp_hal_time_ns(void) {
    return board_microseconds() * 1000; /* since start: there is no real-time clock */
}

void mp_hal_delay_ms(mp_uint_t milliseconds) {
    uint32_t start = board_milliseconds();
    for (uint32_t waited = 0; waited < milliseconds; waited = board_milliseconds() - start) {
        mp_event_wait_ms(milliseconds - waited);
    }
}

void mp_hal_delay_us(mp_uint_t microseconds) {
    if (microseconds >= 1000) {
        uint64_t end = board_microseconds() + microseconds;
        mp_hal_delay_ms(microseconds / 1000 - 1);
        while (board_microseconds() < end) {
        }
    } else {
        board_delay_us(microseconds);
    }
}
