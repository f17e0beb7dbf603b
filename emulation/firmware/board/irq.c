/* The IDT and the way from a vector to its handler. */
#include "board.h"
#include "chip.h"
#include "interrupts.h"
#include "quark_se.h"

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint16_t type;
    uint16_t offset_high;
};

#define SELECTOR_CODE       8
#define GATE_INTERRUPT_32   0x8e00
#define FIRST_IRQ_VECTOR    0x20
#define VECTOR_ENTRY_STRIDE 16

extern const char vector_entries[];

/* In RAM, because a linker cannot store an address in two halves. */
static struct gate idt[VECTOR_COUNT];

static volatile uint32_t events;

void irq_init(void) {
    for (unsigned vector = 0; vector < VECTOR_COUNT; ++vector) {
        uint32_t entry = (uint32_t)vector_entries + vector * VECTOR_ENTRY_STRIDE;
        idt[vector].offset_low = (uint16_t)entry;
        idt[vector].selector = SELECTOR_CODE;
        idt[vector].type = GATE_INTERRUPT_32;
        idt[vector].offset_high = (uint16_t)(entry >> 16);
    }
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) idtr = { sizeof idt - 1, (uint32_t)idt };
    __asm__ volatile ("lidt %0" :: "m" (idtr));
}

/* Called by vector_common with interrupts off. */
void interrupt(const struct interrupt_frame *frame);

void interrupt(const struct interrupt_frame *frame) {
    switch (frame->vector) {
        case VECTOR_TIMER:
            lapic_timer_interrupt();
            break;
        case VECTOR_CONSOLE:
            uart_interrupt();
            break;
        case VECTOR_GPIO:
            gpio_ethernet_acknowledge();
            board_event_set(BOARD_EVENT_ETHERNET);
            break;
        case VECTOR_SPURIOUS:
            return; /* needs no EOI */
        default:
            if (frame->vector < FIRST_IRQ_VECTOR) {
                fault(frame);
            }
            break;
    }
    lapic_end_of_interrupt();
}

void board_event_set(uint32_t set) {
    events |= set;
}

uint32_t board_event_take(uint32_t wanted) {
    if ((events & wanted) == 0) {
        return 0;
    }
    irq_disable();
    uint32_t taken = events & wanted;
    events &= ~taken;
    irq_enable();
    return taken;
}

bool board_event_pending(uint32_t wanted) {
    return (events & wanted) != 0;
}

uint32_t board_lock(void) {
    uint32_t flags;
    __asm__ volatile ("pushf; popl %0; cli" : "=r" (flags) :: "memory");
    return flags;
}

void board_unlock(uint32_t flags) {
    __asm__ volatile ("pushl %0; popf" :: "r" (flags) : "memory", "cc");
}
