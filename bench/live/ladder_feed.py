"""The frames of a live board as rows of a ladder, told when there is time for it.

Telling what is in a frame costs about as much as emulating it. So frames wait in a backlog of bounded length
and are told in portions; if there is more traffic than can be told, the oldest are given up and counted. The
board never waits for it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from bench.live.events import Event, FrameEvent, ResetEvent
from bench.report.narrator import Narrator

BACKLOG = 2000
"""Frames that may wait to be told."""
KEPT = 500
"""Rows kept for a page that comes later."""
MARK = "mark"
RESET = "the board was reset: its time begins at 0 again"
TEXT = 400
"""Characters of a row."""


class Row(NamedTuple):
    """A frame, told; in JSON an array in this order."""

    number: int
    """Since the bench was started, from 1 on."""
    time: float
    """Virtual seconds since the last reset."""
    to_board: bool
    kind: str
    """The value of `bench.report.narrator.Kind`, or `MARK` for what is no frame."""
    label: str
    text: str
    size: int
    """Bytes of the Ethernet frame."""


@dataclass(frozen=True)
class Portion:
    """What has become of the frames since the last portion."""

    rows: list[Row]
    lost: int
    """Frames that were given up before these."""


class LadderFeed:
    """Subscribe it to the feed of a live board; `tell` from time to time."""

    def __init__(self, wall: Callable[[], float] = time.monotonic) -> None:
        self.kept: deque[Row] = deque(maxlen=KEPT)
        """The rows told last."""
        self._wall = wall
        self._backlog: deque[FrameEvent | ResetEvent] = deque()
        self._count = self._lost = 0
        self._narrator = Narrator()

    def __call__(self, event: Event) -> None:
        """Take an event of the live board."""
        if isinstance(event, FrameEvent | ResetEvent):
            if len(self._backlog) >= BACKLOG:
                self._lost += self._drop()
            self._backlog.append(event)

    def skip(self) -> None:
        """Nobody has watched so far: tell no more of it than is kept, and call none of it lost."""
        while len(self._backlog) > KEPT:
            self._drop()
            self._narrator = Narrator()
        self._lost = 0

    def tell(self, budget: float = float("inf")) -> Portion:
        """Tell what waits, for `budget` seconds of the wall clock at most."""
        end = self._wall() + budget
        lost, self._lost = self._lost, 0
        if lost:
            # Streams with a gap would be told as such from here on: begin anew in the middle of them.
            self._narrator = Narrator()
        rows = []
        while self._backlog:
            rows.append(self._tell(self._backlog.popleft()))
            if self._wall() >= end:
                break
        self.kept.extend(rows)
        return Portion(rows, lost)

    def _tell(self, event: FrameEvent | ResetEvent) -> Row:
        if isinstance(event, ResetEvent):
            self._narrator = Narrator()
            return Row(self._count, 0.0, False, MARK, "", RESET, 0)
        self._count += 1
        told = self._narrator.tell(event.data)
        text = told.text if len(told.text) <= TEXT else told.text[:TEXT] + " ..."
        to_board = event.direction == "to-board"
        return Row(self._count, event.time, to_board, told.kind.value, told.label, text, len(event.data))

    def _drop(self) -> int:
        """Give up what has waited longest; returns how many frames that were."""
        frames = int(isinstance(self._backlog.popleft(), FrameEvent))
        self._count += frames
        return frames
