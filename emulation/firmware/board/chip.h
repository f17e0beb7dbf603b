/* What both firmwares drive themselves, whoever owns the interrupts: GPIO and the Ethernet controller's SPI master. */
#ifndef CHIP_H
#define CHIP_H

#include <stdbool.h>

void gpio_init(void);
void spi_init(void);

/* The shield's chip select. */
void gpio_ethernet_select(bool selected);

/* Quench the interrupt of the Ethernet controller's pin; it may come again at once. */
void gpio_ethernet_acknowledge(void);

#endif
