/*
 * The board as the rest of the firmware sees it: console, time, sleep, entropy, and the bus to the Ethernet
 * controller. Nothing above this header knows an address or an interrupt number: the same port, driver of the
 * Ethernet controller and frozen code stand on the files beside it, or on Zephyr (emulation/zephyr/src/board.c).
 */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bring up interrupts, clock, console, GPIO and SPI. Interrupts are on when it returns. */
void board_init(void);

/* Where the main program's stack lies, and the memory that is left for the interpreter's heap. */
struct board_memory {
    char *stack_bottom, *stack_top;
    char *heap_start, *heap_end;
};

struct board_memory board_memory(void);

/* Interrupts off, and back to what they were. */
uint32_t board_lock(void);
void board_unlock(uint32_t key);

/* ---- Events: set by interrupt handlers, taken by the main loop. ---- */

#define BOARD_EVENT_CONSOLE  (1u << 0)
#define BOARD_EVENT_ETHERNET (1u << 1)

/* Called by interrupt handlers. */
void board_event_set(uint32_t events);

/* Which of `events` have been set; they are cleared. */
uint32_t board_event_take(uint32_t events);

/* Is one of `events` set? Nothing is cleared. */
bool board_event_pending(uint32_t events);

/* Stop the CPU until an event is set or `milliseconds` have passed. Returns at once if one is set already. */
void board_idle(uint32_t milliseconds);

/* ---- Time since board_init. ---- */

uint32_t board_milliseconds(void);
uint64_t board_microseconds(void);

/* CPU cycles, 32 MHz; wraps after 134 s. May stand still while the CPU is idle. */
uint32_t board_cycles(void);

/* Wait without sleeping: for less than a millisecond. */
void board_delay_us(uint32_t microseconds);

/* Sleep for at least that long, whatever happens meanwhile. */
void board_sleep(uint32_t milliseconds);

/* ---- Console. ---- */

void board_console_write(const char *text, size_t length);

/* The next character typed, or -1. */
int board_console_read(void);

/* Is there a character to read? */
bool board_console_readable(void);

/* Called by the interrupt handler with each character that is typed. */
void board_console_typed(uint8_t character);

/* Called by it in turn; true: the character is consumed. */
extern bool (*board_console_filter)(uint8_t character);

/* ---- Ethernet controller's SPI bus: one transaction from select to deselect. ---- */

void board_spi_select_write_only(void);
void board_spi_select(void);
void board_spi_write(const uint8_t *data, size_t length);
void board_spi_read(uint8_t *data, size_t length);
void board_spi_deselect(void);

/* Let falling edges of the controller's interrupt pin set BOARD_EVENT_ETHERNET. */
void board_ethernet_irq_enable(void);

/* ---- Entropy. ---- */

/* Stir something unpredictable in: arrival times, for example. */
void board_entropy_add(uint32_t value);

/* 32 bits that a network peer cannot predict. */
uint32_t board_random(void);

/* ---- When all is lost. ---- */

/* Print a line to the console and start the board anew; where it cannot, stop. */
void board_panic(const char *reason) __attribute__((noreturn));

#endif
