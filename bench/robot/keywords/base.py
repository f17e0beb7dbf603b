"""What all groups of keywords share: the board, and the connection opened last."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from bench.board import Board
from bench.layers.websocket import WebSocket, describe
from bench.peer import Peer
from bench.robot.listener import LISTENER

MAX_PAYLOAD = 4096
"""`max_payload` of the echo servers in the firmware."""
Opcode = Literal["text", "binary", "continuation", "close", "ping", "pong"]
"""What a frame is (RFC 6455, section 5.2)."""
PATTERN = "".join(chr(c) for c in range(0x20, 0x7F))
"""Text payloads repeat all printable ASCII characters: a byte that is lost, doubled or moved shows."""


class Keywords:
    """State of one test."""

    def __init__(self) -> None:
        self._peers: list[Peer] = []

    @property
    def board(self) -> Board:
        """The running board. Raises UserError or GuestFault if it could not be started."""
        return LISTENER.board

    @property
    def peer(self) -> Peer:
        """The connection opened last."""
        if not self._peers:
            raise AssertionError("no connection is open: use `Open WebSocket` first")
        return self._peers[-1]

    def _send(self, *frames: WebSocket, split: list[int] | None = None) -> None:
        """Send frames in one go, with a comment for the capture."""
        prepared = [self.peer.prepare(frame) for frame in frames]
        words = ", ".join(describe(frame) for frame in prepared)
        self.board.wire.comment = words
        LISTENER.stopwatch.sending(prepared, whole=split is None)
        self.peer.send(b"".join(bytes(frame) for frame in prepared), split)
        self.peer.sent = words

    def _leave(self) -> None:
        """Close our half of TCP after the board's: else it keeps the connection in FIN-WAIT-2."""
        if self.peer.tcp.error is None:
            self.peer.shutdown()


def seconds(time: timedelta | None) -> float | None:
    """Robot's time as virtual seconds."""
    return None if time is None else time.total_seconds()


def to_bytes(data: str | bytes) -> bytes:
    """Text as UTF-8."""
    return data.encode() if isinstance(data, str) else data


def text_of_length(length: int) -> str:
    """An ASCII text of so many characters."""
    return (PATTERN * (length // len(PATTERN) + 1))[:length]
