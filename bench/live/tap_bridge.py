"""Joins a live board's wire and a TAP: this machine's own stack becomes a station on the board's segment."""

from __future__ import annotations

import asyncio

from bench.live.events import Event, FrameEvent, ResetEvent
from bench.live.live_board import LiveBoard
from bench.live.tap_device import TapDevice
from emulation.errors import UserError

BITS_A_SECOND = 10_000_000
OVERHEAD, SHORTEST = 24, 60
"""Bytes: preamble, FCS and gap; a frame without FCS at least (IEEE 802.3, sections 3.1.1 and 4.4.2)."""
QUEUE = 0.1
"""Virtual seconds that frames may wait for the cable; what comes beyond that is dropped, as by a switch."""
AT_ONCE = 32
"""Frames taken from the TAP before the board gets its turn."""


class TapBridge:
    """Carries frames both ways until it is closed. Make it where the loop runs.

    The segment is a hub: the TAP also sees the frames of the bench's own stations.
    """

    def __init__(self, live: LiveBoard, tap: TapDevice) -> None:
        self.dropped = 0
        """Frames that did not fit: of this machine for the board, or the other way round."""
        self._live, self._tap = live, tap
        self._free_at = 0.0
        self._carrying = False
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(tap.fileno(), self._readable)
        self._unsubscribe = live.feed.subscribe(self._crossed)
        live.host.ask_for_others()

    def close(self) -> None:
        """Carry no more."""
        self._unsubscribe()
        self._loop.remove_reader(self._tap.fileno())

    def _readable(self) -> None:
        for _ in range(AT_ONCE):
            try:
                frame = self._tap.read()
            except OSError as error:
                self._loop.remove_reader(self._tap.fileno())
                self._live.fail(
                    UserError(
                        f"the TAP {self._tap.name} can no longer be used: {error.strerror}",
                        "somebody has removed it; start again",
                    )
                )
                return
            if frame is None:
                return
            self._to_board(frame)

    def _to_board(self, frame: bytes) -> None:
        now = self._live.clock.now
        begins = max(self._free_at, now)
        if begins - now > QUEUE:
            self.dropped += 1
            return
        self._free_at = begins + (max(len(frame), SHORTEST) + OVERHEAD) * 8 / BITS_A_SECOND
        self._carrying = True
        try:
            self._live.wire.send(frame)
        finally:
            self._carrying = False
        self._live.host.overhear(frame)
        self._live.wake()

    def _crossed(self, event: Event) -> None:
        if isinstance(event, ResetEvent):
            self._free_at = 0.0
        elif isinstance(event, FrameEvent) and not self._carrying:
            self.dropped += not self._tap.write(event.data)
