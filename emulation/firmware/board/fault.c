/*
 * The end of a program that cannot be trusted any more: a CPU exception or a failed assertion is printed on the console,
 * then the board starts anew, as a watchdog would make it. Whatever a peer sends, it cannot halt the board for good.
 */
#include "board.h"
#include "interrupts.h"
#include "quark_se.h"
#include <string.h>

enum {
    DRAIN_SPINS = 100000, /* a FIFO of characters takes 1.4 ms; some emulations never say that it is empty */
    RESET_SPINS = 1000,
};

static const char *const exception_names[] = {
    "divide error", "debug", "NMI", "breakpoint", "overflow", "bound range", "invalid opcode", "no FPU",
    "double fault", "FPU segment", "invalid TSS", "segment not present", "stack fault", "general protection",
    "page fault", "reserved", "FPU error", "alignment check", "machine check", "SIMD error",
};

static void print(const char *text) {
    board_console_write(text, strlen(text));
}

static void print_hex(const char *name, uint32_t value) {
    char digits[9];
    for (unsigned i = 0; i < 8; ++i) {
        digits[i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15];
    }
    digits[8] = 0;
    print(name);
    print(digits);
}

static void __attribute__((noreturn)) start_anew(void) {
    irq_disable();
    print("\r\n*** restarting\r\n");
    for (unsigned spins = 0; !(UART_LSR & UART_LSR_TEMT) && spins < DRAIN_SPINS; ++spins) {
    }
    SCSS_RSTC = SCSS_RSTC_WARM;
    for (volatile unsigned spins = 0; spins < RESET_SPINS; ++spins) {
    }
    /* Not every emulation has the reset; what it would set up, the entry and board_init set up, too. */
    __asm__ volatile ("jmp _start");
    __builtin_unreachable();
}

void fault(const struct interrupt_frame *f) {
    bool known = f->vector < sizeof exception_names / sizeof *exception_names;
    print("\r\n*** CPU exception: ");
    print(known ? exception_names[f->vector] : "unknown");
    print_hex("\r\nvector=", f->vector);
    print_hex(" error=", f->error);
    print_hex(" eip=", f->eip);
    print_hex(" eflags=", f->eflags);
    print_hex("\r\neax=", f->eax);
    print_hex(" ebx=", f->ebx);
    print_hex(" ecx=", f->ecx);
    print_hex(" edx=", f->edx);
    print_hex("\r\nesi=", f->esi);
    print_hex(" edi=", f->edi);
    print_hex(" ebp=", f->ebp);
    print_hex(" esp=", (uint32_t)(f + 1)); /* before the exception: no privilege change, so nothing was saved */
    start_anew();
}

void board_panic(const char *reason) {
    irq_disable();
    print("\r\n*** panic: ");
    print(reason);
    start_anew();
}
