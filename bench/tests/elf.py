"""Firmware for tests: the project's own, and copies of it with a defect."""

from __future__ import annotations

from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from bench.board import find_firmware
from emulation.errors import UserError

UD2 = b"\x0f\x0b"
JUMP_TO_SELF = b"\xeb\xfe"


def real_firmware() -> Path:
    """The firmware `bench firmware` has built; a test that needs it fails where it is missing."""
    try:
        return find_firmware(None)
    except UserError as error:
        pytest.fail(str(error), pytrace=False)


def with_code_at(symbol: str, code: bytes, target: Path) -> Path:
    """A copy of the firmware in which a function begins with other instructions."""
    source = real_firmware()
    data = bytearray(source.read_bytes())
    with source.open("rb") as file:
        elf = ELFFile(file)
        address = elf.get_section_by_name(".symtab").get_symbol_by_name(symbol)[0]["st_value"]
        for segment in elf.iter_segments("PT_LOAD"):
            start = segment["p_vaddr"]
            if start <= address < start + segment["p_filesz"]:
                offset = segment["p_offset"] + address - start
                data[offset : offset + len(code)] = code
                target.write_bytes(data)
                return target
    raise LookupError(f"no segment holds {symbol}")
