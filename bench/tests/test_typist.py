"""Typing on the console takes the time of the line."""

from __future__ import annotations

import pytest

from bench import Board
from bench.tests.fake_machine import FakeMachine
from bench.typist import CHARACTER_TIME


class Listener(FakeMachine):
    """Keeps when each character was typed."""

    def __init__(self) -> None:
        super().__init__()
        self.typed: list[tuple[float, bytes]] = []

    def uart_write(self, data: bytes) -> None:
        self.typed.append((self.now, data))


class Coarse(Listener):
    """Has a time of whole microseconds, and stops at the nearest."""

    @property
    def now(self) -> float:
        return round(super().now, 6)


@pytest.mark.parametrize("kind", [Listener, Coarse])
def test_characters_come_one_after_the_other_while_the_board_runs(kind: type[Listener]) -> None:
    machine = kind()
    board = Board(machine)
    board.run(1)
    board.uart.write("first")
    board.uart.write(" second")
    assert machine.typed == [(1.0, b"f")], "one call returns at once"
    board.run(0.1)
    assert b"".join(data for _, data in machine.typed) == b"first second"
    times = [time for time, _ in machine.typed]
    assert times == pytest.approx([1 + n * CHARACTER_TIME for n in range(12)], abs=2e-6)
    assert board.clock.now == pytest.approx(1.1)


def test_what_is_still_on_its_way_is_part_of_a_snapshot_and_gone_after_a_reset() -> None:
    machine = Listener()
    board = Board(machine)
    board.uart.write("abc")
    state = board.snapshot()
    for _ in range(2):
        machine.typed.clear()
        board.restore(state)
        board.run(0.1)
        assert [data for _, data in machine.typed] == [b"b", b"c"]
    board.uart.write("xyz")
    board.reset()
    machine.typed.clear()
    board.run(0.1)
    assert machine.typed == []


def test_a_long_line_arrives_whole() -> None:
    """The board's driver keeps 127 characters; what comes at once beyond them is lost."""
    with Board.boot() as board:
        board.uart.wait_for("listening")
        board.uart.write("\x03")
        board.uart.wait_for(">>> ")
        board.uart.write(f"x = '{'A' * 1000}'\r")
        board.uart.write("len(x)\r")
        board.uart.wait_for("\n1000\n", timeout=2)
