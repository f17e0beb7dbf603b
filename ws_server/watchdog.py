"""Deadlines of all connections, watched by one task: a timer per read would cost a microcontroller dear."""

from .compat import TYPE_CHECKING, sleep_ms, spawn, ticks_add, ticks_diff, ticks_ms

if TYPE_CHECKING:
    from typing import Protocol

    class Watched(Protocol):
        """What can have a deadline."""

        def expire(self) -> None:
            """The deadline has passed."""


_TICK = 250
"""Longest sleep in milliseconds: how late a deadline set meanwhile may be noticed."""


class Watchdog:
    """Calls `expire()` of those whose deadline has passed. Its task exists only while there are deadlines."""

    def __init__(self) -> None:
        self._deadlines: dict[Watched, int] = {}
        self._running = False

    def set(self, watched: "Watched", delay: int) -> None:
        """`watched` is to expire in `delay` milliseconds, whatever was set before."""
        self._deadlines[watched] = ticks_add(ticks_ms(), delay)
        if not self._running:
            self._running = True
            spawn(self._watch())

    def has(self, watched: "Watched") -> bool:
        """Whether `watched` has a deadline."""
        return watched in self._deadlines

    def clear(self, watched: "Watched") -> None:
        """`watched` has no deadline any more."""
        if watched in self._deadlines:
            del self._deadlines[watched]

    async def _watch(self) -> None:
        while self._deadlines:
            nearest = _TICK
            for watched, deadline in list(self._deadlines.items()):
                left = ticks_diff(deadline, ticks_ms())
                if left <= 0:
                    self.clear(watched)
                    watched.expire()
                else:
                    nearest = min(nearest, left)
            await sleep_ms(nearest)
        self._running = False
