"""One TCP connection to the board, with every choice open to a test.

Waiting runs the board; all times are virtual seconds. Ports and sequence numbers come from the board's seed,
so the same calls give the same segments. What comes instead of what was expected is told by `PeerError`: what
was sent, what was expected (with the section of the RFC), what came.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterable
from itertools import pairwise
from types import TracebackType
from typing import Any, Self

from scapy.layers.l2 import Ether
from scapy.plist import PacketList

from bench.layers.reassembly import MODULO
from bench.layers.tcp_state import AckPolicy, State, TcpError
from bench.layers.tcpip import ACK, Endpoint, Segment
from bench.tcp import TcpEndpoint
from bench.wire import Wire

PATIENCE = 5.0
"""Virtual seconds a wait takes at most if the caller names no timeout."""
SHOWN = 160
"""Bytes of a stream that an error message shows."""

_ENDED = (State.TIME_WAIT, State.CLOSED)


class PeerError(AssertionError):
    """The board did not do what was expected; `error` is how the connection failed, if it did."""

    ROBOT_SUPPRESS_NAME = True
    """Robot Framework: show the message without the name of the class before it."""

    def __init__(self, sent: str, expected: str, came: str, error: TcpError | None = None) -> None:
        super().__init__(f"expected {expected}\n  came: {came}\n  sent: {sent}")
        self.sent, self.expected, self.came, self.error = sent, expected, came, error


class TcpPeer:
    """One TCP connection to the board, opened by `connect` or on entering `with`; leaving closes it.

    `mss`, `window`, `ack_policy`, `isn`, `rto` and `retries` are those of `bench.tcp.TcpEndpoint`; `sport` is
    the source port and `timeout` what every wait takes at most.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        port: int = 8080,
        sport: int | None = None,
        ipv6: bool = False,
        seed: int | None = None,
        isn: int | None = None,
        mss: int = 1460,
        window: int = 65535,
        ack_policy: AckPolicy = AckPolicy.IMMEDIATE,
        rto: float = 1.0,
        retries: int = 5,
        timeout: float = PATIENCE,
    ) -> None:
        self.wire = wire
        self.timeout = timeout
        self.random = random.Random(wire.random.getrandbits(64) if seed is None else seed)
        host, board = wire.host, wire.board
        sport = wire.take_port() if sport is None else sport
        self.tcp = TcpEndpoint(
            Endpoint.of(host.mac, host.ip6 if ipv6 else host.ip, sport),
            Endpoint.of(board.mac, board.ip6 if ipv6 else board.ip, port),
            isn=self.random.getrandbits(32) if isn is None else isn,
            mss=mss,
            window=window,
            ack_policy=ack_policy,
            rto=rto,
            retries=retries,
        )
        self.sent = "nothing yet"
        """What was sent last, in words."""
        self._detach = wire.listen(self._arrived)

    # Connection

    def connect(self, timeout: float | None = None) -> Self:
        """Open the connection. Raises PeerError if it is refused or nobody answers."""
        self.sent = f"TCP SYN to {self.tcp.remote}"
        self.tcp.connect(self.wire.clock.now)
        if not self._wait(lambda: self.tcp.state is State.ESTABLISHED, timeout):
            raise self._wrong("SYN+ACK (RFC 9293, section 3.5)")
        return self

    def send(
        self,
        data: bytes,
        split: Iterable[int] | None = None,
        *,
        at: Iterable[int] | None = None,
        gap: float = 0.0,
    ) -> None:
        """Send bytes, in segments of the board's MSS, or of the sizes `split`, or cut at the positions `at`.

        With `gap`, the board runs for so long after each segment asked for; without, all go out back to back.
        Raises PeerError if the connection is closed already.
        """
        if at is not None:
            split = [b - a for a, b in pairwise([0, *sorted(set(at) - {0})])]
        self.sent = excerpt(data)
        sizes = list(split or ())
        cuts = [0]
        for size in sizes:
            cuts.append(cuts[-1] + size)
        pieces = [data[a:b] for a, b in pairwise([*cuts, len(data)])] if gap else [data]
        for piece in pieces:
            try:
                self.tcp.send(piece, self.wire.clock.now, None if gap else sizes)
            except TcpError as error:
                raise self._wrong("a connection to send on") from error
            self._flush()
            if gap:
                self._wait(lambda: False, gap)

    def receive(self, size: int | None = None, *, until: bytes = b"", timeout: float | None = None) -> bytes:
        """Take `size` bytes from the stream, or all up to and including `until`, or whatever comes first.

        Raises PeerError if the board does not send that much.
        """
        stream = self.tcp.received
        if until:
            if not self._wait(lambda: until in stream, timeout):
                raise self._wrong(f"bytes up to {until!r}")
            size = stream.index(until) + len(until)
        elif not self._wait(lambda: len(stream) >= (size or 1), timeout):
            raise self._wrong(f"{size or 'some'} bytes")
        return self.tcp.read(size)

    def wait_acknowledged(self, timeout: float | None = None) -> None:
        """Run until the board has acknowledged everything that was sent. Raises PeerError."""
        if not self._wait(lambda: self.tcp.all_acknowledged, timeout):
            raise self._wrong("an acknowledgement of everything sent (RFC 9293, section 3.4)")

    def shutdown(self) -> None:
        """Close our half: FIN after everything that was sent."""
        self.sent = "TCP FIN"
        self.tcp.close(self.wire.clock.now)
        self._flush()

    def close(self, timeout: float | None = None) -> None:
        """Close our half and wait until the board has closed its own. Raises PeerError if it does not."""
        self.shutdown()
        if not self._wait(lambda: self.tcp.state in _ENDED, timeout) or self.tcp.error:
            raise self._wrong("FIN of the board (RFC 9293, section 3.6)")

    def reset(self) -> None:
        """Send RST."""
        self.sent = "TCP RST"
        self.tcp.reset(self.wire.clock.now)
        self._flush()

    def acknowledge(self, number: int | None = None) -> None:
        """Send a bare ACK for everything that has come, or for everything before `number`."""
        self.sent = f"TCP ACK of {'everything' if number is None else number}"
        self.tcp.acknowledge(self.wire.clock.now, number)
        self._flush()

    @property
    def silent(self) -> bool:
        """Whether this end sends nothing but what it is told to; see `TcpEndpoint.silent`."""
        return self.tcp.silent

    @silent.setter
    def silent(self, silent: bool) -> None:
        self.tcp.silent = silent

    def segment(
        self,
        flags: int,
        payload: bytes = b"",
        *,
        seq: int = 0,
        ack: int = 0,
        window: int | None = None,
        options: bytes = b"",
        urgent: int = 0,
    ) -> Segment:
        """A segment that fits this connection now, for `inject`; `seq` and `ack` are offsets from what fits.

        What fits is the number this end sends next, and the acknowledgement it sent last.
        """
        tcp = self.tcp
        return Segment(
            (tcp.send_next + seq) % MODULO,
            (tcp.acknowledged + ack) % MODULO if flags & ACK else 0,
            flags,
            tcp.window if window is None else window,
            payload,
            options,
            urgent,
        )

    def inject(self, segment: Segment) -> None:
        """Send any segment; this end's state does not notice. `segment` makes one that fits."""
        self.sent = str(segment)
        self.tcp.inject(segment, self.wire.clock.now)
        self._flush()

    def expect_end(self, timeout: float | None = None, *, rfc: str = "") -> None:
        """Wait until the board has closed its half or reset the connection. Raises PeerError."""
        if not self._wait(lambda: self.closed_by_board, timeout):
            raise self._wrong("the board to close the TCP connection", rfc)

    def expect_silence(self, seconds: float) -> None:
        """Run the board for so long; raise PeerError if it sends data or closes meanwhile."""
        before = len(self.tcp.received)
        ended = self.closed_by_board
        if self._wait(lambda: len(self.tcp.received) != before or self.closed_by_board != ended, seconds):
            raise self._wrong(f"silence for {seconds:g} s")

    @property
    def closed_by_board(self) -> bool:
        """Whether the board has sent FIN or RST."""
        return self.tcp.eof or self.tcp.error is not None

    # State

    def snapshot(self) -> tuple[TcpEndpoint, object]:
        """The state of our end, to go with a snapshot of the board taken at the same moment."""
        return copy.deepcopy(self.tcp), self.random.getstate()

    def restore(self, state: tuple[TcpEndpoint, Any]) -> None:
        """Back to a snapshot, after the board has been restored to its own."""
        self.tcp = copy.deepcopy(state[0])
        self.random.setstate(state[1])
        self._detach()
        self._detach = self.wire.listen(self._arrived)

    # What crossed

    @property
    def packets(self) -> PacketList:
        """Every frame of this connection as a Scapy packet with its virtual time, dissected now."""
        packets = []
        for record in self.tcp.history:
            packet = Ether(record.frame)
            packet.time = record.time
            packets.append(packet)
        return PacketList(packets, f"{self.tcp.local} to {self.tcp.remote}")

    # Context

    def __enter__(self) -> Self:
        return self.connect() if self.tcp.state is State.CLOSED and not self.tcp.history else self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and self.closed_by_board and not self.silent:
                self.shutdown()
                self._wait(lambda: self.tcp.state in _ENDED, None)
            elif kind is None and self.tcp.state is not State.CLOSED and not self.silent:
                self.close()
            else:
                self.tcp.reset(self.wire.clock.now)
                self._flush()
        finally:
            self._detach()

    # Inside

    def _arrived(self, time: float, frame: bytes) -> None:
        if self.tcp.feed(frame, time):
            self._flush()

    def _flush(self) -> None:
        for frame in self.tcp.take():
            self.wire.send(frame)

    def _wait(self, predicate: Callable[[], bool], timeout: float | None) -> bool:
        """Run the board and our timers until the predicate holds, the connection fails or time is over."""
        clock, tcp = self.wire.clock, self.tcp
        failed_before = tcp.error
        deadline = clock.now + (self.timeout if timeout is None else timeout)
        while True:
            self._flush()
            timer = tcp.next_timer
            until = deadline if timer is None else min(deadline, timer)
            if self.wire.wait_until(
                lambda: predicate() or tcp.error is not failed_before, max(0.0, until - clock.now)
            ):
                return predicate()
            if until == deadline and timer != deadline:
                return False
            tcp.tick(until)

    def _wrong(self, expected: str, rfc: str = "", *, came: str = "") -> PeerError:
        return PeerError(self.sent, with_rfc(expected, rfc), came or self._came(), self.tcp.error)

    def _came(self) -> str:
        """What lies unread in the stream, and how the connection stands."""
        parts = [self._unread(bytes(self.tcp.received))] if self.tcp.received else []
        if self.tcp.error is not None:
            parts.append(str(self.tcp.error))
        elif self.tcp.eof:
            parts.append("the end of the connection (FIN)")
        return (
            " and ".join(parts) or f"nothing until {self.wire.clock.now:.6f} s (TCP {self.tcp.state.value})"
        )

    def _unread(self, data: bytes) -> str:
        """Unread bytes, in words."""
        return excerpt(data)


def excerpt(data: bytes) -> str:
    """Bytes for a message, cut if there are many."""
    return repr(data) if len(data) <= SHOWN else f"{data[:SHOWN]!r}... ({len(data)} bytes)"


def with_rfc(expected: str, rfc: str) -> str:
    """An expectation with the section that demands it."""
    return f"{expected} ({rfc})" if rfc else expected
