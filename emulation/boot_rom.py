"""The boot ROM of an ELF that brings none, for engines that start as the chip does: in 16-bit real mode.

The chip's own ROM puts the CPU into flat protected mode and goes on to the program. Most ELF files for the
board rely on it and do not contain it (the project's firmware does: `emulation/firmware/board/rom.S`, which
explains each step).
"""

from __future__ import annotations

import struct

BASE = 0xFFFFFF00
"""Physical address of its first byte."""
SIZE = 0x100
RESET_VECTOR = 0xFFFFFFF0
"""Where the CPU begins (Intel 64 and IA-32 Software Developer's Manual, volume 3, section 9.1.4)."""

_OFFSET = BASE & 0xFFFF
"""From the base of the code segment, with all its addresses in 16 bits."""
_CODE, _DATA = 0x08, 0x10
"""Selectors."""
_PROTECTED, _GDT, _GDTR = 0x19, 0x30, 0x48
"""Offsets of the 32-bit code, of the descriptors, and of what LGDT takes."""
_DESCRIPTORS = (0, 0x00CF9B000000FFFF, 0x00CF93000000FFFF)
"""Flat code and data; the accessed bits are set, since a ROM cannot be written."""


def boot_rom(entry: int) -> bytes:
    """`SIZE` bytes for `BASE`: flat 32-bit protected mode with interrupts off, then a jump to `entry`."""
    real = b"\xfa\xfc"  # cli; cld
    real += b"\x2e\x66\x0f\x01\x16" + struct.pack("<H", _OFFSET + _GDTR)  # lgdtl %cs:
    real += b"\x0f\x20\xc0\x0c\x01\x0f\x22\xc0"  # movl %cr0, %eax; orb $1, %al; movl %eax, %cr0
    real += b"\x66\xea" + struct.pack("<IH", BASE + _PROTECTED, _CODE)  # ljmpl
    protected = b"\x66\xb8" + struct.pack("<H", _DATA)  # movw $, %ax
    for register in (3, 0, 2, 4, 5):  # %ds, %es, %ss, %fs, %gs
        protected += bytes((0x8E, 0xC0 | register << 3))  # movw %ax,
    protected += b"\xb8" + struct.pack("<I", entry) + b"\xff\xe0"  # movl $, %eax; jmp *%eax
    gdt = b"".join(struct.pack("<Q", each) for each in _DESCRIPTORS)
    vector = RESET_VECTOR - BASE
    rom = bytearray(SIZE)
    for offset, part in (
        (0, real),
        (_PROTECTED, protected),
        (_GDT, gdt),
        (_GDTR, struct.pack("<HI", len(gdt) - 1, BASE + _GDT)),
        (vector, b"\xe9" + struct.pack("<H", -(vector + 3) & 0xFFFF)),  # jmp to the first byte
    ):
        rom[offset : offset + len(part)] = part
    return bytes(rom)
