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
    parser = RequestParser()
    request = None
    for start in range(0, len(data), size):
        assert request is None, "complete too early"
        request = parser.feed(data[start : start + size])
    assert request is not None, "not complete"
    assert request.protocols == protocols, f"expected {protocols}, got {request.protocols}"
    assert request.key == tables.SAMPLE_KEY


def bad_request(data: bytes, status: int, size: int) -> None:
    """The request in pieces of `size` bytes is refused with `status`, and the answer says why."""
    protocol = ServerProtocol()
    errors: list[object] = []
    for start in range(0, len(data), size):
        errors.extend(protocol.receive_data(data[start : start + size]))
    assert len(errors) == 1 and isinstance(errors[0], HandshakeError), f"expected one refusal, got {errors}"
    error = errors[0]
    assert error.status == status, f"expected {status}, got {error}"
    answer = b"".join([bytes(data) for data in protocol.data_to_send()])
    assert answer.startswith(bytes(f"HTTP/1.1 {status} ", "ascii")), answer
    assert answer.endswith(bytes("\r\n\r\n" + error.reason + "\n", "ascii")), answer
