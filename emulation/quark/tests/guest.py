"""Small guest programs for tests: assembled with the system's compiler, linked for the board's memory map."""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from pathlib import Path

CACHE = Path(tempfile.gettempdir()) / "quark-guest-programs"

PRELUDE = """
    .code32
    .set LAPIC, 0xFEE00000
    .set IOAPIC, 0xFEC00000
    .set UART, 0xB0002400
    .text
    .globl _start
_start:
    lgdt gdt_pointer
    lidt idt_pointer
    ljmp $8, $1f
1:  movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl $0xA8010000, %esp
    jmp main

    .macro gate vector, handler
    movl $\\handler, %eax
    movl %eax, %ebx
    andl $0xFFFF, %eax
    orl $0x80000, %eax
    movl %eax, idt + 8*\\vector
    andl $0xFFFF0000, %ebx
    orl $0x8E00, %ebx
    movl %ebx, idt + 8*\\vector + 4
    .endm

    .macro say text
    jmp 9f
8:  .asciz "\\text"
9:  movl $8b, %esi
7:  lodsb
    testb %al, %al
    jz 9f
    movb %al, UART
    jmp 7b
9:
    .endm

    .align 8
gdt: .quad 0, 0x00CF9B000000FFFF, 0x00CF93000000FFFF
gdt_pointer: .word 23
    .long gdt
idt_pointer: .word 256*8-1
    .long idt
    .bss
    .globl idt
    .align 8
idt: .skip 256*8
    .text
"""


def assemble(source: str, *, flags: tuple[str, ...] = ()) -> Path:
    """An ELF made of `source` (which has a label `main`) behind a prelude: GDT, empty IDT, a stack."""
    text = PRELUDE + source + "\n"
    key = hashlib.sha256((text + repr(flags)).encode()).hexdigest()[:16]
    target = CACHE / f"{key}.elf"
    if not target.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            program = Path(folder) / "guest.S"
            program.write_text(text)
            subprocess.run(
                [
                    "gcc", "-m32", "-g", "-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none",
                    "-Wl,-N", "-Wl,--no-warn-rwx-segments", "-Wl,-Ttext=0x40000000", "-Wl,-Tbss=0xA8000000",
                    "-Wl,-z,noexecstack", *flags,
                    str(program), "-o", f"{folder}/guest.elf",
                ],
                check=True,
            )  # fmt: skip
            Path(folder, "guest.elf").replace(target)
    return target
