/* Start-up order of the board on bare metal, and what memory is left for the interpreter. */
#include "board.h"
#include "chip.h"
#include "interrupts.h"
#include "quark_se.h"

/* From the linker script. */
extern char __stack_top[], __stack_bottom[], __heap_start[], __heap_end[];

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

struct board_memory board_memory(void) {
    return (struct board_memory) { __stack_bottom, __stack_top, __heap_start, __heap_end };
}
