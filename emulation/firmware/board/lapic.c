/* Local APIC: end of interrupt and the one-shot timer that ends a sleep. */
#include "interrupts.h"
#include "quark_se.h"

static volatile bool expired;

void lapic_init(void) {
    LAPIC_LVT_TIMER = LAPIC_LVT_MASKED | VECTOR_TIMER;
    LAPIC_SVR = LAPIC_SVR_ENABLE | VECTOR_SPURIOUS;
    LAPIC_DIVIDE = LAPIC_DIVIDE_BY_16;
    LAPIC_LVT_TIMER = VECTOR_TIMER; /* one-shot; nothing counts until an initial count is written */
}

/*
 * Interrupt once, after `counts` of LAPIC_TIMER_HZ. Writing the count restarts a timer that is still running; it is
 * never stopped by writing 0, which some models answer with an interrupt.
 */
void lapic_timer_start(uint32_t counts) {
    expired = false;
    LAPIC_INITIAL_COUNT = counts;
}

/* To wake the CPU is most of what it is for. */
void lapic_timer_interrupt(void) {
    expired = true;
}

bool lapic_timer_expired(void) {
    return expired;
}

/*
 * Written twice on purpose. One emulator's local APIC loses a lower vector for good when a higher one arrived
 * before the lower was taken; a second EOI brings it back. With interrupts off and handlers that do not nest, it
 * finds nothing in service on real hardware and is ignored (SDM vol. 3A, 10.8.5). It also is why every interrupt
 * is routed edge-triggered: a second EOI must never be mistaken for the end of a level interrupt.
 */
void lapic_end_of_interrupt(void) {
    LAPIC_EOI = 0;
    LAPIC_EOI = 0;
}
