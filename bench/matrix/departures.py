"""Where the board is known to depart from the rules, each with the reason; all else is a failure.

The names are those of the rules (`Problem.rule`): what was the case, and after the slash what came instead of
what the rule demands. `*` stands for anything. A departure that a complete run does not meet any more is
reported as well: the table says what is, not what once was.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache

from bench.matrix.expectation import Problem

DEPARTURES: dict[str, str] = {
    "*tcp-syn-received-syn/nothing": (
        "lwIP ignores a SYN in SYN-RECEIVED that does not repeat the first one, instead of a challenge "
        "ACK (RFC 5961, section 4.2). The connection stays as it was."
    ),
    "*tcp-syn-received-outside/nothing": (
        "In SYN-RECEIVED, lwIP looks at SYN before it looks at the window, and ignores it as above."
    ),
    "*tcp-syn-received-outside/syn-ack": (
        "lwIP answers a repeated SYN with its SYN+ACK again instead of an ACK: a client whose SYN+ACK "
        "was lost gets it sooner."
    ),
    "*tcp-time-wait-syn/rst": (
        "In TIME-WAIT, lwIP answers a SYN inside the window with RST, as RFC 1122, section 4.2.2.13 "
        "still allowed, instead of a challenge ACK (RFC 5961, section 4.2)."
    ),
    "*tcp-time-wait-outside/nothing": (
        "In TIME-WAIT, lwIP answers only segments that occupy sequence space."
    ),
    "*tcp-time-wait-ack-of-unsent/nothing": ("As above."),
    "*tcp-time-wait-rst-inside/nothing": (
        "In TIME-WAIT, lwIP ignores every RST (RFC 1337, section 3), and so has none to challenge (RFC "
        "5961, section 3.2)."
    ),
    "*tcp-close-wait-outside/data": (
        "lwIP takes acknowledgement and window from a segment whose sequence number is unacceptable, "
        "and so goes on sending; the data carry the acknowledgement that is due."
    ),
    "*tcp-last-ack-outside/nothing": (
        "As above: the segment acknowledges the board's FIN, and the connection ends."
    ),
    "*tcp-*-ack-of-unsent/ack+*": (
        "lwIP acknowledges a segment that acknowledges what was never sent, but does not drop it: its "
        "data and its FIN are taken."
    ),
    "*tcp-*-ack-of-unsent-numbers": ("As above: the acknowledgement counts the data."),
    "*tcp-*-no-ack/*": (
        "lwIP takes data and FIN of segments without ACK, which RFC 9293, section 3.10.7.4 drops."
    ),
    "*tcp-fin-wait-?-data/nothing": (
        "Data and FIN together reach a connection whose program has closed: lwIP first enters TIME-WAIT "
        "for the FIN, then aborts for the data, and from TIME-WAIT no RST is sent. What the peer "
        "repeats is answered with RST."
    ),
}
"""By rule, why the board departs from it."""


def departure(problem: Problem) -> str | None:
    """The entry of the table that a problem falls under; None for a problem that is not known."""
    return _entry(problem.rule)


@cache
def _entry(rule: str) -> str | None:
    return next((pattern for pattern in DEPARTURES if fnmatchcase(rule, pattern)), None)


def missed(rules: set[str]) -> list[str]:
    """The entries that none of these broken rules falls under."""
    met = {_entry(rule) for rule in rules}
    return [pattern for pattern in DEPARTURES if pattern not in met]
