"""Frames (RFC 6455 section 5.2): bytes to frames and back. Knows nothing of messages or connections.

`FrameParser` checks what can be judged from one frame alone, as soon as the bytes in question are there: the
first two bytes before the extended length, the length before the masking key, everything before any payload.
"""

from .compat import TYPE_CHECKING, const, copy_masked, make_room
from .errors import ProtocolError

if TYPE_CHECKING:
    from typing import Protocol

    class Receiver(Protocol):
        """Who gets the frames of a FrameParser. Each method may raise ProtocolError."""

        def frame_begin(self, fin: bool, opcode: int, length: int) -> None:
            """Judge a header."""

        def frame_buffer(self, length: int) -> bytearray:
            """Return a buffer; the payload, of which the first bytes have come, goes to its last `length`."""

        def frame_data(self, start: int, end: int) -> None:
            """Look at the payload bytes that have just come to `buffer[start:end]`, unmasked."""

        def frame_end(self) -> None:
            """Take the payload as complete."""


CONTINUATION = const(0x0)
TEXT = const(0x1)
BINARY = const(0x2)
CLOSE = const(0x8)
PING = const(0x9)
PONG = const(0xA)

MAX_CONTROL_PAYLOAD = const(125)

_FIN = const(0x80)
_RSV = const(0x70)
_OPCODE = const(0x0F)
_MASK = const(0x80)
_LENGTH = const(0x7F)

_HEAD = const(0)
_EXTENDED = const(1)
_KEY = const(2)
_PAYLOAD = const(3)

_NO_KEY = bytes(4)


