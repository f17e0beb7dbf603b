"""Runs a board from an asyncio loop, so that it lives beside sockets.

An engine runs in the thread that calls it and cannot be interrupted there. So the board runs in slices, short
enough that a client never notices, and between two of them the loop serves its sockets. One thread does all:
nothing needs a lock, and an idle board costs a few wake-ups a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from bench.board import Board
from bench.capture import WAS_RESET, Capture
from bench.live.events import Feed, FrameEvent, NoteEvent, ResetEvent, UartEvent
from bench.live.host import LiveHost
from bench.live.pacer import Pacer
from emulation.errors import UserError

SLICE = 0.02
"""Virtual seconds that the board runs at once; less if it sends or prints something."""
TURN = 0.005
"""Wall seconds after which the loop gets its turn even if the board could go on."""
WORKING_TICK, IDLE_TICK = 0.001, 0.02
"""Wall seconds between two looks at the clock, with work at hand and without."""


UART_KEPT = 1 << 20
"""Bytes of console output that are kept at least, and at most twice as many."""
FRAMES_KEPT = 128
"""Frames of which the order may still change: as many as can be on the cable, and more."""
RESET_COMMENT = "the first frame after a reset of the board: its time began at 0 again"


class Timers(Protocol):
    """Something with deadlines in virtual time, as connections have (`bench.live.relay`)."""

    def tick(self, now: float) -> None:
        """Do what is due."""

    def abort(self) -> None:
        """End every connection: the board is about to be reset."""


class LiveBoard:
    """A board that runs in real time while `run` is awaited; leaving the context ends the watching.

    `fast` lets it run ahead of the wall clock while there is work (see `bench.live.pacer`). `feed` tells what
    happens. A `capture` is written as a pcapng file, frame by frame; one that the wire had before goes on.
    Whatever is done to the board meanwhile is to be done in the thread of the loop, and followed by `wake`.

    Raises UserError for a capture that cannot be written.
    """

    def __init__(
        self,
        board: Board,
        *,
        fast: bool = False,
        capture: Path | None = None,
        wall: Callable[[], float] = time.monotonic,
    ) -> None:
        self.board = board
        self.wire = board.wire
        self.clock = board.clock
        self.feed = Feed()
        self.timers: list[Timers] = []
        self._pacer = Pacer(lambda: board.clock.now, wall, fast=fast)
        self._wake = asyncio.Event()
        self._stopping = False
        self._comment = ""
        self._error: Exception | None = None
        self._printed_bytes = 0
        self._capture: Capture | None = None
        self._file = capture
        if capture is not None:
            self._capture = Capture()
            self._capture.follow(capture, f"bench serve; {board.origin}")
        self._captured_before = board.wire.capture
        board.wire.capture = self
        self._detach_uart = board.uart.listen(self._printed)
        self.host = LiveHost(board.wire, self.wake, self.say)
        """The bench's own station on the segment."""

    async def run(self) -> None:
        """Run the board, from now on with the wall clock, until `stop` is called.

        Raises GuestFault, and what `fail` was called with.
        """
        self._pacer.start()
        self.host.attach()  # finding out what a firmware offers has set the board back
        while not self._stopping:
            self._wake.clear()
            if self.advance():
                await asyncio.sleep(0)
                continue
            tick = WORKING_TICK if self._pacer.working else IDLE_TICK
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), tick)
        if self._error is not None:
            raise self._error

    def advance(self) -> bool:
        """Run the board as far as it is due, for a TURN of the wall clock at most; whether to go on at once.

        Raises GuestFault.
        """
        end = time.monotonic() + TURN
        due = self._pacer.due()
        while self.clock.now < due:
            self.board.step(min(due, self.clock.now + SLICE))
            for timers in list(self.timers):
                timers.tick(self.clock.now)
            if time.monotonic() >= end:
                return True
        return self._pacer.hurrying

    @property
    def fast(self) -> bool:
        """Whether the board's time may run ahead of the wall clock."""
        return self._pacer.fast

    def wake(self) -> None:
        """Something was done to the board: let it run on soon."""
        self._pacer.happened()
        self._wake.set()

    def reset(self) -> None:
        """Power-on reset. Connections end first, and whoever holds their other end is told."""
        for timers in list(self.timers):
            timers.abort()
        self.board.reset()
        self._comment = RESET_COMMENT
        self._pacer.start()
        self.feed.publish(ResetEvent())
        self.wake()

    def say(self, text: str) -> None:
        """Tell whoever runs the bench something, in one line."""
        self.feed.publish(NoteEvent(text))

    def stop(self) -> None:
        """Let `run` come back."""
        self._stopping = True
        self._wake.set()

    def fail(self, error: Exception) -> None:
        """Let `run` raise an error of something that lives beside the board."""
        self._error = error
        self.stop()

    def close(self) -> None:
        """Watch no longer, and close the capture."""
        self._detach_uart()
        self.host.close()
        self.wire.capture = self._captured_before
        if self._capture is not None:
            self._capture.unfollow()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(
        self,
        time: float,
        frame: bytes,
        direction: str,
        comment: str = "",
        *,
        fcs: bytes | None = None,
        pad: bool = True,
    ) -> None:
        """A frame crosses the wire (see `bench.capture.Recorder`)."""
        self._pacer.happened()
        comment, self._comment = comment or self._comment, ""
        if self._captured_before is not None:
            self._captured_before.add(time, frame, direction, comment, fcs=fcs, pad=pad)
        if self._capture is not None:
            try:
                self._capture.add(time, frame, direction, comment, fcs=fcs, pad=pad)
                self._capture.forget(FRAMES_KEPT)  # they are in the file; a board may live for days
            except UserError as error:
                self._capture = None
                why = error.message.rpartition(": ")[2]
                self.say(f"the capture {self._file} ends here: {why}; the board and its clients go on")
        self.feed.publish(FrameEvent(time, frame, direction))

    def note(self, what: str) -> None:
        """The next frame gets a comment (see `bench.capture.Recorder`)."""
        for capture in (self._captured_before, self._capture):
            if capture is not None:
                capture.note(what)

    def settle(self, why: str, now: float) -> None:
        """The board's time begins anew (see `bench.capture.Recorder`); `reset` has a comment of its own."""
        for capture in (self._captured_before, self._capture):
            if capture is not None:
                capture.settle("" if why == WAS_RESET else why, now)

    def _printed(self, data: bytes) -> None:
        self._pacer.happened()
        self._printed_bytes += len(data)
        if self._printed_bytes > UART_KEPT:  # a board may live for days
            self._printed_bytes = 0
            self.board.uart.trim(UART_KEPT)
        self.feed.publish(UartEvent(self.clock.now, data))
