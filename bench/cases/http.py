"""Upgrade requests that break a rule: entries 45 to 49."""

from __future__ import annotations

from bench.cases.actions import Serve
from bench.cases.case import Start, Variant, entry, variant
from bench.cases.scene import masked
from bench.cases.steps import Run, Stream
from bench.cases.words import END, RESET, SERVED, Expected, frame, http
from bench.layers.http_upgrade import UpgradeRequest
from bench.layers.websocket import WebSocket

Header = tuple[str, str | None]
KEY = "Sec-WebSocket-Key"
VERSION = "Sec-WebSocket-Version"
PROTOCOL = "Sec-WebSocket-Protocol"
GOOD = bytes(UpgradeRequest())
LET_IN: Expected = (http(101),)
LINGER = 4.0
"""Virtual seconds after which the board has closed, even if it waits for us to read its answer first."""
CHOOSES = 8082
"""The server that asks its application for the sub-protocol."""


def refused(status: int, *headers: str) -> tuple[Expected, ...]:
    """An HTTP error and the end: a reset if the board leaves bytes unread (RFC 1122, section 4.2.2.13)."""
    return (http(status, *headers), END), (http(status, *headers), RESET)


def changed(name: str, status: int, *headers: Header, ipv6: bool = False, **fields: str) -> Variant:
    """The request of RFC 6455, section 1.2, with these headers in place of its own."""
    request = bytes(UpgradeRequest(headers=headers, **fields))
    told = {405: ("allow: GET",), 426: ("sec-websocket-version: 13",)}.get(status, ())
    return variant(name, Stream(request), either=refused(status, *told), ipv6=ipv6, watch=LINGER)


def raw(name: str, data: bytes, status: int = 400) -> Variant:
    """Bytes that may be no request at all."""
    return variant(name, Stream(data), either=refused(status), watch=LINGER)


KEYS = entry(
    "http",
    45,
    "key",
    "A Sec-WebSocket-Key that is missing or not 16 bytes in base64",
    expected="400, and nothing is written beyond a buffer.",
    source="RFC 6455, section 4.2.1; CVE-2026-5067",
    start=Start.ESTABLISHED,
    cases=[
        changed(name, 400, (KEY, value))
        for name, value in (
            ("missing", None),
            ("empty", ""),
            ("15-bytes", "AAAAAAAAAAAAAAAAAAAA"),
            ("17-bytes", "AAAAAAAAAAAAAAAAAAAAAAA="),
            ("no-base64", "!!!!!!!!!!!!!!!!!!!!!!=="),
            ("23-characters", "dGhlIHNhbXBsZSBub25jZQ="),
            ("31-characters", "A" * 31),
            ("32-characters", "A" * 32),
            ("33-characters", "A" * 33),
            ("64-characters", "A" * 64),
            ("300-characters", "A" * 300),
            ("nul-inside", "dGhlIHNhbXBs\0SBub25jZQ=="),
        )
    ]
    + [
        changed("twice", 400, (KEY, "dGhlIHNhbXBsZSBub25jZQ=="), (KEY, "dGhlIHNhbXBsZSBub25jZQ==")),
        changed("missing-ipv6", 400, (KEY, None), ipv6=True),
    ],
)

LINES = entry(
    "http",
    46,
    "lines",
    "A line without CRLF, a line or a head beyond the limit, too many headers",
    expected="400 or 431 and the end, with memory bounded.",
    source="RFC 9112, section 2.2; RFC 6585, section 5",
    start=Start.ESTABLISHED,
    cases=[
        raw("lf-alone", GOOD.replace(b"\r\n", b"\n")),
        raw("cr-inside", GOOD.replace(b"Host: ", b"Host: \r")),
        raw("nul-inside", GOOD.replace(b"Host: ", b"Host: \0")),
        raw("folded", GOOD.replace(b"Host:", b" folded\r\nHost:")),
        raw("without-colon", GOOD.replace(b"Host:", b"Host")),
        raw("space-before-colon", GOOD.replace(b"Host:", b"Host :")),
        raw("empty-name", GOOD.replace(b"Host:", b":")),
        raw("no-request-line", GOOD.partition(b"\r\n")[2]),
        raw("tls-client-hello", bytes.fromhex("160301007b0100007703031122334455") + bytes(100) + b"\r\n\r\n"),
        changed("line-of-1100-bytes", 431, ("X-Long", "a" * 1100)),
        changed("65-headers", 431, *((f"X-{n}", "1") for n in range(65))),
        changed("head-of-5000-bytes", 431, *((f"X-{n}", "a" * 900) for n in range(6))),
        raw("line-without-end", b"GET /" + b"a" * 1500, 431),
        raw("target-of-1100-bytes", GOOD.replace(b"GET /", b"GET /" + b"a" * 1100), 431),
        raw("colons-without-end", b"GET / HTTP/1.1\r\n" + b"a:b\r\n" * 80, 431),
        changed("body", 400, ("Content-Length", "5")),
        changed("chunked", 400, ("Transfer-Encoding", "chunked")),
    ],
)

