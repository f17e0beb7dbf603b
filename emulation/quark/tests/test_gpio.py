"""The GPIO port by the DW_apb_gpio databook."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.quark import gpio as reg
from emulation.quark.clock import Clock
from emulation.quark.gpio import DwGpio
from emulation.quark.peripheral import Line
from emulation.quark.tests.accesses import Access, Board, accesses, assert_state_is_complete, play, watch

PIN = 19  # the ENC28J60's interrupt on the shield
BIT = 1 << PIN


def port(*, edge: bool = False, high: bool = False, both: bool = False, level: bool = False) -> DwGpio:
    """A port with the interrupt of one pin set up as Zephyr's gpio_dw does; the pin is at `level`."""
    part = DwGpio("gpio")
    part.set_pin(PIN, level)
    part.write(reg.INTMASK, 4, 0xFFFFFFFF)
    part.write(reg.INTTYPE_LEVEL, 4, BIT * edge)
    part.write(reg.INT_POLARITY, 4, BIT * high)
    part.write(reg.INT_BOTHEDGE, 4, BIT * both)
    part.write(reg.INTEN, 4, BIT)
    part.write(reg.PORTA_EOI, 4, 0xFFFFFFFF)
    part.write(reg.INTMASK, 4, 0xFFFFFFFF & ~BIT)
    return part


@pytest.mark.parametrize("offset", [*reg.STORED, reg.EXT_PORTA, reg.INTSTATUS, reg.RAW_INTSTATUS])
def test_everything_is_0_at_power_on(offset: int) -> None:
    assert DwGpio("gpio").read(offset, 4) == 0


def test_an_input_shows_the_pin_in_ext_porta_only() -> None:
    part = DwGpio("gpio")
    part.set_pin(PIN, True)
    assert part.read(reg.EXT_PORTA, 4) == BIT
    assert part.read(reg.SWPORTA_DR, 4) == 0


def test_an_output_drives_its_line_and_shows_what_it_drives() -> None:
    part = DwGpio("gpio")
    levels = watch(part.outputs[PIN])
    part.write(reg.SWPORTA_DR, 4, BIT)
    assert levels == []  # still an input
    part.write(reg.SWPORTA_DDR, 4, BIT)
    assert part.read(reg.EXT_PORTA, 4) == BIT
    part.write(reg.SWPORTA_DR, 4, 0)
    part.write(reg.SWPORTA_DR, 4, BIT)
    part.reset()
    assert levels == [True, False, True, False]


# Levels: the pin goes high, low, high. After each step: does the interrupt line stand, and after EOI?
@pytest.mark.parametrize(
    ("edge", "high", "both", "steps"),
    [
        #                     high             low             high
        (True, True, False, [(True, False), (False, False), (True, False)]),  # rising
        (True, False, False, [(False, False), (True, False), (False, False)]),  # falling
        (False, False, True, [(True, False), (True, False), (True, False)]),  # both, whatever the type
        (True, True, True, [(True, False), (True, False), (True, False)]),
        (False, True, False, [(True, True), (False, False), (True, True)]),  # level high: EOI does nothing
        (False, False, False, [(False, False), (True, True), (False, False)]),  # level low
    ],
)
def test_trigger_types(edge: bool, high: bool, both: bool, steps: list[tuple[bool, bool]]) -> None:
    part = port(edge=edge, high=high, both=both)
    seen = []
    for level in (True, False, True):
        part.set_pin(PIN, level)
        before = part.irq.level
        part.write(reg.PORTA_EOI, 4, BIT)
        seen.append((before, part.irq.level))
    assert seen == steps


def test_status_names_the_pin_until_eoi() -> None:
    part = port(edge=True, level=True)
    part.set_pin(PIN, False)
    assert part.read(reg.INTSTATUS, 4) == part.read(reg.RAW_INTSTATUS, 4) == BIT
    part.write(reg.PORTA_EOI, 4, ~BIT & 0xFFFFFFFF)
    assert part.read(reg.INTSTATUS, 4) == BIT
    part.write(reg.PORTA_EOI, 4, BIT)
    assert part.read(reg.INTSTATUS, 4) == part.read(reg.RAW_INTSTATUS, 4) == 0


def test_a_masked_edge_is_kept_and_interrupts_when_unmasked() -> None:
    part = port(edge=True, level=True)
    part.write(reg.INTMASK, 4, BIT)
    part.set_pin(PIN, False)
    assert not part.irq.level
    assert (part.read(reg.RAW_INTSTATUS, 4), part.read(reg.INTSTATUS, 4)) == (BIT, 0)
    part.write(reg.INTMASK, 4, 0)
    assert part.irq.level


def test_an_edge_with_the_interrupt_disabled_is_lost() -> None:
    part = port(edge=True, level=True)
    part.write(reg.INTEN, 4, 0)
    part.set_pin(PIN, False)
    part.write(reg.INTEN, 4, BIT)
    assert not part.irq.level


