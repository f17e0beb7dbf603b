/* The instruction clock of the embedded emulator.
 *
 * Unicorn has no exact instruction count that is also fast: a hook per instruction halves its speed, and
 * `emu_start(count=N)` puts such a hook in by itself. It does tell us of every translated block it enters,
 * and a block's instructions never change while its bytes do not. So this hook keeps the number of
 * instructions of each block (found out by Capstone the first time) and adds it up.
 *
 * The same hook is the only safe place to leave emulation: a stop asked for inside an MMIO callback rolls
 * the access back without undoing it, a stop here takes effect before the block's first instruction.
 *
 * Nothing of Unicorn's or Capstone's headers is needed: the caller passes the functions as pointers.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CACHE_BITS 16
#define CACHE_SIZE (1u << CACHE_BITS)
#define MAX_BLOCK 4096

enum stop_reason { RUNNING = 0, STOP_DEADLINE = 1, STOP_REQUEST = 2, STOP_INTERRUPT = 3 };

struct block {
    uint32_t address;
    uint16_t size;
    uint16_t instructions;
    uint8_t shadow; /* its last instruction holds interrupts off for one more (STI, MOV SS, POP SS) */
    uint8_t known;
};

/* Must match emulation/quark/blockclock.py field by field. */
struct block_clock {
    uint64_t cycles;   /* after the block being executed */
    uint64_t deadline; /* leave at the first block boundary at or after this cycle */
    uint32_t block;    /* address of the block being executed */
    uint32_t block_size;
    uint32_t block_instructions;
    uint32_t request;   /* leave at the next block boundary */
    uint32_t interrupt; /* an interrupt is deliverable: leave as soon as the guest takes interrupts */
    uint32_t shadow;    /* the last block ended in an interrupt shadow */
    uint32_t reason;    /* enum stop_reason */
    uint32_t rom_start[4], rom_end[4]; /* where code cannot change: counts found there stay valid */
    uint32_t ran_from_ram;
    uint64_t blocks;

    int (*emu_stop)(void *uc);
    int (*reg_read)(void *uc, int reg, void *value);
    int (*reg_write)(void *uc, int reg, const void *value);
    int (*mem_read)(void *uc, uint64_t address, void *bytes, size_t size);
    bool (*disasm_iter)(size_t handle, const uint8_t **code, size_t *size, uint64_t *address, void *insn);
    size_t capstone;
    void *insn;
    int reg_eflags, reg_eip, reg_eax, reg_edx;

    struct block *cache; /* CACHE_SIZE entries, direct mapped */
};

unsigned block_clock_size(void) { return sizeof(struct block_clock); }
unsigned block_cache_bytes(void) { return CACHE_SIZE * sizeof(struct block); }

/* Instructions in `size` bytes at `address`; `shadow` tells of the last one. An undecodable rest counts as one
 * instruction: it is the one the guest faults on. */
static unsigned count(struct block_clock *c, void *uc, uint32_t address, uint32_t size, uint8_t *shadow)
{
    uint8_t bytes[MAX_BLOCK];
    if (size > sizeof bytes) {
        size = sizeof bytes;
    }
    *shadow = 0;
    if (c->mem_read(uc, address, bytes, size) != 0) {
        return 1;
    }
    const uint8_t *code = bytes, *last = bytes;
    size_t left = size;
    uint64_t at = address;
    unsigned n = 0;
    while (left > 0) {
        last = code;
        n++;
        if (!c->disasm_iter(c->capstone, &code, &left, &at, c->insn)) {
            break;
        }
    }
    *shadow = last[0] == 0xfb || last[0] == 0x17 || (last[0] == 0x8e && (last[1] & 0x38) == 0x10);
    return n ? n : 1;
}

static bool in_rom(const struct block_clock *c, uint32_t address)
{
    for (int i = 0; i < 4; i++) {
        if (address >= c->rom_start[i] && address < c->rom_end[i]) {
            return true;
        }
    }
    return false;
}

static void find_count(struct block_clock *c, void *uc, struct block *b, uint32_t address, uint32_t size)
{
    b->instructions = count(c, uc, address, size, &b->shadow);
    b->address = address;
    b->size = size;
    b->known = in_rom(c, address);
    if (!b->known) {
        c->ran_from_ram = 1;
    }
}

/* UC_HOOK_BLOCK */
void block_clock_hook(void *uc, uint64_t address, uint32_t size, void *user)
{
    struct block_clock *c = user;
    if (c->cycles >= c->deadline) {
        c->reason = STOP_DEADLINE;
        c->emu_stop(uc);
        return;
    }
    if (c->request) {
        c->reason = STOP_REQUEST;
        c->emu_stop(uc);
        return;
    }
    if (c->interrupt && !c->shadow) {
        uint32_t eflags = 0;
        c->reg_read(uc, c->reg_eflags, &eflags);
        if (eflags & 0x200) {
            c->reason = STOP_INTERRUPT;
            c->emu_stop(uc);
            return;
        }
    }
    uint32_t a = (uint32_t)address;
    struct block *b = &c->cache[(a ^ (a >> CACHE_BITS)) & (CACHE_SIZE - 1)];
    if (b->address != a || b->size != size || !b->known) {
        find_count(c, uc, b, a, size);
    }
    c->cycles += b->instructions;
    c->block = a;
    c->block_size = size;
    c->block_instructions = b->instructions;
    c->shadow = b->shadow;
    c->blocks++;
}

/* UC_HOOK_INSN on RDTSC, wherever it stands: the cycle at which it executes, in place of the host's counter. */
int rdtsc_hook(void *uc, void *user)
{
    struct block_clock *c = user;
    uint32_t eip = 0;
    uint8_t shadow;
    unsigned before = 0;
    c->reg_read(uc, c->reg_eip, &eip);
    if (eip > c->block) {
        before = count(c, uc, c->block, eip - c->block, &shadow);
    }
    uint64_t tsc = c->cycles - c->block_instructions + before;
    uint32_t low = (uint32_t)tsc, high = (uint32_t)(tsc >> 32);
    c->reg_write(uc, c->reg_eax, &low);
    c->reg_write(uc, c->reg_edx, &high);
    return 1; /* done: the instruction itself is skipped */
}
