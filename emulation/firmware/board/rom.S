/*
 * Boot ROM: what the CPU executes first after a reset, at 0xFFFFFFF0 in 16-bit real mode.
 *
 * After a reset of the real chip CS has base 0xFFFF0000 and IP is 0xFFF0; some emulators start with all bases 0
 * and EIP 0xFFFFFFF0 instead, where the 16-bit jump below wraps to 0x0000FF00. The ROM is visible at both places,
 * and everything here is addressed relative to CS, so both work.
 */
    .equ ROM_OFFSET, 0xff00             /* of rom_start from the code segment's base, both ways */
    .equ SELECTOR_CODE, 0x08
    .equ SELECTOR_DATA, 0x10

    .section .rom, "ax"
    .code16
    .globl rom_start
rom_start:
    cli
    cld
    lgdtl %cs:(rom_gdtr - rom_start + ROM_OFFSET)
    movl %cr0, %eax
    orb $1, %al                         /* PE: protected mode */
    movl %eax, %cr0
    ljmpl $SELECTOR_CODE, $rom_protected

    .code32
rom_protected:
    movw $SELECTOR_DATA, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw %ax, %fs
    movw %ax, %gs
    movl $_start, %eax
    jmp *%eax

    .balign 8
rom_gdt:
    .quad 0
    .quad 0x00cf9b000000ffff            /* flat code; accessed bit preset, since a ROM cannot be written */
    .quad 0x00cf93000000ffff            /* flat data */
rom_gdtr:
    .word . - rom_gdt - 1
    .long rom_gdt

    .org rom_start + 0xf0
    .code16
    .globl reset_vector
reset_vector:
    jmp rom_start
    .org rom_start + 0x100

    .section .note.GNU-stack, "", @progbits
