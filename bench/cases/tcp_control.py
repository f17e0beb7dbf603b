"""Flags, ports and numbers that do not fit the state of the connection: entries 35 to 39."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6

from bench.cases.actions import Echo, Probe
from bench.cases.case import PORT, Departure, Start, Variant, entry, variant
from bench.cases.steps import Inject, Send
from bench.cases.tcp_common import (
    CLOSED,
    DATA_TAKEN,
    RESET_WITH_ACK,
    RFC,
    SEQ,
    SPORT,
    both,
    challenge,
    syn_ack,
    tcp,
)
from bench.cases.words import ALIVE, GONE, SILENCE, Expected, segment
from bench.layers.tcpip import ACK, PSH, RST, SYN

FLAGS = entry(
    "tcp",
    35,
    "flags",
    "No flags, all flags, SYN+FIN, SYN+RST",
    expected="No connection comes of it; SYN+FIN may be answered as the SYN it is.",
    source=f"{RFC}, section 3.10.7.2",
    cases=[
        variant(f"{what}-{name}", Send(tcp(ipv6, flags=flags)), expect=SILENCE)
        for what, flags in (("none", 0), ("all", 0x3F), ("syn-rst", "SR"), ("fin", "F"), ("urg-psh", "UP"))
        for name, ipv6 in both("")
    ]
    + [
        variant(f"syn-fin-{name}", Send(tcp(ipv6, flags="SF")), either=(SILENCE, (syn_ack(),)))
        for name, ipv6 in both("")
    ]
    + [
        variant(
            f"syn-ack-{name}",
            Send(tcp(ipv6, flags="SA", ack=7777)),
            expect=(segment("RST", 7777),),
            departure=Departure((segment("RST+ACK", 7777, SEQ + 1),), RESET_WITH_ACK),
        )
        for name, ipv6 in both("")
    ]
    + [
        variant(
            f"none-established-{name}",
            Inject(flags=0),
            Echo(),
            start=Start.ESTABLISHED,
            ipv6=ipv6,
            expect=(ALIVE,),
        )
        for name, ipv6 in both("")
    ],
)

GROUP = entry(
    "tcp",
    36,
    "syn-group",
    "SYN to or from a broadcast or multicast address",
    expected="Silence.",
    source=f"{RFC}, section 3.9.2.3 (MUST-57, MUST-63)",
    cases=[
        variant(what, Send(packet / TCP(sport=SPORT, dport=PORT, seq=SEQ, flags="S")))
        for what, packet in (
            ("to-subnet-broadcast", IP(dst="192.0.2.255")),
            ("to-broadcast", IP(dst="255.255.255.255")),
            ("to-multicast", IP(dst="224.0.0.1")),
            ("to-all-nodes", IPv6(dst="ff02::1")),
            ("from-subnet-broadcast", IP(src="192.0.2.255")),
            ("from-broadcast", IP(src="255.255.255.255")),
            ("from-multicast", IP(src="224.0.0.1")),
            ("from-multicast-ipv6", IPv6(src="ff02::1")),
            ("from-unspecified", IP(src="0.0.0.0")),
            ("from-unspecified-ipv6", IPv6(src="::")),
        )
    ],
)


def reset(ack: int | None, length: int) -> dict[str, Any]:
    """The reset that a segment gets which belongs to no connection, and how lwIP departs from it."""
    if ack is None:
        return {"expect": (segment("RST+ACK", 0, SEQ + length),)}
    return {
        "expect": (segment("RST", ack),),
        "departure": Departure((segment("RST+ACK", ack, SEQ + length),), RESET_WITH_ACK),
    }


def lost(what: str, dport: int, flags: str, data: bytes = b"", ack: int | None = None) -> Iterator[Variant]:
    """A segment that belongs to no connection."""
    length = len(data) + ("S" in flags) + ("F" in flags)
    for name, ipv6 in both(what):
        packet = tcp(ipv6, dport=dport, flags=flags, ack=ack or 0) / data
        yield variant(name, Send(packet), **reset(ack, length))


NO_CONNECTION = entry(
    "tcp",
    37,
    "no-connection",
    "A segment to a closed port, or an ACK to a listening one",
    expected="RST with SEQ=SEG.ACK, or SEQ=0 and ACK=SEG.SEQ+SEG.LEN without ACK; nothing for a RST.",
    source=f"{RFC}, sections 3.10.7.1 and 3.10.7.2",
    cases=[
        *lost("closed-syn", CLOSED, "S"),
        *lost("closed-ack", CLOSED, "A", ack=7777),
        *lost("closed-data", CLOSED, "PA", b"data", ack=7777),
        *lost("closed-data-without-ack", CLOSED, "P", b"data"),
        *lost("closed-fin", CLOSED, "FA", ack=7777),
        *lost("closed-fin-with-data", CLOSED, "F", b"data"),
        *lost("closed-syn-ack", CLOSED, "SA", ack=7777),
        *lost("closed-port-0", 0, "S"),
        *lost("listening-ack", PORT, "A", ack=7777),
        *lost("listening-data", PORT, "PA", b"data", ack=7777),
        *(variant(f"closed-rst-{name}", Send(tcp(ipv6, dport=CLOSED, flags="R"))) for name, ipv6 in both("")),
        *(variant(f"listening-rst-{name}", Send(tcp(ipv6, flags="R"))) for name, ipv6 in both("")),
    ],
)


def window(
    what: str, step: Inject, expect: Expected, departure: Departure | None = None
) -> Iterator[Variant]:
    """A segment on an established connection, which has to be alive after it."""
    for name, ipv6 in both(what):
        yield variant(
            name,
            step,
            Echo(),
            start=Start.ESTABLISHED,
            ipv6=ipv6,
            expect=(*expect, ALIVE),
            departure=departure,
        )


OUT_OF_WINDOW = entry(
    "tcp",
    38,
    "window",
    "RST and SYN outside the window, and inside it but not at the number expected",
    expected="RST outside is dropped; inside, and for a SYN, a challenge ACK; at the right number, the end.",
    source="RFC 5961, sections 3.2 and 4.2; RFC 9293, section 3.10.7.4",
    cases=[
        *window("rst-before", Inject(seq=-1, flags=RST), SILENCE),
        *window("rst-far-before", Inject(seq=-70000, flags=RST), SILENCE),
        *window("rst-beyond", Inject(seq=100_000, flags=RST), SILENCE),
        *window("rst-opposite", Inject(seq=1 << 31, flags=RST), SILENCE),
        *window("rst-inside", Inject(seq=1, flags=RST), (challenge(),)),
        *window("syn-inside", Inject(seq=1, flags=SYN), (challenge(),)),
        *window("syn-expected", Inject(seq=0, flags=SYN), (challenge(),)),
        *window("syn-before", Inject(seq=-1, flags=SYN), (challenge(),)),
        *window("syn-beyond", Inject(seq=100_000, flags=SYN), (challenge(),)),
        *window("syn-ack-inside", Inject(seq=1, flags=SYN | ACK), (challenge(),)),
        *(
            variant(
                f"rst-expected-{name}",
                Inject(flags=RST),
                Probe(),
                start=Start.ESTABLISHED,
                ipv6=ipv6,
                expect=(GONE,),
            )
            for name, ipv6 in both("")
        ),
    ],
)

UNSENT = entry(
    "tcp",
    39,
    "ack-of-unsent-data",
    "An acknowledgement of data that the board has not sent",
    expected="The segment is dropped and an ACK sent.",
    source=f"{RFC}, section 3.10.7.4; RFC 5961, section 5.2",
    cases=[
        *window("1", Inject(ack=1), (challenge(),)),
        *window("5000", Inject(ack=5000), (challenge(),)),
        *window("opposite", Inject(ack=(1 << 31) - 1), (challenge(),)),
        *(
            variant(
                f"with-data-{name}",
                Inject(ack=5000, flags=PSH | ACK, data=b"x"),
                start=Start.ESTABLISHED,
                ipv6=ipv6,
                expect=(challenge(),),
                departure=Departure((challenge(), segment("ACK", "+0", "+1")), DATA_TAKEN),
            )
            for name, ipv6 in both("")
        ),
        *(
            variant(
                f"too-old-{name}",
                Inject(ack=-100_000),
                Echo(),
                start=Start.ESTABLISHED,
                ipv6=ipv6,
                either=((ALIVE,), (challenge(), ALIVE)),
            )
            for name, ipv6 in both("")
        ),
        *(
            variant(
                f"half-open-{name}",
                Inject(ack=5000),
                start=Start.SYN_RECEIVED,
                ipv6=ipv6,
                expect=(segment("RST", "+5000"),),
                departure=Departure((segment("RST+ACK", "+5000", "+0"),), RESET_WITH_ACK),
            )
            for name, ipv6 in both("")
        ),
    ],
)

CASES = (*FLAGS, *GROUP, *NO_CONNECTION, *OUT_OF_WINDOW, *UNSENT)
