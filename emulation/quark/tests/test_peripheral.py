from __future__ import annotations

from collections import deque
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pytest

from emulation.quark.clock import Clock
from emulation.quark.gpio import DwGpio
from emulation.quark.ioapic import IoApic
from emulation.quark.lapic import Lapic
from emulation.quark.ns16550 import Ns16550
from emulation.quark.peripheral import Line, Peripheral
from emulation.quark.scss import Scss
from emulation.quark.ssi import DwSsi


@dataclass
class Detail:
    values: list[int] = field(default_factory=list)


class Part(Peripheral):
    STATE = ("number", "memory", "fifo", "table", "nested", "detail")
    LINES = ("irq",)

    def __init__(self) -> None:
        super().__init__("part")
        self.irq = Line("part.irq")
        self.number = 1
        self.memory = bytearray(b"\x00" * 8)
        self.fifo: deque[int] = deque([1, 2])
        self.table = {1: 2}
        self.nested: list[Any] = [[1], (2, [3])]
        self.detail = Detail([1])


def test_a_line_tells_every_listener_each_change_and_nothing_else() -> None:
    line = Line("irq")
    heard: list[tuple[int, bool]] = []
    line.connect(lambda level: heard.append((1, level)))
    line.connect(lambda level: heard.append((2, level)))
    for level in (False, True, True, False):
        line.set(level)
    assert heard == [(1, True), (2, True), (1, False), (2, False)]


def test_connecting_does_not_call_the_listener() -> None:
    heard: list[bool] = []
    line = Line("irq", level=True)
    line.connect(heard.append)
    assert heard == []


def test_a_saved_state_is_a_copy_and_so_is_what_restore_puts_back() -> None:
    part = Part()
    state = part.save()
    for _ in range(2):  # the second round would see a state that the first restore shared with the part
        part.number = 9
        part.memory[0] = 9
        part.fifo.append(9)
        part.table[9] = 9
        part.nested[0].append(9)
        part.nested[1][1].append(9)
        part.detail.values.append(9)
        part.restore(state)
        assert part.number == 1
        assert part.memory == bytes(8)
        assert part.fifo == deque([1, 2])
        assert part.table == {1: 2}
        assert part.nested == [[1], (2, [3])]
        assert part.detail == Detail([1])


def test_a_bytearray_is_restored_in_place_so_that_views_stay_valid() -> None:
    part = Part()
    view = memoryview(part.memory)
    state = part.save()
    part.memory[3] = 7
    assert view[3] == 7
    part.restore(state)
    assert view[3] == 0


def test_a_restored_line_has_its_level_back_without_telling_anybody() -> None:
    part = Part()
    state = part.save()
    part.irq.set(True)
    heard: list[bool] = []
    part.irq.connect(heard.append)
    part.restore(state)
    assert part.irq.level is False
    assert heard == []


def test_an_unknown_register_is_reported_and_reads_0() -> None:
    part = Part()
    told: list[tuple[str, str, int, int]] = []
    part.on_unknown = lambda who, kind, offset, width: told.append((who.name, kind, offset, width))
    assert part.unknown("read", 0x44, 2) == 0
    assert told == [("part", "read", 0x44, 2)]


# Every model of the SoC. What is not named here, as set once by the constructor or as a neighbour that saves
# itself, must survive a restore.
CONSTRUCTED = {"name", "pins", "entries", "seed", "_all", "_timer_key", "_lapic", "on_eoi", "on_enable"}

MODELS: list[Callable[[], Peripheral]] = [
    lambda: Lapic("lapic", Clock()),
    lambda: IoApic("ioapic", Lapic("lapic", Clock())),
    lambda: Ns16550("uart"),
    lambda: DwGpio("gpio"),
    lambda: DwSsi("spi"),
    lambda: Scss("scss", Clock()),
]


def data_of(part: Peripheral) -> dict[str, Any]:
    """The attributes of a model that hold data: values, line levels, and the parts inside it."""
    data: dict[str, Any] = {}
    for name, value in vars(part).items():
        if name in CONSTRUCTED:
            continue
        match value:
            case Line():
                data[name] = value.level
            case [Line(), *_]:
                data[name] = [line.level for line in value]
            case Peripheral():
                data[name] = data_of(value)
            case int() | bytearray() | deque() | dict() | list():
                data[name] = deepcopy(value)
    return data


def scramble(part: Peripheral) -> None:
    """Change every datum of a model."""
    for name, value in vars(part).items():
        if name in CONSTRUCTED:
            continue
        match value:
            case Line():
                value.level = not value.level
            case [Line(), *_]:
                for line in value:
                    line.level = not line.level
            case Peripheral():
                scramble(value)
            case int() | bytearray() | deque() | dict() | list():
                setattr(part, name, other_value(value))


def other_value(value: Any) -> Any:
    """Something of the same type that is not `value`."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case bytearray():
            return bytearray(byte ^ 0xFF for byte in value)
        case deque():
            return deque([*value, 1])
        case dict():
            return {key: other_value(item) for key, item in value.items()}
        case list():
            return [other_value(item) for item in value]
    raise AssertionError(f"no other value for {value!r}")


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make().name)
def test_every_datum_of_a_model_is_saved_and_restored(make: Callable[[], Peripheral]) -> None:
    part = make()
    before, state = data_of(part), part.save()
    scramble(part)
    unchanged = [name for name, value in data_of(part).items() if value == before[name]]
    assert unchanged == []
    part.restore(state)
    assert data_of(part) == before