class FrameParser:
    """Feed it bytes, cut anywhere; it hands each frame to `receiver` piece by piece.

    `masked` says which frames are right: those of a client are masked, those of a server are not (section
    5.1). After a ProtocolError, `skip()` goes on without judging, to find the peer's Close frame:
    `close_skipped` then is its payload.
    """

    def __init__(self, receiver: "Receiver", masked: bool = True) -> None:
        self._receiver = receiver
        self._masked = masked
        self._header = bytearray(14)
        self._have = 0  # bytes of the header so far
        self._need = 2  # bytes of the header at which the next step is due
        self._step = _HEAD
        self._left = 0  # bytes of the payload to come
        self._phase = 0  # bytes of the payload so far
        self._target: bytearray | None = None
        self._write = 0  # index in the target for the next byte of the payload
        self._key: bytes | bytearray = _NO_KEY
        self.position = 0
        self.skipping = False
        self.close_skipped: bytearray | None = None

    def feed(self, data: "bytes | bytearray", start: int = 0, end: int | None = None) -> None:
        """Parse `data[start:end]`. Raises ProtocolError; `position` then tells how far it came.

        After a MemoryError, feeding again from `position` goes on where the memory was missing.
        """
        self.position = start
        if end is None:
            end = len(data)
        while self.close_skipped is None:
            if self._step == _PAYLOAD:
                # With nothing left, `frame_end` is due, for which there was no memory.
                if self._left and self.position == end:
                    return
                self._take_payload(data, end)
            elif self.position == end:
                return
            else:
                self._take_header(data, end)

    def take_short(self, data: "bytes | bytearray", end: int) -> bytearray | None:
        """Return the payload of `data[:end]` if that is one short, final data frame and no more; else None.

        Most messages are, and no state has to be kept of what is there as a whole. Raises MemoryError.
        """
        length = end - 6
        if (
            length < 0
            or length >= 126
            or data[1] != _MASK | length
            or (data[0] != _FIN | TEXT and data[0] != _FIN | BINARY)
            or self._have
            or not self._masked
            or self.skipping
        ):
            return None
        payload = make_room(None, length)
        copy_masked(payload, 0, data, 6, end, data[2:6], 0)
        return payload

    def skip(self) -> None:
        """Judge nothing and hand over nothing any more, but look for a Close frame."""
        self.skipping = True
        self._target = None

    def _take_header(self, data: "bytes | bytearray", end: int) -> None:
        # Local variables, where it is all about few instructions: an attribute costs MicroPython several
        # times as much.
        header = self._header
        position = self.position
        have = self._have
        while self._step != _PAYLOAD:
            need = self._need
            while have < need and position < end:
                header[have] = data[position]
                have += 1
                position += 1
            self._have = have
            self.position = position
            if have < need:
                return
            if self._step == _HEAD:
                length = header[1] & _LENGTH
                self._step = _EXTENDED
                self._need = 2 if length < 126 else 4 if length == 126 else 10
                if not self.skipping:
                    self._check_head(header[0], header[1])
            elif self._step == _EXTENDED:
                self._step = _KEY
                self._need = need + 4 if header[1] & _MASK else need
                self._left = header[1] & _LENGTH if need == 2 else int.from_bytes(header[2:need], "big")
                self._phase = 0
                if not self.skipping:
                    if need > 2:
                        self._check_length(need - 2, self._left)
                    self._receiver.frame_begin(header[0] >= _FIN, header[0] & _OPCODE, self._left)
            else:
                self._key = header[need - 4 : need] if header[1] & _MASK else _NO_KEY
                self._step = _PAYLOAD

    def _check_length(self, size: int, length: int) -> None:
        if length < (126 if size == 2 else 0x10000):
            raise ProtocolError(1002, f"length {length} is not encoded in the minimal number of bytes", "5.2")
        if length >> 63:
            raise ProtocolError(1002, "most significant bit of the 64-bit length is set", "5.2")

    def _check_head(self, first: int, second: int) -> None:
        opcode = first & _OPCODE
        if first & _RSV:
            raise ProtocolError(1002, "reserved bit set, but no extension was negotiated", "5.2")
        if opcode > PONG or BINARY < opcode < CLOSE:
            raise ProtocolError(1002, f"reserved opcode 0x{opcode:X}", "5.2")
        if opcode >= CLOSE:
            if not first & _FIN:
                raise ProtocolError(1002, "fragmented control frame", "5.5")
            if second & _LENGTH > MAX_CONTROL_PAYLOAD:
                raise ProtocolError(1002, "payload of a control frame longer than 125 bytes", "5.5")
        if bool(second & _MASK) != self._masked:
            raise ProtocolError(1002, "frame is not masked" if self._masked else "frame is masked", "5.1")

    def _take_payload(self, data: "bytes | bytearray", end: int) -> None:
        if not self._left:
            self._finish()
            return
        count = min(self._left, end - self.position)
        if self._phase == 0 and self._target is None:
            self._target = self._get_target()
            self._write = 0 if self._target is None else len(self._target) - self._left
        target = self._target
        start = self._write
        if target is not None:
            # The whole room was made at once: growing piece by piece would leave a small heap in shreds.
            position = self.position
            copy_masked(target, start, data, position, position + count, self._key, self._phase)
        self.position += count
        self._left -= count
        self._phase = (self._phase + count) & 3
        self._write = start + count
        if target is not None and not self.skipping:
            self._receiver.frame_data(start, start + count)
        if not self._left:
            self._finish()

    def _get_target(self) -> bytearray | None:
        if not self.skipping:
            return self._receiver.frame_buffer(self._left)
        if self._header[0] & _OPCODE == CLOSE and self._left <= MAX_CONTROL_PAYLOAD:
            return bytearray(self._left)
        return None

    def _finish(self) -> None:
        """Tell the receiver that the frame is complete, be ready for the next header."""
        if not self.skipping:
            try:
                self._receiver.frame_end()
            except ProtocolError:
                self._reset()
                raise
        elif self._header[0] & _OPCODE == CLOSE:
            self.close_skipped = self._target if self._target is not None else bytearray()
        self._reset()

    def _reset(self) -> None:
        self._have = 0
        self._need = 2
        self._step = _HEAD
        self._target = None


def frame_header(opcode: int, length: int, fin: bool = True, key: "bytes | None" = None) -> bytes:
    """Header of a frame with a payload of `length` bytes, and the masking key `key` if it is masked."""
    first = opcode | _FIN if fin else opcode
    mask = _MASK if key else 0
    if length < 126:
        header = bytes((first, mask | length))
    elif length < 0x10000:
        header = bytes((first, mask | 126, length >> 8, length & 0xFF))
    else:
        header = bytes((first, mask | 127)) + length.to_bytes(8, "big")
    return header + key if key else header


def serialise(
    opcode: int, payload: "bytes | memoryview", fin: bool = True, key: "bytes | None" = None
) -> bytes:
    """Return a whole frame, masked with the four bytes `key` if there is one."""
    header = frame_header(opcode, len(payload), fin, key)
    if not key:
        return header + payload
    frame = bytearray(header)
    frame.extend(payload)
    copy_masked(frame, len(header), frame, len(header), len(frame), key, 0)
    return bytes(frame)
