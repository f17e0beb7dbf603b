"""The bytes that the segments of a sequence carry: one endless stream for each state, the same every time.

No two messages of it are alike, so that a byte too many, too few or out of place shows in what the server
answers.
"""

from __future__ import annotations

from functools import lru_cache

from bench.layers.http_upgrade import UpgradeRequest
from bench.layers.websocket import WebSocket
from bench.matrix.states import REQUEST_BEGUN

LONG = 4096
"""Bytes that are made of each stream: more than any sequence sends."""


def stream(state: str) -> bytes:
    """What the bench sends in a state, from the byte on that the board expects next."""
    return _made(state)[0]


def complete_from(state: str, size: int) -> int:
    """The least number of bytes, `size` or more, after which the stream has no message that is unfinished."""
    return next(end for end in _made(state)[1] if end >= size)


@lru_cache
def _made(state: str) -> tuple[bytes, tuple[int, ...]]:
    """The stream, and where in it the request and each message end."""
    data = b""
    if state not in ("upgraded", "queued"):
        data = bytes(UpgradeRequest())
    if state == "requesting":
        assert REQUEST_BEGUN.endswith(b"Upgr")
        data = b"ade: websocket\r\n" + data.split(b"websocket\r\n", 1)[1]
    ends = [len(data)]
    while len(data) < LONG:
        data += message(len(ends) - 1)
        ends.append(len(data))
    return data, tuple(ends)


@lru_cache(maxsize=256)
def message(number: int) -> bytes:
    """One message of the stream, as its frames: text, binary, a ping, or text in two fragments."""
    key = bytes((number * 37 + shift) % 256 for shift in (1, 85, 170, 255))
    text = b"".join(b"%03d.%03d " % (number, index) for index in range(4 + number % 5 * 4))

    def frame(opcode: str, data: bytes, fin: int = 1) -> bytes:
        return bytes(WebSocket(opcode=opcode, fin=fin, mask=1, masking_key=key) / data)

    match number % 4:
        case 1:
            return frame("binary", text)
        case 2:
            return frame("ping", text[:120])
        case 3:
            return frame("text", text[:20], fin=0) + frame("continuation", text[20:])
    return frame("text", text)
