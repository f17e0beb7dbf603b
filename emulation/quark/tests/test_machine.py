"""The engine's contract: loading, waking, time on the cable, snapshots, and what the guest may not do."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from emulation.errors import UserError
from emulation.machine import Stop
from emulation.quark.ethernet import byte_times
from emulation.quark.machine import QuarkMachine
from emulation.quark.tests.guest import assemble

# A driver in a nutshell for SPI 1 and the ENC28J60 behind it: `spi byte` leaves the answer in %al,
# `end_command` raises the chip select, `wcr register, value` writes a control register.
DRIVER = """
    .set SPI, 0xB0001400
    .macro spi value
    movl $\\value, SPI + 0x60
    movl SPI + 0x60, %eax
    .endm
    .macro end_command
    movl $0, SPI + 0x08
    movl $1, SPI + 0x08
    .endm
    .macro wcr register, value
    spi 0x40 + \\register
    spi \\value
    end_command
    .endm
    .macro bank n
    wcr 0x1f, \\n
    .endm
"""

SEND_TEN_BYTES_TWICE = (
    DRIVER
    + """
main:
    movl $0, SPI + 0x2c
    movl $8, SPI + 0x14  # BAUDR
    movl $1, SPI + 0x10
    movl $1, SPI + 0x08
clock_ready:
    spi 0x1d            # RCR ESTAT until CLKRDY, as data sheet section 6.4 asks for
    spi 0
    movl %eax, %ebx
    end_command
    testl $1, %ebx
    jz clock_ready
    bank 2
    wcr 0x00, 0x0d      # MACON1: receive enable, pause frames
    wcr 0x02, 0x33      # MACON3: pad to 60, append CRC, full duplex
    wcr 0x0a, 0xee      # MAMXFL 1518
    wcr 0x0b, 0x05
    bank 0
    wcr 0x04, 0x00      # ETXST 0x1000
    wcr 0x05, 0x10
    wcr 0x02, 0x00      # EWRPT 0x1000
    wcr 0x03, 0x10
    spi 0x7a            # WBM: control byte, then a frame of 20 bytes
    spi 0
    .set n, 0
    .rept 20
    spi n
    .set n, n + 1
    .endr
    end_command
    wcr 0x06, 0x14      # ETXND
    wcr 0x07, 0x10
send:
    spi 0x9f            # BFS ECON1.TXRTS
    spi 0x08
    end_command
wait:
    spi 0x1f            # RCR ECON1 until TXRTS is clear
    spi 0
    movl %eax, %ebx
    end_command
    testl $8, %ebx
    jnz wait
    decl count
    jnz send
    sti
1:  hlt
    jmp 1b
    .data
    .globl count
