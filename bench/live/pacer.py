"""How far virtual time may go: with the wall clock, or ahead of it as long as there is work.

The board's time follows the wall clock second by second, so that its timers mean to live clients what they
say. An idle board jumps to the moment that is due and costs nothing. A host that is too slow for a while
makes the board late; what is more than `LATE` behind is given up, or the board would rush through it later.

With `fast`, the board need not wait for the wall clock while it has work: a client, the network or the
console did something within the last `QUIET` virtual seconds. Time that was won this way stays won.
"""

from __future__ import annotations

import time
from collections.abc import Callable

LATE = 0.25
"""Seconds that the board may be behind the wall clock."""
QUIET = 0.25
"""Virtual seconds without any event after which there is no more work. It is longer than the pauses that
programs make in the middle of their work: delayed acknowledgements, answers that are a timer away."""
AHEAD = 0.02
"""Virtual seconds that are run at a time when there is no wall clock to follow."""


class Pacer:
    """Keeps virtual time, of which `now` tells how far it is, with the wall clock `wall` (seconds)."""

    def __init__(
        self, now: Callable[[], float], wall: Callable[[], float] = time.monotonic, *, fast: bool = False
    ) -> None:
        self._now, self._wall, self.fast = now, wall, fast
        self.start()

    def start(self) -> None:
        """From now on the two clocks run together."""
        self._offset = self._now() - self._wall()
        self._last_event = self._now()

    def happened(self) -> None:
        """Note an event: something came to the board, or from it."""
        self._last_event = self._now()

    @property
    def working(self) -> bool:
        """Whether something happened within the last QUIET virtual seconds."""
        return self._now() - self._last_event < QUIET

    @property
    def hurrying(self) -> bool:
        """Whether the wall clock need not be waited for now."""
        return self.fast and self.working

    def due(self) -> float:
        """The virtual time to which the board may run now; never before the present one."""
        now = self._now()
        behind = self._wall() + self._offset - now
        if behind > LATE:
            self._offset -= behind - LATE
            behind = LATE
        if self.hurrying and behind < AHEAD:
            self._offset += AHEAD - behind
            behind = AHEAD
        return now + max(behind, 0.0)
