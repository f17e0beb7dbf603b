/*
 * Random numbers for masking keys, TCP sequence numbers and ports. The chip has no generator of its own: the state
 * starts from the always-on counter, which runs since the battery was connected, and every interrupt stirs in the
 * cycle at which it came.
 */
#include "board.h"
#include "quark_se.h"

static uint32_t state[4] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };

static uint32_t rotate(uint32_t value, unsigned bits) {
    return value << bits | value >> (32 - bits);
}

/* xoshiro128++ (Blackman and Vigna). */
static uint32_t entropy_step(void) {
    uint32_t result = rotate(state[0] + state[3], 7) + state[0];
    uint32_t t = state[1] << 9;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= t;
    state[3] = rotate(state[3], 11);
    return result;
}

/* Also called by interrupt handlers. */
void board_entropy_add(uint32_t value) {
    state[0] += value + SCSS_AON_COUNTER;
    state[1] ^= board_cycles() | 1;
    entropy_step();
}

uint32_t board_random(void) {
    uint32_t key = board_lock();
    board_entropy_add(0);
    uint32_t result = entropy_step();
    board_unlock(key);
    return result;
}
