"""Programs that have nothing to do with ours, in a real Renode."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulation.errors import UserError
from emulation.quark.tests.guest import assemble
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
