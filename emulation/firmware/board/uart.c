/* Console on UART B: interrupts fetch what is typed, output is polled. */
#include "board.h"
#include "interrupts.h"
#include "quark_se.h"

enum { BAUD = 115200, SPIN_LIMIT = 100000 };

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
        board_console_typed((uint8_t)UART_RBR);
    }
    board_event_set(BOARD_EVENT_CONSOLE);
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
