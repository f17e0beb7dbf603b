"""WebSocket headers that break a rule of RFC 6455: entries 50 to 55, and 64."""

from __future__ import annotations

from bench.cases.actions import Serve
from bench.cases.case import Start, entry, variant
from bench.cases.scene import masked
from bench.cases.steps import Stream
from bench.cases.websocket_common import CONTROL, DATA, body, frames, header, name_of, refused
from bench.cases.words import SERVED, frame
from bench.layers.websocket import WebSocket

UNMASKED = entry(
    "websocket",
    50,
    "unmasked",
    "A frame that is not masked",
    expected="The connection is closed with 1002.",
    source="RFC 6455, section 5.1",
    start=Start.UPGRADED,
    cases=[
        frames(
            f"{name_of(opcode)}-{size}",
            WebSocket(opcode=opcode, mask=0) / body(opcode, size),
            expect=refused(1002),
        )
        for opcode in (0, 1, 2, *CONTROL)
        for size in (0, 1, 125)
    ]
    + [frames("ipv6", WebSocket(mask=0) / b"six", expect=refused(1002), ipv6=True)]
    + [
        frames(
            "after-masked",
            WebSocket() / b"masked",
            WebSocket(mask=0) / b"not",
            expect=(frame("text", b"masked"), *refused(1002)),
        )
    ],
)

RESERVED = entry(
    "websocket",
    51,
    "reserved",
    "A reserved bit or a reserved opcode",
    expected="The connection is closed with 1002.",
    source="RFC 6455, section 5.2",
    start=Start.UPGRADED,
    cases=[
        frames(
            f"rsv-{bits:03b}-{name_of(opcode)}",
            WebSocket(opcode=opcode, rsv1=bits >> 2, rsv2=bits >> 1 & 1, rsv3=bits & 1) / b"x",
            expect=refused(1002),
        )
        for bits in range(1, 8)
        for opcode in (1, 2, 9)
        if (bits, opcode) != (4, 1)  # compression that was not negotiated: entry 64
    ]
    + [
        frames(f"opcode-{opcode}-fin-{fin}", WebSocket(opcode=opcode, fin=fin) / b"x", expect=refused(1002))
        for opcode in (*range(3, 8), *range(11, 16))
        for fin in (0, 1)
    ],
)

CONTROL_FRAMES = entry(
    "websocket",
    52,
    "control-frame",
    "A control frame of more than 125 bytes, or fragmented",
    expected="The connection is closed with 1002, on the header alone.",
    source="RFC 6455, section 5.5",
    start=Start.UPGRADED,
    cases=[
        variant(f"{name_of(opcode)}-announces-{size}", Stream(header(opcode, size)), expect=refused(1002))
        for opcode in CONTROL
        for size in (126, 127, 65536)
    ]
    + [
        frames(
            f"{name_of(opcode)}-of-126", WebSocket(opcode=opcode) / body(opcode, 126), expect=refused(1002)
        )
        for opcode in CONTROL
    ]
    + [
        frames(
            f"{name_of(opcode)}-not-final",
            WebSocket(opcode=opcode, fin=0) / body(opcode, 2),
            expect=refused(1002),
        )
        for opcode in CONTROL
    ],
)

ORDER = entry(
    "websocket",
    53,
    "message-order",
    "A continuation of nothing, or a new message inside a fragmented one",
    expected="The connection is closed with 1002.",
    source="RFC 6455, section 5.4",
    start=Start.UPGRADED,
    cases=[
        frames("continuation-of-nothing", WebSocket(opcode=0) / b"x", expect=refused(1002)),
        frames("continuation-of-nothing-not-final", WebSocket(opcode=0, fin=0) / b"x", expect=refused(1002)),
        frames(
            "continuation-after-a-whole-message",
            WebSocket() / b"whole",
            WebSocket(opcode=0) / b"x",
            expect=(frame("text", b"whole"), *refused(1002)),
        ),
        frames(
            "continuation-after-the-last-fragment",
            WebSocket(fin=0) / b"a",
            WebSocket(opcode=0) / b"b",
            WebSocket(opcode=0) / b"c",
            expect=(frame("text", b"ab"), *refused(1002)),
        ),
    ]
    + [
        frames(
            f"new-{name_of(opcode)}-inside-{name_of(first)}",
            WebSocket(opcode=first, fin=0) / b"a",
            WebSocket(opcode=opcode) / b"b",
            expect=refused(1002),
        )
        for first in (1, 2)
        for opcode in (1, 2)
    ],
)

MINIMAL = entry(
    "websocket",
    54,
    "length-not-minimal",
    "A length that does not have its shortest form",
    expected="The connection is closed with 1002.",
    source="RFC 6455, section 5.2",
    start=Start.UPGRADED,
    cases=[
        frames(
            f"{size}-in-{bits}-bits",
            WebSocket(opcode=2, length={16: 126, 64: 127}[bits], ext_length=size) / DATA[: min(size, 200)],
            expect=refused(1002),
        )
        for bits, size in (
            (16, 0),
            (16, 1),
            (16, 125),
            (64, 0),
            (64, 125),
            (64, 126),
            (64, 4096),
            (64, 65535),
        )
    ],
)

MSB = entry(
    "websocket",
    55,
    "length-msb",
    "A 64-bit length with its most significant bit set",
    expected="The connection is closed with 1002 and nothing is allocated.",
    source="RFC 6455, section 5.2; CVE-2020-27813",
    start=Start.UPGRADED,
    cases=[
        variant(f"{length:x}", Stream(header(2, length)), Serve(), expect=(SERVED, *refused(1002)))
        for length in (1 << 63, 0xFFFFFFFFFFFFFFFC, 0xFFFFFFFFFFFFFFFF, (1 << 63) + 1)
    ]
    + [
        variant("in-a-fragment", Stream(header(2, (1 << 64) - 1, fin=0)), expect=refused(1002)),
        variant(
            "in-a-continuation",
            Stream(masked(WebSocket(opcode=2, fin=0) / b"begin") + header(0, (1 << 64) - 4)),
            expect=refused(1002),
        ),
    ],
)

COMPRESSED = entry(
    "websocket",
    64,
    "rsv1-without-compression",
    "RSV1 although no compression was negotiated",
    expected="The connection is closed with 1002.",
    source="RFC 6455, section 5.2; RFC 7692, section 6",
    start=Start.UPGRADED,
    cases=[
        frames("hello", WebSocket(rsv1=1) / bytes.fromhex("f248cdc9c90700"), expect=refused(1002)),
        frames("fragment", WebSocket(rsv1=1, fin=0) / bytes.fromhex("f248cd"), expect=refused(1002)),
        frames(
            "continuation",
            WebSocket(fin=0) / b"plain",
            WebSocket(opcode=0, rsv1=1) / bytes.fromhex("c9c90700"),
            expect=refused(1002),
        ),
        frames("ping", WebSocket(opcode=9, rsv1=1), expect=refused(1002)),
    ],
)

CASES = (*UNMASKED, *RESERVED, *CONTROL_FRAMES, *ORDER, *MINIMAL, *MSB, *COMPRESSED)
