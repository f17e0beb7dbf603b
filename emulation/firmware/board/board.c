/* Start-up order of the board. */
#include "board.h"
#include "irq.h"

void board_init(void) {
    irq_init();
    lapic_init();
    uart_init();
    gpio_init();
    spi_init();
    irq_enable();
    clock_init();
    board_entropy_add(0);
}
