"""The cable to the board: frames arrive one after the other, at the speed of 10BASE-T.

Renode's own models hand over frames in no time. The timing here is that of the embedded emulator's connector:
IEEE 802.3 clause 14, 10 Mbit/s, 8 bytes of preamble before and 12 byte times of gap after each frame.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

BYTE_TIME = 0.8
"""Microseconds."""
PREAMBLE = 8
GAP = 12
MINIMUM = 60
"""Bytes of the shortest frame without its FCS (IEEE 802.3, minFrameSize of 64 with it)."""
MAXIMUM = 1514
"""Bytes of the longest frame without its FCS (IEEE 802.3, maxBasicFrameSize of 1518 with it)."""


@dataclass(frozen=True)
class Waiting:
    """A frame, with its FCS, and the microsecond at which its last bit arrives."""

    at: int
    data: bytes


class Cable:
    """Frames that are under way to the board. All times are microseconds of virtual time."""

    def __init__(self, waiting: Iterable[Waiting] = (), free_at: float = 0.0) -> None:
        self._waiting = list(waiting)
        self.free_at = free_at
        """When the next frame can start."""

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        """What has not arrived yet."""
        return tuple(self._waiting)

    def send(self, now: int, frame: bytes) -> int:
        """Put a frame, with its FCS, on the cable: now, or when the frame before has passed.

        Returns the microsecond at which its last bit arrives.
        """
        end = max(float(now), self.free_at) + (PREAMBLE + len(frame)) * BYTE_TIME
        self.free_at = end + GAP * BYTE_TIME
        self._waiting.append(Waiting(round(end), frame))
        return self._waiting[-1].at

    def due(self, until: int) -> list[Waiting]:
        """The frames that arrive by then."""
        return [frame for frame in self._waiting if frame.at <= until]

    def passed(self, now: int) -> None:
        """It is `now`: what has arrived is no longer on the cable."""
        self._waiting = [frame for frame in self._waiting if frame.at > now]
