"""WebSocket messages, text and close frames that break a rule, and what looks so: 56 to 63, 65."""

from __future__ import annotations

from bench.cases import words
from bench.cases.actions import Endless, Serve
from bench.cases.case import MAX_PAYLOAD, Start, entry, variant
from bench.cases.scene import masked
from bench.cases.steps import Inject, Run, Stream
from bench.cases.websocket_common import DATA, TEXT, body, frames, header, name_of, refused
from bench.cases.words import RESET, SERVED, close, frame
from bench.layers.tcpip import ACK, RST
from bench.layers.websocket import WebSocket, WebSocketClose

BAD_TEXT = {
    "lone-continuation-byte": b"\x80",
    "cut-short": b"\xc3",
    "overlong-in-two": b"\xc0\xaf",
    "overlong-in-three": b"\xe0\x80\xaf",
    "overlong-in-four": b"\xf0\x80\x80\xaf",
    "surrogate": b"\xed\xa0\x80",
    "beyond-u-10ffff": b"\xf4\x90\x80\x80",
    "five-bytes": b"\xf8\x88\x80\x80\x80",
    "ff": b"text \xff",
}

TOO_BIG = entry(
    "websocket",
    56,
    "too-big",
    "A message longer than max_payload",
    expected="The connection is closed with 1009 as soon as the header is there, before its payload arrives.",
    source="RFC 6455, section 7.4.1",
    start=Start.UPGRADED,
    cases=[
        variant(f"announces-{length}", Stream(header(opcode, length)[:-4]), expect=refused(1009))
        for opcode, length in (
            (2, MAX_PAYLOAD + 1),
            (1, MAX_PAYLOAD + 1),
            (2, 65535),
            (2, 65536),
            (2, 1 << 31),
            (2, 1 << 32),
            (1, (1 << 63) - 1),
        )
        if (opcode, length) != (1, MAX_PAYLOAD + 1)
    ]
    + [
        variant("text-announced", Stream(header(1, MAX_PAYLOAD + 1)[:-4]), expect=refused(1009)),
        frames(
            "with-its-payload", WebSocket(opcode=2) / DATA[: MAX_PAYLOAD + 1], expect=refused(1009), watch=2
        ),
    ],
)

FRAGMENTS_TOO_BIG = entry(
    "websocket",
    57,
    "fragments-too-big",
    "Fragments that sum to more than max_payload",
    expected="The connection is closed with 1009 at the header of the fragment that goes too far.",
    source="RFC 6455, section 10.4",
    start=Start.UPGRADED,
    cases=[
        frames(
            "one-byte-over",
            WebSocket(opcode=2, fin=0) / DATA[:MAX_PAYLOAD],
            WebSocket(opcode=0) / b"x",
            expect=refused(1009),
            watch=2,
        ),
        variant(
            "announced",
            Stream(masked(WebSocket(opcode=2, fin=0) / b"x") + header(0, MAX_PAYLOAD)),
            expect=refused(1009),
        ),
        frames(
            "in-eleven",
            WebSocket(opcode=1, fin=0),
            *(WebSocket(opcode=0, fin=0) / TEXT[:400] for _ in range(11)),
            expect=refused(1009),
            watch=2,
        ),
        variant(
            "sum-beyond-64-bits",
            Stream(masked(WebSocket(opcode=2, fin=0) / b"xx") + header(0, (1 << 63) - 1)),
            expect=refused(1009),
        ),
    ],
)

ENDLESS = entry(
    "websocket",
    58,
    "fragments-without-end",
    "Empty fragments, or fragments of one byte, without end",
    expected="The connection is closed with 1008 after max_fragments, and memory stays flat until then.",
    source="RFC 6455, section 10.4",
    start=Start.UPGRADED,
    cases=[
        variant(
            f"of-{size}-bytes",
            Stream(masked(WebSocket(opcode=2, fin=0))),
            Endless(masked(WebSocket(opcode=0, fin=0) / DATA[:size]), most=1200),
            # Fragments that come when the board has closed make a reset (RFC 1122, section 4.2.2.13).
            either=(refused(1008), (close(1008), RESET)),
        )
        for size in (0, 1)
    ],
)

