/*
 * Time. The always-on counter is the time base, because it goes on while the CPU is halted; the time stamp counter
 * (32 MHz) measures what is shorter than one of its ticks.
 *
 * There is no periodic tick: board_idle programs the timer for the moment the sleeper asked for.
 */
#include "board.h"
#include "interrupts.h"
#include "quark_se.h"

/*
 * The counter runs from a watch crystal, 32,768 Hz; there are emulators in which it runs at 32,000 Hz. Which it is, is
 * measured against the local APIC's timer. Times are kept in 1/4096 ms, in which a tick of either is a whole number.
 */
enum {
    UNITS_PER_MS = 4096,
    UNITS_AT_32768_HZ = 125,
    UNITS_AT_32000_HZ = 128,
    MEASURE_MS = 50,
    TICKS_BETWEEN = 32384 * MEASURE_MS / 1000,
    LONGEST_SLEEP_MS = 60000,
};

static uint32_t units_per_tick;
static uint32_t last_count;
static uint64_t units;

static void clock_measure(void) {
    uint32_t start = SCSS_AON_COUNTER;
    irq_disable();
    lapic_timer_start(MEASURE_MS * (LAPIC_TIMER_HZ / 1000));
    do {
        irq_enable_and_halt(); /* other interrupts end it as well */
        irq_disable();
    } while (!lapic_timer_expired());
    irq_enable();
    uint32_t ticks = SCSS_AON_COUNTER - start;
    units_per_tick = ticks > TICKS_BETWEEN ? UNITS_AT_32768_HZ : UNITS_AT_32000_HZ;
}

void clock_init(void) {
    clock_measure();
    last_count = SCSS_AON_COUNTER;
}

/*
 * Since clock_init. The counter's 32 bits wrap after 36 hours; the network stack's timers make sure that somebody
 * looks more often than that. Not for interrupt handlers.
 */
static uint64_t clock_units(void) {
    uint32_t count = SCSS_AON_COUNTER;
    units += (uint64_t)(count - last_count) * units_per_tick;
    last_count = count;
    return units;
}

uint32_t board_milliseconds(void) {
    return (uint32_t)(clock_units() / UNITS_PER_MS);
}

uint64_t board_microseconds(void) {
    return clock_units() * 1000 / UNITS_PER_MS;
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

/*
 * The timer is set for the tick with which the count of milliseconds gets there, never for an earlier one: the sleeper
 * would wake to find that it is not time yet.
 */
void board_idle(uint32_t milliseconds) {
    if (milliseconds > LONGEST_SLEEP_MS) {
        milliseconds = LONGEST_SLEEP_MS;
    }
    uint32_t into_ms = (uint32_t)clock_units() % UNITS_PER_MS;
    irq_disable();
    if (milliseconds == 0 || board_event_pending(~0u)) {
        irq_enable();
        return;
    }
    uint32_t ticks = (milliseconds * UNITS_PER_MS - into_ms + units_per_tick - 1) / units_per_tick;
    uint64_t wait = (uint64_t)ticks * units_per_tick;
    lapic_timer_start((uint32_t)(wait * (LAPIC_TIMER_HZ / 1000) / UNITS_PER_MS) + 2);
    irq_enable_and_halt();
}

void board_sleep(uint32_t milliseconds) {
    uint64_t end = board_microseconds() + (uint64_t)milliseconds * 1000;
    while (board_microseconds() < end) {
        uint32_t start = board_milliseconds();
        board_idle(1);
        if (board_milliseconds() == start) {
            board_delay_us(100); /* an event that nobody takes: no sleep is possible */
        }
    }
}
