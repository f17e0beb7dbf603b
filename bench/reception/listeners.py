"""Who is told of the board's frames."""

from __future__ import annotations

from collections.abc import Callable

Listener = Callable[[float, bytes], None]
"""Called with virtual time and frame."""


class Listeners:
    """Onlookers, who see everything, and partners, who get what a real peer would take."""

    def __init__(self) -> None:
        self._entries: list[tuple[Listener, bool]] = []

    def add(self, listener: Listener, partner: bool) -> Callable[[], None]:
        """One more; returns the function that takes it away."""
        entry = listener, partner
        self._entries.append(entry)

        def detach() -> None:
            if entry in self._entries:
                self._entries.remove(entry)

        return detach

    def tell(self, time: float, frame: bytes, partners: bool) -> None:
        """Tell the onlookers of a frame, and the partners if they are to have it."""
        for listener, partner in list(self._entries):
            if partners or not partner:
                listener(time, frame)

    def clear(self) -> None:
        """Nobody is told any more."""
        self._entries.clear()
