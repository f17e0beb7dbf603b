/*
 * Entry of the firmware: 32-bit protected mode, flat segments whose descriptors may lie anywhere, interrupts off.
 * Both the boot ROM and a loader that jumps straight to the ELF's entry point end up here.
 */
    .equ SELECTOR_CODE, 0x08
    .equ SELECTOR_DATA, 0x10

    .section .text.start, "ax"
    .globl _start
_start:
    cli
    cld
    lgdt gdtr
    ljmp $SELECTOR_CODE, $1f
1:
    movw $SELECTOR_DATA, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw %ax, %fs
    movw %ax, %gs
    movl $__stack_top, %esp

    movl $__data_load, %esi
    movl $__data_start, %edi
    movl $__data_words, %ecx
    rep movsl

    xorl %eax, %eax
    movl $__bss_start, %edi
    movl $__bss_words, %ecx
    rep stosl

    xorl %ebp, %ebp                     /* end of the frame pointer chain */
    call main
2:
    cli
    hlt
    jmp 2b

    .section .rodata.gdt, "a"
    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff            /* flat code; accessed bit preset, since the table is in flash */
    .quad 0x00cf93000000ffff            /* flat data */
gdt_end:
    .globl gdtr
gdtr:
    .word gdt_end - gdt - 1
    .long gdt

/*
 * Interrupt entry points, 16 bytes apart, so that the IDT can be filled from one base address. Each leaves the
 * same frame: vector and error code on top of what the CPU pushed.
 */
    .section .text.vectors, "ax"
    .balign 16
    .globl vector_entries
vector_entries:
    .set vector, 0
    .rept 0x30                          /* VECTOR_COUNT */
    .balign 16
    .if vector == 8 || vector == 10 || vector == 11 || vector == 12 || vector == 13 || vector == 14 || vector == 17
    nop                                 /* the CPU has pushed an error code */
    .else
    pushl $0
    .endif
    pushl $vector
    jmp vector_common
    .set vector, vector + 1
    .endr

    .balign 16
vector_common:
    pusha
    cld
    movl %esp, %eax
    pushl %eax
    call interrupt
    addl $4, %esp
    popa
    addl $8, %esp
    iret

    .section .note.GNU-stack, "", @progbits
