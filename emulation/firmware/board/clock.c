/*
 * Time. The always-on counter (32 kHz) is the time base, because it goes on while the CPU is halted; the time
 * stamp counter (32 MHz) measures what is shorter than one of its ticks.
 *
 * There is no periodic tick: board_idle programs the timer for the moment the sleeper asked for.
 */
#include "board.h"
#include "irq.h"
#include "quark_se.h"

enum { TICKS_PER_MS = AON_HZ / 1000 };

static uint32_t last_count;
static uint64_t ticks;

void clock_init(void) {
    last_count = SCSS_AON_COUNTER;
}

/*
 * Ticks since clock_init. The counter's 32 bits wrap after 37 hours; the network stack's timers make sure that
 * somebody looks more often than that. Not for interrupt handlers.
 */
static uint64_t clock_ticks(void) {
    uint32_t count = SCSS_AON_COUNTER;
    ticks += count - last_count;
    last_count = count;
    return ticks;
}

uint32_t board_milliseconds(void) {
    return (uint32_t)(clock_ticks() / TICKS_PER_MS);
}

uint64_t board_microseconds(void) {
    return clock_ticks() * 125 / 4; /* 1000000 / AON_HZ */
}

uint32_t board_cycles(void) {
    uint32_t low, high;
    __asm__ volatile ("rdtsc" : "=a" (low), "=d" (high));
    return low;
}

void board_delay_us(uint32_t microseconds) {
    uint32_t start = board_cycles();
    while (board_cycles() - start < microseconds * (SYSTEM_CLOCK_HZ / 1000000)) {
    }
}

void board_idle(uint32_t milliseconds) {
    uint64_t now = clock_ticks();
    uint64_t wake = (now / TICKS_PER_MS + milliseconds) * TICKS_PER_MS; /* when the millisecond count gets there */
    irq_disable();
    if (wake <= now || board_event_pending(~0u)) {
        irq_enable();
        return;
    }
    uint64_t wait = wake - now;
    lapic_timer_start(wait > UINT32_MAX ? UINT32_MAX : (uint32_t)wait);
    irq_enable_and_halt();
}
