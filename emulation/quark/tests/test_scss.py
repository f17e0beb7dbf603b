"""System control: storage, status bits, the always-on counter, timer and GPIO port, reset requests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.quark import gpio as gpio_reg
from emulation.quark import scss as reg
from emulation.quark.clock import HZ, Clock
from emulation.quark.scss import Scss
from emulation.quark.tests.accesses import Access, Board, accesses, assert_state_is_complete, play, watch


def scss(seed: int = 0) -> tuple[Scss, Clock]:
    clock = Clock()
    return Scss("scss", clock, seed), clock


@pytest.mark.parametrize("offset", [0x018, 0x458, 0x46C, 0x4D4, 0x90C, 0x930, 0x940, 0xAFC, 0xC00, 0x3FFC])
def test_registers_without_a_function_are_storage(offset: int) -> None:
    part, _ = scss()
    part.write(offset, 4, 0x12345678)
    part.write(offset + 1, 1, 0xAB)
    assert part.read(offset, 4) == 0x1234AB78
    assert part.read(offset + 2, 2) == 0x1234


def test_oscillators_and_regulators_are_good_whatever_is_written() -> None:
    part, _ = scss()
    part.write(reg.OSC0_STAT1, 4, 0)
    part.write(reg.HOST_VR, 4, 0)
    assert part.read(reg.OSC0_STAT1, 4) == 3
    assert part.read(reg.HOST_VR, 4) & reg.VR_OK


@pytest.mark.parametrize("offset", [reg.WO_SP, reg.WO_ST])
def test_write_one_to_set_scratchpads_keep_their_ones(offset: int) -> None:
    part, _ = scss()
    part.write(offset, 4, 0x0F)
    part.write(offset, 4, 0xF0)
    assert part.read(offset, 4) == 0xFF


def test_the_always_on_counter_counts_the_watch_crystal_from_the_seed() -> None:
    part, clock = scss(seed=0x1234)
    counts = [part.read(reg.AONC_CNT, 4)]
    for cycle in (976, 977, HZ - 1, HZ, 10 * HZ):
        clock.advance(cycle)
        counts.append(part.read(reg.AONC_CNT, 4) - 0x1234)
    assert counts == [0x1234, 0, 1, 32767, 32768, 327680]


def test_the_counter_wraps_at_32_bits_and_is_read_only() -> None:
    part, clock = scss(seed=0xFFFFFFFF)
    part.write(reg.AONC_CNT, 4, 5)
    assert part.read(reg.AONC_CNT, 4) == 0xFFFFFFFF
    clock.advance(HZ)
    assert part.read(reg.AONC_CNT, 4) == 32767


def test_a_disabled_counter_stands_still_and_goes_on_from_there() -> None:
    part, clock = scss()
    clock.advance(HZ)
    part.write(reg.AONC_CFG, 4, 0)
    clock.advance(2 * HZ)
    assert part.read(reg.AONC_CNT, 4) == 32768
    part.write(reg.AONC_CFG, 4, reg.AONC_ENABLE)
    clock.advance(3 * HZ)
    assert part.read(reg.AONC_CNT, 4) == 65536


def test_a_reset_starts_the_counter_at_the_seed() -> None:
    part, clock = scss(seed=7)
    clock.advance(HZ)
    clock.reset()
    part.reset()
    assert part.read(reg.AONC_CNT, 4) == 7


def test_the_periodic_timer_interrupts_each_period_until_cleared() -> None:
    part, clock = scss()
    part.write(reg.AONPT_CFG, 4, 32768 * 2)
    levels = watch(part.aonpt_irq)
    for second in range(1, 7):
        clock.advance(second * HZ)
        if part.read(reg.AONPT_STAT, 4):
            part.write(reg.AONPT_CTRL, 4, reg.AONPT_CLEAR)
            assert part.read(reg.AONPT_CTRL, 4) == 0  # drivers poll the bit until it clears
        assert part.read(reg.AONPT_STAT, 4) == 0
    assert levels == [True, False] * 3


def test_the_periodic_timer_does_not_drift() -> None:
    part, clock = scss()
    part.write(reg.AONPT_CFG, 4, 3)  # 2929.6875 cycles
    expiries: list[int] = []
    while len(expiries) < 32:
        assert clock.next_event is not None
        clock.advance(clock.next_event)
        expiries.append(clock.now)
    assert expiries == [-(-n * 3 * HZ // 32768) for n in range(1, 33)]


def test_a_reset_stops_the_periodic_timer_and_its_interrupt() -> None:
    part, clock = scss()
    part.write(reg.AONPT_CFG, 4, 1)
    clock.advance(HZ)
    part.reset()
    assert (part.read(reg.AONPT_STAT, 4), part.aonpt_irq.level) == (0, False)
    assert clock.next_event is None


def test_the_periodic_timer_counts_down_restarts_and_stops() -> None:
    part, clock = scss()
    part.write(reg.AONPT_CFG, 4, 32768)
    clock.advance(HZ // 4)
    assert part.read(reg.AONPT_CNT, 4) == 24576
    part.write(reg.AONPT_CTRL, 4, reg.AONPT_RESTART)
    assert clock.next_event == HZ + HZ // 4
    part.write(reg.AONPT_CFG, 4, 0)
    assert clock.next_event is None
    assert part.read(reg.AONPT_CNT, 4) == 0


@pytest.mark.parametrize(
    ("value", "kind"), [(reg.RSTC_WARM, ["warm"]), (reg.RSTC_COLD, ["cold"]), (0, []), (1, [])]
)
def test_software_can_ask_for_a_reset(value: int, kind: list[str]) -> None:
    part, _ = scss()
    asked: list[str] = []
    part.on_reset = asked.append
    part.write(reg.RSTC, 4, value)
    assert asked == kind


def test_the_always_on_gpio_port_is_a_port_of_six_pins() -> None:
    part, _ = scss()
    part.write(reg.AON_GPIO + gpio_reg.INTMASK, 4, 0xFFFFFFFF)
    assert part.read(reg.AON_GPIO + gpio_reg.INTMASK, 4) == 0x3F
    part.aon_gpio.set_pin(2, True)
    assert part.read(reg.AON_GPIO + gpio_reg.EXT_PORTA, 1) == 4


OFFSETS = (
    *(0x000, reg.OSC0_STAT1, 0x018, reg.WO_SP, reg.HOST_VR, reg.RSTC),
    *(reg.AONC_CNT, reg.AONC_CFG, reg.AONPT_CNT, reg.AONPT_STAT, reg.AONPT_CTRL, reg.AONPT_CFG),
    *(reg.AON_GPIO + offset for offset in (gpio_reg.SWPORTA_DR, gpio_reg.SWPORTA_DDR, gpio_reg.INTEN)),
)


@given(accesses(OFFSETS), accesses(OFFSETS), accesses(OFFSETS), st.integers(0, HZ))
def test_state_is_complete(
    before: list[Access], after: list[Access], other: list[Access], cycles: int
) -> None:
    part, clock = scss(seed=99)
    part.write(reg.AONPT_CFG, 4, 1 << 14)
    clock.advance(cycles)
    play(part, before)

    def behaviour() -> tuple[list[int], bool, list[int], int | None]:
        reads = play(part, after)
        for _ in range(3):
            if clock.next_event is not None:
                clock.advance(clock.next_event)
        return reads, part.aonpt_irq.level, [part.read(offset, 4) for offset in OFFSETS], clock.next_event

    def disturb() -> None:
        play(part, other)
        part.aon_gpio.set_pin(1, True)

    assert_state_is_complete(Board(clock, part), behaviour, disturb)
