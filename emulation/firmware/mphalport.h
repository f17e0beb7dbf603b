/* MicroPython's hardware layer, on board.h. */
#include <stdint.h>

#include "board.h"

#define mp_hal_ticks_cpu() board_cycles()
#define mp_hal_stdin_rx_chr mp_hal_stdin_rx_chr
int mp_hal_stdin_rx_chr(void);

void mp_hal_set_interrupt_char(int c);
