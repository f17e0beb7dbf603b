"""One TCP connection to the board, with every choice open to a test.

Waiting runs the board; all times are virtual seconds. Ports and sequence numbers come from the board's seed,
so the same calls give the same segments. What comes instead of what was expected is told by `PeerError`: what
was sent, what was expected (with the section of the RFC), what came.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from types import TracebackType
from typing import Any, Self, SupportsBytes

from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Packet
from scapy.plist import PacketList

from bench.completion import complete
from bench.layers.reassembly import MODULO
from bench.layers.schedule import Schedule
from bench.layers.tcp_options import Options
from bench.layers.tcp_state import AckPolicy, State, TcpError
from bench.layers.tcpip import ACK, Endpoint, Segment
from bench.layers.transmission import pieces
from bench.peer_error import SHOWN, PeerError, excerpt, with_rfc
from bench.tcp import TcpEndpoint
from bench.wire import Wire

__all__ = ["PATIENCE", "SHOWN", "PeerError", "TcpPeer", "excerpt", "with_rfc"]

PATIENCE = 5.0
"""Virtual seconds a wait takes at most if the caller names no timeout."""

_ENDED = (State.TIME_WAIT, State.CLOSED)


class TcpPeer:
    """One TCP connection to the board, opened by `connect` or on entering `with`; leaving closes it.

    `mss`, `window`, `ack_policy`, `isn`, `rto`, `retries`, `options` and `heed_window` are those of
    `bench.tcp.TcpEndpoint`; `sport` is the source port and `timeout` what every wait takes at most.
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
        options: Options | None = None,
        heed_window: bool = True,
        timeout: float = PATIENCE,
    ) -> None:
        self.wire = wire
        self.timeout = timeout
        """Virtual seconds that a wait takes at most."""
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
            options=options,
            heed_window=heed_window,
        )
        """This end of the connection: its state, numbers and history."""
        self.sent = "nothing yet"
        """What was sent last, in words."""
        self._detach = wire.listen(self._arrived, partner=True)

    # Connection

    def connect(self, timeout: float | None = None) -> Self:
        """Open the connection. Raises PeerError if it is refused or nobody answers."""
        self.sent = f"TCP SYN to {self.tcp.remote}"
        self.tcp.connect(self.wire.clock.now)
        if not self.wait_until(lambda: self.tcp.state is State.ESTABLISHED, timeout):
            raise self.wrong("SYN+ACK (RFC 9293, section 3.5)")
        return self

    def send(
        self,
        data: SupportsBytes,
        split: Iterable[int] | None = None,
        *,
        at: Iterable[int] | None = None,
        gap: float = 0.0,
        order: Sequence[int] | None = None,
        schedule: Schedule | None = None,
    ) -> None:
        """Send bytes or a packet, in segments of the board's MSS, of the sizes `split`, or cut at `at`.

        With `gap`, the board runs for so long after each segment asked for; without, all go out back to back.
        `order` gives the numbers of the segments in the order in which they go out, `schedule` any impairment
        (see `Schedule`); the board's window does not matter then. Raises PeerError if the connection is
        closed already.
        """
        if order is not None and schedule is not None:
            raise ValueError("the order belongs into the schedule")
        octets, self.sent = self._encode(data)
        if at is not None:
            split = [b - a for a, b in pairwise([0, *sorted(set(at) - {0})])]
        sizes = list(split or ())
        try:
            if order is not None or schedule is not None:
                self._send_scheduled(octets, sizes, schedule or Schedule(order=order), gap)
                return
            for piece in pieces(octets, sizes, max(len(octets), 1)) if gap else [octets]:
                self.tcp.send(piece, self.wire.clock.now, None if gap else sizes)
                self._flush(gap)
        except TcpError as error:
            raise self.wrong("a connection to send on") from error

    def _send_scheduled(self, octets: bytes, sizes: list[int], schedule: Schedule, gap: float) -> None:
        seq, lengths = self.tcp.book(octets, self.wire.clock.now, sizes)
        for start, end in schedule.segments(lengths):
            now = self.wire.clock.now
            self.tcp.inject(self.tcp.data_segment(seq + start, octets[start:end], now), now)
            self._flush(gap)

    def _encode(self, data: SupportsBytes) -> tuple[bytes, str]:
        """What goes over the wire, and how reports name it."""
        octets = bytes(data)
        return octets, excerpt(octets)

    def receive(self, size: int | None = None, *, until: bytes = b"", timeout: float | None = None) -> bytes:
        """Take `size` bytes from the stream, or all up to and including `until`, or whatever comes first.

        Raises PeerError if the board does not send that much.
        """
        stream = self.tcp.received
        if until:
            if not self.wait_until(lambda: until in stream, timeout):
                raise self.wrong(f"bytes up to {until!r}")
            size = stream.index(until) + len(until)
        elif not self.wait_until(lambda: len(stream) >= (size or 1), timeout):
            raise self.wrong(f"{size or 'some'} bytes")
        return self.tcp.read(size)

    def wait_acknowledged(self, timeout: float | None = None) -> None:
        """Run until the board has acknowledged everything that was sent. Raises PeerError."""
        if not self.wait_until(lambda: self.tcp.all_acknowledged, timeout):
            raise self.wrong("an acknowledgement of everything sent (RFC 9293, section 3.4)")

    def shutdown(self) -> None:
        """Close our half: FIN after everything that was sent."""
        self.sent = "TCP FIN"
        self.tcp.close(self.wire.clock.now)
        self._flush()

    def close(self, timeout: float | None = None) -> None:
        """Close our half and wait until the board has closed its own. Raises PeerError if it does not."""
        self.shutdown()
        if not self.wait_until(lambda: self.tcp.state in _ENDED, timeout) or self.tcp.error:
            raise self.wrong("FIN of the board (RFC 9293, section 3.6)")

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

    def inject(self, segment: Segment | Packet) -> None:
        """Send any segment; this end's state does not notice. `segment` makes one that fits.

        A Scapy packet goes out with what it leaves open filled in from this connection: ports, sequence
        number and acknowledgement of a TCP header, addresses, IP and Ethernet headers.
        """
        now = self.wire.clock.now
        if isinstance(segment, Segment):
            self.sent = str(segment)
            self.tcp.inject(segment, now)
        else:
            packet = self._fit(segment)
            self.sent = packet.summary()
            self.tcp.inject_frame(bytes(packet), now)
        self._flush()

    def _fit(self, packet: Packet) -> Packet:
        """A copy of a packet that belongs to this connection as far as it does not say otherwise."""
        packet, tcp = packet.copy(), self.tcp
        if TCP in packet:
            fitting = {
                "sport": tcp.local.port,
                "dport": tcp.remote.port,
                "seq": tcp.send_next,
                "ack": tcp.acknowledged,
                "window": tcp.window,
            }
            for name, value in fitting.items():
                if name not in packet[TCP].fields:
                    packet[TCP].setfieldval(name, value)
        if isinstance(packet, TCP):
            packet = (IPv6() if len(tcp.local.ip) == 16 else IP()) / packet
        return complete(packet, self.wire.host, self.wire.board)

    def lose(self, count: int = 1, which: Callable[[Segment], bool] | None = None) -> None:
        """Let the next `count` segments of the board be lost on their way here.

        By default only those count that the board has to send again: with data, SYN or FIN. `which` chooses
        others. They stand in the capture; `lost` has them.
        """
        self.tcp.lose(count, which)

    @property
    def lost(self) -> list[Segment]:
        """The board's segments that `lose` has kept from this end."""
        return self.tcp.lost

    def expect_end(self, timeout: float | None = None, *, rfc: str = "") -> None:
        """Wait until the board has closed its half or reset the connection. Raises PeerError."""
        if not self.wait_until(lambda: self.closed_by_board, timeout):
            raise self.wrong("the board to close the TCP connection", rfc)

    def expect_silence(self, seconds: float, *, rfc: str = "") -> None:
        """Run the board for so long; raise PeerError if it sends data or closes meanwhile."""
        before = len(self.tcp.received)
        ended = self.closed_by_board

        def broken() -> bool:
            return len(self.tcp.received) != before or self.closed_by_board != ended

        if self.wait_until(broken, seconds):
            raise self.wrong(f"silence for {seconds:g} s", rfc)

    @property
    def closed_by_board(self) -> bool:
        """Whether the board has sent FIN or RST."""
        return self.tcp.eof or self.tcp.error is not None

    # State

    def snapshot(self) -> tuple[Any, ...]:
        """The state of our end, to go with a snapshot of the board taken at the same moment."""
        return copy.deepcopy(self.tcp), self.random.getstate()

    def restore(self, state: tuple[Any, ...]) -> None:
        """Back to a snapshot, after the board has been restored to its own."""
        self.tcp = copy.deepcopy(state[0])
        self.random.setstate(state[1])
        self._detach()
        self._detach = self.wire.listen(self._arrived, partner=True)

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
        fresh = self.tcp.state is State.CLOSED and not self.tcp.history
        return self.connect() if fresh and not self.silent else self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and self.closed_by_board and not self.silent:
                self.shutdown()
                self.wait_until(lambda: self.tcp.state in _ENDED, None)
            elif kind is None and self.tcp.state is not State.CLOSED and not self.silent:
                self.close()
            else:
                self.tcp.reset(self.wire.clock.now)
                self._flush()
        finally:
            self._detach()

    # Inside

    def _arrived(self, time: float, frame: bytes) -> None:
        reception = self.wire.reception  # has judged the frame; a board that was misled is heard
        self.tcp.verify = reception.strict and not reception.misled
        if self.tcp.feed(frame, time):
            self._flush()

    def _flush(self, gap: float = 0.0) -> None:
        for frame in self.tcp.take():
            self.wire.send(frame)
        if gap:
            self.wait_until(lambda: False, gap)

    def wait_until(self, predicate: Callable[[], bool], timeout: float | None = None) -> bool:
        """Run the board and our timers until the predicate holds, the connection fails or time is over.

        Returns whether it holds.
        """
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

    def wrong(self, expected: str, rfc: str = "", *, came: str = "") -> PeerError:
        """The error that says what was sent, what was expected instead of what came.

        What a peer had to drop in this test is said, too: most often it is why.
        """
        came = came or self._came()
        if dropped := self.wire.reception.told:
            came = f"{came}; {dropped}"
        return PeerError(self.sent, with_rfc(expected, rfc), came, self.tcp.error)

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
