"""Frames and TCP segments have nothing to do with each other: every cut, every bundle."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bench.layers.websocket import WebSocket, WebSocketClose
from bench.peer import Peer

Rewind = Callable[[Peer], Callable[[], None]]

FRAMES = {
    "7-bit length": WebSocket(opcode="text") / b"split me",
    "16-bit length": WebSocket(opcode="text") / (b"split me " * 14),
    "empty": WebSocket(opcode="binary"),
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES.keys())
@pytest.mark.rfc6455("6.2-segments")
def test_a_frame_may_be_cut_at_every_byte(peer: Peer, rewind: Rewind, frame: WebSocket) -> None:
    back = rewind(peer)
    for cut in range(1, len(bytes(peer.prepare(frame)))):
        back()
        peer.send_frame(frame, split=[cut], gap=0.002)
        peer.expect_frame(frame.opcode, frame.data)


@pytest.mark.parametrize("payload", [b"", b"p", b"p" * 125])
def test_a_ping_may_be_cut_at_every_byte(peer: Peer, rewind: Rewind, payload: bytes) -> None:
    back = rewind(peer)
    for cut in range(1, len(payload) + 6):
        back()
        peer.send_frame(WebSocket(opcode="ping") / payload, split=[cut], gap=0.002)
        peer.expect_frame("pong", payload, rfc="RFC 6455, section 5.5.3")


def test_a_close_frame_may_be_cut_at_every_byte(peer: Peer, rewind: Rewind) -> None:
    back = rewind(peer)
    for cut in range(1, 11):
        back()
        peer.send_frame(WebSocket() / WebSocketClose(code=1000, reason="ok"), split=[cut], gap=0.002)
        frame = peer.receive_frame()
        assert frame[WebSocketClose].code == 1000


@pytest.mark.rfc6455("6.2-segments")
def test_two_frames_may_be_cut_at_every_byte(peer: Peer, rewind: Rewind) -> None:
    data = b"".join(bytes(peer.prepare(WebSocket(opcode=1) / text)) for text in (b"one", b"two"))
    back = rewind(peer)
    for cut in range(1, len(data)):
        back()
        peer.send(data, split=[cut], gap=0.002)
        peer.expect_frame("text", b"one")
        peer.expect_frame("text", b"two")


@pytest.mark.parametrize("inside", ["text", "binary", "ping", "close"])
@pytest.mark.parametrize(("outside", "answer"), [("binary", "binary"), ("ping", "pong")])
@pytest.mark.rfc6455("6.2-segments")
def test_a_segment_that_looks_like_a_frame_may_be_payload(
    peer: Peer, outside: str, answer: str, inside: str
) -> None:
    """Header and payload come in segments of their own; the latter would be a whole frame by itself."""
    inner = bytes(peer.prepare(WebSocket(opcode=inside, masking_key=b"key+", mask=1) / b"abcde"))
    frame = bytes(peer.prepare(WebSocket(opcode=outside, mask=1, masking_key=bytes(4)) / inner))
    peer.send(frame[:6])
    peer.wire.run(0.01)
    peer.send(frame[6:])
    peer.expect_frame(answer, inner)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 300])
def test_a_frame_may_come_byte_by_byte(peer: Peer, size: int) -> None:
    peer.echo(bytes(size), split=[1] * (size + 8), gap=0.001)


@pytest.mark.parametrize("size", [100, 267, 535, 536])
def test_a_message_of_the_greatest_size_in_segments_of_one_size(peer: Peer, size: int) -> None:
    frame = peer.prepare(WebSocket(opcode="binary") / (bytes(range(256)) * 16))
    peer.send(bytes(frame), split=[size] * (4096 // size))
    peer.expect_frame("binary", frame.data)


def test_a_flood_of_tiny_segments_is_delivered_in_the_end(peer: Peer) -> None:
    """More than the board has receive buffers for: what it drops is sent again, and nothing is lost."""
    frame = peer.prepare(WebSocket(opcode="binary") / (bytes(range(256)) * 2))
    peer.send(bytes(frame), split=[1] * 300)
    peer.expect_frame("binary", frame.data, timeout=60)


@pytest.mark.parametrize("count", [2, 3, 10, 40])
def test_several_frames_in_one_segment_are_all_answered_in_order(peer: Peer, count: int) -> None:
    words = [f"word {number}".encode() for number in range(count)]
    data = b"".join(bytes(peer.prepare(WebSocket() / word)) for word in words)
    peer.send(data, split=[len(data)])
    for word in words:
        peer.expect_frame("text", word)


def test_ten_pings_in_one_segment_get_ten_pongs_in_order(peer: Peer) -> None:
    data = b"".join(bytes(peer.prepare(WebSocket(opcode="ping") / bytes([number]))) for number in range(10))
    peer.send(data, split=[len(data)])
    for number in range(10):
        peer.expect_frame("pong", bytes([number]), rfc="RFC 6455, section 5.5.3")


@pytest.mark.rfc6455("6.2-segments", "5.4-interleave")
def test_a_whole_conversation_in_one_segment(peer: Peer) -> None:
    frames = [
        WebSocket(opcode="text", fin=0) / b"frag",
        WebSocket(opcode="ping") / b"between",
        WebSocket(opcode="continuation") / b"ments",
        WebSocket(opcode="binary") / b"\0\xff",
        WebSocket() / WebSocketClose(code=1000),
    ]
    data = b"".join(bytes(peer.prepare(frame)) for frame in frames)
    peer.send(data, split=[len(data)])
    peer.expect_frame("pong", b"between")
    peer.expect_frame("text", b"fragments")
    peer.expect_frame("binary", b"\0\xff")
    peer.expect_close(1000)
