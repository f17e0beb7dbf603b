"""Sequences of TCP segments, each harmless alone, that have stopped a board: entries 66 to 70.

lwIP takes for granted that a peer keeps to the window, ends its stream once, and names its MSS once; where
one did not, an assertion failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.cases.actions import Action, Serve
from bench.cases.case import Start, Variant, entry, variant
from bench.cases.scene import MOMENT, Scene, masked
from bench.cases.steps import Inject, Run, Step
from bench.cases.tcp_common import RFC, both
from bench.cases.words import SERVED, Expected, Some, frame, segment
from bench.layers.http_upgrade import UpgradeRequest
from bench.layers.schedule import Schedule
from bench.layers.tcpip import ACK, FIN, PSH
from bench.layers.websocket import WebSocket
from bench.peer import PeerError

WINDOW = 1072
"""Bytes that the board offers on a connection."""


def streams(what: str, *steps: Step, expect: Expected) -> Iterator[Variant]:
    """These steps on an upgraded connection; then a new client is served, and the stream is read."""
    for name, ipv6 in both(what):
        yield variant(name, *steps, Serve(ipv6), ipv6=ipv6, expect=(SERVED, *expect), view="stream", watch=2)


def filling(first: bytes = b"G") -> tuple[Step, ...]:
    """Segments that fill the window."""
    data = first.ljust(WINDOW, b"x")
    return tuple(Inject(seq=at, flags=PSH | ACK, data=data[at : at + 536]) for at in range(0, WINDOW, 536))


EARLY_FIN = entry(
    "tcp",
    66,
    "early-fin",
    "A FIN out of order within the window, then data up to it and beyond",
    expected="The stream ends at its FIN; what comes after it is not part of it.",
    source=f"{RFC}, section 3.10.7.4",
    start=Start.ESTABLISHED,
    cases=[
        variant(
            f"at-{at}-{name}",
            Inject(seq=at, flags=FIN | ACK),
            Run(0.001),
            *filling(),
            Run(0.3),
            Serve(ipv6),
            ipv6=ipv6,
            expect=(
                segment("ACK", "+0", "+0"),
                Some("TCP ACK seq=+0 ack=+", 0, 4),
                segment("FIN+ACK", "+0", f"+{at + 1}"),
                Some("TCP ACK seq=+1", 0, 1),
                SERVED,
            ),
            watch=0,
        )
        for at in (1, 536, 900)
        for name, ipv6 in both("")
    ],
)


@dataclass(frozen=True)
class Ranges(Action):
    """Bytes on the case's connection, these ranges of them first, whatever the board's window is."""

    data: bytes
    ranges: tuple[tuple[int, int], ...]

    def act(self, scene: Scene) -> None:
        """Says nothing; what the board has not taken is sent again."""
        scene.peer.send(self.data, schedule=Schedule(ranges=list(self.ranges)))
        scene.peer.wait_acknowledged()


LONG = bytes(range(256)) * 5
"""Longer than the window."""
LONG_FRAME = masked(WebSocket(opcode="binary") / LONG)

PAST_THE_WINDOW = entry(
    "tcp",
    67,
    "past-the-window",
    "A segment out of order that reaches past the window, then what fills the window",
    expected="What is beyond the window is cut off; the stream goes on and nothing of it is lost.",
    source=f"{RFC}, section 3.10.7.4",
    start=Start.UPGRADED,
    cases=[
        one
        for at, ranges in (
            (1, ((0, 1),)),
            (WINDOW - 200, ((0, 536), (536, WINDOW - 200))),
            (WINDOW - 1, ((0, 536), (536, WINDOW - 1))),
        )
        for one in streams(
            f"from-{at}",
            Ranges(LONG_FRAME, ((at, len(LONG_FRAME)), *ranges)),
            expect=(frame("binary", LONG),),
        )
    ],
)

SHORT = masked(WebSocket(opcode="binary") / bytes(100))


@dataclass(frozen=True)
class Reopen(Action):
    """The window, which injected segments have closed, opens again after `sent` bytes of theirs."""

    sent: bytes

    def act(self, scene: Scene) -> None:
        """Says nothing: what waited comes in the stream."""
        scene.tcp.book(self.sent, scene.wire.clock.now)
        scene.peer.acknowledge()
        scene.run(MOMENT)


MSS_LATER = entry(
    "tcp",
    68,
    "mss-later",
    "An MSS option on a segment within a connection, while data wait to be sent",
    expected="The option is ignored: the MSS is told in a SYN.",
    source=f"{RFC}, section 3.2",
    start=Start.UPGRADED,
    cases=[
        one
        for mss in (0, 1, 48)
        for one in streams(
            f"{mss}",
            Inject(flags=PSH | ACK, data=SHORT, window=0),
            Run(0.05),
            Inject(seq=len(SHORT), flags=PSH | ACK, data=SHORT, window=0),
            Run(0.05),
            Inject(
                seq=2 * len(SHORT),
                flags=PSH | ACK,
                data=SHORT,
                window=0,
                options=b"\x02\x04" + mss.to_bytes(2, "big"),
            ),
            Run(0.5),
            Reopen(SHORT * 3),
            expect=(frame("binary", bytes(100)),) * 3,
        )
    ],
)


@dataclass(frozen=True)
class OpensByLittle(Action):
    """A client whose window is closed from its SYN on, opens by `size` bytes, and sends more to be echoed."""

    size: int
    ipv6: bool = False

    def act(self, scene: Scene) -> None:
        """Says whether its messages come back once the window is open."""
        with scene.unheard():
            peer = scene.guest(ipv6=self.ipv6)
            tcp = peer.tcp
            tcp.window = 0
            try:
                peer.connect()
                peer.send(UpgradeRequest())
                scene.run(MOMENT)
                tcp.window = self.size
                tcp.acknowledge(scene.wire.clock.now)
                peer.send(SHORT)
                scene.run(1)
                tcp.window = 65535
                tcp.acknowledge(scene.wire.clock.now)
                peer.receive_response(101, timeout=20)
                peer.expect_frame("binary", bytes(100), timeout=20)
                line = "all comes once the window is open"
            except PeerError as error:
                line = f"expected {error.expected}, came {error.came}"
        scene.say(line)


OPENS_BY_LITTLE = entry(
    "tcp",
    69,
    "window-opens-by-little",
    "A window that is closed from the SYN on, and then opens by a few bytes",
    expected="What waits is sent as the window allows, and all of it comes once it opens.",
    source=f"{RFC}, section 3.8.6.2.1",
    cases=[
        variant(
            f"{size}-{name}",
            OpensByLittle(size, ipv6),
            Serve(ipv6),
            expect=("all comes once the window is open", SERVED),
        )
        for size in (1, 2, 3, 100)
        for name, ipv6 in both("")
    ],
)


@dataclass(frozen=True)
class TakesTheProbe(Action):
    """The window lacks one byte for the echo, then closes; the byte that probes it is acknowledged."""

    def act(self, scene: Scene) -> None:
        """Says whether the probe had the byte, and whether there was another one."""
        with scene.unheard():
            self._act(scene)

    def _act(self, scene: Scene) -> None:
        tcp = scene.tcp
        echo = bytes(WebSocket(opcode="binary") / bytes(100))
        tcp.window = len(echo) - 1
        scene.peer.send(SHORT, [20])  # the first segment carries the window, the second completes the message
        tcp.silent = True
        start = len(tcp.history)
        scene.wire.wait_until(lambda: any(not r.sent and r.segment.payload for r in tcp.history[start:]), 5)
        scene.peer.inject(scene.peer.segment(ACK, ack=len(echo) - 1, window=0))
        before = len(tcp.history)
        scene.run(5)
        probes = [r.segment.payload for r in tcp.history[before:] if not r.sent]
        scene.say("the probe has the last byte" if echo[-1:] in probes else f"the probes are {probes}")
        scene.peer.inject(scene.peer.segment(ACK, ack=1, window=0))
        before = len(tcp.history)
        scene.run(10)
        more = any(not r.sent for r in tcp.history[before:])
        scene.say("more is sent" if more else "nothing is left to be sent")


PROBE = entry(
    "tcp",
    70,
    "probe-acknowledged",
    "The last byte is acknowledged that a probe of the closed window has brought",
    expected="The probing ends, and the connection goes on.",
    source=f"{RFC}, section 3.8.6.1",
    start=Start.UPGRADED,
    cases=[
        variant(
            name,
            TakesTheProbe(),
            Serve(ipv6),
            ipv6=ipv6,
            expect=("the probe has the last byte", "nothing is left to be sent", SERVED),
        )
        for name, ipv6 in both("")
    ],
)

CASES = (*EARLY_FIN, *PAST_THE_WINDOW, *MSS_LATER, *OPENS_BY_LITTLE, *PROBE)
