"""How much of the board a firmware takes, from its ELF."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

from emulation.errors import UserError


@dataclass(frozen=True)
class Use:
    """A part of the board's memory and how much of it is taken, in bytes."""

    name: str
    used: int
    size: int


@dataclass(frozen=True)
class Sizes:
    """Memory use of a firmware, in bytes."""

    banks: tuple[Use, ...]
    """Flash banks and boot ROM."""
    static_ram: int
    """Initialised and zeroed data."""
    stack: int
    heap: int
    """What is left of SRAM: the interpreter's heap."""
    sram: int


def measure(elf: Path, regions: dict[str, tuple[int, int]]) -> Sizes:
    """Sizes of one of our ELFs; `regions` are the linker's: name → (origin, length).

    Raises UserError for an ELF without our linker script's symbols.
    """
    with elf.open("rb") as file:
        image = ELFFile(file)
        table = image.get_section_by_name(".symtab")
        symbols = {s.name: s["st_value"] for s in table.iter_symbols()} if table else {}
        loaded = [(s["p_paddr"], s["p_filesz"]) for s in image.iter_segments("PT_LOAD") if s["p_filesz"]]
    try:
        stack = symbols["__stack_top"] - symbols["__stack_bottom"]
        heap = symbols["__heap_end"] - symbols["__heap_start"]
    except KeyError as missing:
        raise UserError(f"{elf} has no symbol {missing}", "build it with `bench firmware`") from None
    banks = tuple(
        Use(name, sum(n for a, n in loaded if origin <= a < origin + length), length)
        for name, (origin, length) in regions.items()
        if name in ("flash", "flash2", "rom")
    )
    sram = regions["sram"][1]
    return Sizes(banks, sram - stack - heap, stack, heap, sram)
