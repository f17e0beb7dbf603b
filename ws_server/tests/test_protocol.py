"""The state machine of one connection (RFC 6455 sections 4 to 7)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ws_server import frames, messages
from ws_server.buffers import make_room
from ws_server.errors import HandshakeError, NotOpenError, ProtocolError
from ws_server.frames import FrameParser
from ws_server.handshake import Request
from ws_server.messages import ABNORMAL, Close, Message, MessageAssembler, Ping
from ws_server.protocol import CLOSED, CLOSING, CONNECTING, OPEN, ServerProtocol
from ws_server.tests import tables
from ws_server.tests.judge import opened, sent
from ws_server.tests.tables import client

if TYPE_CHECKING:
    from ws_server.protocol import Event


def output(protocol: ServerProtocol) -> bytes:
    return b"".join(bytes(data) for data in protocol.data_to_send())


def receive(protocol: ServerProtocol, data: bytes) -> "list[Event]":
    return list(protocol.receive_data(data))


@pytest.mark.rfc6455("4.2.2-response", "4.2.2-accept", "4.2.2-subprotocol")
def test_answer_to_the_example_of_section_1_3() -> None:
    protocol = ServerProtocol()
    (request,) = receive(protocol, tables.request())
    assert isinstance(request, Request)
    assert (request.target, request.host, request.origin) == (
        "/chat",
        "server.example.com",
        "http://example.com",
    )
    assert protocol.state == CONNECTING
    protocol.accept("chat")
    assert protocol.state == OPEN
    assert output(protocol) == (
        b"HTTP/1.1 101 Switching Protocols\r\n"
        b"Upgrade: websocket\r\n"
        b"Connection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
        b"Sec-WebSocket-Protocol: chat\r\n"
        b"\r\n"
    )


@pytest.mark.rfc6455("4.2.2-subprotocol")
def test_no_subprotocol_no_header() -> None:
    protocol = ServerProtocol()
    receive(protocol, tables.request())
    protocol.accept(None)
    assert b"Protocol:" not in output(protocol)


@pytest.mark.rfc6455("9.1-extensions")
def test_compression_is_never_negotiated() -> None:
    protocol = ServerProtocol()
    receive(protocol, tables.request(extra=("Sec-WebSocket-Extensions: permessage-deflate",)))
    protocol.accept(None)
    assert b"extensions" not in output(protocol).lower()


@pytest.mark.rfc6455("4.2.1-refuse")
def test_refusal_says_why_and_ends_the_connection() -> None:
    protocol = ServerProtocol()
    receive(protocol, tables.request())
    protocol.refuse(HandshakeError(503, "all taken", ("Retry-After: 1",)))
    assert output(protocol) == (
        b"HTTP/1.1 503 Service Unavailable\r\n"
        b"Connection: close\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Length: 10\r\n"
        b"Retry-After: 1\r\n"
        b"\r\n"
        b"all taken\n"
    )
    assert protocol.finished
    assert not protocol.accepted


@pytest.mark.parametrize(
    ("data", "header"),
    [
        (tables.request("POST / HTTP/1.1"), b"\r\nAllow: GET\r\n"),
        (tables.replaced("Sec-WebSocket-Version: 8"), b"\r\nSec-WebSocket-Version: 13\r\n"),
        (tables.replaced("Upgrade: h2c"), b"\r\nUpgrade: websocket\r\n"),
    ],
)
@pytest.mark.rfc6455("4.2.2-version", "4.4-version")
def test_refusals_carry_the_headers_they_must(data: bytes, header: bytes) -> None:
    protocol = ServerProtocol()
    receive(protocol, data)
    assert header in output(protocol)


def test_refused_in_the_middle_of_the_request_the_rest_is_read() -> None:
    protocol = ServerProtocol()
    receive(protocol, b"GET / HTTP/1.1\n")
    assert not protocol.finished
    assert receive(protocol, b"Host: x\r\n\r\n") == []
    assert output(protocol).count(b"HTTP/1.1") == 1


@pytest.mark.rfc6455("4.2.2-open")
def test_frames_that_come_with_the_request_count() -> None:
    protocol = ServerProtocol()
    events = receive(protocol, tables.request() + client(0x81, b"ea"))
    assert len(events) == 1
    assert receive(protocol, client(0x81, b"rly")[:3]) == []
    protocol.accept(None)
    assert receive(protocol, b"") == [Message("ea")]


def test_accept_needs_a_request() -> None:
    with pytest.raises(NotOpenError):
        ServerProtocol().accept(None)


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 511, 512, 513, 999, 1000])
@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.rfc6455("5.2-minimal", "5.6-types")
def test_messages_sent_arrive(length: int, mask: bool) -> None:
    protocol = opened()
    protocol.send("x" * length, mask)
    protocol.send(b"y" * length, mask)
    assert protocol.queued > 2 * length
    data = output(protocol)
    assert protocol.queued == 0
    assembler = MessageAssembler(1000)
    FrameParser(assembler, masked=mask).feed(data)
    assert assembler.events == [Message("x" * length), Message(b"y" * length)]


@pytest.mark.rfc6455("5.3-fresh")
def test_every_masked_frame_has_a_key_of_its_own() -> None:
    protocol = opened()
    keys = set()
    for _ in range(50):
        protocol.send(b"", mask=True)
        keys.add(output(protocol)[2:6])
    assert len(keys) == 50


@pytest.mark.parametrize("data", [bytearray(b"abc"), memoryview(b"abc")])
@pytest.mark.rfc6455("5.6-types")
def test_any_bytes_make_a_binary_message(data: bytearray | memoryview) -> None:
    protocol = opened()
    protocol.send(data)
    assert sent(protocol) == [("message", b"abc")]


def test_bytes_are_taken_as_they_are_when_sent() -> None:
    protocol = opened()
    data = bytearray(b"a" * 600)
    protocol.send(data)
    data[:] = b"b" * 600
    assert sent(protocol) == [("message", b"a" * 600)]


def test_small_frames_share_a_write() -> None:
    protocol = opened()
    for _ in range(10):
        protocol.pong(b"x")
    assert len(protocol.data_to_send()) == 1


def test_max_payload_counts_bytes_of_what_is_sent() -> None:
    protocol = opened(max_payload=10)
    protocol.send("x" * 10)
    with pytest.raises(ValueError, match="message of 12 bytes, max_payload is 10"):
        protocol.send("\u20ac" * 4)
    assert sent(protocol) == [("message", "x" * 10)]


@pytest.mark.rfc6455("5.5-length", "7.4.1-reserved")
def test_wrong_arguments_send_nothing() -> None:
    protocol = opened()
    with pytest.raises(TypeError, match="str or bytes, not int"):
        protocol.send(7)  # type: ignore[arg-type]  # the mistake under test
    with pytest.raises(TypeError, match="is bytes, not str"):
        protocol.ping("text")  # type: ignore[arg-type]  # the mistake under test
    with pytest.raises(ValueError, match="surrogates not allowed"):
        protocol.send("\ud800")
    for control in (protocol.ping, protocol.pong):
        control(bytes(125))
        protocol.data_to_send()
        with pytest.raises(ValueError, match=r"126 bytes in a control frame, 125 is the limit .*5\.5"):
            control(bytes(126))
    with pytest.raises(ValueError, match="close code 1006 may not be sent"):
        protocol.close(1006)
    assert output(protocol) == b""
    assert protocol.state == OPEN


@pytest.mark.parametrize("state", [CONNECTING, CLOSING, CLOSED])
@pytest.mark.rfc6455("6.1-open", "5.5.1-last")
def test_nothing_is_sent_unless_open(state: str) -> None:
    protocol = ServerProtocol() if state == CONNECTING else opened()
    if state == CLOSING:
        protocol.close()
    if state == CLOSED:
        protocol.receive_eof()
    assert protocol.state == state
    actions: list[Callable[[], None]] = [lambda: protocol.send("x"), protocol.ping, protocol.pong]
    for action in actions:
        with pytest.raises(NotOpenError, match=f"the connection is {state}"):
            action()


@pytest.mark.rfc6455("5.5.2-soon")
def test_pings_are_answered_in_their_place_between_what_the_user_answers() -> None:
    protocol = opened()
    data = client(0x81, b"1") + client(0x89, b"2") + client(0x81, b"3") + client(0x88, b"\x03\xe8")
    for event in protocol.receive_data(data):
        if isinstance(event, Message):
            protocol.send(event.data)
    assert sent(protocol) == [("message", "1"), ("pong", b"2"), ("message", "3"), ("close", 1000, "")]


def test_auto_pong_can_be_switched_off() -> None:
    protocol = ServerProtocol(auto_pong=False)
    receive(protocol, tables.request())
    protocol.accept(None)
    protocol.data_to_send()
    assert receive(protocol, client(0x89, b"p")) == [Ping(b"p")]
    assert output(protocol) == b""


@pytest.mark.rfc6455("7.1.2-start", "7.1.1-server")
def test_closing_handshake_started_here() -> None:
    protocol = opened()
    protocol.close(4000, "bye")
    protocol.close(1000)
    assert sent(protocol) == [("close", 4000, "bye")]
    assert (protocol.state, protocol.finished) == (CLOSING, False)
    assert receive(protocol, client(0x81, b"on its way")) == [Message("on its way")]
    assert receive(protocol, client(0x88, b"\x0f\xa0")) == [Close(4000, "")]
    assert protocol.finished
    assert (protocol.close_code, protocol.close_reason) == (4000, "")
    assert output(protocol) == b""


@pytest.mark.rfc6455("5.5.1-last")
def test_ping_is_not_answered_once_close_is_sent() -> None:
    protocol = opened()
    protocol.close()
    protocol.data_to_send()
    assert receive(protocol, client(0x89, b"p")) == [Ping(b"p")]
    assert output(protocol) == b""


@pytest.mark.rfc6455("7.1.5-code")
def test_end_without_close_is_1006() -> None:
    protocol = opened()
    protocol.receive_eof()
    assert (protocol.state, protocol.finished, protocol.close_code) == (CLOSED, True, ABNORMAL)


def test_events_before_an_error_are_told_first() -> None:
    protocol = opened()
    events = receive(
        protocol, client(0x81, b"good") + client(0x89, b"p") + b"\x83\x80" + client(0x81, b"bad")
    )
    assert events[:2] == [Message("good"), Ping(b"p")]
    assert isinstance(events[2], ProtocolError)
    assert len(events) == 3
    assert [event[0] for event in sent(protocol)] == ["pong", "close"]


@pytest.mark.parametrize("rest", [b"", client(0x82, b"more") * 3])
@pytest.mark.rfc6455("7.1.7-stop")
def test_after_an_error_the_peers_close_ends_it(rest: bytes) -> None:
    protocol = opened()
    receive(protocol, client(0x82, bytes(tables.MAX_PAYLOAD + 1)))
    assert (protocol.state, protocol.finished) == (CLOSING, False)
    assert receive(protocol, rest + client(0x88, b"\x03\xf1")) == []
    assert protocol.finished
    assert protocol.close_code == 1009


def test_wrong_close_ends_it_at_once() -> None:
    protocol = opened()
    receive(protocol, client(0x88, b"\x00"))
    assert protocol.finished
    assert protocol.close_code == ABNORMAL


@given(st.binary(max_size=200), st.integers(1, 30))
@pytest.mark.rfc6455("10.1-non-browser")
def test_no_bytes_from_the_peer_raise(data: bytes, size: int) -> None:
    for protocol in (ServerProtocol(), opened()):
        for start in range(0, len(data), size):
            receive(protocol, data[start : start + size])
        sent_before = protocol.queued
        assert sent_before <= 200 + len(data) * 2 + 512


@pytest.mark.rfc6455("10.4-limits")
def test_memory_of_a_refused_message_is_not_spent() -> None:
    protocol = opened()
    receive(protocol, client(0x82, b"", length=0x7FFFFFFFFFFFFFFF) + bytes(5000))
    assert protocol._assembler is not None
    assert protocol._assembler._message is None


def short_of_memory(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Let making room for a message fail so many times."""
    left = [times]

    def failing(buffer: bytearray | None, length: int, more: int = 0) -> bytearray:
        if left[0]:
            left[0] -= 1
            raise MemoryError
        return make_room(buffer, length, more)

    monkeypatch.setattr(frames, "make_room", failing)
    monkeypatch.setattr(messages, "make_room", failing)


def test_short_of_memory_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    protocol = opened()
    short_of_memory(monkeypatch, 2)
    assert receive(protocol, client(0x81) + client(0x81, b"patience") + client(0x81, b"next")) == [
        Message("")
    ]
    assert protocol.starved
    assert receive(protocol, b"") == []
    assert protocol.starved
    assert receive(protocol, b"") == [Message("patience"), Message("next")]
    assert not protocol.starved


def test_out_of_patience_the_connection_is_failed_with_1011(monkeypatch: pytest.MonkeyPatch) -> None:
    protocol = opened()
    short_of_memory(monkeypatch, 2)
    assert receive(protocol, client(0x81, b"too much")) == []
    assert protocol.starved
    protocol.fail(ProtocolError(1011, "no memory", "7.4.1"))
    assert sent(protocol) == [("close", 1011, "no memory")]
    assert receive(protocol, client(0x88, b"\x03\xf5")) == []
    assert protocol.finished
