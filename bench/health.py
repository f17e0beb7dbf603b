"""Is the guest well? What it printed, and whether it still does its work."""

from __future__ import annotations

import re

from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from bench.loop import Loop
from bench.uart import Uart
from bench.wire import Wire
from emulation.console_text import printable
from emulation.errors import Evidence, GuestFault

TRACEBACK = re.compile(
    r"^Traceback \(most recent call last\):\n(?:[ \t]+.*\n)*(?P<error>\S.*)?", re.MULTILINE
)
"""How MicroPython prints an exception nobody caught."""
BROKEN = re.compile(r"^\*\*\* (?P<what>(?:panic|CPU exception): .*)", re.MULTILINE)
"""How the firmware says that it cannot go on; then it starts anew, and the board looks well again."""
PING_TIMEOUT = 1.0
"""Virtual seconds a healthy guest takes at most to answer a ping, whatever else it is busy with."""
GRACE = 6.0
"""Virtual seconds a silent guest is left to run, so that the engine can say what it is doing."""
PING_ID = 0x6865  # "he"


class Health:
    """The guest's health. A fault found once stays until the board is restored."""

    def __init__(self, loop: Loop, uart: Uart, wire: Wire) -> None:
        self._loop = loop
        self._uart = uart
        self._wire = wire

    @property
    def fault(self) -> GuestFault | None:
        """What is wrong with the guest, as far as is known; None for a healthy one."""
        if self._loop.fault is not None:
            return self._loop.fault
        if (broken := BROKEN.search(self._uart.text)) is not None:
            return GuestFault("exception", f"the firmware started anew: {broken['what']}", self.evidence())
        found = TRACEBACK.search(self._uart.text)
        if found is None:
            return None
        error = printable(found["error"] or "the rest has not been printed yet")
        return GuestFault("exception", f"Python traceback on the UART: {error}", self.evidence())

    def check(self) -> None:
        """Raise GuestFault if the guest has stopped or started anew, or has printed a Python traceback."""
        if (fault := self.fault) is not None:
            raise fault

    def check_alive(self) -> None:
        """Check, then ping the board; raise GuestFault if it does not answer.

        The frames of it cross the wire like all others.
        """
        self.check()
        wire = self._wire
        was_enabled, wire.neighbour.enabled = wire.neighbour.enabled, True
        try:
            wire.comment = "health check: the board has to answer this"
            ping = Ether() / IP(dst=wire.board.ip) / ICMP(id=PING_ID) / Raw(b"alive?")
            if wire.sr1(ping, timeout=PING_TIMEOUT) is None:
                wire.run(GRACE)
                dropped = f"; {wire.reception.told}" if wire.reception.told else ""
                detail = f"no answer to a ping within {PING_TIMEOUT:g} virtual seconds{dropped}"
                raise GuestFault("spin", detail, self.evidence())
        finally:
            wire.neighbour.enabled = was_enabled
        self.check()

    def evidence(self) -> Evidence:
        """What is known about the guest right now."""
        return Evidence(time=self._loop.clock.now, uart_tail=self._uart.tail)
