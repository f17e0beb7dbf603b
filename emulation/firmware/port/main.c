/* The firmware: start the board, the network and MicroPython, run main.py, then offer a REPL. */
#include "py/builtin.h"
#include "py/cstack.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/pystack.h"
#include "py/runtime.h"
#include "shared/readline/readline.h"
#include "shared/runtime/gchelper.h"
#include "shared/runtime/pyexec.h"

#include "board.h"
#include "net.h"

/*
 * Collect garbage after so many bytes of allocation, long before the heap is full: else long-lived objects end up all
 * over it, and eight connections leave no room for one message of 4 KiB.
 */
#define COLLECT_AFTER 16384

/* For the frames of Python functions: some 20 calls deep. Beyond that there is a RuntimeError. */
#define PYTHON_STACK 2560

static mp_obj_t python_stack[PYTHON_STACK / sizeof(mp_obj_t)];

void port_init(void);
int main(void);

int main(void) {
    board_init();
    net_init();
    port_init();
    struct board_memory memory = board_memory();
    for (;;) {
        mp_cstack_init_with_top(memory.stack_top, (size_t)(memory.stack_top - memory.stack_bottom));
        gc_init(memory.heap_start, memory.heap_end);
        mp_pystack_init(python_stack, python_stack + MP_ARRAY_SIZE(python_stack));
        MP_STATE_MEM(gc_alloc_threshold) = COLLECT_AFTER / MICROPY_BYTES_PER_GC_BLOCK;
        mp_init();
        readline_init0();
        if (mp_import_stat("main.py") == MP_IMPORT_STAT_FILE) {
            pyexec_file("main.py");
        } else {
            pyexec_frozen_module("main.py", true);
        }
        for (;;) {
            int stop = pyexec_mode_kind == PYEXEC_MODE_RAW_REPL ? pyexec_raw_repl() : pyexec_friendly_repl();
            if (stop) {
                break; /* Ctrl-D: a soft reset */
            }
        }
        gc_sweep_all(); /* closes what is open */
        mp_deinit();
    }
}

void gc_collect(void) {
    gc_collect_start();
    gc_helper_collect_regs_and_stack();
    gc_collect_end();
}

void nlr_jump_fail(void *value) {
    (void)value;
    board_panic("Python exception outside of any handler");
}

/* modlwip's choice for getaddrinfo; extmod/network_lwip.c, which has it elsewhere, is not built. */
int mp_mod_network_prefer_dns_use_ip_version = 4;
