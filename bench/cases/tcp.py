"""TCP headers and options that break a rule: entries 28 to 34."""

from __future__ import annotations

from bench.cases.actions import Echo, Small
from bench.cases.case import Start, entry, variant
from bench.cases.scene import masked
from bench.cases.steps import Advance, Inject, Send, Step
from bench.cases.tcp_common import (
    CLOSED,
    RFC,
    SEQ,
    both,
    options,
    syn_ack,
    tcp,
)
from bench.cases.words import ALIVE, SILENCE, Expected, frame, segment
from bench.layers.tcpip import ACK, FIN, PSH, RST, URG
from bench.layers.websocket import WebSocket

DATA_OFFSET = entry(
    "tcp",
    28,
    "data-offset",
    "Data offset below 5, or beyond the segment",
    expected="The segment is dropped without a reply.",
    source=f"{RFC}, section 3.1",
    cases=[
        variant(f"syn-{size}-{name}", Send(tcp(ipv6, flags="S", dataofs=size)))
        for size in (0, 1, 4, 6, 15)
        for name, ipv6 in both("")
    ]
    + [
        variant(
            f"data-{size}-{name}",
            Inject(data=b"offset", flags=PSH | ACK, dataofs=size),
            Echo(),
            start=Start.ESTABLISHED,
            ipv6=ipv6,
            expect=(ALIVE,),
        )
        for size in (0, 4, 7, 15)
        for name, ipv6 in both("")
    ],
)

CHECKSUM = entry(
    "tcp",
    29,
    "checksum",
    "A wrong checksum",
    expected="The segment is dropped without a reply.",
    source=f"{RFC}, section 3.1 (MUST-3)",
    cases=[variant(f"syn-{name}", Send(tcp(ipv6, flags="S", chksum=0xBEEF))) for name, ipv6 in both("")]
    + [
        variant(f"closed-port-{name}", Send(tcp(ipv6, dport=CLOSED, flags="S", chksum=0xBEEF)))
        for name, ipv6 in both("")
    ]
    + [variant(f"zero-{name}", Send(tcp(ipv6, flags="S", chksum=0))) for name, ipv6 in both("")]
    + [
        variant(
            f"{what}-{name}",
            Inject(flags=flags, data=data, spoil_checksum=0x0100),
            Echo(),
            start=Start.ESTABLISHED,
            ipv6=ipv6,
            expect=(ALIVE,),
        )
        for what, flags, data in (
            ("data", PSH | ACK, b"spoilt"),
            ("reset", RST | ACK, b""),
            ("fin", FIN | ACK, b""),
        )
        for name, ipv6 in both("")
    ],
)

ANY_ANSWER: tuple[Expected, ...] = (
    (syn_ack(),),
    SILENCE,
    (segment("RST+ACK", 0, SEQ + 1),),
)
"""A SYN with options that cannot be read: RFC 9293 suggests to reset; what counts is that the walk ends."""

OPTION_LENGTH = entry(
    "tcp",
    30,
    "option-length",
    "An option of length 0 or 1, or beyond the header",
    expected="The walk over the options ends: the SYN is answered, reset or dropped, and the board goes on.",
    source=f"{RFC}, section 3.1 (MUST-7)",
    cases=[
        variant(f"{what}-{name}", Send(options(ipv6=ipv6, data=data)), either=ANY_ANSWER)
        for what, data in (
            ("mss-0", b"\x02\x00\x02\x18"),
            ("mss-1", b"\x02\x01\x02\x18"),
            ("unknown-0", b"\xfe\x00\x00\x00"),
            ("unknown-1", b"\xfe\x01\x00\x00"),
            ("unknown-beyond", b"\xfe\xff\x00\x00"),
            ("timestamp-0", b"\x08\x00" + bytes(10)),
            ("window-scale-0", b"\x03\x00\x02\x00"),
            ("kind-without-length", b"\x01\x01\x01\x05"),
        )
        for name, ipv6 in both("")
    ]
    + [
        variant(
            f"established-{what}-{name}",
            Inject(options=data),
            Echo(),
            start=Start.ESTABLISHED,
            ipv6=ipv6,
            expect=(ALIVE,),
        )
        for what, data in (("0", b"\x05\x00\x00\x00"), ("beyond", b"\xfe\xff\x00\x00"))
        for name, ipv6 in both("")
    ],
)

