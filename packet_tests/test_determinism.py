"""The same firmware, stimulus and seed give the same capture, byte for byte."""

from __future__ import annotations

from scapy.layers.inet import ICMP, IP

from bench import Board
from bench.capture import Capture
from bench.layers.websocket import WebSocket, WebSocketClose
from bench.peer import Peer


def conversation(board: Board) -> bytes:
    """Something of everything, and its capture."""
    capture = board.wire.capture = Capture()
    board.wire.sr1(IP() / ICMP(id=1) / b"hello", timeout=1)
    with Peer(board.wire) as one, Peer(board.wire, port=8082, ipv6=True) as two:
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


def test_a_second_board_does_the_same(board: Board) -> None:
    with Board.boot(board.engine, seed=board.seed) as second:
        second.uart.wait_for("listening")
        again = conversation(second)
    with Board.boot(board.engine, seed=board.seed) as third:
        third.uart.wait_for("listening")
        assert conversation(third) == again


def test_another_seed_gives_other_random_numbers(board: Board) -> None:
    with (
        Board.boot(board.engine, seed=board.seed) as same,
        Board.boot(board.engine, seed=board.seed + 1) as other,
    ):
        numbers = []
        for each in (same, other):
            each.uart.wait_for("listening")
            with Peer(each.wire, seed=5, sport=50000) as peer:
                numbers.append(next(r.segment.seq for r in peer.tcp.history if not r.sent))
        assert numbers[0] != numbers[1]
