"""TCP over time: segments out of order, floods, closed windows, half-closed ends: entries 40 to 44."""

from __future__ import annotations

from bench.cases.actions import ClosedWindow, Initial, Serve
from bench.cases.case import Start, entry, variant
from bench.cases.scene import masked
from bench.cases.steps import Advance, Fin, Inject, Run, Send, Step, Stream
from bench.cases.tcp_common import RFC, both, tcp
from bench.cases.words import END, SERVED, Some, close, frame, segment
from bench.layers.http_upgrade import UpgradeRequest
from bench.layers.tcpip import ACK, FIN, PSH, SYN
from bench.layers.websocket import WebSocket

MESSAGE = b"delivered once, in order"
WIRE = masked(WebSocket() / MESSAGE)
"""30 bytes."""


def pieces(*cuts: tuple[int, int], every: float = 0.0) -> tuple[Step, ...]:
    """These ranges of the bytes of `WIRE`, in this order, each in a segment."""
    steps: list[Step] = []
    for start, end in cuts:
        steps.append(Inject(seq=start, flags=PSH | ACK, data=WIRE[start:end]))
        if every:
            steps.append(Run(every))
    return *steps, Advance(WIRE)


LAYOUTS = {
    "duplicate": ((0, 30), (0, 30)),
    "duplicate-three-times": ((0, 30), (0, 30), (0, 30)),
    "reordered": ((10, 20), (20, 30), (0, 10)),
    "backwards": ((20, 30), (10, 20), (0, 10)),
    "overlap-before": ((0, 20), (10, 30)),
    "overlap-after": ((10, 30), (0, 20)),
    "inside": ((0, 30), (10, 20)),
    "around": ((10, 20), (0, 30)),
    "gap-filled-by-overlap": ((0, 8), (20, 30), (4, 26)),
    "single-bytes-backwards": tuple((at, at + 1) for at in reversed(range(30))),
    "same-start-longer": ((0, 10), (0, 20), (0, 30)),
    "same-end-shorter": ((20, 30), (10, 30), (0, 30)),
}

ORDER = entry(
    "tcp",
    40,
    "segments",
    "Duplicate, overlapping and reordered segments",
    expected="The stream is delivered once and in order.",
    source=f"{RFC}, section 3.10.7.4",
    start=Start.UPGRADED,
    cases=[
        variant(
            f"{what}-{name}",
            *pieces(*cuts),
            expect=(frame("text", MESSAGE),),
            ipv6=ipv6,
            view="stream",
            watch=2,
        )
        for what, cuts in LAYOUTS.items()
        if what != "single-bytes-backwards"
        for name, ipv6 in both("")
    ]
    + [
        variant(
            f"already-delivered-{name}",
            Stream(WIRE),
            Run(0.1),
            Inject(seq=-len(WIRE), flags=PSH | ACK, data=WIRE),
            expect=(frame("text", MESSAGE),),
            ipv6=ipv6,
            view="stream",
        )
        for name, ipv6 in both("")
    ]
    + [
        variant(
            f"beyond-the-window-{name}",
            Inject(seq=5000, flags=PSH | ACK, data=b"x" * 100),
            Stream(WIRE),
            expect=(frame("text", MESSAGE),),
            ipv6=ipv6,
            view="stream",
        )
        for name, ipv6 in both("")
    ],
)


def syns(count: int, ipv6: bool) -> Send:
    """So many SYNs, each from another port."""
    return Send(*(tcp(ipv6, sport=20000 + n, seq=1000 * n, flags="S") for n in range(count)), every=0.002)


