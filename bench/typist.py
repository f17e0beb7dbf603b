"""Typing at the speed of the line: no faster than the console's cable carries it.

A UART has a FIFO of a few characters and a driver behind it a buffer of some more. What arrives at once
beyond that is lost, on a board and in an engine; at the speed of the line, firmware that reads keeps up.
"""

from __future__ import annotations

from collections import deque

from emulation.machine import Machine

BAUD = 115_200
BITS = 10
"""A start bit, eight of data, a stop bit."""
CHARACTER_TIME = BITS / BAUD
"""Seconds."""
ROUNDING = 1e-6
"""Seconds: an engine with a time of whole microseconds may stop so much before the moment it was to reach."""


class Typist:
    """What is still to be typed on a machine's console."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._waiting: deque[int] = deque()
        self._free_at = 0.0

    def write(self, data: bytes) -> None:
        """Type: the first character arrives now if the line is idle, the others after it."""
        self._waiting.extend(data)
        self.type_due()

    @property
    def due(self) -> float | None:
        """When the next character arrives, in virtual seconds; None if there is none."""
        return max(self._free_at, self._machine.now) if self._waiting else None

    def type_due(self) -> None:
        """Let arrive what is due by now."""
        while self._waiting and self._free_at <= self._machine.now + ROUNDING:
            # What is late (an engine may stop late) moves nothing that comes after it.
            late = self._machine.now - self._free_at
            begin = self._free_at if late < CHARACTER_TIME else self._machine.now
            self._machine.uart_write(bytes([self._waiting.popleft()]))
            self._free_at = begin + CHARACTER_TIME

    def save(self) -> tuple[bytes, float]:
        """A copy of the state."""
        return bytes(self._waiting), self._free_at

    def restore(self, state: tuple[bytes, float]) -> None:
        """Back to a saved state."""
        self._waiting = deque(state[0])
        self._free_at = state[1]