count: .long 2
"""
)


def boot(source: str, *, seed: int = 0) -> QuarkMachine:
    machine = QuarkMachine(seed=seed)
    machine.load(assemble(source, flags=("-Wl,-Tdata=0xA8008000",) if ".data" in source else ()))
    return machine


def test_a_frame_takes_its_time_on_the_cable() -> None:
    machine = boot(SEND_TEN_BYTES_TWICE)
    assert machine.run(1.0, Stop.FRAME) == Stop.FRAME
    (first,) = machine.frames()
    assert machine.run(1.0, Stop.FRAME) == Stop.FRAME
    (second,) = machine.frames()
    assert first.data == second.data == bytes(range(20)).ljust(60, b"\0")
    apart = (second.time - first.time) * 32e6
    on_cable = byte_times(8 + 60 + 4)
    assert on_cable <= apart <= on_cable + byte_times(12) + 100


def test_run_comes_back_at_once_for_what_waits_already() -> None:
    machine = boot(SEND_TEN_BYTES_TWICE)
    machine.run(0.5)
    assert machine.run(1.0, Stop.FRAME) == Stop.FRAME
    assert machine.now == 0.5
    assert len(machine.frames()) == 2
    assert machine.run(1.0, Stop.FRAME) == Stop.DEADLINE
    assert machine.now == 1.0


def test_console_output_wakes_and_input_reaches_the_uart() -> None:
    echo = (
        "main: say up\n1: movb UART + 0x14, %al\n testb $1, %al\n jz 1b\n"
        "movb UART, %al\n movb %al, UART\n jmp 1b"
    )
    machine = boot(echo)
    assert machine.run(0.1, Stop.UART) == Stop.UART
    machine.run(0.1)
    assert machine.uart_read() == b"up"
    machine.uart_write(b"typed")
    machine.run(0.2)
    assert machine.uart_read() == b"typed"


def test_a_snapshot_brings_back_everything_and_the_future_is_the_same() -> None:
    machine = boot(SEND_TEN_BYTES_TWICE)
    machine.run(1.0, Stop.FRAME)
    machine.run(machine.now + 10e-6)
    state = machine.snapshot()

    def future() -> tuple[object, ...]:
        machine.run(0.3)
        return (
            machine.frames(),
            machine.instructions,
            machine.now,
            machine.registers(),
            machine.read_memory(0xA8000000, 4096),
        )

    first = future()
    machine.restore(state)
    assert future() == first
    machine.reset()
    machine.run(0.1)
    machine.restore(state)
    assert future() == first


def test_two_machines_do_the_same_at_the_same_virtual_times() -> None:
    times = []
    for _ in range(2):
        machine = boot(SEND_TEN_BYTES_TWICE)
        machine.run(0.5)
        times.append((machine.frames(), machine.instructions))
    assert times[0] == times[1]


def test_splitting_a_run_changes_nothing() -> None:
    whole = boot(SEND_TEN_BYTES_TWICE)
    whole.run(0.002)
    pieces = boot(SEND_TEN_BYTES_TWICE)
    for i in range(1, 2001):
        pieces.run(i * 1e-6)
    assert pieces.frames() == whole.frames()
    assert pieces.instructions == whole.instructions


@pytest.mark.parametrize("beyond", [0.0, 0.1, 0.49, 0.5, 0.51, 0.9])
def test_a_deadline_between_two_cycles_is_reached(beyond: float) -> None:
    machine = boot("main: jmp main")
    until = (1000 + beyond) / 32_000_000
    machine.run(until)
    assert until <= machine.now < until + 1 / 32_000_000


def test_snapshots_of_another_firmware_are_refused() -> None:
    machine = boot("main: sti\n1: hlt\n jmp 1b")
    state = machine.snapshot()
    machine.load(assemble("main: nop\n sti\n1: hlt\n jmp 1b"))
    with pytest.raises(UserError, match="another firmware"):
        machine.restore(state)


@pytest.mark.parametrize("bit", [2, 8], ids=["warm", "cold"])
def test_a_reset_that_the_guest_asks_for_starts_the_board_again_while_time_goes_on(bit: int) -> None:
    machine = boot(
        "main: say up\n incl kept\n movl $0x1ff, LAPIC + 0xf0\n movl $1000, %ecx\n1: decl %ecx\n jnz 1b\n"
        f"cmpl $3, kept\n je 2f\n movl ${bit}, 0xB0800570\n jmp .\n"
        "2: sti\n3: hlt\n jmp 3b\n.bss\n.globl kept\nkept: .long 0"
    )
    machine.run(0.1)
    assert machine.uart_read() == b"upupup"
    assert machine.now == 0.1
    assert machine.instructions > 3 * 2000


def test_an_unmodelled_register_is_noted_once_and_reads_zero() -> None:
    machine = boot(
        "main: movl $3, %ecx\n1: movl 0xB0000900, %eax\n movl 0xB00FF000, %eax\n decl %ecx\n jnz 1b\n"
        "testl %eax, %eax\n jnz 2f\n say zero\n 2: sti\n hlt"
    )
    machine.run(0.01)
    assert machine.uart_read() == b"zero"
    (note,) = [n for n in machine.unknown_accesses if "0xb00ff000" in n]
    assert "0x4000" in note


def test_code_in_ram_that_changes_is_counted_as_it_is_now() -> None:
    machine = boot(
        "main: movl $0xA8002000, %edi\n movl $0xF4FB9090, (%edi)\n movl $0xC3C39090, 4(%edi)\n"
        "movw $0xc340, (%edi)\n call *%edi\n"  # inc eax, ret
        "movw $0x9090, (%edi)\n movl $0xc3404040, 2(%edi)\n call *%edi\n"  # nop twice, inc eax thrice, ret
        "sti\n hlt"
    )
    machine.run(0.01)
    assert machine.instructions == 9 + 5 + 2 + 3 + 6 + 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: p.unlink(missing_ok=True), "no firmware at"),
        (lambda p: p.write_bytes(b""), "is not a usable ELF file"),
        (
            lambda p: p.write_bytes(b"not an ELF file at all, but long enough to be one"),
            "is not a usable ELF file",
        ),
        (lambda p: p.write_bytes(assemble("main: hlt").read_bytes()[:60]), "is not a usable ELF file"),
        (lambda p: p.write_bytes(Path("/bin/true").read_bytes()), "for another machine"),
    ],
)
def test_a_file_that_cannot_run_here_is_refused_in_one_line(
    tmp_path: Path, make: object, message: str
) -> None:
    path = tmp_path / "firmware.elf"
    make(path)  # type: ignore[operator]
    with pytest.raises(UserError, match=message) as caught:
        QuarkMachine().load(path)
    assert "\n" not in str(caught.value)


def test_an_elf_linked_elsewhere_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "a.S"
    source.write_text(".globl _start\n_start: hlt\n")
    elf = tmp_path / "a.elf"
    subprocess.run(
        [
            "gcc",
            "-m32",
            "-nostdlib",
            "-static",
            "-no-pie",
            "-Wl,-Ttext=0x10000",
            "-Wl,-N",
            str(source),
            "-o",
            str(elf),
        ],
        check=True,
    )
    with pytest.raises(UserError, match="outside the board's memories"):
        QuarkMachine().load(elf)


def test_memory_that_is_none_cannot_be_looked_at() -> None:
    machine = boot("main: sti\n hlt")
    with pytest.raises(UserError, match="no memory holds 0x00001000"):
        machine.read_memory(0x1000, 4)


def test_the_seed_is_the_power_on_value_of_the_always_on_counter() -> None:
    program = (
        "main: movl 0xB0800700, %eax\n movl %eax, seen\n sti\n1: hlt\n jmp 1b\n"
        ".bss\n.globl seen\nseen: .long 0"
    )
    seen = []
    for seed in (0, 12345):
        machine = boot(program, seed=seed)
        machine.run(0.001)
        seen.append(int.from_bytes(machine.read_memory(machine.symbol("seen"), 4), "little"))
    assert seen[1] - seen[0] == 12345
