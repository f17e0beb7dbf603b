"""The sending half of a TCP connection: what waits, what is in flight, and when it is sent again (RFC 9293).

`Reassembly` is the other half. It says which segments are due; the endpoint builds and sends them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice

from bench.layers.reassembly import MODULO, distance
from bench.layers.tcpip import Segment


class Transmission:
    """The stream from the sequence number `first` on, which is that of the SYN.

    `rto` seconds is the first retransmission timeout; it doubles.
    """

    def __init__(self, first: int, rto: float) -> None:
        self.next = self.unacknowledged = first % MODULO
        """The sequence numbers sent next, and acknowledged up to (SND.NXT, SND.UNA)."""
        self.window = 0
        """What the remote end takes beyond `unacknowledged`, in bytes (SND.WND)."""
        self.largest_window = 0
        """The largest `window` so far (MAX.SND.WND)."""
        self.rto = rto
        self.timer: float | None = None
        """When something is to be sent again, or a closed window to be probed."""
        self.timeouts = 0
        """How often in a row the timer has gone off."""
        self.pending: deque[bytes] = deque()
        """Pieces of the stream that have not been sent, a segment each."""
        self.inflight: deque[Segment] = deque()
        """Segments that have been sent and not been acknowledged."""
        self._window_update = (0, 0)
        self._recover: int | None = None

    @property
    def idle(self) -> bool:
        """Whether everything has been sent and acknowledged."""
        return not self.pending and not self.inflight

    def queue(self, data: bytes, sizes: Iterable[int] | None, mss: int) -> None:
        """Let bytes wait, in pieces of these sizes, the rest in pieces of `mss` bytes."""
        self.pending.extend(pieces(data, sizes, mss))

    def sent(self, segment: Segment, now: float) -> None:
        """Note a segment that occupies sequence space: it stays in flight until acknowledged."""
        self.inflight.append(segment)
        self.next = (segment.seq + segment.length) % MODULO
        if self.timer is None:
            self.timer = now + self.rto

    def forget(self) -> None:
        """Send nothing more."""
        self.timer = None
        self.pending.clear()
        self.inflight.clear()

    def restart(self, first: int) -> None:
        """Begin anew at the SYN, which is to be sent in another form."""
        self.inflight.clear()
        self.timeouts, self.next = 0, first

    def due(self, now: float, heed_window: bool) -> bytes | None:
        """The next piece that may go out now, None for none; it then counts as taken."""
        if not self.pending:
            return None
        piece = self.pending[0]
        room = self.window - distance(self.next, self.unacknowledged) if heed_window else len(piece)
        if len(piece) > room and self.inflight:
            return None
        if room <= 0:
            if self.timer is None:
                self.timer = now + self.rto
            return None
        self.pending.popleft()
        if len(piece) > room:
            self.pending.appendleft(piece[room:])
        return piece[:room]

    def probe(self) -> bytes:
        """One byte of what waits: it asks whether a closed window has opened (RFC 9293, section 3.8.6.1)."""
        piece = self.pending.popleft()
        if len(piece) > 1:
            self.pending.appendleft(piece[1:])
        return piece[:1]

    def oldest(self, count: int = 1) -> list[Segment]:
        """The oldest segments in flight."""
        return list(islice(self.inflight, count))

    def timed_out(self) -> list[Segment]:
        """What is to be sent again because the timer has gone off; the caller sets it anew."""
        if self.inflight:
            self._recover = self.next
        return self.oldest()

    def open_window(self, segment: Segment, window: int) -> None:
        """Take the window, in bytes, of the remote end's SYN."""
        self.window, self._window_update = window, (segment.seq, segment.ack)
        self.largest_window = max(window, self.largest_window)

    def acknowledge(self, segment: Segment, window: int, now: float) -> list[Segment]:
        """Take a segment's acknowledgement and window, in bytes. Returns what is to be sent again at once."""
        progress = distance(segment.ack, self.unacknowledged) > 0
        if progress:
            self.unacknowledged = segment.ack
            while self.inflight:
                first = self.inflight[0]
                if distance(first.seq + first.length, segment.ack) > 0:
                    taken = distance(segment.ack, first.seq)
                    if 0 < taken <= len(first.payload):
                        rest = first.payload[taken:]
                        self.inflight[0] = replace(first, seq=segment.ack, payload=rest)
                    break
                self.inflight.popleft()
            self.timeouts = 0
            self.timer = now + self.rto if self.inflight else None
        again: list[Segment] = []
        newer = distance(segment.seq, self._window_update[0])
        # An old acknowledgement says nothing of the window, however new the data beside it.
        if distance(segment.ack, self.unacknowledged) >= 0 and (
            newer > 0 or (newer == 0 and distance(segment.ack, self._window_update[1]) >= 0)
        ):
            opened = self.window == 0 and window > 0
            self.open_window(segment, window)
            if opened and self.inflight and not progress:
                again = self.oldest()  # the probe of a closed window, which was dropped
            elif self.pending and not self.inflight:
                self.timer, self.timeouts = None, 0
        if self._recover is not None:
            if distance(self.unacknowledged, self._recover) >= 0:
                self._recover = None
            elif progress and self.inflight:
                # More of the same loss (RFC 6582); by twos, or each would wait for a delayed acknowledgement.
                again += self.oldest(2)
        return again


def pieces(data: bytes, sizes: Iterable[int] | None, mss: int) -> list[bytes]:
    """`data` cut into pieces of these sizes, the rest into pieces of `mss` bytes. Raises ValueError."""
    cut, start = [], 0
    for size in sizes or ():
        if size <= 0:
            raise ValueError(f"segment sizes must be positive, got {size}")
        if start < len(data):
            cut.append(data[start : start + size])
        start += size
    return cut + [data[at : at + mss] for at in range(start, len(data), mss)]


def refreshed(segment: Segment, ack: int, window: int, options: bytes) -> Segment:
    """A segment to be sent again, with what its header would say now."""
    return replace(segment, ack=ack, window=window, options=options)
