/* GPIO pins that other files of this folder drive. */
#ifndef GPIO_H
#define GPIO_H

#include <stdbool.h>

/* Drive the Ethernet controller's chip select (active low). */
void gpio_ethernet_select(bool selected);

#endif