MSS_CUT = entry(
    "tcp",
    31,
    "mss-cut",
    "An MSS option that the header cuts short, or of a wrong length",
    expected="Nothing beyond the header is read; the SYN is answered, reset or dropped; the board goes on.",
    source=f"{RFC}, section 3.1 (MUST-7)",
    cases=[
        variant(f"{what}-{name}", Send(options(ipv6=ipv6, data=data)), either=ANY_ANSWER)
        for what, data in (
            ("two-of-four", b"\x01\x01\x02\x04"),
            ("three-of-four", b"\x01\x02\x04\x05"),
            ("one-of-four", b"\x01\x01\x01\x02"),
            ("length-3", b"\x02\x03\x05\x00"),
            ("length-5", b"\x02\x05\x05\xb4\x00\x00\x00\x00"),
        )
        for name, ipv6 in both("")
    ],
)

MSS_SMALL = entry(
    "tcp",
    32,
    "mss-small",
    "An MSS of 0, 1 and a few bytes more",
    expected="The connection works, and the board does not send hundreds of tiny segments.",
    source=f"{RFC}, section 3.7.1; CVE-2019-11479",
    start=Start.LISTENING,
    cases=[
        variant(
            f"{mss}-{name}",
            Small(mss, ipv6),
            expect=("1000 bytes come back in at most 24 segments",),
        )
        for mss in (0, 1, 8)
        for name, ipv6 in both("")
    ],
)

SACK = entry(
    "tcp",
    33,
    "sack",
    "A SACK option of a corrupt length",
    expected="The option is ignored and the connection goes on.",
    source="RFC 2018, section 3",
    cases=[
        variant(
            f"{what}-{name}",
            Inject(options=data),
            Echo(),
            start=Start.ESTABLISHED,
            ipv6=ipv6,
            expect=(ALIVE,),
        )
        for what, data in (
            ("0", b"\x05\x00\x00\x00"),
            ("2", b"\x01\x01\x05\x02"),
            ("9", b"\x01\x01\x05\x09" + bytes(8)),
            ("beyond", b"\x01\x01\x05\xfa" + bytes(8)),
            ("blocks-turned-round", b"\x01\x01\x05\x0a\xff\xff\xff\xff\x00\x00\x00\x01"),
        )
        for name, ipv6 in both("")
    ]
    + [
        variant(
            f"permitted-of-{size}-{name}",
            Send(options(ipv6=ipv6, data=bytes([4, size, 0, 0]))),
            either=ANY_ANSWER,
        )
        for size in (0, 3)
        for name, ipv6 in both("")
    ],
)


def urgent(text: bytes, pointer: int) -> tuple[Step, ...]:
    """A text frame in a segment with URG set."""
    data = masked(WebSocket() / text)
    return Inject(flags=URG | PSH | ACK, data=data, urgent=pointer), Advance(data)


URGENT = entry(
    "tcp",
    34,
    "urgent",
    "URG with a pointer of 0, or beyond the data",
    expected="The data stay in the stream and come once.",
    source=f"{RFC}, section 3.8.5",
    start=Start.UPGRADED,
    cases=[
        variant(
            f"{pointer}-{name}",
            *urgent(b"urgent", pointer),
            expect=(frame("text", b"urgent"),),
            ipv6=ipv6,
            view="stream",
        )
        for pointer in (0, 1, 13, 0xFFFF)
        for name, ipv6 in both("")
    ],
)

CASES = (*DATA_OFFSET, *CHECKSUM, *OPTION_LENGTH, *MSS_CUT, *MSS_SMALL, *SACK, *URGENT)
