/* GPIO: the Ethernet controller's interrupt pin and its chip select. */
#include "board.h"
#include "chip.h"
#include "quark_se.h"

#define PIN_ETHERNET_SELECT 11 /* the shield's chip select: Arduino pin 10 */
#define PIN_ETHERNET_INT    19 /* active low */

void gpio_init(void) {
    GPIO_INTEN = 0;
    GPIO_DR = 1u << PIN_ETHERNET_SELECT;
    GPIO_DDR = 1u << PIN_ETHERNET_SELECT;
}

void gpio_ethernet_select(bool selected) {
    GPIO_DR = selected ? 0 : 1u << PIN_ETHERNET_SELECT;
}

/*
 * Falling edges only. A pin that is low already gives no edge: the driver raises it (by clearing the controller's
 * INTIE) before it counts on another one.
 */
void board_ethernet_irq_enable(void) {
    uint32_t pin = 1u << PIN_ETHERNET_INT;
    GPIO_INTTYPE = pin;
    GPIO_POLARITY = 0;
    GPIO_INTMASK = ~pin;
    GPIO_EOI = pin;
    GPIO_INTEN = pin;
}

void gpio_ethernet_acknowledge(void) {
    GPIO_EOI = 1u << PIN_ETHERNET_INT;
    board_entropy_add(0);
}
