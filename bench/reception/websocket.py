"""What a client checks of the frames of a WebSocket server (RFC 6455)."""

from __future__ import annotations

import codecs
from enum import Enum, auto

CONTINUATION, TEXT, BINARY, CLOSE = 0, 1, 2, 8
OPCODES = (0, 1, 2, 8, 9, 10)
LARGEST_CONTROL = 125
NOT_ON_THE_WIRE = (1004, 1005, 1006, 1015)
"""RFC 6455, section 7.4.1."""


class Message(Enum):
    """What a continuation frame would go on with."""

    NONE = auto()
    TEXT = auto()
    BINARY = auto()
    UNKNOWN = auto()


class ServerStream:
    """Judges the frames of one server in their order, as a client that negotiated no extension."""

    def __init__(self) -> None:
        self._message = Message.NONE
        self._closed = False
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def lose_track(self) -> None:
        """What came meanwhile is unknown: somebody else has read it."""
        self._message, self._closed = Message.UNKNOWN, False

    def judge(self, frame: bytes) -> str:
        """What is wrong with a whole frame, with the section that says so; empty for nothing."""
        first, second = frame[:2]
        opcode, length, start = first & 0x0F, second & 0x7F, 2
        if length == 126:
            length, start = int.from_bytes(frame[2:4], "big"), 4
        elif length == 127:
            length, start = int.from_bytes(frame[2:10], "big"), 10
        wrong = _header(first, second, opcode, length, start)
        if wrong:
            return wrong
        if self._closed:
            return "after the close frame (RFC 6455, section 5.5.1)"
        payload, final = frame[start:], bool(first & 0x80)
        if opcode == CLOSE:
            self._closed = True
            return _close(payload)
        return "" if opcode > CLOSE else self._data(opcode, payload, final)

    def _data(self, opcode: int, payload: bytes, final: bool) -> str:
        if opcode == CONTINUATION and self._message is Message.NONE:
            return "a continuation of nothing (RFC 6455, section 5.4)"
        if opcode != CONTINUATION:
            if self._message in (Message.TEXT, Message.BINARY):
                return "within another message (RFC 6455, section 5.4)"
            self._message = Message.TEXT if opcode == TEXT else Message.BINARY
            self._decoder.reset()
        text = self._message is Message.TEXT
        if final:
            self._message = Message.NONE
        if text:
            try:
                self._decoder.decode(payload, final)
            except UnicodeDecodeError:
                return "text that is not UTF-8 (RFC 6455, section 8.1)"
        return ""


def _header(first: int, second: int, opcode: int, length: int, start: int) -> str:
    if second & 0x80:
        return "masked by a server (RFC 6455, section 5.1)"
    if first & 0x70:
        return "with RSV bits that no extension has given a meaning (RFC 6455, section 5.2)"
    if opcode not in OPCODES:
        return f"with the reserved opcode {opcode} (RFC 6455, section 5.2)"
    if opcode >= CLOSE and not first & 0x80:
        return "a control frame in fragments (RFC 6455, section 5.5)"
    if opcode >= CLOSE and length > LARGEST_CONTROL:
        return f"a control frame of {length} bytes (RFC 6455, section 5.5)"
    if (start == 4 and length < 126) or (start == 10 and length < 1 << 16):
        return f"with length {length} in {start - 2} bytes, not the fewest (RFC 6455, section 5.2)"
    if length >> 63:
        return "with a length of 64 bits (RFC 6455, section 5.2)"
    return ""


def _close(payload: bytes) -> str:
    if not payload:
        return ""
    if len(payload) == 1:
        return "a close frame of one byte (RFC 6455, section 5.5.1)"
    code = int.from_bytes(payload[:2], "big")
    if not 1000 <= code < 5000 or code in NOT_ON_THE_WIRE or 1014 < code < 3000:
        return f"with close code {code}, which nobody may send (RFC 6455, section 7.4)"
    try:
        payload[2:].decode("utf-8")
    except UnicodeDecodeError:
        return "with a reason that is not UTF-8 (RFC 6455, section 5.5.1)"
    return ""
