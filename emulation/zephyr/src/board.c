/* The board on Zephyr: its kernel's clock and semaphores, its driver of the console. The other half of board.h is shared. */
#include <zephyr.h>
#include <device.h>
#include <misc/printk.h>
#include <random/rand32.h>
#include <uart.h>

#include "board.h"

enum { LONGEST_SLEEP_MS = 60000 };

static struct device *console;

static volatile uint32_t events;
static K_SEM_DEFINE(something_happened, 0, 1);

/* ---- Start-up. The Ethernet controller's part comes with its driver, which Zephyr starts before main. ---- */

static void console_interrupt(struct device *device) {
    uint8_t character;
    while (uart_irq_update(device) && uart_irq_rx_ready(device)) {
        if (uart_fifo_read(device, &character, 1) != 1) {
            break;
        }
        board_console_typed(character);
    }
    board_event_set(BOARD_EVENT_CONSOLE);
}

void board_init(void) {
    console = device_get_binding(CONFIG_UART_CONSOLE_ON_DEV_NAME);
    if (console == NULL) {
        board_panic("no console");
    }
    uart_irq_rx_disable(console);
    uart_irq_tx_disable(console);
    uart_irq_callback_set(console, console_interrupt);
    uart_irq_rx_enable(console);
}

uint32_t board_lock(void) {
    return irq_lock();
}

void board_unlock(uint32_t key) {
    irq_unlock(key);
}

/* ---- Events ---- */

void board_event_set(uint32_t set) {
    unsigned key = irq_lock();
    events |= set;
    irq_unlock(key);
    k_sem_give(&something_happened);
}

uint32_t board_event_take(uint32_t wanted) {
    unsigned key = irq_lock();
    uint32_t taken = events & wanted;
    events &= ~taken;
    irq_unlock(key);
    return taken;
}

bool board_event_pending(uint32_t wanted) {
    return (events & wanted) != 0;
}

/* The semaphore may have been given for an event that was taken meanwhile; then this returns early, as board.h allows. */
void board_idle(uint32_t milliseconds) {
    if (milliseconds > LONGEST_SLEEP_MS) {
        milliseconds = LONGEST_SLEEP_MS;
    }
    if (milliseconds > 0 && !board_event_pending(~0u)) {
        k_sem_take(&something_happened, K_MSEC(milliseconds));
    }
}

/* ---- Time ---- */

uint32_t board_milliseconds(void) {
    return k_uptime_get_32();
}

uint64_t board_microseconds(void) {
    return (uint64_t)k_uptime_get() * 1000;
}

uint32_t board_cycles(void) {
    return k_cycle_get_32();
}

void board_delay_us(uint32_t microseconds) {
    k_busy_wait(microseconds);
}

void board_sleep(uint32_t milliseconds) {
    k_sleep(K_MSEC(milliseconds));
}

/* ---- Console ---- */

void board_console_write(const char *text, size_t length) {
    while (length-- > 0) {
        uart_poll_out(console, (unsigned char)*text++);
    }
}

/* ---- When all is lost ---- */

void board_panic(const char *reason) {
    irq_lock();
    printk("\r\n*** panic: %s\r\n*** stopped\r\n", reason);
    for (;;) {
        __asm__ volatile ("hlt");
    }
}

/* ---- What Zephyr asks for: random numbers for sequence numbers and ports. ---- */

u32_t z_impl_sys_rand32_get(void) {
    return board_random();
}
