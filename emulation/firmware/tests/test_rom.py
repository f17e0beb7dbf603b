"""The boot ROM stub, from 16-bit real mode to the ELF's entry point, run on a bare CPU."""

from __future__ import annotations

from typing import Any

import pytest
from elftools.elf.elffile import ELFFile
from unicorn import UC_ARCH_X86, UC_HOOK_CODE, UC_MODE_16, Uc
from unicorn import x86_const as x86

from emulation.firmware.build import BuildResult

ROM = 0xFFFFE000
ALIAS = 0x0000E000
SIZE = 0x2000
LIMIT = 200


@pytest.mark.parametrize(
    ("code_segment", "offset"),
    [(0x0000, 0xFFF0), (0xF000, 0xFFF0)],
    ids=["all segment bases 0, through the alias", "code segment F000, IP FFF0"],
)
def test_the_reset_vector_leads_to_the_entry_point_in_flat_protected_mode(
    firmware: BuildResult, code_segment: int, offset: int
) -> None:
    with firmware.elf.open("rb") as file:
        elf = ELFFile(file)
        entry = elf["e_entry"]
        stub = next(s for s in elf.iter_segments("PT_LOAD") if s["p_paddr"] >= ROM)
        image = bytes(SIZE - stub["p_filesz"]) + stub.data()
    uc = Uc(UC_ARCH_X86, UC_MODE_16)
    # A CPU in real mode reads the ROM wherever its segment base points to.
    base = code_segment << 4
    for start in {ROM, ALIAS, base + ALIAS}:
        uc.mem_map(start, SIZE)
        uc.mem_write(start, image)
    uc.mem_map(entry & ~0xFFF, 0x1000)
    uc.reg_write(x86.UC_X86_REG_CS, code_segment)

    trace: list[int] = []

    def step(uc: Any, address: int, _size: int, _data: Any) -> None:
        trace.append(address)
        if address == entry or len(trace) > LIMIT:
            uc.emu_stop()

    uc.hook_add(UC_HOOK_CODE, step)
    uc.emu_start(base + offset, 0, count=LIMIT)

    assert trace[-1] == entry
    assert uc.reg_read(x86.UC_X86_REG_CR0) & 1, "protected mode"
    assert uc.reg_read(x86.UC_X86_REG_CS) == 0x08
    for register in (x86.UC_X86_REG_DS, x86.UC_X86_REG_ES, x86.UC_X86_REG_SS):
        assert uc.reg_read(register) == 0x10