UTF8 = entry(
    "websocket",
    59,
    "utf-8",
    "Text or a close reason that is not UTF-8",
    expected="The connection is closed with 1007.",
    source="RFC 6455, section 8.1",
    start=Start.UPGRADED,
    cases=[
        frames(f"text-{name}", WebSocket() / data, expect=refused(1007)) for name, data in BAD_TEXT.items()
    ]
    + [
        frames(
            f"reason-{name}",
            WebSocket() / WebSocketClose(code=1000, reason=data),
            expect=refused(1007),
        )
        for name, data in BAD_TEXT.items()
    ]
    + [
        frames(
            "code-point-split-over-fragments-is-right",
            WebSocket(fin=0) / "€".encode()[:1],
            WebSocket(opcode=0, fin=0) / "€".encode()[1:2],
            WebSocket(opcode=0) / "€".encode()[2:],
            expect=(frame("text", "€".encode()),),
        ),
        frames(
            "code-point-split-and-never-ended",
            WebSocket(fin=0) / "€".encode()[:2],
            WebSocket(opcode=0),
            expect=refused(1007),
        ),
        frames(
            "code-point-split-and-broken",
            WebSocket(fin=0) / b"\xf0\x9f",
            WebSocket(opcode=0) / b"\x98a",
            expect=refused(1007),
        ),
        frames(
            "refused-before-the-message-ends",
            WebSocket(fin=0) / b"bad \xff",
            expect=refused(1007),
        ),
        frames(
            "binary-may-hold-anything",
            WebSocket(opcode=2) / b"\xff\xfe",
            expect=(frame("binary", b"\xff\xfe"),),
        ),
    ],
)

CLOSE_PAYLOAD = entry(
    "websocket",
    60,
    "close-payload",
    "A close frame with a payload of one byte, or with a code that may not be sent",
    expected="The connection is closed with 1002.",
    source="RFC 6455, sections 5.5.1 and 7.4",
    start=Start.UPGRADED,
    cases=[frames("one-byte", WebSocket(opcode="close") / b"\x03", expect=refused(1002))]
    + [
        frames(f"code-{code}", WebSocket() / WebSocketClose(code=code), expect=refused(1002))
        for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    ]
    + [
        frames(f"code-{code}-is-right", WebSocket() / WebSocketClose(code=code), expect=refused(code))
        for code in (1000, 1001, 1011, 3000, 4999)
    ],
)

AFTER_CLOSE = entry(
    "websocket",
    61,
    "after-close",
    "Data and a ping after a close frame",
    expected="The close frame is echoed; what follows it is ignored.",
    source="RFC 6455, sections 5.5.1 and 7.1.4",
    start=Start.UPGRADED,
    cases=[
        frames(
            "ping",
            CLOSING := WebSocket() / WebSocketClose(code=1000),
            WebSocket(opcode=9) / b"p",
            expect=refused(1000),
        ),
        frames("text", CLOSING, WebSocket() / b"late", expect=refused(1000)),
        frames("second-close", CLOSING, WebSocket() / WebSocketClose(code=1001), expect=refused(1000)),
        frames("broken-frame", CLOSING, WebSocket(opcode=3, mask=0) / b"late", expect=refused(1000)),
        variant(
            "ping-in-the-next-segment",
            Stream(masked(CLOSING)),
            Stream(masked(WebSocket(opcode=9) / b"p")),
            expect=refused(1000),
        ),
        variant(
            "text-after-the-boards-close",
            Stream(masked(WebSocket(opcode=3) / b"x")),
            Run(0.02),
            Stream(masked(WebSocket() / b"late", WebSocket(opcode=9) / b"p")),
            expect=refused(1002),
        ),
    ],
)

