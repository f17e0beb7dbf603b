"""Programs that have nothing to do with ours, in a real Renode."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulation.errors import UserError
from emulation.quark.tests.guest import assemble
from emulation.renode.guard import LOG
from emulation.renode.machine import RenodeMachine


@pytest.fixture
def machine() -> Iterator[RenodeMachine]:
    try:
        machine = RenodeMachine()
    except UserError as lack:
        pytest.skip(lack.message)
    yield machine
    machine.close()


def test_one_without_a_boot_rom_starts_at_its_entry_in_protected_mode(machine: RenodeMachine) -> None:
    machine.load(assemble("main: say hello\n1: cli\n hlt\n jmp 1b"))
    machine.run(0.01)
    assert machine.uart_read() == b"hello"
    machine.reset()
    machine.run(0.01)
    assert machine.uart_read() == b"hello"


def test_one_that_repeats_what_a_model_warns_of_does_not_fill_the_disk(machine: RenodeMachine) -> None:
    spi_status = 0xB0001430
    machine.load(assemble(f"main: movb {spi_status}, %al\n jmp main"))
    machine.run(0.01)
    machine.restore(machine.snapshot())
    log = machine._folder / LOG
    before = log.stat().st_size
    machine.run(0.05)
    assert log.stat().st_size - before < 1000
