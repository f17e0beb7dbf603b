/* Console on UART B: interrupts fill a ring with what is typed, output is polled. */
#include "board.h"
#include "interrupts.h"
#include "quark_se.h"

enum { BAUD = 115200, RING_SIZE = 128, SPIN_LIMIT = 100000 };

bool (*board_console_filter)(uint8_t character);

static uint8_t ring[RING_SIZE];
static volatile uint8_t head; /* written by the interrupt handler */
static volatile uint8_t tail; /* written by the reader */

void uart_init(void) {
    uint32_t divisor = (SYSTEM_CLOCK_HZ / 16 + BAUD / 2) / BAUD;
    UART_IER = 0;
    UART_LCR = UART_LCR_DLAB | UART_LCR_8N1;
    UART_DLL = divisor & 0xff;
    UART_DLH = divisor >> 8;
    UART_LCR = UART_LCR_8N1; /* with DLAB set LSR may not be readable */
    UART_FCR = UART_FCR_FIFO_RESET;
    ioapic_route(IRQ_UART_B, VECTOR_CONSOLE);
    UART_IER = UART_IER_ERBFI;
}

/* The line is routed by edge: only an empty FIFO lets it fall and rise again, so nothing may be left in it. */
void uart_interrupt(void) {
    while (UART_LSR & UART_LSR_DR) {
        uint8_t character = (uint8_t)UART_RBR;
        board_entropy_add(character);
        if (board_console_filter && board_console_filter(character)) {
            continue;
        }
        uint8_t next = (uint8_t)((head + 1) % RING_SIZE);
        if (next != tail) { /* typed faster than read: the newest characters are lost */
            ring[head] = character;
            head = next;
        }
    }
    board_event_set(BOARD_EVENT_CONSOLE);
}

bool board_console_readable(void) {
    return head != tail;
}

int board_console_read(void) {
    if (head == tail) {
        return -1;
    }
    int character = ring[tail];
    tail = (uint8_t)((tail + 1) % RING_SIZE);
    return character;
}

/* Bounded: a console nobody listens to must not stop the board. */
void board_console_write(const char *text, size_t length) {
    while (length > 0) {
        for (unsigned spins = 0; !(UART_LSR & UART_LSR_THRE); ++spins) {
            if (spins == SPIN_LIMIT) {
                return;
            }
        }
        size_t burst = length < UART_FIFO_DEPTH ? length : UART_FIFO_DEPTH;
        length -= burst;
        while (burst-- > 0) {
            UART_THR = (uint8_t)*text++;
        }
    }
}
