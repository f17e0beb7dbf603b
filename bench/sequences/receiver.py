"""What a receiver may have taken of a sequence of segments: a model of RFC 9293, section 3.10.7.4.

It knows nothing of the board but the window that was offered at first, how large a window can become, and
what the board promises to keep of early data. What the segments leave open (has the program read by now, and
so moved the edge?) it holds as two bounds: what must have arrived, and what can have. All between is right.
"""

from __future__ import annotations

from bench.layers.tcpip import ACK, FIN, RST, SYN
from bench.sequences.case import MALFORMED, Part

BUFFER, BUFFERS, HEADERS = 204, 8, 54
"""The board's promise for early data: so many buffers of so many bytes, frames and all (net/lwipopts.h)."""


class Intervals:
    """A set of whole numbers, as half-open intervals."""

    def __init__(self) -> None:
        self._found: list[tuple[int, int]] = []

    def add(self, start: int, end: int) -> None:
        """Put `start` to `end` into the set."""
        if start < end:
            self._found = sorted([*self._found, (start, end)])

    @property
    def prefix(self) -> int:
        """The first number from 0 on that is not in the set."""
        reached = 0
        for start, end in self._found:
            if start <= reached:
                reached = max(reached, end)
        return reached

    def overlaps(self, start: int, end: int) -> bool:
        """Whether any of these numbers is in the set."""
        return any(start < there and here < end for here, there in self._found)

    def forget_after_gap(self) -> None:
        """Leave of the set only what is in one piece with 0."""
        self._found = [(0, self.prefix)]


class Receiver:
    """The board's end of a connection, fed with segments; all numbers are offsets from RCV.NXT at the start.

    `window` is what it offers at the start, `largest` the most it ever does, both in bytes. With `accepted`
    false, the program has not accepted the connection yet: what comes meanwhile may be left to come again.
    """

    def __init__(self, window: int, largest: int, *, accepted: bool = True) -> None:
        self.window, self.largest, self.accepted = window, max(window, largest), accepted
        self._early_buffers = 0
        self._surely, self._perhaps = Intervals(), Intervals()
        self._fins: set[int] = set()
        self._sure_fins: set[int] = set()
        self.end = 0
        """The furthest that any segment reaches."""
        self.may_be_reset = False
        """Whether a segment was a reset that may have been obeyed."""
        self.must_answer = False
        """Whether an acknowledgement is due for one of the segments at least."""

    @property
    def low(self) -> int:
        """What has certainly arrived in order: bytes of data, without the FIN."""
        return min([self._surely.prefix, *self._fins])

    @property
    def high(self) -> int:
        """What can have arrived in order at most: bytes of data, without the FIN."""
        return self._perhaps.prefix

    @property
    def may_have_ended(self) -> bool:
        """Whether a FIN can have been taken."""
        return any(fin <= self.high for fin in self._fins)

    @property
    def has_ended(self) -> bool:
        """Whether a FIN has certainly been taken: everything before it has come, and nothing after it."""
        return (
            len(self._fins) == 1
            and self._fins <= self._sure_fins
            and self.low == self.high == min(self._fins)
        )

    @property
    def acknowledged(self) -> tuple[int, int]:
        """The least and the greatest acknowledgement that are right after the last segment."""
        return self.low + self.has_ended, self.high + self.may_have_ended

    @property
    def edge(self) -> int:
        """The furthest right edge of the window that it can have offered."""
        return max(self.window, self.high + self.largest)

    def feed(self, part: Part) -> None:
        """Take one segment."""
        flags = part.bits
        start, end = part.span(self.window)
        length = end - start + bool(flags & SYN) + bool(flags & FIN)
        if flags & RST:
            if self.low <= start <= self.high + self.may_have_ended:
                self.may_be_reset = True
            return
        if not self.may_be_reset and not self.may_have_ended:
            outside = start < 0 or start >= self.edge
            regular = bool(flags & ACK) and part.option not in MALFORMED
            if flags & SYN and not self.accepted:
                regular = False  # bench.matrix.departures: lwIP ignores it in SYN-RECEIVED
            self.must_answer |= regular and (length > 0 or outside)
        if flags & SYN:
            return  # RFC 5961, section 4.2: a challenge, and nothing of it is taken
        certain = bool(flags & ACK) and part.option not in MALFORMED and not self.may_be_reset
        # Section 3.10.7.4, first check: the first or the last number has to be inside.
        last = start + max(length - 1, 0)
        if not (start < self.window or last < self.window) or (start < self.low and last >= self.window):
            certain = False
        self._take(start, end, bool(flags & FIN), certain=certain)

    def _take(self, start: int, end: int, fin: bool, *, certain: bool) -> None:
        self._perhaps.add(start, min(end, self.edge))
        if start > self.low and not self._holds(start, end):
            certain = False
        certain = certain and (self.accepted or self.low == 0)
        if certain:
            self._surely.add(start, min(end, self.window))
        self.end = max(self.end, end)
        if fin and 0 <= end < self.edge:
            self._fins.add(end)
            if certain and end < self.window:
                self._sure_fins.add(end)

    def _holds(self, start: int, end: int) -> bool:
        """Whether early data are kept for certain.

        A stack may give up what it holds to make room, or where it does not fit together with what comes:
        what is not acknowledged comes again (section 3.10.7.4).
        """
        self._early_buffers += -(-(HEADERS + end - start) // BUFFER)
        fits = self._early_buffers <= BUFFERS and not self._surely.overlaps(max(start, self.low), end)
        if not fits:
            self._surely.forget_after_gap()
            self._sure_fins.clear()
        return fits

    def complete(self, size: int) -> None:
        """The peer has repeated everything up to `size`: now it must have arrived."""
        self._perhaps.add(0, size)
        self._surely.add(0, size)
        self.end = max(self.end, size)
        self.must_answer = True
