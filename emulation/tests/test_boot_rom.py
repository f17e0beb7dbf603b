"""The assembler is the judge: rom.S says the same in its words."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from emulation.boot_rom import BASE, RESET_VECTOR, SIZE, boot_rom
from emulation.elf import Firmware
from emulation.paths import ROOT

SOURCE = ROOT / "emulation" / "firmware" / "board" / "rom.S"


@pytest.mark.parametrize("entry", [0x40000000, 0x40030010, 0xA8000123])
def test_it_is_what_the_assembler_makes_of_the_firmwares(entry: int, tmp_path: Path) -> None:
    compile_it = ["gcc", "-m32", "-c", "-o", "rom.o", str(SOURCE)]
    addresses = [f"--defsym=_start={entry:#x}", f"--section-start=.rom={BASE:#x}"]
    link_it = [
        "ld",
        "-m",
        "elf_i386",
        *addresses,
        "--build-id=none",
        "-e",
        "rom_start",
        "-o",
        "rom.elf",
        "rom.o",
    ]
    for words in (compile_it, link_it):
        subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    (segment,) = (each for each in Firmware(tmp_path / "rom.elf").segments if each.address == BASE)
    # Between code and data the assembler pads with an instruction that does nothing.
    assert boot_rom(entry) == segment.data.replace(b"\xff\xe0\x66\x90", b"\xff\xe0\0\0")


def test_it_ends_where_the_address_space_does() -> None:
    assert BASE + SIZE == 1 << 32
    assert len(boot_rom(0)) == SIZE
    assert boot_rom(0)[RESET_VECTOR - BASE] == 0xE9, "a jump"
