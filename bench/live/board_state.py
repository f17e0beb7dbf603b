"""How a live board is: its time against the wall clock, its CPU, its heap, its connections."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from bench.guest_heap import GuestHeap
from bench.live.events import Event, ResetEvent, UartEvent
from bench.live.live_board import LiveBoard
from emulation.errors import UserError

HZ = 32_000_000
"""An instruction is a cycle."""
CHEAP = 0.002
"""Wall seconds: an engine in another process takes longer to read memory."""


class BoardState:
    """Samples the state; `connections` gives the open ones, each in words.

    Subscribe it to the board's feed.
    """

    def __init__(
        self,
        live: LiveBoard,
        connections: Callable[[], Iterable[str]],
        wall: Callable[[], float] = time.monotonic,
    ) -> None:
        self._live, self._connections, self._wall = live, connections, wall
        self._restart()

    def __call__(self, event: Event) -> None:
        """Take an event of the live board."""
        if isinstance(event, UartEvent):
            self._printed = True
        elif isinstance(event, ResetEvent):
            self._restart()

    def _restart(self) -> None:
        self._heap: GuestHeap | None = None
        self._low: int | None = None
        self._cost = 0.0
        self._printed = True
        self._traceback = False
        self._before = self._point()

    def look(self) -> None:
        """Look at the heap, for its lowest point between two samples, where that costs next to nothing."""
        if self._cost < CHEAP:
            self._sample_heap()

    def sample(self) -> dict[str, Any]:
        """The state now, and what was between the last sample and this one, for JSON.

        `time` virtual seconds; `ratio` virtual seconds a wall second; `load` share of the CPU's time that was
        not spent halted; `instructions` since reset; both None where the engine does not count. `heap` bytes:
        `free`, `low` (the least free that was seen since the reset), `size`; None for a firmware
        without MicroPython, or one that still boots. `traceback`: the console shows one of Python's.
        """
        if self._printed:
            self._printed, self._traceback = False, self._live.board.health.fault is not None
        before, now = self._before, self._point()
        self._before = now
        wall, virtual, instructions = (b - a for a, b in zip(before, now, strict=True))
        counted = self._live.board.instructions or None
        return {
            "time": now[1],
            "ratio": virtual / wall if wall > 0 else None,
            "load": min(instructions / (virtual * HZ), 1.0) if counted and virtual > 0 else None,
            "instructions": counted,
            "heap": self._sample_heap(),
            "connections": sorted(self._connections()),
            "traceback": self._traceback,
        }

    def _point(self) -> tuple[float, float, int]:
        return self._wall(), self._live.clock.now, self._live.board.instructions

    def _sample_heap(self) -> dict[str, int] | None:
        began = self._wall()
        try:
            return self._heap_now()
        finally:
            self._cost = self._wall() - began

    def _heap_now(self) -> dict[str, int] | None:
        try:
            if self._heap is None:
                self._heap = GuestHeap(self._live.board)
            free, size = self._heap.free(), self._heap.size
        except UserError:
            return None
        self._low = free if self._low is None else min(self._low, free)
        return {"free": free, "low": self._low, "size": size}
