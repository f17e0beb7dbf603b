"""Timeouts for Scapy that pass in the board's time instead of the host's."""

from __future__ import annotations

from bench.loop import Clock


class VirtualTimeout(float):
    """A timeout for Scapy that passes in virtual time.

    Scapy computes `stop = time.monotonic() + timeout` and `remain = stop - time.monotonic()`. This number
    makes both sums come out in the board's time.
    """

    _clock: Clock

    def __new__(cls, seconds: float, clock: Clock) -> VirtualTimeout:
        """`seconds` of the given clock."""
        self = super().__new__(cls, seconds)
        self._clock = clock
        return self

    def __radd__(self, _wall: float) -> float:
        deadline = _Deadline(self._clock.now + float(self))
        deadline.clock = self._clock
        return deadline


class _Deadline(float):
    clock: Clock

    def __sub__(self, _wall: float) -> float:
        return VirtualRemain(float(self) - self.clock.now)


class VirtualRemain(float):
    """What is left of a VirtualTimeout: tells `select` that whoever called it keeps the time itself."""
