/* Start-up order of the board. */
#include "board.h"
#include "irq.h"

void board_init(void) {
    irq_init();
    lapic_init();
    clock_init();
    uart_init();
    gpio_init();
    spi_init();
    board_entropy_add(0);
    irq_enable();
}
