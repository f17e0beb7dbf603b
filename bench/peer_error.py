"""How a peer says that the board has not done what was expected: what was sent, expected, and came."""

from __future__ import annotations

from bench.layers.tcp_state import TcpError
from emulation.console_text import printable

SHOWN = 160
"""Bytes of a stream that an error message shows."""


class PeerError(AssertionError):
    """The board did not do what was expected; `error` is how the connection failed, if it did."""

    ROBOT_SUPPRESS_NAME = True
    """Robot Framework: show the message without the name of the class before it."""

    def __init__(self, sent: str, expected: str, came: str, error: TcpError | None = None) -> None:
        came = printable(came)  # a board's own words must not steer the terminal that shows them
        super().__init__(f"expected {expected}\n  came: {came}\n  sent: {sent}")
        self.sent, self.expected, self.came, self.error = sent, expected, came, error


def excerpt(data: bytes) -> str:
    """Bytes for a message, cut if there are many."""
    return repr(data) if len(data) <= SHOWN else f"{data[:SHOWN]!r}... ({len(data)} bytes)"


def with_rfc(expected: str, rfc: str) -> str:
    """An expectation with the section that demands it."""
    return f"{expected} ({rfc})" if rfc else expected
