"""Is the guest well? What it printed, and whether it still does its work."""

from __future__ import annotations

import re

from bench.loop import Loop
from bench.uart import Uart
from emulation.errors import Evidence, GuestFault

TRACEBACK = re.compile(
    r"^Traceback \(most recent call last\):\n(?:[ \t]+.*\n)*(?P<error>\S.*)?", re.MULTILINE
)
"""How MicroPython prints an exception nobody caught."""


class Health:
    """The guest's health. A fault found once stays until the board is restored."""

    def __init__(self, loop: Loop, uart: Uart) -> None:
        self._loop = loop
        self._uart = uart

    @property
    def fault(self) -> GuestFault | None:
        """What is wrong with the guest, as far as is known; None for a healthy one."""
        if self._loop.fault is not None:
            return self._loop.fault
        found = TRACEBACK.search(self._uart.text)
        if found is None:
            return None
        error = found["error"] or "the rest has not been printed yet"
        return GuestFault("exception", f"Python traceback on the UART: {error}", self.evidence())

    def check(self) -> None:
        """Raise GuestFault if the guest has stopped, or if a Python traceback stands on the UART."""
        if (fault := self.fault) is not None:
            raise fault

    def evidence(self) -> Evidence:
        """What is known about the guest right now."""
        return Evidence(time=self._loop.clock.now, uart_tail=self._uart.tail)
