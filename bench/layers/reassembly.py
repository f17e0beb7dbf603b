"""Reassembly of a TCP stream: segments in any order in, every byte once and in order out (RFC 9293)."""

from __future__ import annotations

MODULO = 1 << 32


def distance(a: int, b: int) -> int:
    """`a - b` in sequence space: negative if `a` comes before `b` (RFC 9293, section 3.4)."""
    return (a - b + MODULO // 2) % MODULO - MODULO // 2


class Reassembly:
    """The receiving half of a connection from the sequence number `next` on."""

    def __init__(self, next: int = 0) -> None:
        self.next = next % MODULO
        """The sequence number expected next: what an acknowledgement carries."""
        self.data = bytearray()
        """The stream so far; the reader takes from its front."""
        self.ended = False
        """FIN and everything before it have arrived."""
        self._early: dict[int, bytes] = {}
        self._fin: int | None = None

    @property
    def gap(self) -> bool:
        """Whether something after a missing piece has arrived already."""
        return bool(self._early)

    def feed(self, seq: int, payload: bytes, fin: bool, window: int) -> None:
        """Take a segment's payload and FIN; what lies beyond `window` numbers from `next` is cut off."""
        room = max(window - distance(seq, self.next), 0)
        if fin and len(payload) < room:
            self._fin = (seq + len(payload)) % MODULO
        payload = payload[:room]
        if len(payload) > len(self._early.get(seq, b"")):
            self._early[seq] = payload
        while due := [at for at in self._early if distance(at, self.next) <= 0]:
            for at in due:
                fresh = self._early.pop(at)[distance(self.next, at) :]
                self.data += fresh
                self.next = (self.next + len(fresh)) % MODULO
        if self._fin == self.next:
            self._fin = None
            self.next = (self.next + 1) % MODULO
            self.ended = True
