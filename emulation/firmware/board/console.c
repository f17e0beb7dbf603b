/* What is typed on the console, between the interrupt handler that fetches it and the reader. */
#include "board.h"

enum { RING_SIZE = 128 };

bool (*board_console_filter)(uint8_t character);

static uint8_t ring[RING_SIZE];
static volatile uint8_t head; /* written by the interrupt handler */
static volatile uint8_t tail; /* written by the reader */

void board_console_typed(uint8_t character) {
    board_entropy_add(character);
    if (board_console_filter && board_console_filter(character)) {
        return;
    }
    uint8_t next = (uint8_t)((head + 1) % RING_SIZE);
    if (next != tail) { /* typed faster than read: the newest characters are lost */
        ring[head] = character;
        head = next;
    }
}

bool board_console_readable(void) {
    return head != tail;
}

int board_console_read(void) {
    if (head == tail) {
        return -1;
    }
    int character = ring[tail];
    tail = (uint8_t)((tail + 1) % RING_SIZE);
    return character;
}
