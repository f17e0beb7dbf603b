"""Runs one row of the tables, for pytest and MicroPython alike; a row that fails raises AssertionError."""

from ws_server.errors import HandshakeError, ProtocolError
from ws_server.frames import FrameParser
from ws_server.handshake import Request, RequestParser
from ws_server.messages import Close, Message, MessageAssembler, Ping
from ws_server.protocol import OPEN, ServerProtocol
from ws_server.tests import tables


def opened(max_payload: int = tables.MAX_PAYLOAD) -> ServerProtocol:
    """A connection just after its opening handshake, the answer taken out."""
    protocol = ServerProtocol(max_payload=max_payload, max_fragments=tables.MAX_FRAGMENTS)
    for event in protocol.receive_data(tables.request()):
        assert isinstance(event, Request), event
        protocol.accept(None)
    assert protocol.state == OPEN
    protocol.data_to_send()
    return protocol


def told(event: object) -> tuple[object, ...]:
    """An event the way the tables write it."""
    if isinstance(event, Close):
        return ("close", event.code, event.reason)
    if isinstance(event, ProtocolError):
        return ("error", event.code, event.section)
    if isinstance(event, Message):
        return ("message", event.data)
    if isinstance(event, Ping):
        return ("ping", event.data)
    return ("pong", getattr(event, "data", event))


def in_pieces(protocol: ServerProtocol, data: bytes, size: int) -> list[tuple[object, ...]]:
    """Events of `data` that comes in pieces of `size` bytes."""
    events: list[tuple[object, ...]] = []
    for start in range(0, len(data), size):
        events.extend([told(event) for event in protocol.receive_data(data[start : start + size])])
    return events


class _Client:
    """Reads what a server sends."""

    def __init__(self) -> None:
        self.assembler = MessageAssembler(1 << 20)
        self.parser = FrameParser(self.assembler, masked=False)

    def read(self, protocol: ServerProtocol) -> list[tuple[object, ...]]:
        for data in protocol.data_to_send():
            self.parser.feed(bytes(data))
        return [told(event) for event in self.assembler.events]


def sent(protocol: ServerProtocol) -> list[tuple[object, ...]]:
    """What the protocol has queued, as events; raises ProtocolError if a server must not send it."""
    return _Client().read(protocol)


def good(data: bytes, expected: list[tuple[object, ...]], size: int) -> None:
    """`data` in pieces of `size` bytes gives the expected events, and the answers they call for."""
    protocol = opened()
    events = in_pieces(protocol, data, size)
    assert events == expected, f"expected {expected}, got {events}"
    answers: list[tuple[object, ...]] = []
    for event in expected:
        if event[0] == "ping":
            answers.append(("pong", event[1]))
        elif event[0] == "close":
            answers.append(("close", event[1], ""))
    got = sent(protocol)
    assert got == answers, f"expected the answers {answers}, got {got}"
    closed = bool(expected) and expected[-1][0] == "close"
    assert protocol.finished is closed


def bad(data: bytes, code: int, section: str, size: int) -> None:
    """`data` in pieces of `size` bytes is a protocol error: answered by a Close, nothing comes after it."""
    protocol = opened()
    events = in_pieces(protocol, data, size)
    errors = [event for event in events if event[0] == "error"]
    assert errors == [("error", code, section)], f"expected error {code} of section {section}, got {events}"
    assert events[-1] == errors[0], f"events after the error: {events}"
    got = sent(protocol)
    assert len(got) == 1 and got[0][:2] == ("close", code), f"expected a Close with {code}, got {got}"


def good_request(data: bytes, protocols: list[str], size: int) -> None:
    """The request in pieces of `size` bytes is complete with its last byte."""
    parser = RequestParser(tables.MAX_LINE, tables.MAX_HEAD)
    request = None
    for start in range(0, len(data), size):
        assert request is None, "complete too early"
        request = parser.feed(data[start : start + size])
    assert request is not None, "not complete"
    assert request.protocols == protocols, f"expected {protocols}, got {request.protocols}"
    assert request.key == tables.SAMPLE_KEY


# Headers that an answer must have: with 405 RFC 9110 section 15.5.6, with 426 RFC 6455 section 4.4.
_TOLD = {405: "Allow: GET", 426: "Sec-WebSocket-Version: 13"}


def bad_request(data: bytes, status: int, size: int) -> None:
    """The request in pieces of `size` bytes is refused with `status`, and the answer says why."""
    protocol = ServerProtocol(max_line=tables.MAX_LINE, max_head=tables.MAX_HEAD)
    errors: list[object] = []
    for start in range(0, len(data), size):
        errors.extend(protocol.receive_data(data[start : start + size]))
    assert len(errors) == 1 and isinstance(errors[0], HandshakeError), f"expected one refusal, got {errors}"
    error = errors[0]
    assert error.status == status, f"expected {status}, got {error}"
    refusal(b"".join([bytes(data) for data in protocol.data_to_send()]), error, data.startswith(b"HEAD "))


def refusal(answer: bytes, error: HandshakeError, head: bool = False) -> None:
    """`answer` says what `error` does, as HTTP has it; `head` tells that the request's method was HEAD."""
    status = error.status
    assert answer.startswith(bytes(f"HTTP/1.1 {status} ", "ascii")), answer
    end = answer.find(b"\r\n\r\n")
    lines = str(answer[:end], "ascii").split("\r\n")
    body = b"" if head else bytes(error.reason + "\n", "ascii")
    assert answer[end + 4 :] == body, f"expected the body {body!r}: {answer!r}"
    assert (f"Content-Length: {len(body)}" in lines) != head, f"RFC 9110 section 8.6: {lines}"
    if status in _TOLD:
        assert _TOLD[status] in lines, f"expected {_TOLD[status]}: {lines}"
    upgrades = "Upgrade: websocket" in lines
    option = "Connection: Upgrade, close" if upgrades else "Connection: close"
    assert option in lines, f"expected {option} (RFC 9110 section 7.8): {lines}"
    assert upgrades or status != 426, f"expected Upgrade (RFC 9110 section 15.5.22): {lines}"
