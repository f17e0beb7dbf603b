"""A firmware that is not ours, in the manner of Zephyr's drivers, on the emulator: see `foreign.py`."""

from __future__ import annotations

import pytest

from emulation.machine import Stop
from emulation.quark.machine import QuarkMachine
from emulation.quark.tests.foreign import foreign_elf

BENCH_MAC, BOARD_MAC = bytes.fromhex("00005e005302"), bytes.fromhex("020000000028")
WHO_HAS = bytes.fromhex(
    "ffffffffffff 00005e005302 0806 0001 0800 06 04 0001 00005e005302 c0000202 000000000000 c0000201"
)
TICKS_A_SECOND = 100
TICK, SPI, UART, GPIO = 0x40, 0x53, 0x56, 0x58


def booted() -> QuarkMachine:
    machine = QuarkMachine()
    machine.load(foreign_elf())
    machine.run(0.1)
    return machine


def word(machine: QuarkMachine, symbol: str, index: int = 0) -> int:
    return int.from_bytes(machine.read_memory(machine.symbol(symbol) + 4 * index, 4), "little")


def asked(machine: QuarkMachine, frame: bytes) -> list[bytes]:
    """What the board answers to a frame within 20 virtual milliseconds."""
    machine.send_frame(frame)
    machine.run(machine.now + 0.02)
    return [frame.data for frame in machine.frames()]


def test_it_boots_finds_the_controller_and_touches_nothing_that_is_not_there() -> None:
    machine = booted()
    assert machine.uart_read() == b"*** foreign firmware ***\r\nup after 2 ticks\r\n"
    assert machine.unknown_accesses == []


def test_the_tick_comes_a_hundred_times_a_second() -> None:
    machine = booted()
    before = word(machine, "ticks")
    machine.run(machine.now + 60)
    assert word(machine, "ticks") - before == 60 * TICKS_A_SECOND


def test_every_interrupt_ends_with_its_own_vector_in_service() -> None:
    machine = booted()
    for _ in range(200):
        assert len(asked(machine, WHO_HAS)) == 1
    machine.uart_write(b"typed")
    machine.run(machine.now + 0.1)
    assert [word(machine, "ended", vector) > 0 for vector in (TICK, SPI, UART, GPIO)] == [True] * 4
    assert word(machine, "ended", 0) == 0
    assert word(machine, "ended", SPI) == word(machine, "spi_interrupts")
    assert word(machine, "ended", GPIO) == 200
    assert word(machine, "nesting") == 0


def test_no_transfer_of_the_interrupt_driven_driver_overruns_a_fifo() -> None:
    machine = booted()
    long = (
        bytes.fromhex("020000000028 00005e005302 88b5") + bytes(range(250)) * 6
    )  # 1514 bytes, nobody's type
    for _ in range(20):
        assert asked(machine, long) == []
        assert len(asked(machine, WHO_HAS)) == 1
    assert word(machine, "spi_errors") == 0


def test_what_is_typed_reaches_the_interrupt_driven_console() -> None:
    machine = booted()
    machine.uart_write(b"hello, 40 characters, more than a FIFO!!")
    machine.run(machine.now + 0.001)
    assert word(machine, "typed_count") == 40
    assert machine.read_memory(machine.symbol("typed"), 40) == b"hello, 40 characters, more than a FIFO!!"


def test_frames_that_come_while_others_are_served_are_not_forgotten() -> None:
    machine = booted()
    for _ in range(10):
        machine.send_frame(WHO_HAS)
    machine.run(machine.now + 0.1)
    assert len(machine.frames()) == 10


def test_arp_is_answered() -> None:
    (reply,) = asked(booted(), WHO_HAS)
    assert reply[:14] == BENCH_MAC + BOARD_MAC + b"\x08\x06"
    assert reply[20:32] == b"\0\2" + BOARD_MAC + bytes((192, 0, 2, 1))
    assert len(reply) == 60  # the controller pads


def test_two_boards_do_the_same_to_the_cycle() -> None:
    times = []
    for machine in (booted(), booted()):
        machine.uart_read()
        machine.send_frame(WHO_HAS)
        assert machine.run(1.0, Stop.FRAME) == Stop.FRAME
        times.append((machine.frames()[0].time, machine.instructions))
    assert times[0] == times[1]


@pytest.mark.parametrize("moment", [0.0003, 0.0021, 0.0104, 0.0999])
def test_a_snapshot_at_any_moment_has_the_same_future(moment: float) -> None:
    machine = QuarkMachine()
    machine.load(foreign_elf())
    machine.run(moment)
    state = machine.snapshot()

    def future() -> tuple[bytes, list[bytes], int]:
        machine.run(0.15)
        frames = asked(machine, WHO_HAS)
        return machine.uart_read(), frames, machine.instructions

    first = future()
    machine.restore(state)
    assert future() == first
    assert len(first[1]) == 1