FLOOD = entry(
    "tcp",
    41,
    "syn-flood",
    "More SYNs than there is room for, and a SYN during teardown",
    expected="A real client is served afterwards.",
    source="RFC 4987, section 3; RFC 9293, section 3.10.7.4",
    cases=[
        variant(
            f"{count}-{name}",
            syns(count, ipv6),
            Serve(ipv6, patience=60),
            expect=(Some("TCP SYN+ACK", 1, 2 * count), SERVED),
            watch=0,
        )
        for count in (8, 40)
        for name, ipv6 in both("")
    ]
    + [
        variant(
            f"old-{name}",
            syns(10, ipv6),
            Run(1.0),
            Serve(ipv6, patience=0.9),  # less than until a SYN is sent again
            expect=(Some("TCP SYN+ACK", 10, 20), SERVED),
            watch=0,
        )
        for name, ipv6 in both("")
    ]
    + [
        variant(
            f"during-teardown-{name}",
            Stream(masked(WebSocket(opcode=8))),
            Run(0.1),
            Inject(flags=SYN),
            Inject(seq=1, flags=SYN),
            Fin(),
            Run(0.1),
            Inject(seq=1, flags=SYN),
            Serve(ipv6),
            start=Start.UPGRADED,
            expect=(SERVED, close(1005), END),
            ipv6=ipv6,
            view="stream",
        )
        for name, ipv6 in both("")
    ]
    + [
        variant(
            f"half-open-again-{name}",
            Inject(seq=-1, flags=SYN),
            start=Start.SYN_RECEIVED,
            ipv6=ipv6,
            expect=(segment("SYN+ACK", "+4294967295", "+0") + " mss=536",),
            watch=0.2,
        )
        for name, ipv6 in both("")
    ],
)

WINDOW = entry(
    "tcp",
    42,
    "zero-window",
    "The window closes while the board sends",
    expected="The board probes the window, serves others meanwhile, and all of it comes once it opens.",
    source=f"{RFC}, section 3.8.6.1",
    start=Start.UPGRADED,
    cases=[
        variant(
            f"{size}-bytes-{name}",
            ClosedWindow(size),
            Serve(ipv6),
            expect=("the closed window is probed", f"{size} bytes come once it opens", SERVED),
            ipv6=ipv6,
            view="stream",
        )
        for size in (100, 1500, 4096)
        for name, ipv6 in both("")
    ],
)

REQUEST = bytes(UpgradeRequest())

FIN_EARLY = entry(
    "tcp",
    43,
    "fin",
    "FIN in the handshake, and a half-closed connection",
    expected="The FIN is acknowledged, what was asked before it is answered, and the board closes its half.",
    source=f"{RFC}, sections 3.6 and 3.10.7.4",
    cases=[
        variant(
            f"with-the-handshake-{name}",
            Inject(flags=FIN | ACK),
            start=Start.SYN_RECEIVED,
            ipv6=ipv6,
            expect=(segment("ACK", "+0", "+1"), segment("FIN+ACK", "+0", "+1")),
        )
        for name, ipv6 in both("")
    ]
    + [
        variant(
            f"with-the-handshake-and-data-{name}",
            Inject(flags=FIN | PSH | ACK, data=b"GET / HT"),
            start=Start.SYN_RECEIVED,
            ipv6=ipv6,
            expect=(segment("ACK", "+0", "+9"), segment("FIN+ACK", "+0", "+9")),
        )
        for name, ipv6 in both("")
    ]
    + [
        variant(f"{what}-{name}", *steps, start=start, ipv6=ipv6, expect=expect, view="stream")
        for what, start, steps, expect in (
            ("before-the-request", Start.ESTABLISHED, (Fin(),), (END,)),
            ("inside-the-request", Start.ESTABLISHED, (Stream(REQUEST[:20]), Fin()), (END,)),
            ("after-a-message", Start.UPGRADED, (Stream(WIRE), Fin()), (frame("text", MESSAGE), END)),
            ("inside-a-frame", Start.UPGRADED, (Stream(WIRE[:9]), Fin()), (END,)),
            ("twice", Start.UPGRADED, (Fin(), Inject(seq=-1, flags=FIN | ACK)), (END,)),
        )
        for name, ipv6 in both("")
    ],
)

SEQUENCE = entry(
    "tcp",
    44,
    "initial-sequence-numbers",
    "Initial sequence numbers of consecutive connections",
    expected="They do not follow a rule that a peer could use to foretell the next.",
    source="RFC 9293, section 3.4.1 (MUST-8, SHLD-1); RFC 6528, section 3",
    cases=[
        variant(name, Initial(ipv6), expect=("12 numbers, no difference twice, spread over the whole range",))
        for name, ipv6 in both("")
    ],
)

CASES = (*ORDER, *FLOOD, *WINDOW, *FIN_EARLY, *SEQUENCE)
