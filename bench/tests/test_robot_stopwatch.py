"""What a stopwatch takes for an operation, on the real board."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.board import Board
from bench.layers.websocket import WebSocket
from bench.robot.stopwatch import Stopwatch
from bench.tests.elf import real_firmware


@pytest.fixture
def watch() -> Iterator[tuple[Stopwatch, Board]]:
    with Board.boot(firmware=real_firmware()) as board:
        yield Stopwatch(board), board


def text(payload: str, **fields: int) -> WebSocket:
    frame: WebSocket = WebSocket(opcode="text", **fields) / payload.encode()
    return frame


def test_an_echo_is_timed_from_frame_to_answer(watch: tuple[Stopwatch, Board]) -> None:
    stopwatch, board = watch
    before = board.instructions
    stopwatch.sending([text("hello")])
    board.run(0.25)
    stopwatch.arrived("text", b"hello")
    (operation,) = stopwatch.operations
    assert operation[:2] == ("text", 5)
    assert operation.microseconds == pytest.approx(250_000, abs=1000)
    assert operation.instructions == board.instructions - before


def test_a_pong_answers_a_ping(watch: tuple[Stopwatch, Board]) -> None:
    stopwatch, _ = watch
    stopwatch.sending([WebSocket(opcode="ping") / b"abc"])
    stopwatch.arrived("pong", b"abc")
    assert [operation.name for operation in stopwatch.operations] == ["ping"]


def test_what_is_in_doubt_is_not_timed(watch: tuple[Stopwatch, Board]) -> None:
    stopwatch, _ = watch
    stopwatch.sending([text("another")])
    stopwatch.arrived("text", b"answer")
    stopwatch.sending([text("a"), text("b")])
    stopwatch.arrived("text", b"a")
    stopwatch.sending([text("fragment", fin=0)])
    stopwatch.arrived("text", b"fragment")
    stopwatch.sending([text("in segments")], whole=False)
    stopwatch.arrived("text", b"in segments")
    stopwatch.sending([text("first")])
    stopwatch.sending([text("second")])
    stopwatch.arrived("text", b"second")
    stopwatch.disturb()
    stopwatch.sending([text("a lost answer")])
    stopwatch.arrived("text", b"a lost answer")
    assert stopwatch.operations == []
    stopwatch.sending([text("clear again")])
    stopwatch.arrived("text", b"clear again")
    assert len(stopwatch.operations) == 1


def test_what_fails_is_no_operation(watch: tuple[Stopwatch, Board]) -> None:
    stopwatch, _ = watch
    with pytest.raises(AssertionError), stopwatch.timing("open"):
        raise AssertionError("nobody answered")
    with stopwatch.timing("open"):
        pass
    assert [operation.name for operation in stopwatch.operations] == ["open"]
