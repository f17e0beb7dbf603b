"""Virtual time and the wall clock, both in the hands of the test."""

from __future__ import annotations

import pytest

from bench.live.pacer import AHEAD, LATE, QUIET, Pacer


class Clocks:
    def __init__(self, *, fast: bool = False) -> None:
        self.virtual, self.wall = 7.0, 1000.0
        self.pacer = Pacer(lambda: self.virtual, lambda: self.wall, fast=fast)

    def run(self) -> float:
        """Run the board as far as it is due; by how much that was."""
        before, self.virtual = self.virtual, self.pacer.due()
        return self.virtual - before


def test_nothing_is_due_before_the_wall_clock_moves() -> None:
    assert Clocks().run() == 0


def test_virtual_time_follows_the_wall_clock() -> None:
    clocks = Clocks()
    for _ in range(100):
        clocks.wall += 0.02
        clocks.run()
    assert clocks.virtual == pytest.approx(9.0)


def test_a_board_that_is_late_catches_up() -> None:
    clocks = Clocks()
    clocks.wall += LATE / 2
    assert clocks.run() == pytest.approx(LATE / 2)


def test_what_it_is_late_beyond_that_is_given_up() -> None:
    clocks = Clocks()
    clocks.wall += 60
    assert clocks.run() == pytest.approx(LATE)
    clocks.wall += 0.01
    assert clocks.run() == pytest.approx(0.01)


def test_time_never_goes_back() -> None:
    clocks = Clocks()
    clocks.virtual += 5  # somebody ran the board past the wall clock
    assert clocks.run() == 0
    clocks.wall += 5.5
    assert clocks.run() == pytest.approx(LATE)


def test_fast_does_not_wait_while_there_is_work() -> None:
    clocks = Clocks(fast=True)
    clocks.pacer.happened()
    for _ in range(5):
        assert clocks.run() == pytest.approx(AHEAD)
    assert clocks.pacer.hurrying


def test_fast_waits_once_all_is_quiet_and_keeps_the_time_it_won() -> None:
    clocks = Clocks(fast=True)
    while clocks.run():
        pass
    assert clocks.virtual == pytest.approx(7 + QUIET, abs=2 * AHEAD)
    won = clocks.virtual
    clocks.wall += 0.1
    clocks.run()
    assert clocks.virtual == pytest.approx(won + 0.1)


def test_an_event_makes_it_hurry_again() -> None:
    clocks = Clocks(fast=True)
    while clocks.run():
        pass
    assert not clocks.pacer.hurrying
    clocks.pacer.happened()
    assert clocks.pacer.hurrying
    assert clocks.run() == pytest.approx(AHEAD)
