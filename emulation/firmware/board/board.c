/* Start-up order of the board on bare metal. */
#include "board.h"
#include "chip.h"
#include "interrupts.h"
#include "quark_se.h"

void board_init(void) {
    irq_init();
    lapic_init();
    uart_init();
    gpio_init();
    ioapic_route(IRQ_GPIO, VECTOR_GPIO);
    spi_init();
    irq_enable();
    clock_init();
    board_entropy_add(0);
}