def test_disabling_an_interrupt_forgets_its_latched_edge() -> None:
    part = port(edge=True, level=True)
    part.set_pin(PIN, False)
    part.write(reg.INTEN, 4, 0)
    part.write(reg.INTEN, 4, BIT)
    assert not part.irq.level


def test_enabling_another_pin_keeps_a_latched_edge_and_level_mode_drops_it() -> None:
    part = port(edge=True, level=True)
    part.set_pin(PIN, False)
    part.write(reg.INTEN, 4, BIT | 1 << 7)
    assert part.read(reg.RAW_INTSTATUS, 4) & BIT
    part.write(reg.INT_POLARITY, 4, BIT)
    part.write(reg.INTTYPE_LEVEL, 4, 0)
    assert not part.read(reg.RAW_INTSTATUS, 4) & BIT


def test_an_output_pin_does_not_interrupt() -> None:
    part = port(edge=True, level=True)
    part.write(reg.SWPORTA_DDR, 4, BIT)
    part.set_pin(PIN, False)
    assert not part.irq.level


def test_one_line_for_all_pins_drops_with_the_last_of_them() -> None:
    part = port(edge=True, high=True)
    part.write(reg.INTTYPE_LEVEL, 4, BIT | 1 << 7)
    part.write(reg.INT_POLARITY, 4, BIT | 1 << 7)
    part.write(reg.INTEN, 4, BIT | 1 << 7)
    part.write(reg.INTMASK, 4, 0)
    levels = watch(part.irq)
    part.set_pin(7, True)
    part.set_pin(PIN, True)
    assert part.read(reg.INTSTATUS, 4) == BIT | 1 << 7
    part.write(reg.PORTA_EOI, 4, BIT)
    part.write(reg.PORTA_EOI, 4, 1 << 7)
    assert levels == [True, False]


def test_a_pin_is_connected_as_a_listener() -> None:
    part = DwGpio("gpio")
    line = Line("int")
    line.connect(part.pin(PIN))
    line.set(True)
    assert part.read(reg.EXT_PORTA, 4) == BIT
    with pytest.raises(IndexError, match="0 to 31, not 32"):
        part.pin(32)


def test_a_narrow_port_has_only_its_pins() -> None:
    part = DwGpio("aon", pins=6)
    part.write(reg.INTMASK, 4, 0xFFFFFFFF)
    assert part.read(reg.INTMASK, 4) == 0x3F
    assert len(part.outputs) == 6


def test_bytes_are_parts_of_the_register() -> None:
    part = DwGpio("gpio")
    part.write(reg.INTMASK, 4, 0x11223344)
    part.write(reg.INTMASK + 2, 1, 0xAA)
    assert part.read(reg.INTMASK, 4) == 0x11AA3344
    assert part.read(reg.INTMASK + 2, 2) == 0x11AA
    part.set_pin(PIN, True)
    assert part.read(reg.EXT_PORTA + 2, 1) == 1 << (PIN - 16)


def test_eoi_takes_byte_accesses() -> None:
    part = port(edge=True, level=True)
    part.set_pin(PIN, False)
    part.write(reg.PORTA_EOI + 2, 1, 1 << (PIN - 16))
    assert not part.irq.level


def test_registers_that_do_not_exist_are_reported() -> None:
    part = DwGpio("gpio")
    told: list[tuple[str, int]] = []
    part.on_unknown = lambda _gpio, kind, offset, _width: told.append((kind, offset))
    assert part.read(0x10, 4) == 0
    part.write(0x14, 4, 1)
    assert told == [("read", 0x10), ("write", 0x14)]


def test_pins_keep_their_level_over_a_reset() -> None:
    part = DwGpio("gpio")
    part.set_pin(PIN, True)
    part.reset()
    assert part.read(reg.EXT_PORTA, 4) == BIT


OFFSETS = (*reg.STORED, reg.INTSTATUS, reg.RAW_INTSTATUS, reg.PORTA_EOI, reg.EXT_PORTA, 0x10)
PINS = st.lists(st.tuples(st.integers(0, 31), st.booleans()), max_size=20)


@given(accesses(OFFSETS), PINS, accesses(OFFSETS), PINS, accesses(OFFSETS))
def test_state_is_complete(
    before: list[Access],
    pins_before: list[tuple[int, bool]],
    after: list[Access],
    pins_after: list[tuple[int, bool]],
    other: list[Access],
) -> None:
    part = DwGpio("gpio")
    play(part, before)
    for n, level in pins_before:
        part.set_pin(n, level)

    def behaviour() -> tuple[list[bool], list[int], list[bool]]:
        levels = []
        for n, level in pins_after:
            part.set_pin(n, level)
            levels.append(part.irq.level)
        return levels, play(part, after), [line.level for line in part.outputs]

    def disturb() -> None:
        play(part, other)
        for n in range(32):
            part.set_pin(n, not part.read(reg.EXT_PORTA, 4) >> n & 1)

    assert_state_is_complete(Board(Clock(), part), behaviour, disturb)
