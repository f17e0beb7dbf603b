/* The end: a CPU exception or a failed assertion is printed on the console, then the CPU stops for good. */
#include "board.h"
#include "interrupts.h"
#include <string.h>

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

static void __attribute__((noreturn)) stop(void) {
    irq_disable();
    for (;;) {
        __asm__ volatile ("hlt");
    }
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
    print("\r\n*** stopped\r\n");
    stop();
}

void board_panic(const char *reason) {
    irq_disable();
    print("\r\n*** panic: ");
    print(reason);
    print("\r\n*** stopped\r\n");
    stop();
}
