"""One connection without its socket (RFC 6455 sections 4 to 7): bytes to events, calls to bytes."""

from .compat import MAX_HEAD, MAX_LINE, TYPE_CHECKING, encoded, random_bytes
from .errors import HandshakeError, NotOpenError, ProtocolError
from .frames import BINARY, CLOSE, MAX_CONTROL_PAYLOAD, PING, PONG, TEXT, FrameParser, frame_header, serialise
from .handshake import Request, RequestParser, accept_response, refuse_response
from .messages import ABNORMAL, INTERNAL_ERROR, Close, MessageAssembler, Ping, close_payload, parse_close

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .messages import Message, Pong

    Data = bytes | bytearray | memoryview
    Event = Message | Ping | Pong | Close | Request | ProtocolError | HandshakeError

CONNECTING = "connecting"
OPEN = "open"
CLOSING = "closing"
CLOSED = "closed"

_WHOLE = 512
"""Writes up to this size are joined: each write of its own may become a segment of its own."""


class ServerProtocol:
    """The server's side of a connection.

    Iterate over what `receive_data` returns for the bytes that came. In state CONNECTING it yields at last a
    Request, to be answered with `accept` or `refuse`, or a HandshakeError, which is answered already. Later
    it yields Message, Ping, Pong, Close, or a ProtocolError, on which the Close frame is queued already.
    Pings are answered (unless `auto_pong` is off) and the peer's Close is echoed when the iteration comes to
    them: what the user sends on an event goes out in the order of the events. After that, send what
    `data_to_send` returns; when `finished`, close the TCP connection.

    `starved` tells that memory was short: what could not be parsed is kept; try again with
    `receive_data(b"")` when there may be more, and do not read meanwhile. `queued` is the number of bytes
    that `data_to_send` would return. `close_code` and `close_reason` are those the peer sent, ABNORMAL and
    empty as long as it sent none (section 7.1.5).
    """

    def __init__(
        self,
        max_payload: int = 4096,
        max_fragments: int = 1024,
        max_line: int = MAX_LINE,
        max_head: int = MAX_HEAD,
        auto_pong: bool = True,
    ) -> None:
        self.state = CONNECTING
        self.finished = False
        self.accepted = False
        self.subprotocol: str | None = None
        self.close_code = ABNORMAL
        self.close_reason = ""
        self.queued = 0
        self.starved = False
        self._max_payload = max_payload
        self._max_fragments = max_fragments
        self._auto_pong = auto_pong
        self._request_parser: RequestParser | None = RequestParser(max_line, max_head)
        self._request: Request | None = None
        self._early = b""
        self._assembler: MessageAssembler | None = None
        self._parser: FrameParser | None = None
        self._out: list[bytes | memoryview] = []
        self._close_sent = False

    def receive_data(self, data: "bytes | bytearray", end: int | None = None) -> "Iterable[Event]":
        """Take `data[:end]` from the peer, give the events; `data` may be reused after the first."""
        if end is None:
            end = len(data)
        if self._parser is not None and self._assembler is not None and not self._early:
            try:
                payload = self._parser.take_short(data, end)
                if payload is not None:
                    message = self._assembler.short_message(data[0] & 0xF, payload)
                    if message is not None and not self.finished:
                        return (message,)
            except MemoryError:
                pass  # the long way knows what to do
        return self._receive(data, end)

    def _receive(self, data: "bytes | bytearray", end: int) -> "Iterator[Event]":
        if self._early:
            data = self._early + bytes(memoryview(data)[:end])
            end = len(data)
            self._early = b""
        if self.finished:
            return
        if self._request_parser is not None:
            try:
                request = self._request_parser.feed(data, 0, end)
            except HandshakeError as error:
                self.refuse(error)
                yield error
                return
            if request is not None:
                self._early = bytes(memoryview(data)[self._request_parser.position : end])
                self._request_parser = None
                self._request = request
                yield request
        elif self._request is not None:  # waits for accept() or refuse()
            self._early = bytes(memoryview(data)[:end])
        elif self._parser is not None and self._assembler is not None:
            yield from self._receive_frames(data, end, self._parser, self._assembler)

    def accept(self, subprotocol: str | None = None) -> None:
        """Complete the handshake. Frames that came along with the request are in the next `receive_data`."""
        if self._request is None:
            raise NotOpenError("there is no upgrade request to accept")
        self._put(accept_response(self._request.key, subprotocol))
        self.subprotocol = subprotocol
        self.state = OPEN
        self.accepted = True
        self._request = None
        self._assembler = MessageAssembler(self._max_payload, self._max_fragments)
        self._parser = FrameParser(self._assembler)

    def refuse(self, error: HandshakeError) -> None:
        """Answer the request with an HTTP error; the connection is then to be closed."""
        parser = self._request_parser
        body = parser is None or not parser.bodiless
        self._put(refuse_response(error.status, error.reason, error.headers, body))
        # With the whole head read, closing TCP makes no reset that could overtake the answer.
        self.finished = parser is None or parser.complete
        self._request = None
        self._request_parser = None
        self.state = CLOSING

    def receive_eof(self) -> None:
        """Note that the peer will send nothing more, or the TCP connection is lost."""
        self.state = CLOSED
        self.finished = True

    def data_to_send(self) -> "list[bytes | memoryview]":
        """Return what is to be sent now, in this order; it is forgotten here."""
        out = self._out
        if out:
            self._out = []
            self.queued = 0
        return out

    def send(self, data: "str | Data", mask: bool = False) -> None:
        """Queue a message: text from str, binary from bytes.

        Raises TypeError for other types, ValueError beyond `max_payload`, NotOpenError.
        """
        if isinstance(data, str):
            opcode = TEXT
            payload: bytes | memoryview = encoded(data)
        elif isinstance(data, (bytes, bytearray, memoryview)):
            opcode = BINARY
            payload = data if isinstance(data, bytes) else bytes(data)
        else:
            raise TypeError(f"a message is str or bytes, not {type(data).__name__}")
        if len(payload) > self._max_payload:
            raise ValueError(f"message of {len(payload)} bytes, max_payload is {self._max_payload}")
        self._check_open()
        self._queue(opcode, payload, mask)

    def ping(self, data: "Data" = b"", mask: bool = False) -> None:
        """Queue a Ping. Raises ValueError beyond 125 bytes, NotOpenError."""
        self._send_control(PING, data, mask)

    def pong(self, data: "Data" = b"", mask: bool = False) -> None:
        """Queue a Pong. Raises ValueError beyond 125 bytes, NotOpenError."""
        self._send_control(PONG, data, mask)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Start the closing handshake. Does nothing if it has started already.

        Raises ValueError for a code that may not be sent or a reason longer than 123 bytes.
        """
        payload = close_payload(code, reason)
        if self.state == OPEN:
            self._send_close(payload)
        elif self.state == CONNECTING:
            self.receive_eof()

    def fail(self, error: ProtocolError) -> None:
        """Section 7.1.7: send a Close with the error's code; from now on, only look for the peer's Close."""
        if not self._close_sent:
            self._send_close(close_payload(error.code, error.reason))
        if self._parser is not None and self._assembler is not None:
            self._parser.skip()
            self._assembler.discard()
            self.starved = False

    def _send_control(self, opcode: int, data: "Data", mask: bool) -> None:
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"the payload of a control frame is bytes, not {type(data).__name__}")
        if len(data) > MAX_CONTROL_PAYLOAD:
            raise ValueError(f"{len(data)} bytes in a control frame, 125 is the limit (RFC 6455 section 5.5)")
        self._check_open()
        self._queue(opcode, bytes(data), mask)

    def _check_open(self) -> None:
        if self.state != OPEN:
            raise NotOpenError(f"the connection is {self.state}")

    def _queue(self, opcode: int, payload: "bytes | memoryview", mask: bool = False) -> None:
        if mask:
            self._put(serialise(opcode, payload, True, random_bytes(4)))
        elif len(payload) <= _WHOLE:
            self._put(frame_header(opcode, len(payload)) + payload)
        else:
            view = memoryview(payload)
            rest = view[_WHOLE:]  # before anything is queued: there may be no memory
            self._put(frame_header(opcode, len(payload)) + view[:_WHOLE])
            self._put(rest)

    def _put(self, data: "bytes | memoryview") -> None:
        out = self._out
        if out and len(data) + len(out[-1]) <= _WHOLE:
            out[-1] = bytes(out[-1]) + bytes(data)
        else:
            out.append(data)
        self.queued += len(data)

    def _send_close(self, payload: bytes) -> None:
        self._queue(CLOSE, payload)
        self._close_sent = True
        self.state = CLOSING

    def _receive_frames(
        self, data: "bytes | bytearray", end: int, parser: FrameParser, assembler: MessageAssembler
    ) -> "Iterator[Event]":
        start = 0
        problem = None
        self.starved = False
        if not parser.skipping:
            try:
                parser.feed(data, 0, end)
            except ProtocolError as error:
                problem = error
                start = parser.position
                parser.skip()
            except MemoryError:
                start = parser.position
                try:
                    self._early = bytes(memoryview(data)[start:end])
                    self.starved = True
                except MemoryError:  # not even for what has come already
                    problem = no_memory()
                    parser.skip()
        if parser.skipping:
            parser.feed(data, start, end)
        events = assembler.events
        assembler.events = []
        for event in events:
            if self.finished:
                return  # nothing counts after the peer's Close (section 1.4)
            if isinstance(event, Close):
                self._take_close(event)
            elif isinstance(event, Ping) and self._auto_pong and self.state == OPEN:
                self._queue(PONG, event.data)
            yield event
        if problem is not None and not self.finished:
            self.fail(problem)
            self.finished = assembler.close_seen  # a wrong Close: there will be no other
            yield problem
        if parser.close_skipped is not None and not self.finished:
            try:
                self._take_close(parse_close(parser.close_skipped))
            except ProtocolError:  # the connection has failed already
                self.finished = True

    def _take_close(self, event: Close) -> None:
        self.close_code = event.code
        self.close_reason = event.reason
        if not self._close_sent:
            self._send_close(close_payload(event.code))
        self.finished = True


def no_memory() -> ProtocolError:
    """Return the error of a message that there is no memory for: the fault is not the peer's."""
    return ProtocolError(INTERNAL_ERROR, "no memory for the message", "7.4.1")
