/* Interrupt plumbing of the firmware that stands on bare metal. */
#ifndef INTERRUPTS_H
#define INTERRUPTS_H

#include <stdbool.h>
#include <stdint.h>

/* What vector_common leaves on the stack (pusha order, then our words, then the CPU's). */
struct interrupt_frame {
    uint32_t edi, esi, ebp, esp, ebx, edx, ecx, eax;
    uint32_t vector, error;
    uint32_t eip, cs, eflags;
};

void irq_init(void);

static inline void irq_enable(void) {
    __asm__ volatile ("sti" ::: "memory");
}

static inline void irq_disable(void) {
    __asm__ volatile ("cli" ::: "memory");
}

/* Let interrupts in and stop; none is lost between the two, since STI takes effect one instruction later. */
static inline void irq_enable_and_halt(void) {
    __asm__ volatile ("sti; hlt" ::: "memory");
}

void lapic_init(void);
#define LAPIC_TIMER_HZ 2000000u /* the system clock, divided by 16 */
void lapic_timer_start(uint32_t counts);
void lapic_timer_interrupt(void);
bool lapic_timer_expired(void);
void lapic_end_of_interrupt(void);

void ioapic_route(unsigned irq, unsigned vector);

void clock_init(void);
void uart_init(void);

/* Handlers. */
void uart_interrupt(void);
void fault(const struct interrupt_frame *frame) __attribute__((noreturn));

#endif
