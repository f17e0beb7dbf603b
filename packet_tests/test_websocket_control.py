"""Control frames (RFC 6455, section 5.5): ping, pong and the closing handshake."""

from __future__ import annotations

import pytest

from bench import Wire
from bench.layers.websocket import WebSocket, WebSocketClose
from bench.peer import Peer

PONG = "RFC 6455, section 5.5.3"


@pytest.mark.parametrize("size", [0, 1, 2, 4, 124, 125])
@pytest.mark.rfc6455("5.5.2-answer", "5.5.3-same")
def test_a_ping_is_answered_by_a_pong_with_its_payload(peer: Peer, size: int) -> None:
    payload = bytes(range(1, size + 1))
    peer.send_frame(WebSocket(opcode="ping") / payload)
    peer.expect_frame("pong", payload, rfc=PONG)


@pytest.mark.rfc6455("5.4-interleave", "5.5.2-soon")
def test_a_ping_between_fragments_is_answered_at_once(peer: Peer) -> None:
    peer.send_frame(WebSocket(opcode="text", fin=0) / b"one ")
    peer.send_frame(WebSocket(opcode="ping") / b"now")
    peer.expect_frame("pong", b"now", rfc="RFC 6455, section 5.4")
    peer.send_frame(WebSocket(opcode="continuation") / b"message")
    peer.expect_frame("text", b"one message")


@pytest.mark.parametrize("size", [0, 1, 125])
@pytest.mark.rfc6455("5.5.3-unsolicited")
def test_a_pong_nobody_asked_for_is_ignored(peer: Peer, size: int) -> None:
    peer.send_frame(WebSocket(opcode="pong") / bytes(size))
    peer.expect_silence(1.0)
    peer.echo("still here")


@pytest.mark.parametrize("data", ["", "x", "y" * 120])
def test_the_server_pings_on_request_with_a_masked_frame(wire: Wire, data: str) -> None:
    with Peer(wire, port=8082) as peer:
        peer.strict = False  # no client may take a masked frame
        peer.upgrade(protocols=["masked-echo"])
        peer.send_frame(WebSocket() / f"ping:{data}".encode())
        frame = peer.receive_frame()
        assert (frame.opcode, frame.fin, frame.mask, frame.data) == (9, 1, 1, data.encode())
        peer.send_frame(WebSocket(opcode="pong") / frame.data)
        peer.expect_silence(0.5)


def test_the_sample_answers_after_100_ms_and_pings_with_the_first_of_ten(wire: Wire) -> None:
    with Peer(wire, port=8081) as peer:
        peer.strict = False  # the sample masks its answers, which no client may take
        peer.upgrade(protocols=["my_ws_protocol"])
        for number in range(11):
            asked = wire.clock.now
            peer.send_frame(WebSocket() / b"hello")
            frame = peer.receive_frame()
            assert (frame.opcode, frame.mask, frame.data) == (1, 1, f"Message #{number}".encode())
            assert 0.100 <= wire.clock.now - asked < 0.200
            if number % 10 == 0:
                peer.expect_frame("ping", b"PING")


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999])
@pytest.mark.rfc6455("5.5.1-answer", "5.5.1-echo", "7.4.2-ranges")
def test_a_close_frame_is_answered_with_its_code(peer: Peer, code: int) -> None:
    peer.send_frame(WebSocket() / WebSocketClose(code=code, reason="because"))
    peer.expect_close(code, rfc="RFC 6455, section 5.5.1")


@pytest.mark.rfc6455("5.5.1-answer")
def test_a_close_frame_without_a_code_is_answered_without_one(peer: Peer) -> None:
    peer.send_frame(WebSocket(opcode="close"))
    peer.expect_frame("close", b"", rfc="RFC 6455, section 5.5.1")
    peer.expect_end(rfc="RFC 6455, section 7.1.1")


@pytest.mark.parametrize("reason", ["", "x", "r" * 123, "Grüße 😀"])
@pytest.mark.rfc6455("5.5.1-body")
def test_a_close_frame_may_carry_a_reason(peer: Peer, reason: str) -> None:
    peer.send_frame(WebSocket() / WebSocketClose(code=1000, reason=reason.encode()))
    peer.expect_close(1000)


@pytest.mark.parametrize("opcode", ["text", "ping"])
@pytest.mark.rfc6455("7.1.4-ignore", "5.5.1-last")
def test_what_follows_a_close_frame_is_ignored(peer: Peer, opcode: str) -> None:
    closing = peer.prepare(WebSocket() / WebSocketClose(code=1000))
    late = peer.prepare(WebSocket(opcode=opcode) / b"too late")
    peer.send(bytes(closing) + bytes(late))
    peer.expect_close(1000)
    assert not peer.tcp.received, "RFC 6455, section 1.4: after Close no further data"


@pytest.mark.rfc6455("7.1.1-server")
def test_the_server_closes_tcp_first(peer: Peer) -> None:
    peer.send_frame(WebSocket() / WebSocketClose(code=1000))
    peer.receive_frame()
    peer.expect_end(rfc="RFC 6455, section 7.1.1")
    assert not peer.tcp.error