WRONG = entry(
    "http",
    47,
    "upgrade",
    "Another upgrade, version or method",
    expected="400; for another version 426 with the right one; for another method 405.",
    source="RFC 6455, sections 4.2.1 and 4.4; RFC 9110, section 15.5.6",
    start=Start.ESTABLISHED,
    cases=[
        changed("no-upgrade", 400, ("Upgrade", None)),
        changed("upgrade-h2c", 400, ("Upgrade", "h2c")),
        changed("upgrade-websockets", 400, ("Upgrade", "websockets")),
        changed("no-connection", 400, ("Connection", None)),
        changed("connection-close", 400, ("Connection", "close")),
        changed("no-host", 400, ("Host", None)),
        *(
            changed(f"version-{value or 'missing'}", 426, (VERSION, value))
            for value in (None, "0", "8", "12", "14", "013", "13a", "130", "-13")
        ),
        *(
            changed(f"method-{method}", 405, method=method)
            for method in ("POST", "HEAD", "OPTIONS", "CONNECT", "get")
        ),
        changed("http-1.0", 400, http_version="HTTP/1.0"),
        changed("http-0.9", 400, http_version=""),
        changed("http-lower-case", 400, http_version="http/1.1"),
        changed("version-ipv6", 426, (VERSION, "8"), ipv6=True),
    ],
)

PIECES = entry(
    "http",
    48,
    "pieces",
    "A request in segments of one byte, and one that never ends",
    expected="Pieces are put together; a request not whole after the open timeout is refused with 408.",
    source="RFC 9112, section 2.1; RFC 9110, section 15.5.9",
    start=Start.ESTABLISHED,
    cases=[
        variant("byte-by-byte", Stream(GOOD, split=[1] * len(GOOD), gap=0.01), expect=LET_IN),
        variant(
            "byte-by-byte-at-once",
            Stream(GOOD[:100], split=[1] * 100, gap=0.002),
            Stream(GOOD[100:]),
            expect=LET_IN,
        ),
        variant(
            "with-a-frame",
            Stream(GOOD + masked(WebSocket() / b"impatient")),
            expect=(*LET_IN, frame("text", b"impatient")),
        ),
        variant(
            "frame-cut-in-two",
            Stream(GOOD + masked(WebSocket() / b"impatient")[:3]),
            Run(0.1),
            Stream(masked(WebSocket() / b"impatient")[3:]),
            expect=(*LET_IN, frame("text", b"impatient")),
        ),
        variant(
            "dribbling",
            Stream(GOOD[:40], split=[1] * 40, gap=1.0),
            Serve(),
            either=[(SERVED, *r) for r in refused(408)],
        ),
        variant("silent", Run(11.0), Serve(), either=[(SERVED, *r) for r in refused(408)]),
        variant(
            "half-a-request",
            Stream(GOOD[:60]),
            Run(11.0),
            Serve(),
            either=[(SERVED, *r) for r in refused(408)],
        ),
    ],
)

SUBPROTOCOLS = entry(
    "http",
    49,
    "subprotocols",
    "A list of sub-protocols of spaces, duplicates, or a hundred entries",
    expected="Answered in linear time: 400 for what is no list of different tokens, else by the application.",
    source="RFC 6455, section 4.1; CVE-2021-32640",
    start=Start.ESTABLISHED,
    cases=[
        changed("spaces", 400, (PROTOCOL, " " * 900)),
        changed("commas", 400, (PROTOCOL, "," * 900)),
        changed("commas-and-spaces", 400, (PROTOCOL, " ," * 450)),
        changed("tabs-inside-a-token", 400, (PROTOCOL, "a\tb")),
        changed("twice", 400, (PROTOCOL, "echo, echo")),
        changed("separator-inside", 400, (PROTOCOL, "a/b")),
        changed("spaces-inside-a-token", 400, (PROTOCOL, "a" + " " * 900 + "b")),
        variant(
            "one-hundred",
            Stream(bytes(UpgradeRequest(protocols=[f"p{n}" for n in range(100)]))),
            expect=LET_IN,
        ),
        variant(
            "two-hundred",
            Stream(bytes(UpgradeRequest(protocols=[f"{n:03}" for n in range(200)]))),
            expect=LET_IN,
        ),
        variant(
            "in-several-headers",
            Stream(bytes(UpgradeRequest(headers=[(PROTOCOL, "a"), (PROTOCOL, "b")]))),
            expect=LET_IN,
        ),
    ],
)

REJECTED = entry(
    "http",
    49,
    "subprotocols-chosen",
    "Sub-protocols of which the application takes none",
    expected="401, however many there are.",
    source="RFC 6455, section 4.2.2",
    start=Start.ESTABLISHED,
    port=CHOOSES,
    cases=[
        variant(
            name,
            Stream(bytes(UpgradeRequest(protocols=offered))),
            either=refused(401),
            watch=LINGER,
        )
        for name, offered in (
            ("none-offered", ()),
            ("unknown", ("x",)),
            ("other-case", ("ECHO",)),
            ("one-hundred", tuple(f"p{n}" for n in range(100))),
        )
    ],
)

CASES = (*KEYS, *LINES, *WRONG, *PIECES, *SUBPROTOCOLS, *REJECTED)
