"""What a client must not take of a server, frame after frame."""

from __future__ import annotations

import pytest

from bench import Board
from bench.expectations import Frame, Message, Pong
from bench.layers.websocket import WebSocket, WebSocketClose
from bench.peer import Peer, PeerError
from bench.reception.websocket import ServerStream
from bench.tests.test_peer import ServerMachine, board, fixed, machine

__all__ = ["board", "machine"]  # fixtures

EURO = "\u20ac".encode()

RIGHT: dict[str, list[WebSocket]] = {
    "text": [WebSocket() / b"hello"],
    "empty": [WebSocket(), WebSocket(opcode="binary")],
    "125": [WebSocket(opcode="pong") / bytes(125)],
    "126": [WebSocket(opcode="binary") / bytes(126)],
    "64 bits": [WebSocket(opcode="binary") / bytes(1 << 16)],
    "fragments": [WebSocket(fin=0) / b"a", WebSocket(opcode=0, fin=0) / b"b", WebSocket(opcode=0) / b"c"],
    "control between": [WebSocket(fin=0) / b"a", WebSocket(opcode="ping"), WebSocket(opcode=0) / b"c"],
    "character in two": [WebSocket(fin=0) / EURO[:1], WebSocket(opcode=0) / EURO[1:]],
    "bytes": [WebSocket(opcode="binary") / b"\xff"],
    "close": [WebSocket(opcode="close")],
    "reason": [WebSocket() / WebSocketClose(code=1000, reason=EURO)],
    "own code": [WebSocket() / WebSocketClose(code=4999)],
    "new code": [WebSocket() / WebSocketClose(code=1014)],
}


@pytest.mark.parametrize("frames", RIGHT.values(), ids=RIGHT.keys())
def test_what_is_right_is_taken(frames: list[WebSocket]) -> None:
    stream = ServerStream()
    assert [stream.judge(bytes(frame)) for frame in frames] == [""] * len(frames)


WRONG: dict[str, tuple[list[WebSocket], str]] = {
    "masked": ([WebSocket(mask=1) / b"a"], "masked by a server"),
    "rsv1": ([WebSocket(rsv1=1) / b"a"], "RSV bits"),
    "rsv3": ([WebSocket(rsv3=1) / b"a"], "RSV bits"),
    "opcode": ([WebSocket(opcode=3)], "reserved opcode 3"),
    "control opcode": ([WebSocket(opcode=11)], "reserved opcode 11"),
    "ping in fragments": ([WebSocket(opcode="ping", fin=0)], "a control frame in fragments"),
    "long ping": ([WebSocket(opcode="ping") / bytes(126)], "a control frame of 126 bytes"),
    "125 in 2": ([WebSocket(opcode="binary", length=126) / bytes(125)], "length 125 in 2 bytes"),
    "65535 in 8": ([WebSocket(opcode="binary", length=127) / bytes(65535)], "length 65535 in 8 bytes"),
    "continuation": ([WebSocket(opcode=0)], "a continuation of nothing"),
    "within": ([WebSocket(fin=0), WebSocket() / b"b"], "within another message"),
    "text": ([WebSocket() / b"\xff"], "text that is not UTF-8"),
    "surrogate": ([WebSocket() / b"\xed\xa0\x80"], "text that is not UTF-8"),
    "cut text": ([WebSocket(fin=0) / EURO[:1], WebSocket(opcode=0)], "text that is not UTF-8"),
    "close of 1": ([WebSocket(opcode="close") / b"a"], "a close frame of one byte"),
    "reason": ([WebSocket() / WebSocketClose(code=1000, reason=b"\xff")], "a reason that is not UTF-8"),
    "after close": ([WebSocket(opcode="close"), WebSocket()], "after the close frame"),
    **{
        f"code {code}": ([WebSocket() / WebSocketClose(code=code)], f"close code {code}")
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000)
    },
}


@pytest.mark.parametrize(("frames", "wrong"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_named(frames: list[WebSocket], wrong: str) -> None:
    stream = ServerStream()
    *before, last = [stream.judge(bytes(frame)) for frame in frames]
    assert not any(before)
    assert wrong in last
    assert "(RFC 6455, section " in last


@pytest.mark.parametrize(("frames", "wrong"), WRONG.values(), ids=WRONG.keys())
def test_a_peer_refuses_it_unless_it_is_wanted_or_the_peer_is_lenient(
    board: Board, machine: ServerMachine, frames: list[WebSocket], wrong: str
) -> None:
    machine.application = fixed(b"".join(map(bytes, frames)))
    for kind in ("strict", "wanted", "lenient", "all lenient"):
        with Peer(board.wire) as peer:
            peer.upgrade()
            peer.send(WebSocket())
            for frame in frames[:-1]:
                peer.expect(Frame(frame))
            peer.strict, board.wire.reception.strict = kind != "lenient", kind != "all lenient"
            if kind == "strict":
                with pytest.raises(PeerError, match=wrong):
                    peer.receive_frame()
            elif kind == "wanted":
                peer.expect(Frame(frames[-1]))
            else:
                assert bytes(peer.receive_frame()) == bytes(frames[-1])
            peer.reset()
            peer.silent = True


def test_who_reads_the_stream_himself_loses_no_more_than_his_own_frames(
    board: Board, machine: ServerMachine
) -> None:
    first, last = WebSocket(fin=0) / b"a", WebSocket(opcode=0) / b"b"
    machine.application = fixed(
        b"".join(map(bytes, (WebSocket() / b"x", first, last, WebSocket(opcode="pong"))))
    )
    with Peer(board.wire) as peer:
        peer.upgrade()
        peer.send(WebSocket())
        peer.expect(Message("x"))
        assert peer.receive(len(bytes(first))) == bytes(first)
        assert peer.receive_frame().data == b"b"
        peer.expect(Pong())
        peer.reset()
        peer.silent = True
