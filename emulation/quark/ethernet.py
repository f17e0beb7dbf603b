"""The Ethernet connector: frames arrive one after the other at the speed of the cable.

10BASE-T (IEEE 802.3 clause 14): 10 Mbit/s, 8 bytes of preamble and start delimiter before and at least 12
byte times of gap after each frame.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from emulation.quark.clock import HZ, Clock

BIT_RATE = 10_000_000
PREAMBLE = 8
GAP = 12
FCS = 4
MINIMUM = 60
"""Bytes of the shortest frame without its FCS (IEEE 802.3, minFrameSize of 64 with it)."""

_EVENT = "ethernet.receive"


def byte_times(count: int) -> int:
    """CPU cycles that `count` bytes take on the cable."""
    return count * 8 * HZ // BIT_RATE


class EthernetPort:
    """What waits on the cable for the board's controller.

    `receive(frame, fcs)` is the controller's input, called when the last bit of the frame has arrived; `fcs`
    is None for a correct one. The controller drops what it has no room for, as on a real cable.
    """

    def __init__(self, clock: Clock, receive: Callable[[bytes, bytes | None], object]) -> None:
        self._clock = clock
        self._receive = receive
        self._waiting: deque[tuple[int, bytes, bytes | None]] = deque()
        self._free_at = 0
        clock.register(_EVENT, self._arrived)

    def send(self, frame: bytes, fcs: bytes | None = None, *, pad: bool = True) -> int:
        """Put a frame on the cable: now, or when the frame before has passed.

        It is padded to the minimum size unless `pad` is false. `fcs` (4 bytes as on the cable) replaces the
        right one. Returns the cycle at which its last bit arrives.
        """
        if pad and len(frame) < MINIMUM:
            frame = frame.ljust(MINIMUM, b"\0")
        end = max(self._clock.now, self._free_at) + byte_times(PREAMBLE + len(frame) + FCS)
        self._free_at = end + byte_times(GAP)
        self._waiting.append((end, frame, fcs))
        if len(self._waiting) == 1:
            self._clock.schedule(_EVENT, end)
        return end

    def _arrived(self) -> None:
        _, frame, fcs = self._waiting.popleft()
        if self._waiting:
            self._clock.schedule(_EVENT, self._waiting[0][0])
        self._receive(frame, fcs)

    def reset(self) -> None:
        """Nothing on the cable."""
        self._waiting.clear()
        self._free_at = 0

    def save(self) -> dict[str, Any]:
        """A copy of the state."""
        return {"waiting": tuple(self._waiting), "free_at": self._free_at}

    def restore(self, state: dict[str, Any]) -> None:
        """Back to a saved state."""
        self._waiting = deque(state["waiting"])
        self._free_at = state["free_at"]
