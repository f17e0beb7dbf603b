"""The same firmware, stimulus and seed give the same capture, byte for byte."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from scapy.layers.inet import ICMP, IP

from bench import Board
from bench.capture import Capture
from bench.layers.websocket import WebSocket, WebSocketClose
from bench.peer import Peer

Start = Callable[[int], Board]


@pytest.fixture
def start(request: pytest.FixtureRequest) -> Start:
    """Boot one more board with the firmware under test; its seed is that of the run plus a number."""
    option = request.config.getoption

    def boot(more: int) -> Board:
        board = Board.boot(option("engine"), option("firmware"), seed=option("board_seed") + more)
        board.uart.wait_for("listening")
        return board

    return boot


def conversation(board: Board) -> bytes:
    """Something of everything, and its capture."""
    capture = board.wire.capture = Capture()
    board.wire.sr1(IP() / ICMP(id=1) / b"hello", timeout=1)
    with Peer(board.wire) as one, Peer(board.wire, port=8082, ipv6=True) as two:
        two.strict = False  # no client may take a masked frame
        one.upgrade()
        two.upgrade(protocols=["masked-echo"])
        one.echo("determined")
        two.send_frame(WebSocket() / b"with a masking key of the board's choice")
        two.receive_frame()
        one.send_frame(WebSocket(opcode="ping") / b"p", split=[1, 2])
        one.expect_frame("pong", b"p")
        one.send_frame(WebSocket() / WebSocketClose(code=1000))
        one.expect_close(1000)
    return capture.encode("determinism")


def test_twice_from_the_same_snapshot(board: Board) -> None:
    state = board.snapshot()
    first = conversation(board)
    board.restore(state)
    assert conversation(board) == first


def test_again_after_something_else(board: Board) -> None:
    state = board.snapshot()
    first = conversation(board)
    with Peer(board.wire) as peer:
        peer.upgrade()
        peer.echo("something else")
    board.restore(state)
    assert conversation(board) == first


def test_a_second_board_does_the_same(start: Start) -> None:
    with start(0) as one, start(0) as two:
        assert conversation(one) == conversation(two)


@pytest.mark.needs("seed")
def test_another_seed_gives_other_random_numbers(start: Start) -> None:
    numbers = []
    for seed in (0, 1):
        with start(seed) as board, Peer(board.wire, seed=5, sport=50000) as peer:
            numbers.append(next(record.segment.seq for record in peer.tcp.history if not record.sent))
    assert numbers[0] != numbers[1]
