"""Virtual time: a count of CPU cycles and the queue of what is to happen at which cycle."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable
from typing import Any

HZ = 32_000_000
"""Cycles a virtual second: the Quark SE's system clock; the emulated core takes one cycle an instruction."""


class Clock:
    """Cycles since reset, and events by key.

    A key stands for at most one pending event: scheduling it again moves it. Handlers belong to keys and are
    registered once, so that a saved queue (cycle, order, key) can be restored without saving functions.
    """

    def __init__(self) -> None:
        self.read_cycles: Callable[[], int] | None = None
        """Set by the CPU while it runs: the cycle count inside a slice."""
        self._cycles = 0
        self._order = 0
        self._queue: list[tuple[int, int, Hashable]] = []
        self._live: dict[Hashable, int] = {}
        self._handlers: dict[Hashable, Callable[[], None]] = {}
        self.on_earlier: Callable[[int], None] = lambda _cycle: None
        """Told the new next event's cycle when scheduling made it earlier: the CPU shortens its slice."""

    @property
    def now(self) -> int:
        """Cycles since reset."""
        return self.read_cycles() if self.read_cycles is not None else self._cycles

    @property
    def seconds(self) -> float:
        """Virtual seconds since reset."""
        return self.now / HZ

    def register(self, key: Hashable, handler: Callable[[], None]) -> None:
        """Say what an event of this key does."""
        self._handlers[key] = handler

    def schedule(self, key: Hashable, cycle: int) -> None:
        """Let the key's handler run once at `cycle` (or as soon as possible if that has passed)."""
        if key not in self._handlers:
            raise KeyError(f"no handler registered for {key!r}")
        earlier = self.next_event is None or cycle < self.next_event
        self._order += 1
        self._live[key] = self._order
        heapq.heappush(self._queue, (cycle, self._order, key))
        if len(self._queue) > 2 * len(self._live) + 64:
            # Moved and cancelled events stay queued until their time comes, which may be never.
            self._queue = [e for e in self._queue if self._live.get(e[2]) == e[1]]
            heapq.heapify(self._queue)
        if earlier:
            self.on_earlier(cycle)

    def cancel(self, key: Hashable) -> None:
        """Forget the key's pending event, if there is one."""
        self._live.pop(key, None)

    @property
    def next_event(self) -> int | None:
        """Cycle of the earliest pending event."""
        while self._queue and self._live.get(self._queue[0][2]) != self._queue[0][1]:
            heapq.heappop(self._queue)
        return self._queue[0][0] if self._queue else None

    def advance(self, cycle: int) -> None:
        """Set the time (never backwards) and run every event that is due, in order."""
        while True:
            due = self.next_event
            if due is None or due > cycle:
                break
            _, _, key = heapq.heappop(self._queue)
            del self._live[key]
            self._cycles = max(self._cycles, due)
            self._handlers[key]()
        self._cycles = max(self._cycles, cycle)

    def reset(self) -> None:
        """Cycle 0, nothing pending."""
        self._cycles = 0
        self._order = 0
        self._queue.clear()
        self._live.clear()

    def save(self) -> dict[str, Any]:
        """A copy of the state."""
        return {
            "cycles": self.now,
            "order": self._order,
            "queue": sorted(e for e in self._queue if self._live.get(e[2]) == e[1]),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Back to a saved state."""
        self._cycles = state["cycles"]
        self._order = state["order"]
        self._queue = list(state["queue"])
        heapq.heapify(self._queue)
        self._live = {key: order for _, order, key in self._queue}
