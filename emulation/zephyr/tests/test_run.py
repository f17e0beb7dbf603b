"""The firmware on Zephyr, on the embedded emulator, below the network: console, time, sleep, faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulation.firmware.build import BuildResult
from emulation.firmware.tests.test_run import READY, ask, repl, until
from emulation.quark.machine import QuarkMachine

TICK = 10
"""Milliseconds of Zephyr's system clock."""


@pytest.fixture
def machine(zephyr_firmware: BuildResult) -> Iterator[QuarkMachine]:
    machine = QuarkMachine()
    machine.load(zephyr_firmware.elf)
    yield machine
    machine.close()


def test_it_says_when_it_listens_and_nothing_else(machine: QuarkMachine) -> None:
    assert until(machine, READY) == b"ws_server: " + READY


def test_it_starts_as_the_firmware_without_an_operating_system_does_from_reset(machine: QuarkMachine) -> None:
    """The boot ROM is part of the ELF: an engine that begins at the reset vector gets to Zephyr's entry."""
    assert machine.symbol("rom_start") == 0xFFFFFF00
    assert machine.symbol("_start") == machine.symbol("__start")


def test_an_idle_minute_costs_little(machine: QuarkMachine) -> None:
    until(machine, READY)
    machine.run(machine.now + 5)
    before = machine.instructions
    machine.run(machine.now + 60)
    assert machine.instructions - before < 60 * 200_000


def test_control_c_ends_the_application_and_gives_a_prompt(machine: QuarkMachine) -> None:
    until(machine, READY)
    machine.uart_write(b"\x03")
    assert b"KeyboardInterrupt" in until(machine, b">>> ")


def test_python_works_at_the_prompt(machine: QuarkMachine) -> None:
    repl(machine)
    assert ask(machine, "2 ** 100") == "1267650600228229401496703205376"
    assert ask(machine, "__import__('hashlib').sha1(b'abc').digest()[:4]") == repr(b"\xa9\x99>6")


def test_sleep_takes_the_time_that_was_asked_for(machine: QuarkMachine) -> None:
    repl(machine)
    start = machine.now
    slept = int(ask(machine, "(t:=__import__('time'),s:=t.ticks_ms(),t.sleep_ms(500),t.ticks_ms()-s)[3]"))
    assert 500 <= slept <= 500 + 2 * TICK
    assert 0.5 <= machine.now - start < 0.6


def test_random_numbers_differ(machine: QuarkMachine) -> None:
    repl(machine)
    assert ask(machine, "len({__import__('random').getrandbits(30) for _ in range(9)})") == "9"
