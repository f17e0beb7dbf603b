"""Messages (RFC 6455 sections 5.4 to 5.6): frames to events; fragments, UTF-8, Close frames."""

from .compat import TYPE_CHECKING, check_utf8, const, make_room, take_bytes, take_text
from .errors import ProtocolError
from .frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Event: TypeAlias = "Message | Ping | Pong | Close"

NO_STATUS = 1005
"""Stands for a Close frame without a code; never sent (section 7.4.1)."""
INTERNAL_ERROR = 1011
"""The server cannot go on with the connection: here, for want of memory (section 7.4.1; IANA's registry)."""
ABNORMAL = 1006
"""Stands for a connection that ended without a Close frame; never sent."""

_SPARE = const(1024)


class _Data:
    """An event that is fully told by `data`."""

    def __init__(self, data: "Any") -> None:
        self.data = data

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.data == other.data

    def __hash__(self) -> int:
        return hash(self.data)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.data!r})"


class Message(_Data):
    """A whole message: `data` is str for text, bytes for binary."""

    data: "str | bytes"


class Ping(_Data):
    """A Ping frame with the application data `data`."""

    data: bytes


class Pong(_Data):
    """A Pong frame with the application data `data`."""

    data: bytes


class Close:
    """A Close frame; `code` is NO_STATUS if it had none."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Close) and (self.code, self.reason) == (other.code, other.reason)

    def __hash__(self) -> int:
        return hash((self.code, self.reason))

    def __repr__(self) -> str:
        return f"Close({self.code}, {self.reason!r})"


def is_close_code(code: int) -> bool:
    """Whether `code` may stand in a Close frame (section 7.4; 1012 to 1014 by IANA's registry)."""
    return 3000 <= code <= 4999 or (1000 <= code <= 1014 and not 1004 <= code <= 1006)


def close_payload(code: int, reason: str = "") -> bytes:
    """Payload of a Close frame; empty for NO_STATUS.

    Raises ValueError for a code that may not be sent or a reason longer than 123 bytes.
    """
    if code == NO_STATUS:
        return b""
    if not is_close_code(code):
        raise ValueError(f"close code {code} may not be sent (RFC 6455 section 7.4)")
    data = bytes(reason, "utf-8")
    if len(data) > 123:
        raise ValueError(
            f"close reason of {len(data)} bytes, 123 fit into a control frame (RFC 6455 section 5.5)"
        )
    return code.to_bytes(2, "big") + data


def parse_close(payload: "bytes | bytearray") -> Close:
    """Read a Close frame's payload. Raises ProtocolError."""
    if not payload:
        return Close(NO_STATUS, "")
    if len(payload) == 1:
        raise ProtocolError(1002, "Close frame with a payload of one byte", "5.5.1")
    code = int.from_bytes(payload[:2], "big")
    if not is_close_code(code):
        raise ProtocolError(1002, f"close code {code} may not be sent", "7.4")
    reason = payload[2:]
    if check_utf8(0, reason, 0, len(reason)):
        raise ProtocolError(1007, "close reason is not UTF-8", "5.5.1")
    return Close(code, str(reason, "utf-8"))


class MessageAssembler:
    """The receiver of a FrameParser: gathers `events`.

    `close_seen` tells that the peer has sent a Close, be it a wrong one.

    `max_payload` limits the bytes of a message, all fragments together; `max_fragments` their number. Both
    are checked on headers, so that no memory is spent on what will be refused.
    """

    def __init__(self, max_payload: int, max_fragments: int = 1024) -> None:
        self.events: list[Event] = []
        self.close_seen = False
        self._max_payload = max_payload
        self._max_fragments = max_fragments
        self._opcode = 0  # of the frame at hand
        self._fin = True
        self._control = bytearray()
        self._message: bytearray | None = None
        self._is_text = False
        self._utf8 = 0  # what check_utf8 says of the text so far
        self._fragments = 0

    def frame_begin(self, fin: bool, opcode: int, length: int) -> None:
        """See `frames.Receiver`."""
        self._opcode = opcode
        if opcode >= CLOSE:
            self._control = bytearray()
            return
        self._fin = fin
        if opcode == CONTINUATION:
            if self._message is None:
                raise ProtocolError(1002, "continuation frame, but there is no message to continue", "5.4")
        else:
            if self._message is not None:
                raise ProtocolError(1002, "new message inside a fragmented one", "5.4")
            self._message = bytearray()
            self._is_text = opcode == TEXT
            self._utf8 = 0
            self._fragments = 0
        self._fragments += 1
        size = len(self._message) + length
        if size > self._max_payload:
            raise ProtocolError(
                1009, f"message of {size} bytes or more, the limit is {self._max_payload}", "7.4.1"
            )
        if self._fragments > self._max_fragments:
            raise ProtocolError(1008, f"message in more than {self._max_fragments} fragments", "7.4.1")

    def frame_buffer(self, length: int) -> bytearray:
        """See `frames.Receiver`."""
        if self._opcode >= CLOSE:
            self._control = make_room(None, length)
            return self._control
        message = self._message or None
        # What it takes to answer must be left, or a message would be in whose answer does not get out.
        spare = make_room(None, _SPARE) if length > _SPARE and message is None else None
        size = length + (len(message) if message else 0)
        # A long message in fragments gets all the room it may need while there is some in one piece.
        more = self._max_payload - size if size > _SPARE and not self._fin else 0
        self._message = make_room(message, length, more)
        del spare
        return self._message

    def frame_data(self, start: int, end: int) -> None:
        """See `frames.Receiver`."""
        if not self._is_text or self._opcode >= CLOSE or self._message is None:
            return
        self._utf8 = check_utf8(self._utf8, self._message, start, end)
        if self._utf8 < 0:
            raise ProtocolError(1007, "text is not UTF-8", "8.1")

    def frame_end(self) -> None:
        """See `frames.Receiver`."""
        if self._opcode == CLOSE:
            self.close_seen = True
            self.events.append(parse_close(self._control))
        elif self._opcode == PING:
            self.events.append(Ping(take_bytes(self._control)))
        elif self._opcode == PONG:
            self.events.append(Pong(take_bytes(self._control)))
        elif self._fin and self._message is not None:
            if self._is_text and self._utf8:
                raise ProtocolError(1007, "text ends within a character", "8.1")
            event = Message(b"")
            self.events.append(event)
            try:
                event.data = take_text(self._message) if self._is_text else take_bytes(self._message)
            except MemoryError:
                self.events.pop()  # the caller may try again
                raise
            self._message = None

    def short_message(self, opcode: int, payload: bytearray) -> Message | None:
        """The message of a data frame that needs no other, as `FrameParser.take_short` finds it.

        None if the frame must be judged in the long way: it is in the wrong place, or its text is wrong.
        """
        if self._message is not None or len(payload) > self._max_payload:
            return None
        if opcode == BINARY:
            return Message(take_bytes(payload))
        if check_utf8(0, payload, 0, len(payload)):
            return None
        return Message(take_text(payload))

    def discard(self) -> None:
        """Forget the message at hand: nothing more will come of it."""
        self._message = None
        self._control = bytearray()
