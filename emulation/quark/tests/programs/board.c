/* Interrupt controllers, the tick and the console, in the manner of Zephyr's drivers for this SoC. */
#include "board.h"

#define SPI_IRQ 3
#define UART_IRQ 6
#define GPIO_IRQ 8
#define LEVEL (1u << 15)
#define MASKED (1u << 16)

/* UART registers, four bytes apart */
#define THR (UART + 0x00)
#define IER (UART + 0x04)
#define IIR_FCR (UART + 0x08)
#define LCR (UART + 0x0C)
#define LSR (UART + 0x14)

volatile uint32_t ticks, nesting, deepest, typed_count, ended[256];
volatile bool frame_waits;
volatile uint8_t typed[64];
uint64_t idt[256] __attribute__((aligned(8)));
static uint32_t level_vectors;

extern void tick_stub(void), spi_stub(void), uart_stub(void), gpio_stub(void), fault_stub(void);

static void gate(int vector, void (*handler)(void))
{
    uint64_t address = (uint32_t)handler;
    idt[vector] = (address & 0xFFFF) | 8ull << 16 | 0x8E00ull << 32 | (address & 0xFFFF0000ull) << 32;
}

void fill_idt(void)
{
    for (int vector = 0; vector < 32; vector++) {
        gate(vector, fault_stub);
    }
    gate(0x40, tick_stub);
    gate(0x53, spi_stub);
    gate(0x56, uart_stub);
    gate(0x58, gpio_stub);
}

static void ioapic_set(uint32_t index, uint32_t value)
{
    w8(IOAPIC, index);
    w32(IOAPIC + 0x10, value);
}

static void route(int irq, int vector, uint32_t flags)
{
    ioapic_set(0x11 + irq * 2, 0);
    ioapic_set(0x10 + irq * 2, flags | vector);
    if (flags & LEVEL) {
        level_vectors |= 1u << (vector - 0x40);
    }
}

/* The vector in service is read from the ISR words, highest first, and has to be the one of the stub. */
void end_of_interrupt(uint32_t vector)
{
    uint32_t found = 0;
    for (int word = 7; word >= 0; word--) {
        uint32_t bits = r32(LAPIC + 0x100 + word * 0x10);
        if (bits) {
            found = word * 32 + 31 - __builtin_clz(bits);
            break;
        }
    }
    ended[found == vector ? vector : 0]++;
    w32(LAPIC + 0xB0, 0);
    if (level_vectors >> (found - 0x40) & 1) {
        w32(IOAPIC + 0x40, found);
    }
}

void tick_isr(void)
{
    ticks++;
    if (nesting > deepest) {
        deepest = nesting;
    }
}

void gpio_isr(void)
{
    uint32_t status = r32(GPIO + 0x40);
    w32(GPIO + 0x4C, status);
    if (status & 1u << 19) {
        frame_waits = true;
    }
}

void uart_isr(void)
{
    while (!(r8(IIR_FCR) & 1)) {
        while (r8(LSR) & 1) {
            typed[typed_count++ & 63] = r8(THR);
        }
    }
}

static void uart_init(void)
{
    w8(LCR, 0x80);
    w8(THR, 17);
    w8(IER, 0);
    w8(LCR, 0x03);
    w8(IIR_FCR, 0xC7);
    w8(IER, 0x81); /* programmable THRE: LSR bit 5 is "FIFO full" from now on */
}

void print(const char *text)
{
    for (; *text; text++) {
        while (r8(LSR) & 0x20) {
        }
        w8(THR, *text);
    }
}

void print_number(uint32_t n)
{
    char digits[11], *p = digits + 10;
    *p = 0;
    do {
        *--p = '0' + n % 10;
        n /= 10;
    } while (n);
    print(p);
}

void fault(uint32_t eip)
{
    (void)eip;
    print("fatal: CPU exception\r\n");
}

void board_init(void)
{
    w32(LAPIC + 0xF0, 0x1FF);
    w32(LAPIC + 0x80, 0);
    for (int line = 0; line < 64; line++) { /* more than there are, as Zephyr does */
        ioapic_set(0x11 + line * 2, 0);
        ioapic_set(0x10 + line * 2, MASKED);
    }
    uart_init();
    route(SPI_IRQ, 0x53, LEVEL);
    route(UART_IRQ, 0x56, LEVEL);
    route(GPIO_IRQ, 0x58, LEVEL);
    w32(GPIO + 0x38, 1u << 19); /* edge */
    w32(GPIO + 0x3C, 0);        /* falling */
    w32(GPIO + 0x34, ~(1u << 19));
    w32(GPIO + 0x30, 1u << 19);
    w32(LAPIC + 0x3E0, 0xB); /* divide by 1 */
    w32(LAPIC + 0x320, 0x20040);
    w32(LAPIC + 0x380, 0x4E1FF); /* 100 Hz */
    __asm__ volatile("sti");
}
