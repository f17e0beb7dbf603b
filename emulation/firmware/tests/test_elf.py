"""What the ELF promises to whoever loads it: the embedded emulator, Renode, a flash tool."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from emulation.firmware.build import BuildResult
from emulation.platform import load_platform

MEMORIES = {m.name: (m.start, m.size) for m in reversed(load_platform().memories())}
SRAM_LIMIT = 80 * 1024
HEAP_AT_LEAST = 40 * 1024


@pytest.fixture(scope="module")
def elf(firmware: BuildResult) -> Iterator[Any]:
    with firmware.elf.open("rb") as file:
        yield ELFFile(file)


def test_it_is_a_32_bit_x86_program(elf: Any) -> None:
    assert (elf.elfclass, elf["e_machine"], elf["e_type"]) == (32, "EM_386", "ET_EXEC")


def test_every_segment_lies_in_a_memory_of_the_board(elf: Any) -> None:
    for segment in elf.iter_segments("PT_LOAD"):
        for start, size in (
            (segment["p_paddr"], segment["p_memsz"]),
            (segment["p_vaddr"], segment["p_memsz"]),
        ):
            assert any(o <= start and start + size <= o + n for o, n in MEMORIES.values()), hex(start)


def test_nothing_is_loaded_into_sram(elf: Any) -> None:
    """The board comes up from flash alone: initialised data are copied at start-up."""
    origin, size = MEMORIES["sram"]
    loaded = [s["p_paddr"] for s in elf.iter_segments("PT_LOAD") if s["p_filesz"]]
    assert not [a for a in loaded if origin <= a < origin + size]


def test_the_entry_point_is_in_flash(elf: Any) -> None:
    origin, size = MEMORIES["flash"]
    assert origin <= elf["e_entry"] < origin + size


def test_the_boot_rom_is_a_segment_of_its_own_that_ends_at_4_gib(elf: Any) -> None:
    rom = [s for s in elf.iter_segments("PT_LOAD") if s["p_paddr"] >= 0xFFFFE000]
    assert [(s["p_paddr"] + s["p_filesz"]) for s in rom] == [1 << 32]


def test_no_symbol_is_left_undefined(elf: Any) -> None:
    symbols = elf.get_section_by_name(".symtab").iter_symbols()
    assert [s.name for s in symbols if s["st_shndx"] == "SHN_UNDEF" and s.name] == []


def test_faults_can_be_told_by_source_line(elf: Any) -> None:
    assert elf.has_dwarf_info()


def test_no_path_of_the_building_machine_is_in_it(firmware: BuildResult) -> None:
    assert str(firmware.elf.parents[2]).encode() not in firmware.elf.read_bytes()


def test_counters_for_leak_accounting_are_there(elf: Any) -> None:
    names = {s.name for s in elf.get_section_by_name(".symtab").iter_symbols()}
    assert {"lwip_stats", "memp_pools", "enc28j60_counters", "tcp_active_pcbs"} <= names


def test_it_keeps_to_the_memory_there_is(firmware: BuildResult) -> None:
    sizes = firmware.sizes
    assert sizes.static_ram + sizes.stack + sizes.heap <= SRAM_LIMIT == sizes.sram
    assert sizes.heap >= HEAP_AT_LEAST
    assert all(bank.used <= bank.size for bank in sizes.banks)
