/* What lwIP and MicroPython take from <stdlib.h>. */
#include <stdlib.h>

#include "board.h"

void abort(void) {
    board_panic("abort");
}

int atoi(const char *text) {
    int value = 0;
    while (*text >= '0' && *text <= '9') {
        value = 10 * value + (*text++ - '0');
    }
    return value;
}
