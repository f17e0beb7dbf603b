"""What happens on a live board, for those who watch: a console, a log, a web page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class FrameEvent:
    """An Ethernet frame (without FCS) crossed the wire at `time` virtual seconds."""

    time: float
    data: bytes
    direction: str
    """`to-board` or `from-board`."""


@dataclass(frozen=True)
class UartEvent:
    """The board printed something; at `time` virtual seconds it was collected."""

    time: float
    data: bytes


@dataclass(frozen=True)
class ConnectionEvent:
    """A connection of the relay began or ended at `time` virtual seconds."""

    time: float
    client: str
    """Address and port of the client, on the host."""
    board_port: int
    what: str
    """`open`, `established`, or how it ended."""


@dataclass(frozen=True)
class ResetEvent:
    """The board was reset: its time begins at 0 again, it has lost its connections and its console's text."""


@dataclass(frozen=True)
class NoteEvent:
    """Something of the bench's that whoever runs it should know, in one line."""

    text: str


Event: TypeAlias = FrameEvent | UartEvent | ConnectionEvent | ResetEvent | NoteEvent


class Feed:
    """Hands every event to all who subscribed. They are called in the thread that runs the board."""

    def __init__(self) -> None:
        self._subscribers: list[Callable[[Event], None]] = []

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Call `callback(event)` from now on; returns the function that ends this."""
        self._subscribers.append(callback)

        def end() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return end

    def publish(self, event: Event) -> None:
        """Tell everyone."""
        for callback in list(self._subscribers):
            callback(event)
