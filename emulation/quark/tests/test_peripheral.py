from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from emulation.quark.peripheral import Line, Peripheral


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
