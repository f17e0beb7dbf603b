"""How long the board takes for what a client asks of it, in virtual time and instructions.

Only what is beyond doubt is timed: a whole frame that goes out while nothing is outstanding, to its answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from bench.board import Board
from bench.layers.websocket import OPCODES, WebSocket
from bench.report.figures import Operation

TIMED = ("text", "binary", "ping")
ANSWERS = {"pong": "ping"}
"""What is answered by a frame of another kind than its own."""


class _Begun(NamedTuple):
    name: str
    payload: bytes
    time: float
    instructions: int


class Stopwatch:
    """The operations of one test on a board. Nothing here takes virtual time."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._begun: _Begun | None = None
        self._unclear = False
        self.operations: list[Operation] = []
        """Those that are complete, in order."""

    def sending(self, frames: Sequence[WebSocket], *, whole: bool = True) -> None:
        """These frames go out now; not `whole` if they are cut into segments on purpose."""
        name = OPCODES.get(frames[0].opcode, "") if len(frames) == 1 and frames[0].fin else ""
        if not whole or name not in TIMED or self._begun is not None or self._unclear:
            self.disturb()
            return
        self._begun = self._now(name, frames[0].data)

    def disturb(self) -> None:
        """What is outstanding, or is sent next, will not take the time that the board needs for it."""
        self._begun, self._unclear = None, True

    def arrived(self, opcode: str, payload: bytes) -> None:
        """The next frame of the connection has come, with this opcode and payload."""
        begun, self._begun, self._unclear = self._begun, None, False
        if begun is not None and (ANSWERS.get(opcode, opcode), payload) == (begun.name, begun.payload):
            self._end(begun)

    @contextmanager
    def timing(self, name: str, payload: bytes = b"") -> Iterator[None]:
        """What is done within takes part as one operation, if it succeeds."""
        begun, unclear = self._now(name, payload), self._unclear or self._begun is not None
        yield
        self._begun, self._unclear = None, False
        if not unclear:
            self._end(begun)

    def _now(self, name: str, payload: bytes) -> _Begun:
        return _Begun(name, payload, self._board.clock.now, self._board.instructions)

    def _end(self, begun: _Begun) -> None:
        now = self._now(begun.name, begun.payload)
        self.operations.append(
            Operation(
                begun.name,
                len(begun.payload),
                round((now.time - begun.time) * 1e6, 3),
                now.instructions - begun.instructions,
            )
        )