PINGS = entry(
    "websocket",
    62,
    "pings",
    "Ten pings in one segment, and a ping between fragments",
    expected="Each is answered by a pong with its payload, in order, and the message is not disturbed.",
    source="RFC 6455, sections 5.5.2 and 5.5.3",
    start=Start.UPGRADED,
    cases=[
        frames(
            "ten-in-one-segment",
            *(WebSocket(opcode=9) / str(n).encode() for n in range(10)),
            expect=tuple(frame("pong", str(n).encode()) for n in range(10)),
        ),
        frames(
            "between-fragments",
            WebSocket(fin=0) / b"frag",
            WebSocket(opcode=9) / b"between",
            WebSocket(opcode=0) / b"ments",
            expect=(frame("pong", b"between"), frame("text", b"fragments")),
        ),
        frames(
            "around-a-message",
            WebSocket(opcode=9) / b"1",
            WebSocket() / b"message",
            WebSocket(opcode=9) / b"2",
            expect=(frame("pong", b"1"), frame("text", b"message"), frame("pong", b"2")),
        ),
        frames("empty", WebSocket(opcode=9), expect=(frame("pong"),)),
        frames("of-125-bytes", WebSocket(opcode=9) / DATA[:125], expect=(frame("pong", DATA[:125]),)),
        frames("unasked-pong", WebSocket(opcode=10) / b"?", expect=()),
        frames("ipv6", WebSocket(opcode=9) / b"six", expect=(frame("pong", b"six"),), ipv6=True),
    ],
)

CUT_OFF = entry(
    "websocket",
    63,
    "cut-off",
    "A frame that a TCP reset cuts off",
    expected="The connection is given up in silence and the next client is served.",
    source="RFC 6455, section 7.1.7; RFC 9293, section 3.10.7.4",
    start=Start.UPGRADED,
    cases=[
        variant(
            f"after-{cut}-bytes",
            Stream(masked(WebSocket() / b"cut off")[:cut]),
            Inject(flags=RST | ACK),
            Serve(),
            expect=(SERVED,),
        )
        for cut in (1, 2, 5, 6, 7, 12)
    ]
    + [
        variant(
            "inside-a-long-frame",
            Stream(masked(WebSocket(opcode=2) / DATA[:MAX_PAYLOAD])[:2000], gap=0.01),
            Inject(flags=RST | ACK),
            Serve(),
            expect=(SERVED,),
        ),
        variant(
            "inside-a-fragmented-message",
            Stream(masked(WebSocket(opcode=2, fin=0) / DATA[:1000])),
            Inject(flags=RST | ACK),
            Serve(),
            expect=(SERVED,),
        ),
    ],
)

LENGTHS = (0, 1, 125, 126, 127, MAX_PAYLOAD - 1, MAX_PAYLOAD)
KEYS = (
    "00000000",
    "ff000000",
    "00ff0000",
    "0000ff00",
    "000000ff",
    "ffffffff",
    "01020408",
    "80402010",
)

MASKING = entry(
    "websocket",
    65,
    "masking",
    "Every byte of the masking key, and payloads of every form of length",
    expected="The message is echoed; one byte over max_payload is answered with 1009.",
    source="RFC 6455, sections 5.2 and 5.3",
    start=Start.UPGRADED,
    cases=[
        frames(
            f"key-{key}",
            WebSocket(mask=1, masking_key=bytes.fromhex(key)) / TEXT[:95],
            expect=(frame("text", TEXT[:95]),),
        )
        for key in KEYS
    ]
    + [
        frames(
            f"{name_of(opcode)}-{size}",
            WebSocket(opcode=opcode) / body(opcode, size),
            expect=(frame(name_of(opcode), body(opcode, size)),),
            watch=1,
        )
        for opcode in (1, 2)
        for size in LENGTHS
    ]
    + [
        frames(
            f"{name_of(opcode)}-{MAX_PAYLOAD + 1}",
            WebSocket(opcode=opcode) / (body(opcode, MAX_PAYLOAD) + b"x"),
            expect=refused(1009),
            watch=1,
        )
        for opcode in (1, 2)
    ]
    + [
        frames(f"length-{size}", WebSocket(opcode=2) / DATA[:size], expect=(frame("binary", DATA[:size]),))
        for size in range(2, 9)
    ]
    + [
        variant(
            "key-in-pieces",
            Stream(masked(WebSocket() / b"in pieces"), split=[1] * 15, gap=0.01),
            expect=(frame("text", b"in pieces"),),
        ),
        variant("no-key", Stream(masked(WebSocket(opcode=9, mask=1, masking_key=b""))), expect=words.SILENCE),
    ],
)

CASES = (
    *TOO_BIG,
    *FRAGMENTS_TOO_BIG,
    *ENDLESS,
    *UTF8,
    *CLOSE_PAYLOAD,
    *AFTER_CLOSE,
    *PINGS,
    *CUT_OFF,
    *MASKING,
)
