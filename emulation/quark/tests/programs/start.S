/* Entry, descriptor tables and interrupt stubs: protected mode from the first instruction on, as the boot ROM
 * leaves it. Handlers run with interrupts on, so that a higher vector interrupts them; each ends with EOI at
 * the local APIC first and at the I/O APIC then. */
    .code32
    .section .text.start, "ax"
    .globl _start
_start:
    lgdt gdt_pointer
    ljmp $8, $1f
1:  movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $0xA8013000, %esp
    xorl %ebp, %ebp
    movl $0xA8000000, %edi
    movl $_end, %ecx
    subl %edi, %ecx
    shrl $2, %ecx
    xorl %eax, %eax
    rep stosl
    call fill_idt
    lidt idt_pointer
    call main
2:  sti
    hlt
    jmp 2b

/* Edge-triggered sources take no EOI at the I/O APIC; bit n of `level_vectors` stands for vector 0x40 + n. */
    .macro interrupt name, handler, vector
    .globl \name
\name:
    pushal
    incl nesting
    sti
    call \handler
    cli
    decl nesting
    pushl $\vector
    call end_of_interrupt
    popl %eax
    popal
    iret
    .endm

    interrupt tick_stub, tick_isr, 0x40
    interrupt spi_stub, spi_isr, 0x53
    interrupt uart_stub, uart_isr, 0x56
    interrupt gpio_stub, gpio_isr, 0x58

    .globl fault_stub
fault_stub:
    popl %eax
    pushl %eax
    call fault
3:  hlt
    jmp 3b

    .section .rodata
    .align 8
gdt: .quad 0, 0x00CF9B000000FFFF, 0x00CF93000000FFFF
gdt_pointer: .word 23
    .long gdt
idt_pointer: .word 256*8-1
    .long idt
    .section .note.GNU-stack, "", @progbits
