"""The board's own description: what the data sheets say, and what Renode's versions ask of its files."""

import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from emulation.platform import (
    ARDUINO_101,
    AddressRange,
    Memory,
    Platform,
    Reference,
    linker_regions,
    load_platform,
)
from emulation.platform.__main__ import main
from emulation.platform.syntax import parse

VARIANTS = sorted(ARDUINO_101.parent.glob("arduino_101*.repl"))
"""The board for each range of versions of Renode."""


@pytest.fixture(params=VARIANTS, ids=lambda path: path.stem)
def board(request: pytest.FixtureRequest) -> Platform:
    return load_platform(request.param)


def test_memory_map(board: Platform) -> None:
    assert board.memories() == [
        Memory("flash", 0x4000_0000, 188 * 1024),
        Memory("otp", 0x4002_F000, 4 * 1024),
        Memory("flash2", 0x4003_0000, 188 * 1024),
        Memory("sram", 0xA800_0000, 80 * 1024),
        Memory("rom", 0xFFFF_E000, 8 * 1024),
        Memory("rom", 0x0000_E000, 8 * 1024),
    ]


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("lapic", 0xFEE0_0000),
        ("ioapic", 0xFEC0_0000),
        ("uartA", 0xB000_2000),
        ("uartB", 0xB000_2400),
        ("spi0", 0xB000_1000),
        ("spi1", 0xB000_1400),
        ("gpio", 0xB000_0C00),
        ("pwm", 0xB000_0800),
        ("scss", 0xB080_0000),
    ],
)
def test_addresses(board: Platform, name: str, address: int) -> None:
    assert board[name].address == address


@pytest.mark.parametrize(
    ("name", "number"), [("spi0", 2), ("spi1", 3), ("uartA", 5), ("uartB", 6), ("gpio", 8), ("pwm", 9)]
)
def test_interrupt_numbers(board: Platform, name: str, number: int) -> None:
    wire = board[name].interrupt("IRQ")
    assert wire is not None
    assert (wire.target, wire.pin) == ("ioapic", number)


def test_the_local_apic_interrupts_the_core(board: Platform) -> None:
    wire = board["lapic"].interrupt("IRQ")
    assert wire is not None
    assert (wire.target, wire.pin) == ("cpu", 0)
    assert board["cpu"].attributes["lapic"] == Reference("lapic")


def test_the_shield(board: Platform) -> None:
    (ethernet,) = board.children("spi1")
    assert ethernet.type == "Network.ENC28J60"
    (wire,) = ethernet.interrupts
    assert (wire.target, wire.pin) == ("gpio", 19)


def test_one_instruction_is_one_cycle_of_32_mhz(board: Platform) -> None:
    assert board["cpu"].attributes["PerformanceInMips"] == 32


def test_uart_registers_are_four_bytes_apart(board: Platform) -> None:
    assert [uart.attributes["wideRegisters"] for uart in board.of_type("UART.NS16550")] == [True, True]


def test_tags_do_not_hide_a_modelled_block(board: Platform) -> None:
    modelled = [entry.address for entry in board if any(r.address is not None for r in entry.registrations)]
    for tag in board.tags():
        block = AddressRange(tag.start, tag.start + tag.size)
        assert not [hex(a) for a in modelled if block.overlaps(AddressRange(a, a + 1))], tag.name


def test_flash_status_says_that_all_is_done(board: Platform) -> None:
    values = {tag.start: tag.value for tag in board.tags()}
    assert values[0xB010_0014] == values[0xB020_0014] == 0xFFFF_FFFF


def test_the_variants_differ_in_nothing_but_the_models_that_changed() -> None:
    boards = [load_platform(path) for path in VARIANTS]
    assert len(boards) == 3
    common = [[entry for entry in board if entry.name not in ("ioapic", "gpio")] for board in boards]
    assert common[0] == common[1] == common[2]


def test_parts_refer_only_to_themselves_and_parts_before_them(board: Platform) -> None:
    """Renode 1.12 resolves the names of a used file before it reads the next one."""
    known = {"sysbus"}
    for using in parse(board.path.read_text(), board.path).usings:
        part = parse((board.path.parent / using.file).read_text(), Path(using.file))
        known |= {entry.name for entry in part.entries}
        for entry in part.entries:
            referred = {name for name, _ in entry.references} | {wire.target for wire in entry.interrupts}
            assert referred <= known, f"{using.file}: {entry.name}"


def test_linker_regions() -> None:
    assert linker_regions(load_platform()).splitlines() == [
        "MEMORY",
        "{",
        "    flash (rx) : ORIGIN = 0x40000000, LENGTH = 0x2f000",
        "    otp (rx) : ORIGIN = 0x4002f000, LENGTH = 0x1000",
        "    flash2 (rx) : ORIGIN = 0x40030000, LENGTH = 0x2f000",
        "    sram (rwx) : ORIGIN = 0xa8000000, LENGTH = 0x14000",
        "    rom (rx) : ORIGIN = 0xffffe000, LENGTH = 0x2000",
        "    rom_at_e000 (rx) : ORIGIN = 0x0000e000, LENGTH = 0x2000",
        "}",
    ]


def test_the_linker_takes_the_regions(tmp_path: Path) -> None:
    script, blob, output = tmp_path / "regions.ld", tmp_path / "blob", tmp_path / "a.out"
    script.write_text(
        linker_regions(load_platform())
        + "SECTIONS { .a : { BYTE(1) } > flash2 .b : { BYTE(2) } > rom .c : { *(.data) } > sram }\n"
    )
    blob.write_bytes(b"input")
    command = ["ld", "-m", "elf_i386", "--oformat", "elf32-i386", "-T", str(script), "-o", str(output)]
    command += ["-b", "binary", str(blob)]
    subprocess.run(command, check=True, timeout=60, capture_output=True)
    with output.open("rb") as file:
        sections = {section.name: section["sh_addr"] for section in ELFFile(file).iter_sections()}
    assert [sections[name] for name in (".a", ".b", ".c")] == [0x4003_0000, 0xFFFF_E000, 0xA800_0000]


def test_command_line_prints_the_regions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["regions"]) == 0
    assert capsys.readouterr().out == linker_regions(load_platform())


def test_command_line_lists_the_board(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    listing = capsys.readouterr().out.splitlines()
    assert [line.split() for line in listing if line.startswith("uartB")] == [
        ["uartB", "UART.NS16550", "sysbus", "0xb0002400", "->", "ioapic@6"]
    ]


def test_command_line_reports_a_mistake_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "board.repl"
    file.write_text("uart UART.X\n")
    assert main(["check", str(file)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        f"error: {file}:1:6: expected ':', found 'UART.X' (the line reads `uart UART.X`)\n"
    )
