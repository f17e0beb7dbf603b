"""What waits to be sent to one page: bounded, whatever the page does.

A page that does not read loses the oldest rows, console text and log lines, and is told how many; the state
of the board is only ever the newest.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Any

ROWS, LOG = 500, 500
UART = 0x10000
"""Characters of console output."""


class _Bounded:
    """The newest `limit` of something, and how many older ones had to go."""

    def __init__(self, limit: int) -> None:
        self.items: deque[Any] = deque(maxlen=limit)
        self.lost = 0

    def add(self, items: Iterable[Any]) -> None:
        for item in items:
            self.lost += len(self.items) == self.items.maxlen
            self.items.append(item)

    def take(self, name: str, message: dict[str, Any]) -> None:
        if self.items:
            message[name] = list(self.items)
        if self.lost:
            message[f"{name}_lost"] = self.lost
        self.items.clear()
        self.lost = 0


class Outbox:
    """Collects for one page; `take` gives all of it as one message."""

    def __init__(self) -> None:
        self._rows, self._log, self._uart = _Bounded(ROWS), _Bounded(LOG), _Bounded(UART)
        self._newest: dict[str, Any] = {}
        self._filled = asyncio.Event()

    def rows(self, rows: Iterable[Any], lost: int = 0) -> None:
        """Rows of the ladder, and how many were lost before them."""
        self._rows.lost += lost
        self._rows.add(rows)
        self._filled.set()

    def uart(self, text: str) -> None:
        """What the board printed."""
        self._uart.add(text)
        self._filled.set()

    def log(self, what: str, text: str) -> None:
        """What happened to the page's own connection."""
        self._log.add([(what, text)])
        self._filled.set()

    def newest(self, **values: Any) -> None:
        """Values of which only the newest counts."""
        self._newest |= values
        self._filled.set()

    def board_was_reset(self) -> None:
        """The console begins anew; what was printed before counts no longer."""
        self._uart = _Bounded(UART)
        self.newest(reset=True)

    async def wait(self) -> None:
        """Until there is something to take."""
        await self._filled.wait()

    def take(self) -> dict[str, Any]:
        """All of it; empty if there is nothing."""
        self._filled.clear()
        message, self._newest = self._newest, {}
        self._rows.take("rows", message)
        self._log.take("log", message)
        self._uart.take("uart", message)
        if "uart" in message:
            message["uart"] = "".join(message["uart"])
        return message
