/* Registers of the board and the few helpers that all of the program shares. Each register is accessed with the
 * width that Zephyr's drivers use for it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAPIC 0xFEE00000u
#define IOAPIC 0xFEC00000u
#define UART 0xB0002400u
#define SPI 0xB0001400u
#define GPIO 0xB0000C00u

static inline uint8_t r8(uint32_t a) { return *(volatile uint8_t *)a; }
static inline uint16_t r16(uint32_t a) { return *(volatile uint16_t *)a; }
static inline uint32_t r32(uint32_t a) { return *(volatile uint32_t *)a; }
static inline void w8(uint32_t a, uint8_t v) { *(volatile uint8_t *)a = v; }
static inline void w16(uint32_t a, uint16_t v) { *(volatile uint16_t *)a = v; }
static inline void w32(uint32_t a, uint32_t v) { *(volatile uint32_t *)a = v; }

static inline uint64_t rdtsc(void)
{
    uint64_t t;
    __asm__ volatile("rdtsc" : "=A"(t));
    return t;
}

/* Wait for an interrupt unless the flag is set; the STI shadow closes the gap between looking and halting. */
static inline void sleep_unless(volatile bool *flag)
{
    __asm__ volatile("cli");
    if (*flag) {
        __asm__ volatile("sti");
    } else {
        __asm__ volatile("sti; hlt");
    }
}

extern volatile uint32_t ticks;
extern volatile bool frame_waits;

void board_init(void);
void print(const char *text);
void print_number(uint32_t n);

void spi_init(void);
/* One transaction: `count` bytes out (zeros after the first `out_count`), the answers behind them in. */
void spi_transfer(const uint8_t *out, size_t out_count, uint8_t *in, size_t in_count);

bool enc28j60_init(const uint8_t mac[6]);
size_t enc28j60_receive(uint8_t *frame, size_t room);
void enc28j60_send(const uint8_t *frame, size_t size);
void enc28j60_interrupts(bool on);

size_t answer(uint8_t *frame, size_t size);
