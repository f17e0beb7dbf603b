"""The local APIC by the rules of the SDM's APIC chapter."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.quark import lapic as reg
from emulation.quark.clock import HZ, Clock
from emulation.quark.lapic import Lapic
from emulation.quark.tests.accesses import Access, Board, accesses, assert_state_is_complete, play

ENABLE = 0x1FF  # SVR: enabled, spurious vector 0xFF


def enabled_lapic() -> tuple[Lapic, Clock]:
    clock = Clock()
    apic = Lapic("lapic", clock)
    apic.write(reg.SVR, 4, ENABLE)
    return apic, clock


def timer(lvt: int, count: int, divide: int = 0b1011) -> tuple[Lapic, Clock]:
    """An enabled APIC whose timer was started at cycle 0."""
    apic, clock = enabled_lapic()
    apic.write(reg.DIVIDE_CONFIGURATION, 4, divide)
    apic.write(reg.LVT_TIMER, 4, lvt)
    apic.write(reg.INITIAL_COUNT, 4, count)
    return apic, clock


def interrupts(apic: Lapic, clock: Clock, until: int) -> list[int]:
    """Run to a cycle with a core that takes and ends each interrupt at once; the cycles it was called at."""
    calls: list[int] = []

    def pending() -> None:
        if apic.deliverable:
            calls.append(clock.now)
            apic.acknowledge()
            apic.write(reg.EOI, 4, 0)

    apic.on_pending = pending
    clock.advance(until)
    return calls


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        (reg.ID, 0),
        (reg.TPR, 0),
        (reg.PPR, 0),
        (reg.LDR, 0),
        (reg.DFR, 0xFFFFFFFF),
        (reg.SVR, 0xFF),
        (reg.ESR, 0),
        (reg.LVT_TIMER, 0x10000),
        (reg.LVT_LINT0, 0x10000),
        (reg.LVT_LINT1, 0x10000),
        (reg.LVT_ERROR, 0x10000),
        (reg.INITIAL_COUNT, 0),
        (reg.CURRENT_COUNT, 0),
        (reg.DIVIDE_CONFIGURATION, 0),
        *((bank + 0x10 * n, 0) for bank in (reg.ISR, reg.TMR, reg.IRR) for n in range(8)),
    ],
)
def test_power_on_values(offset: int, value: int) -> None:
    assert Lapic("lapic", Clock()).read(offset, 4) == value


def test_a_software_disabled_apic_accepts_nothing() -> None:
    apic = Lapic("lapic", Clock())
    assert not apic.raise_vector(0x40)
    assert (apic.deliverable, apic.read(reg.IRR + 0x20, 4)) == (False, 0)


def test_disabling_masks_every_lvt_for_good_but_delivers_what_was_pending() -> None:
    apic, _ = enabled_lapic()
    apic.write(reg.LVT_TIMER, 4, 0x40)
    apic.raise_vector(0x50)
    apic.write(reg.SVR, 4, 0xFF)
    assert apic.read(reg.LVT_TIMER, 4) == 0x10040
    apic.write(reg.LVT_TIMER, 4, 0x40)
    assert apic.read(reg.LVT_TIMER, 4) == 0x10040
    assert apic.pending_vector() == 0x50


def test_an_interrupt_goes_from_irr_to_isr_to_gone() -> None:
    apic, _ = enabled_lapic()
    assert apic.raise_vector(0x41)
    assert apic.read(reg.IRR + 0x20, 4) == 1 << 1
    assert apic.acknowledge() == 0x41
    assert (apic.read(reg.IRR + 0x20, 4), apic.read(reg.ISR + 0x20, 4)) == (0, 1 << 1)
    apic.write(reg.EOI, 4, 0)
    assert apic.read(reg.ISR + 0x20, 4) == 0


@pytest.mark.parametrize("vector", [16, 31, 32, 63, 64, 127, 128, 255])
def test_each_vector_has_its_bit_in_its_word(vector: int) -> None:
    apic, _ = enabled_lapic()
    apic.raise_vector(vector, level=True)
    for bank in (reg.IRR, reg.TMR):
        words = [apic.read(bank + 0x10 * n, 4) for n in range(8)]
        assert words == [1 << vector % 32 if n == vector // 32 else 0 for n in range(8)]


@pytest.mark.parametrize(
    ("tpr", "in_service", "requested", "delivered"),
    [
        (0x00, None, 0x41, True),
        (0x40, None, 0x4F, False),  # same class as the task priority
        (0x4F, None, 0x50, True),
        (0x5F, None, 0x50, False),
        (0xF0, None, 0xFF, False),  # TPR class 15 holds everything off
        (0x00, 0x41, 0x4F, False),  # nesting goes by class, not by number
        (0x00, 0x41, 0x50, True),
        (0x00, 0x4F, 0x50, True),
        (0x00, 0x51, 0x41, False),
        (0x60, 0x51, 0x61, False),  # the higher of TPR and the class in service counts
        (0x50, 0x61, 0x71, True),
    ],
)
def test_only_a_higher_class_than_ppr_is_delivered(
    tpr: int, in_service: int | None, requested: int, delivered: bool
) -> None:
    apic, _ = enabled_lapic()
    if in_service is not None:
        apic.raise_vector(in_service)
        apic.acknowledge()
    apic.write(reg.TPR, 4, tpr)
    apic.raise_vector(requested)
    assert apic.deliverable is delivered
    assert apic.pending_vector() == (requested if delivered else None)


@pytest.mark.parametrize(
    ("tpr", "in_service", "ppr"),
    [(0x25, None, 0x25), (0x25, 0x41, 0x40), (0x45, 0x41, 0x45), (0x55, 0x41, 0x55)],
)
def test_processor_priority_register(tpr: int, in_service: int | None, ppr: int) -> None:
    apic, _ = enabled_lapic()
    if in_service is not None:
        apic.raise_vector(in_service)
        apic.acknowledge()
    apic.write(reg.TPR, 4, tpr)
    assert apic.read(reg.PPR, 4) == ppr


def test_the_highest_request_goes_first_and_eoi_ends_the_highest_in_service() -> None:
    apic, _ = enabled_lapic()
    apic.raise_vector(0x41)
    assert apic.acknowledge() == 0x41
    apic.raise_vector(0x61)
    apic.raise_vector(0x81)
    assert apic.acknowledge() == 0x81
    assert not apic.deliverable
    apic.write(reg.EOI, 4, 0)
    assert apic.acknowledge() == 0x61
    assert apic.isr == 1 << 0x61 | 1 << 0x41
    apic.write(reg.EOI, 4, 0)
    apic.write(reg.EOI, 4, 0)
    assert apic.isr == 0


def test_a_lower_request_that_waited_behind_a_higher_one_is_delivered_after_its_eoi() -> None:
    apic, _ = enabled_lapic()
    apic.raise_vector(0x41)
    apic.raise_vector(0x81)
    assert apic.acknowledge() == 0x81
    apic.write(reg.EOI, 4, 0)
    assert apic.deliverable
    assert apic.acknowledge() == 0x41


def test_a_vector_in_service_can_be_requested_once_more() -> None:
    apic, _ = enabled_lapic()
    apic.raise_vector(0x41)
    apic.acknowledge()
    apic.raise_vector(0x41)
    apic.raise_vector(0x41)
    assert not apic.deliverable
    apic.write(reg.EOI, 4, 0)
    assert apic.acknowledge() == 0x41
    apic.write(reg.EOI, 4, 0)
    assert not apic.deliverable


def test_nothing_left_to_acknowledge_gives_the_spurious_vector_without_isr_bit() -> None:
    apic, _ = enabled_lapic()
    apic.write(reg.SVR, 4, 0x1EF)
    assert apic.acknowledge() == 0xEF
    assert apic.isr == 0


def test_eoi_with_nothing_in_service_does_nothing() -> None:
    apic, _ = enabled_lapic()
    apic.raise_vector(0x41)
    apic.write(reg.EOI, 4, 0)
    assert apic.pending_vector() == 0x41


def test_the_core_is_told_each_change_of_deliverable_and_nothing_else() -> None:
    apic, _ = enabled_lapic()
    told: list[bool] = []
    apic.on_pending = lambda: told.append(apic.deliverable)
    apic.raise_vector(0x41)  # appears
    apic.raise_vector(0x42)
    apic.write(reg.TPR, 4, 0x40)  # goes
    apic.write(reg.TPR, 4, 0)  # appears
    apic.acknowledge()  # goes: same class
    apic.write(reg.EOI, 4, 0)  # appears
    apic.acknowledge()  # goes
    apic.write(reg.EOI, 4, 0)
    assert told == [True, False, True, False, True, False]


def test_eoi_of_a_level_interrupt_is_broadcast_and_of_an_edge_interrupt_is_not() -> None:
    apic, _ = enabled_lapic()
    ended: list[int] = []
    apic.on_eoi.append(ended.append)
    for vector, level in ((0x41, True), (0x51, False)):
        apic.raise_vector(vector, level)
        apic.acknowledge()
        apic.write(reg.EOI, 4, 0)
    assert ended == [0x41]


def test_a_reserved_vector_is_an_error_and_not_an_interrupt() -> None:
    apic, _ = enabled_lapic()
    apic.write(reg.LVT_ERROR, 4, 0xF1)
    assert not apic.raise_vector(15)
    assert apic.pending_vector() == 0xF1
    assert apic.read(reg.ESR, 4) == 0
    apic.write(reg.ESR, 4, 0)  # ESR shows what happened up to the last write to it
    assert apic.read(reg.ESR, 4) == reg.ESR_RECEIVED_ILLEGAL_VECTOR
    apic.write(reg.ESR, 4, 0)
    assert apic.read(reg.ESR, 4) == 0


@pytest.mark.parametrize(
    ("command", "destination", "pending"),
    [
        (0x00040061, 0, 0x61),  # self
        (0x00080061, 0, 0x61),  # all including self
        (0x000C0061, 0, None),  # all excluding self: nobody
        (0x00000061, 0x00, 0x61),  # physical, our id
        (0x00000061, 0x01, None),  # physical, somebody else
        (0x00000061, 0xFF, 0x61),  # broadcast
        (0x00000861, 0x04, 0x61),  # logical, our bit
        (0x00000861, 0x03, None),
        (0x00040161, 0, 0x61),  # lowest priority
        (0x00040461, 0, None),  # NMI
        (0x0004000F, 0, None),  # reserved vector
        (0x00040010, 0, 0x10),  # the first that is not
    ],
)
def test_interprocessor_interrupts_on_one_processor(
    command: int, destination: int, pending: int | None
) -> None:
    apic, _ = enabled_lapic()
    apic.write(reg.LDR, 4, 0x04000000)
    apic.write(reg.ICR_HIGH, 4, destination << 24)
    apic.write(reg.ICR_LOW, 4, command)
    assert apic.pending_vector() == pending
    assert apic.read(reg.ICR_LOW, 4) == command


def test_sending_a_reserved_vector_is_an_error() -> None:
    apic, _ = enabled_lapic()
    apic.write(reg.ICR_LOW, 4, 0x0004000F)
    apic.write(reg.ESR, 4, 0)
    assert apic.read(reg.ESR, 4) == reg.ESR_SEND_ILLEGAL_VECTOR


@pytest.mark.parametrize(
    ("dfr", "ldr", "destination", "mine"),
    [
        (0xFFFFFFFF, 0x24, 0x04, True),  # flat: any common bit
        (0xFFFFFFFF, 0x24, 0x12, False),
        (0x0FFFFFFF, 0x24, 0x24, True),  # cluster: same cluster and a common bit
        (0x0FFFFFFF, 0x24, 0x14, False),
        (0x0FFFFFFF, 0x24, 0x23, False),
        (0x0FFFFFFF, 0x24, 0xF4, True),  # all clusters
    ],
)
def test_logical_destinations(dfr: int, ldr: int, destination: int, mine: bool) -> None:
    apic, _ = enabled_lapic()
    apic.write(reg.DFR, 4, dfr)
    apic.write(reg.LDR, 4, ldr << 24)
    assert apic.is_destination(destination, logical=True) is mine


@pytest.mark.parametrize(
    ("offset", "written", "stored"),
    [
        (reg.ID, 0xFFFFFFFF, 0xFF000000),
        (reg.LDR, 0xFFFFFFFF, 0xFF000000),
        (reg.DFR, 0x0FFFFFFF, 0x0FFFFFFF),  # bits 27:0 read as ones
        (reg.SVR, 0xFFFFFFFF, 0x3FF),
        (reg.TPR, 0xFFFFFFFF, 0xFF),
        (reg.LVT_TIMER, 0xFFFFFFFF, 0x300FF),  # delivery status is read-only
        (reg.LVT_LINT0, 0xFFFFFFFF, 0x1A7FF),
        (reg.LVT_ERROR, 0xFFFFFFFF, 0x100FF),
        (reg.DIVIDE_CONFIGURATION, 0xFFFFFFFF, 0xB),
        (reg.INITIAL_COUNT, 0xFFFFFFFF, 0xFFFFFFFF),
        (reg.VERSION, 0xFFFFFFFF, reg.VERSION_VALUE),
        (reg.PPR, 0xFFFFFFFF, 0),
    ],
)
def test_writable_bits(offset: int, written: int, stored: int) -> None:
    apic, _ = enabled_lapic()
    apic.write(offset, 4, written)
    assert apic.read(offset, 4) == stored


def test_bytes_and_half_words_are_parts_of_the_register() -> None:
    apic, _ = enabled_lapic()
    apic.write(reg.LVT_TIMER, 4, 0x00030040)
    assert [apic.read(reg.LVT_TIMER + n, 1) for n in range(4)] == [0x40, 0, 3, 0]
    apic.write(reg.LVT_TIMER + 2, 1, 2)
    assert apic.read(reg.LVT_TIMER, 4) == 0x00020040
    apic.write(reg.LVT_TIMER, 2, 0x0050)
    assert apic.read(reg.LVT_TIMER, 4) == 0x00020050


def test_reserved_registers_are_reported() -> None:
    apic, _ = enabled_lapic()
    told: list[tuple[str, int]] = []
    apic.on_unknown = lambda _apic, kind, offset, _width: told.append((kind, offset))
    assert apic.read(0x3F0, 4) == 0
    apic.write(0x044, 4, 1)
    assert told == [("read", 0x3F0), ("write", 0x044)]


# Timer


@pytest.mark.parametrize(
    ("configuration", "divider"),
    [(0, 2), (1, 4), (2, 8), (3, 16), (8, 32), (9, 64), (10, 128), (11, 1)],
)
def test_a_one_shot_interrupts_once_when_the_count_reaches_0(configuration: int, divider: int) -> None:
    apic, clock = timer(0x40, 1000, configuration)
    assert interrupts(apic, clock, HZ) == [1000 * divider]
    assert apic.read(reg.CURRENT_COUNT, 4) == 0


@pytest.mark.parametrize("divider_and_code", [(1, 11), (2, 0), (128, 10)])
def test_the_current_count_is_exact(divider_and_code: tuple[int, int]) -> None:
    divider, code = divider_and_code
    apic, clock = timer(0x10040, 5, code)
    counts = []
    for cycle in range(0, 7 * divider, divider):
        clock.advance(cycle)
        counts.append(apic.read(reg.CURRENT_COUNT, 4))
        clock.advance(cycle + divider - 1)
        assert apic.read(reg.CURRENT_COUNT, 4) == counts[-1]
    assert counts == [5, 4, 3, 2, 1, 0, 0]


def test_zephyrs_tick_comes_every_10_milliseconds_to_the_cycle() -> None:
    # loapic_timer.c of Zephyr 1.14: divide by 1, count first, then periodic mode, then unmasked.
    apic, clock = enabled_lapic()
    apic.write(reg.DIVIDE_CONFIGURATION, 4, 0b1011)
    apic.write(reg.INITIAL_COUNT, 4, 0x4E1FF)
    apic.write(reg.LVT_TIMER, 4, 0x30040)
    apic.write(reg.LVT_TIMER, 4, 0x20040)
    ticks = interrupts(apic, clock, HZ)
    assert len(ticks) == 100
    assert {b - a for a, b in pairwise(ticks)} == {HZ // 100}


def test_a_periodic_count_runs_down_to_0_and_starts_again() -> None:
    apic, clock = timer(0x30040, 3)
    counts = []
    for cycle in range(9):
        clock.advance(cycle)
        counts.append(apic.read(reg.CURRENT_COUNT, 4))
    assert counts == [3, 2, 1, 0, 3, 2, 1, 0, 3]


def test_a_masked_timer_schedules_nothing_but_counts() -> None:
    apic, clock = timer(0x30040, 1000)
    assert clock.next_event is None
    clock.advance(1500)
    assert apic.read(reg.CURRENT_COUNT, 4) == 501
    assert apic.irr == 0


def test_expiries_while_masked_are_lost_and_later_ones_keep_their_phase() -> None:
    apic, clock = timer(0x30040, 999)
    clock.advance(2500)
    apic.write(reg.LVT_TIMER, 4, 0x20040)
    assert interrupts(apic, clock, 5000) == [2999, 3999, 4999]


def test_unmasking_an_expired_one_shot_brings_nothing() -> None:
    apic, clock = timer(0x10040, 100)
    clock.advance(200)
    apic.write(reg.LVT_TIMER, 4, 0x40)
    assert interrupts(apic, clock, HZ) == []
    assert clock.next_event is None


def test_initial_count_0_stops_the_timer_without_an_interrupt() -> None:
    apic, clock = timer(0x20040, 100)
    clock.advance(50)
    apic.write(reg.INITIAL_COUNT, 4, 0)
    assert clock.next_event is None
    assert interrupts(apic, clock, HZ) == []
    assert apic.read(reg.CURRENT_COUNT, 4) == 0


def test_a_new_initial_count_restarts_the_countdown() -> None:
    apic, clock = timer(0x40, 100)
    clock.advance(60)
    apic.write(reg.INITIAL_COUNT, 4, 100)
    assert interrupts(apic, clock, HZ) == [160]


def test_a_new_mode_or_divider_takes_over_the_count() -> None:
    apic, clock = timer(0x40, 100, 0b1011)
    clock.advance(40)
    apic.write(reg.DIVIDE_CONFIGURATION, 4, 0b0000)  # half the speed for the 60 that are left
    assert apic.read(reg.CURRENT_COUNT, 4) == 60
    clock.advance(60)
    assert apic.read(reg.CURRENT_COUNT, 4) == 50
    apic.write(reg.LVT_TIMER, 4, 0x20040)
    assert interrupts(apic, clock, 60 + 100 + 202 + 1) == [160, 362]


def test_a_finished_one_shot_made_periodic_waits_for_an_initial_count() -> None:
    apic, clock = timer(0x40, 100)
    clock.advance(100)
    apic.acknowledge()
    apic.write(reg.EOI, 4, 0)
    apic.write(reg.LVT_TIMER, 4, 0x20040)
    assert interrupts(apic, clock, 1000) == []
    apic.write(reg.INITIAL_COUNT, 4, 100)
    assert interrupts(apic, clock, 1205) == [1100, 1201]


def test_zephyrs_tickless_idle_changes_between_one_shot_and_periodic() -> None:
    apic, clock = timer(0x20040, 0x4E1FF)
    clock.advance(100_000)
    apic.write(reg.LVT_TIMER, 4, 0x30040)  # stop
    remaining = apic.read(reg.CURRENT_COUNT, 4)
    assert remaining == 0x4E1FF - 100_000
    apic.write(reg.LVT_TIMER, 4, 0x10040)  # one-shot
    apic.write(reg.INITIAL_COUNT, 4, remaining + 9 * 0x4E1FF)
    apic.write(reg.LVT_TIMER, 4, 0x00040)  # start
    assert clock.next_event == 100_000 + remaining + 9 * 0x4E1FF


def test_reset_stops_the_timer_and_withdraws_the_interrupt() -> None:
    apic, clock = timer(0x40, 100)
    apic.raise_vector(0x90)
    told: list[bool] = []
    apic.on_pending = lambda: told.append(apic.deliverable)
    apic.reset()
    assert told == [False]
    assert clock.next_event is None
    assert apic.read(reg.SVR, 4) == 0xFF


# Against an oracle


class Oracle:
    """The priority rules, word for word from the SDM, on sets of vectors."""

    def __init__(self) -> None:
        self.irr: set[int] = set()
        self.isr: set[int] = set()
        self.tpr = 0

    def deliverable(self) -> int | None:
        priority_class = max([self.tpr >> 4, *(v >> 4 for v in self.isr)])
        waiting = [v for v in self.irr if v >> 4 > priority_class]
        return max(waiting, default=None)

    def acknowledge(self) -> int:
        vector = self.deliverable()
        if vector is None:
            return 0xFF
        self.irr.remove(vector)
        self.isr.add(vector)
        return vector

    def eoi(self) -> None:
        self.isr.discard(max(self.isr, default=-1))


STEPS = st.lists(
    st.tuples(st.just("raise"), st.integers(16, 255))
    | st.tuples(st.just("tpr"), st.integers(0, 255))
    | st.tuples(st.sampled_from(("acknowledge", "eoi")), st.just(0)),
    max_size=60,
)


@given(STEPS)
def test_any_sequence_of_requests_acknowledges_and_eois_follows_the_rules(
    steps: list[tuple[str, int]],
) -> None:
    apic, _ = enabled_lapic()
    oracle = Oracle()
    told = [apic.deliverable]
    apic.on_pending = lambda: told.append(apic.deliverable)
    for action, operand in steps:
        match action:
            case "raise":
                apic.raise_vector(operand)
                oracle.irr.add(operand)
            case "tpr":
                apic.write(reg.TPR, 4, operand)
                oracle.tpr = operand
            case "acknowledge":
                assert apic.acknowledge() == oracle.acknowledge()
            case "eoi":
                apic.write(reg.EOI, 4, 0)
                oracle.eoi()
        assert apic.pending_vector() == oracle.deliverable()
        assert apic.irr == sum(1 << v for v in oracle.irr)
        assert apic.isr == sum(1 << v for v in oracle.isr)
        assert told[-1] == apic.deliverable


OFFSETS = tuple(range(0, 0x400, 0x10))


@given(accesses(OFFSETS), accesses(OFFSETS), accesses(OFFSETS), st.integers(0, 5000))
def test_state_is_complete(
    before: list[Access], after: list[Access], other: list[Access], cycles: int
) -> None:
    apic, clock = timer(0x20040, 700)
    play(apic, before)
    clock.advance(cycles)

    def behaviour() -> tuple[list[int], list[int], int | None]:
        reads = play(apic, after)
        # At most a few expiries: a period of one cycle would make a million events of the rest.
        for _ in range(5):
            if clock.next_event is not None:
                clock.advance(clock.next_event)
        return reads, [apic.acknowledge() for _ in range(3)], clock.next_event

    def disturb() -> None:
        play(apic, other)
        apic.raise_vector(0x77)

    assert_state_is_complete(Board(clock, apic), behaviour, disturb)


def test_listeners_are_told_of_enabling_once() -> None:
    apic = Lapic("lapic", Clock())
    told: list[str] = []
    apic.on_enable.append(lambda: told.append("enabled"))
    for value in (0xFF, ENABLE, ENABLE, 0xFF, ENABLE):
        apic.write(reg.SVR, 4, value)
    assert told == ["enabled", "enabled"]
