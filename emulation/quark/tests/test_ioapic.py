"""The I/O APIC by its data sheet (82093AA), and the Quark SE's own ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.quark import ioapic as reg
from emulation.quark import lapic as lapic_reg
from emulation.quark.clock import Clock
from emulation.quark.ioapic import IoApic
from emulation.quark.lapic import Lapic
from emulation.quark.peripheral import Line
from emulation.quark.tests.accesses import Access, Board, accesses, assert_state_is_complete, play

VECTOR = 0x41
EDGE = VECTOR
LEVEL = VECTOR | reg.LEVEL


class Apics:
    """Both APICs, and the accesses drivers make."""

    def __init__(self, *, eoi_broadcast: bool = False) -> None:
        self.clock = Clock()
        self.lapic = Lapic("lapic", self.clock)
        self.lapic.write(lapic_reg.SVR, 4, 0x1FF)
        self.io = IoApic("ioapic", self.lapic, eoi_broadcast=eoi_broadcast)

    def read(self, index: int) -> int:
        self.io.write(reg.IOREGSEL, 4, index)
        return self.io.read(reg.IOWIN, 4)

    def write(self, index: int, value: int) -> None:
        self.io.write(reg.IOREGSEL, 4, index)
        self.io.write(reg.IOWIN, 4, value)

    def route(self, line: int, low: int, high: int = 0) -> None:
        self.write(reg.IOREDTBL + 2 * line + 1, high)
        self.write(reg.IOREDTBL + 2 * line, low)

    def low(self, line: int) -> int:
        return self.read(reg.IOREDTBL + 2 * line)

    def served(self, *, eoi_register: bool = True) -> int | None:
        """The core takes the pending interrupt and ends it as QM_ISR_EOI does."""
        if not self.lapic.deliverable:
            return None
        vector = self.lapic.acknowledge()
        self.lapic.write(lapic_reg.EOI, 4, 0)
        if eoi_register:
            self.io.write(reg.EOI, 4, vector)
        return vector

    def drive(self, line: int, *levels: bool) -> list[int | None]:
        """Set the line to each level in turn; what the core serves after each."""
        result = []
        for level in levels:
            self.io.set_input(line, level)
            result.append(self.served())
        return result


def test_identification() -> None:
    apics = Apics()
    assert apics.read(reg.IOAPICVER) == 31 << 16 | 0x20  # 32 entries, with EOI register
    apics.write(reg.IOAPICID, 0xFFFFFFFF)
    assert apics.read(reg.IOAPICID) == apics.read(reg.IOAPICARB) == 0x0F000000


def test_every_entry_is_masked_at_power_on_and_after_reset() -> None:
    apics = Apics()
    apics.route(5, LEVEL)
    apics.io.reset()
    assert [apics.low(n) for n in range(32)] == [0x10000] * 32


def test_writable_bits_of_an_entry() -> None:
    apics = Apics()
    apics.route(3, 0xFFFFFFFF, 0xFFFFFFFF)
    assert apics.low(3) == 0x1AFFF  # not delivery status, not remote IRR
    assert apics.read(reg.IOREDTBL + 7) == 0xFF000000


def test_entries_that_do_not_exist_read_0_and_ignore_writes() -> None:
    apics = Apics()
    unknown: list[object] = []
    apics.io.on_unknown = lambda *what: unknown.append(what)
    for line in range(64):  # as Zephyr's driver initialises
        apics.route(line, 0x10000 | line)
    assert [apics.low(n) for n in range(64)] == [0x10000 | n for n in range(32)] + [0] * 32
    assert unknown == []


@pytest.mark.parametrize(
    ("rte", "served"),
    [
        # levels:                             high    low     high
        (EDGE, [VECTOR, None, VECTOR]),
        (EDGE | reg.ACTIVE_LOW, [None, VECTOR, None]),
        (EDGE | reg.MASKED, [None, None, None]),
        (LEVEL | reg.MASKED, [None, None, None]),
    ],
)
def test_trigger_mode_polarity_and_mask(rte: int, served: list[int | None]) -> None:
    apics = Apics()
    apics.route(6, rte)
    assert apics.drive(6, True, False, True) == served


def test_a_level_low_input_interrupts_while_low() -> None:
    apics = Apics()
    apics.io.set_input(6, True)
    apics.route(6, LEVEL | reg.ACTIVE_LOW)
    assert apics.drive(6, False) == [VECTOR]
    assert apics.served() == VECTOR  # still low: again
    assert apics.drive(6, True) == [VECTOR]  # the one already sent when it rose
    assert apics.served() is None


def test_a_line_is_connected_as_a_listener() -> None:
    apics = Apics()
    apics.route(6, EDGE)
    line = Line("irq")
    line.connect(apics.io.input(6))
    line.set(True)
    assert apics.lapic.pending_vector() == VECTOR
    with pytest.raises(IndexError, match="0 to 31, not 32"):
        apics.io.input(32)


def test_an_edge_while_masked_is_lost() -> None:
    apics = Apics()
    apics.route(6, EDGE | reg.MASKED)
    apics.io.set_input(6, True)
    apics.route(6, EDGE)
    assert apics.served() is None
    assert apics.drive(6, True, False, True) == [None, None, VECTOR]


def test_an_asserted_level_is_sent_when_it_is_unmasked() -> None:
    apics = Apics()
    apics.route(6, LEVEL | reg.MASKED)
    apics.io.set_input(6, True)
    apics.route(6, LEVEL)
    assert apics.lapic.pending_vector() == VECTOR


def test_a_level_interrupt_is_sent_once_until_the_eoi_register_is_written() -> None:
    apics = Apics()
    apics.route(6, LEVEL)
    apics.io.set_input(6, True)
    assert apics.low(6) == LEVEL | reg.REMOTE_IRR
    assert apics.served(eoi_register=False) == VECTOR
    assert apics.served() is None  # the local APIC of the Quark SE does not tell the I/O APIC
    apics.io.write(reg.EOI, 4, VECTOR)
    assert apics.served() == VECTOR  # the line is still high
    apics.io.set_input(6, False)
    assert apics.served() == VECTOR
    assert apics.served() is None
    assert apics.low(6) == LEVEL


def test_a_chip_without_the_erratum_needs_no_eoi_register() -> None:
    apics = Apics(eoi_broadcast=True)
    apics.route(6, LEVEL)
    apics.io.set_input(6, True)
    assert apics.served(eoi_register=False) == VECTOR
    assert apics.served(eoi_register=False) == VECTOR


def test_eoi_concerns_every_entry_with_the_vector_and_no_other() -> None:
    apics = Apics()
    for line in (1, 2):
        apics.route(line, LEVEL)
    apics.route(3, reg.LEVEL | 0x51)
    for line in (1, 2, 3):
        apics.io.set_input(line, True)
    for line in (1, 3):
        apics.io.set_input(line, False)
    apics.io.write(reg.EOI, 4, VECTOR)
    assert [apics.low(n) & reg.REMOTE_IRR for n in (1, 2, 3)] == [0, reg.REMOTE_IRR, reg.REMOTE_IRR]


def test_software_cannot_write_remote_irr_but_edge_mode_clears_it() -> None:
    apics = Apics()
    apics.route(6, LEVEL)
    apics.io.set_input(6, True)
    apics.write(reg.IOREDTBL + 12, LEVEL | reg.MASKED)
    assert apics.low(6) & reg.REMOTE_IRR
    apics.write(reg.IOREDTBL + 12, EDGE | reg.MASKED)
    assert not apics.low(6) & reg.REMOTE_IRR


def test_an_edge_needs_a_change() -> None:
    apics = Apics()
    apics.route(6, EDGE)
    assert apics.drive(6, True, True, True) == [VECTOR, None, None]


def test_a_level_that_a_disabled_local_apic_refused_is_sent_once_it_is_enabled() -> None:
    apics = Apics()
    apics.lapic.write(lapic_reg.SVR, 4, 0xFF)
    apics.route(6, LEVEL)
    apics.io.set_input(6, True)
    assert apics.low(6) == LEVEL
    apics.lapic.write(lapic_reg.SVR, 4, 0x1FF)
    assert apics.lapic.pending_vector() == VECTOR


@pytest.mark.parametrize(
    ("low", "high", "reaches"),
    [
        (EDGE, 0x00000000, True),
        (EDGE, 0x01000000, False),
        (EDGE, 0xFF000000, True),
        (EDGE | reg.LOGICAL, 0x02000000, True),
        (EDGE | reg.LOGICAL, 0x01000000, False),
        (EDGE | 1 << 8, 0x00000000, True),  # lowest priority
        (EDGE | 7 << 8, 0x00000000, False),  # ExtINT
    ],
)
def test_destination_and_delivery_mode(low: int, high: int, reaches: bool) -> None:
    apics = Apics()
    apics.lapic.write(lapic_reg.LDR, 4, 0x02000000)
    apics.route(6, low, high)
    assert apics.drive(6, True) == [VECTOR if reaches else None]


@pytest.mark.parametrize(("low", "high"), [(LEVEL | 7 << 8, 0), (LEVEL, 0x01000000)])
def test_remote_irr_is_not_set_by_a_level_that_nobody_accepted(low: int, high: int) -> None:
    apics = Apics()
    apics.route(6, low, high)
    apics.io.set_input(6, True)
    assert apics.low(6) == low


def test_the_lowest_entrys_vector_can_be_changed_by_byte_access() -> None:
    apics = Apics()
    apics.io.write(reg.IOREGSEL, 1, reg.IOREDTBL)
    apics.io.write(reg.IOWIN, 1, 0x77)
    assert apics.io.read(reg.IOWIN, 4) == 0x10077
    assert apics.io.read(reg.IOWIN + 2, 2) == 1
    assert apics.io.read(reg.IOREGSEL, 4) == reg.IOREDTBL


def test_unmodelled_offsets_are_reported() -> None:
    apics = Apics()
    told: list[tuple[str, int]] = []
    apics.io.on_unknown = lambda _io, kind, offset, _width: told.append((kind, offset))
    assert apics.io.read(0x30, 4) == 0
    apics.io.write(0x20, 4, 1)
    assert told == [("read", 0x30), ("write", 0x20)]


LINES = st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=10)


@given(
    accesses((reg.IOREGSEL, reg.IOWIN, reg.EOI)),
    LINES,
    accesses((reg.IOREGSEL, reg.IOWIN, reg.EOI)),
    LINES,
)
def test_state_is_complete(
    before: list[Access],
    lines_before: list[tuple[int, bool]],
    after: list[Access],
    lines: list[tuple[int, bool]],
) -> None:
    apics = Apics()
    apics.route(0, LEVEL)
    apics.route(1, EDGE | reg.ACTIVE_LOW | 0x10)
    for line, level in lines_before:
        apics.io.set_input(line, level)
    play(apics.io, before)

    def behaviour() -> tuple[list[int], list[int | None]]:
        served: list[int | None] = []
        for line, level in lines:
            served += apics.drive(line, level)
        return play(apics.io, after), served

    def disturb() -> None:
        apics.io.set_input(0, not apics.io.levels[0])
        apics.route(0, EDGE)

    assert_state_is_complete(Board(apics.clock, apics.lapic, apics.io), behaviour, disturb)
