"""What the peripherals' tests share: bus accesses as data, and the rule that state is complete."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

from emulation.quark.clock import Clock
from emulation.quark.peripheral import Line, Peripheral


class Access(NamedTuple):
    """One bus access; `value` is None for a read."""

    offset: int
    width: int
    value: int | None


def accesses(offsets: Sequence[int]) -> st.SearchStrategy[list[Access]]:
    """Lists of random accesses of every width to these registers and their byte lanes."""

    def shape(offset: int, lane: int, width: int, value: int | None) -> Access:
        lane -= lane % width
        return Access(offset + lane, width, None if value is None else value & (1 << 8 * width) - 1)

    values = (
        st.none() | st.integers(0, 0xFFFFFFFF) | st.integers(0, 255) | st.sampled_from((0, 1, 0xFFFFFFFF))
    )
    one = st.builds(shape, st.sampled_from(offsets), st.integers(0, 3), st.sampled_from((1, 2, 4)), values)
    return st.lists(one, max_size=40)


def play(peripheral: Peripheral, sequence: Iterable[Access]) -> list[int]:
    """Do the accesses; what the reads gave."""
    read = []
    for offset, width, value in sequence:
        if value is None:
            got = peripheral.read(offset, width)
            assert 0 <= got < 1 << 8 * width
            read.append(got)
        else:
            peripheral.write(offset, width, value)
    return read


def watch(line: Line) -> list[bool]:
    """The levels a line takes from now on."""
    levels: list[bool] = []
    line.connect(levels.append)
    return levels


class Board:
    """A clock and the parts that share it, saved and restored together as the machine does."""

    def __init__(self, clock: Clock, *parts: Peripheral) -> None:
        self.clock = clock
        self.parts = parts

    def save(self) -> list[Any]:
        return [self.clock.save(), *(part.save() for part in self.parts)]

    def restore(self, state: list[Any]) -> None:
        self.clock.restore(state[0])
        for part, saved in zip(self.parts, state[1:], strict=True):
            part.restore(saved)


def assert_state_is_complete(
    board: Board, behaviour: Callable[[], Any], disturb: Callable[[], object]
) -> None:
    """After a restore the board behaves as it did after the save, whatever happened in between.

    `behaviour` may change the board; it returns all that can be seen of it.
    """
    state = board.save()
    first = behaviour()
    disturb()
    board.restore(state)
    assert behaviour() == first
    board.restore(state)
    assert board.save() == state
