"""What the driver does about the errata of the ENC28J60 (DS80349C), read from the registers it writes.

The emulated controller has none of these faults, so nothing else would show that a work-around is missing.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from emulation.firmware.tests.wire import boot, ping, pongs, run
from emulation.quark.enc28j60 import registers as r
from emulation.quark.machine import QuarkMachine

Writes = list[tuple[int, int]]
FULL = 1472


@pytest.fixture
def writes(machine: QuarkMachine) -> Writes:
    """Every write to a control register from reset on: number and value."""
    chip = machine.peripheral("ethernet")
    seen: Writes = []
    write: Callable[[int, int], None] = chip.write_register

    def record(number: int, value: int) -> None:
        seen.append((number, value))
        write(number, value)

    chip.write_register = record
    boot(machine)
    return seen


def read_limits(writes: Writes) -> list[int]:
    """The values of ERXRDPT, each of which counts when its high byte is written."""
    limits, low = [], 0
    for number, value in writes:
        if number == r.ERXRDPTL:
            low = value
        elif number == r.ERXRDPTL + 1:
            limits.append(value << 8 | low)
    return limits


def ping_around_the_ring(machine: QuarkMachine) -> None:
    """Frames of many sizes, so that the ring begins anew several times."""
    for sequence in range(60):
        machine.send_frame(ping(sequence, bytes(sequence * 37 % FULL)))
        assert pongs(run(machine, 0.05)) == [sequence]


def test_the_read_limit_is_always_odd(machine: QuarkMachine, writes: Writes) -> None:
    """Errata 14: an even ERXRDPT may corrupt the receive buffer."""
    ping_around_the_ring(machine)
    limits = read_limits(writes)
    assert len(limits) > 60
    assert [hex(limit) for limit in limits if limit % 2 == 0] == []


def test_the_read_limit_stays_within_the_ring(machine: QuarkMachine, writes: Writes) -> None:
    """Errata 14: where the next packet begins at ERXST, the limit is ERXND and not ERXST - 1."""
    machine.run(machine.now + 0.01)
    ring = machine.peripheral("ethernet").receive_ring
    ping_around_the_ring(machine)
    limits = read_limits(writes)
    assert ring["ERXND"] in limits, "the first limit, with the next packet at the start of the ring"
    assert [hex(limit) for limit in limits if not ring["ERXST"] <= limit <= ring["ERXND"]] == []


@pytest.mark.usefixtures("writes")
def test_the_receive_ring_begins_at_address_0(machine: QuarkMachine) -> None:
    """Errata 5: elsewhere the write pointer may be lost."""
    assert machine.peripheral("ethernet").receive_ring["ERXST"] == 0


def test_the_transmit_logic_is_reset_before_each_frame(machine: QuarkMachine, writes: Writes) -> None:
    """Errata 12: after an error it may hang until TXRST was set and cleared."""
    for sequence in range(5):
        machine.send_frame(ping(sequence))
        assert pongs(run(machine, 0.05)) == [sequence]
    controls = [value for number, value in writes if number == r.ECON1]
    history: list[str] = []
    for previous, value in zip([0, *controls], controls, strict=False):
        changed = previous ^ value
        if changed & r.TXRST:
            history.append("reset" if value & r.TXRST else "released")
        if changed & value & r.TXRTS:
            history.append("sent")
    assert history.count("sent") >= 6
    assert history == ["reset", "released", "sent"] * history.count("sent")
