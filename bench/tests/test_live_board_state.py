"""The state of a live board, on a board without a CPU and a wall clock that is the test's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench import Board
from bench.live import LiveBoard
from bench.live.board_state import CHEAP, BoardState
from bench.tests.fake_machine import FakeMachine


class Watched:
    def __init__(self) -> None:
        self.wall = 100.0
        self.machine = FakeMachine()
        self.live = LiveBoard(Board(self.machine), wall=lambda: self.wall)
        self.connections = ["b", "a"]
        self.state = BoardState(self.live, lambda: self.connections, lambda: self.wall)
        self.live.feed.subscribe(self.state)

    def run(self, virtual: float, wall: float) -> None:
        self.live.board.run(virtual)
        self.wall += wall


@pytest.fixture
def watched() -> Iterator[Watched]:
    made = Watched()
    with made.live:
        yield made


def test_times_and_shares_are_those_since_the_last_sample(watched: Watched) -> None:
    watched.run(1.0, 4.0)
    first = watched.state.sample()
    assert (first["time"], first["ratio"]) == (1.0, 0.25)
    watched.run(2.0, 1.0)
    second = watched.state.sample()
    assert (second["time"], second["ratio"]) == (3.0, 2.0)
    assert second["load"] == pytest.approx(1.0), "the machine counts every cycle as an instruction"
    assert second["instructions"] == 3 * 32_000_000
    assert second["connections"] == ["a", "b"]


def test_without_time_between_two_samples_there_is_nothing_to_divide_by(watched: Watched) -> None:
    watched.state.sample()
    assert watched.state.sample()["ratio"] is None
    assert watched.state.sample()["load"] is None


def test_firmware_without_a_python_heap_has_none(watched: Watched) -> None:
    assert watched.state.sample()["heap"] is None


def test_a_traceback_is_seen_until_the_reset(watched: Watched) -> None:
    assert not watched.state.sample()["traceback"]
    watched.machine.at(0.6, "uart", b"Traceback (most recent call last):\r\n  File x\r\nOSError: 5\r\n")
    watched.run(1.0, 1.0)
    assert watched.state.sample()["traceback"]
    assert watched.state.sample()["traceback"]
    watched.live.reset()
    state = watched.state.sample()
    assert (state["time"], state["traceback"]) == (0.0, False)


def test_an_expensive_look_at_the_heap_is_not_taken_between_samples(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    def symbol(name: str) -> int:
        looks.append(name)
        watched.wall += cost
        raise KeyError(name)

    monkeypatch.setattr(watched.machine, "symbol", symbol)
    cost = CHEAP / 2
    watched.state.look()
    watched.state.look()
    assert len(looks) == 2
    cost = CHEAP * 2
    watched.state.sample()
    watched.state.look()
    assert len(looks) == 3
