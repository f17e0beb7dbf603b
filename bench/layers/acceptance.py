"""Which segments fit a connection, and how often others are answered (RFC 9293, section 3.10.7.4)."""

from __future__ import annotations

from collections import deque

from bench.layers.reassembly import distance
from bench.layers.tcpip import Segment

CHALLENGES, CHALLENGE_SECONDS = 10, 5.0
"""So many challenge ACKs in so many seconds at most (RFC 5961, section 7)."""
BARE_SECONDS = 0.5
"""An ACK without data that does not fit is answered once in so many seconds: the other end may answer the
answer, and two ends that disagree would never fall silent. Linux does so too (`tcp_invalid_ratelimit`)."""


def acceptable(segment: Segment, receive_next: int, window: int) -> bool:
    """Whether the sequence numbers of a segment fit: the table of RFC 9293, section 3.10.7.4, first check."""
    first = distance(segment.seq, receive_next)
    if window == 0:
        return segment.length == 0 and first == 0
    last = first + max(segment.length, 1) - 1
    return 0 <= first < window or 0 <= last < window


def acknowledges_what_was_sent(ack: int, unacknowledged: int, send_next: int, window: int) -> bool:
    """Whether an acknowledgement can be meant: SND.UNA - MAX.SND.WND <= SEG.ACK <= SND.NXT.

    `window` is the largest one that the other end has announced (RFC 5961, section 5.2).
    """
    return distance(ack, send_next) <= 0 and distance(ack, unacknowledged) >= -window


class AnswerLimit:
    """Lets through so many answers in so many seconds."""

    def __init__(self, count: int, seconds: float) -> None:
        self._seconds = seconds
        self._given: deque[float] = deque(maxlen=count)

    def allows(self, now: float) -> bool:
        """Whether one more may go out now; it then counts as given."""
        full = len(self._given) == self._given.maxlen
        if full and now - self._given[0] < self._seconds:
            return False
        self._given.append(now)
        return True
