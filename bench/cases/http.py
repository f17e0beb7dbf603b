"""Upgrade requests that break a rule: entries 45 to 49."""

from __future__ import annotations

from bench.cases.actions import Serve
from bench.cases.case import Start, Variant, entry, variant
from bench.cases.scene import masked
from bench.cases.steps import Run, Stream
from bench.cases.words import END, NO_BODY, RESET, SERVED, UPGRADE_OPTION, Expected, frame, http
from bench.layers.http_upgrade import UpgradeRequest
from bench.layers.websocket import WebSocket

Header = tuple[str, str | None]
KEY = "Sec-WebSocket-Key"
VERSION = "Sec-WebSocket-Version"
PROTOCOL = "Sec-WebSocket-Protocol"
EXTENSION = "Sec-WebSocket-Extensions"
GOOD = bytes(UpgradeRequest())
LET_IN: Expected = (http(101),)
LINGER = 4.0
"""Virtual seconds after which the board has closed, even if it waits for us to read its answer first."""
CHOOSES = 8082
"""The server that asks its application for the sub-protocol."""


def refused(status: int, *headers: str) -> tuple[Expected, ...]:
    """An HTTP error and the end: a reset if the board leaves bytes unread (RFC 1122, section 4.2.2.13)."""
    return (http(status, *headers), END), (http(status, *headers), RESET)


TOLD = {
    401: ('www-authenticate: Sub-Protocol realm="ws_server"',),
    405: ("allow: GET",),
    426: ("sec-websocket-version: 13", UPGRADE_OPTION),
}
"""What an answer with this status tells."""


def changed(
    name: str,
    status: int,
    *headers: Header,
    ipv6: bool = False,
    told: tuple[str, ...] | None = None,
    **fields: str,
) -> Variant:
    """The request of RFC 6455, section 1.2, with these headers in place of its own."""
    request = bytes(UpgradeRequest(headers=headers, **fields))
    if told is None:
        told = TOLD.get(status, ())
    return variant(name, Stream(request), either=refused(status, *told), ipv6=ipv6, watch=LINGER)


def raw(name: str, data: bytes, status: int = 400) -> Variant:
    """Bytes that may be no request at all."""
    return variant(name, Stream(data), either=refused(status), watch=LINGER)


def let_in(name: str, *headers: Header, path: str = "/") -> Variant:
    """The request with these headers in place of its own: one that is in order."""
    return variant(name, Stream(bytes(UpgradeRequest(path, headers=headers))), expect=LET_IN)


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
    expected="400, 414 or 431 and the end, with memory bounded; an empty line before the request is ignored.",
    source="RFC 9112, sections 2.2 and 3; RFC 6585, section 5",
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
        raw("line-without-end", b"GET / HTTP/1.1\r\nHost: " + b"a" * 1500, 431),
        raw("target-without-end", b"GET /" + b"a" * 1500, 414),
        raw("target-of-1100-bytes", GOOD.replace(b"GET /", b"GET /" + b"a" * 1100), 414),
        let_in("target-of-1000-bytes", path="/" + "a" * 1000),
        raw("method-without-end", b"G" * 1500, 501),
        variant("empty-line-first", Stream(b"\r\n" + GOOD), expect=LET_IN),
        raw("two-empty-lines-first", b"\r\n\r\n" + GOOD),
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
        changed("no-upgrade", 400, ("Upgrade", None), told=(UPGRADE_OPTION,)),
        changed("upgrade-h2c", 400, ("Upgrade", "h2c"), told=(UPGRADE_OPTION,)),
        changed("upgrade-websockets", 400, ("Upgrade", "websockets"), told=(UPGRADE_OPTION,)),
        changed("no-connection", 400, ("Connection", None)),
        changed("connection-close", 400, ("Connection", "close")),
        changed("no-host", 400, ("Host", None)),
        *(
            changed(f"version-{value or 'missing'}", 426, (VERSION, value))
            for value in (None, "0", "8", "12", "14", "013", "13a", "130", "-13")
        ),
        *(
            changed(f"method-{method}", 405, method=method)
            for method in ("POST", "OPTIONS", "CONNECT", "get")
        ),
        changed("method-HEAD", 405, method="HEAD", told=(*TOLD[405], NO_BODY)),
        changed("http-1.0", 400, http_version="HTTP/1.0"),
        changed("http-0.9", 400, http_version=""),
        changed("http-lower-case", 400, http_version="http/1.1"),
        *(
            changed(f"http-{name}", 400, http_version=version)
            for name, version in (
                ("1.x", "HTTP/1.x"),
                ("colons", "HTTP/:.:"),
                ("comma", "HTTP/1,1"),
                ("1.10", "HTTP/1.10"),
            )
        ),
        changed("version-ipv6", 426, (VERSION, "8"), ipv6=True),
    ],
)

HOSTS = entry(
    "http",
    47,
    "host",
    "A Host header that is no host, or none with a port",
    expected="400; a host, an address in brackets, an empty port and an empty Host are in order.",
    source="RFC 9112, section 3.2; RFC 3986, section 3.2.2",
    start=Start.ESTABLISHED,
    cases=[
        *(
            changed(name, 400, ("Host", value))
            for name, value in (
                ("space-inside", "a b"),
                ("user", "u@h"),
                ("path", "h/x"),
                ("port-no-number", "h:8x"),
                ("two-ports", "h:80:80"),
                ("percent-cut", "h%4"),
                ("bracket-open", "[::1"),
                ("bracket-empty", "[]"),
                ("ipv6-bare", "::1"),
                ("ipv6-two-gaps", "[1::2::3]"),
                ("ipv6-seven-groups", "[1:2:3:4:5:6:7]"),
                ("ipv6-colons", "[" + ":" * 900 + "]"),
            )
        ),
        *(
            let_in(name, ("Host", value))
            for name, value in (
                ("let-in-empty", ""),
                ("let-in-name", "h"),
                ("let-in-port-empty", "h:"),
                ("let-in-percent", "%41.example:80"),
                ("let-in-ipv6", "[::1]:8080"),
                ("let-in-ipv6-ipv4", "[::ffff:192.0.2.1]"),
            )
        ),
    ],
)

TARGETS = entry(
    "http",
    47,
    "target",
    "A request target that is neither a path nor a URI of http or https",
    expected="400; a path and an absolute URI are in order.",
    source="RFC 9112, section 3.2; RFC 6455, section 4.1",
    start=Start.ESTABLISHED,
    cases=[
        *(
            changed(name, 400, path=target)
            for name, target in (
                ("asterisk", "*"),
                ("no-slash", "chat"),
                ("authority", "example.org:80"),
                ("fragment", "/chat#part"),
                ("ws", "ws://example.org/"),
                ("no-host", "http:///chat"),
                ("user", "http://u@example.org/"),
            )
        ),
        *(
            let_in(f"let-in-{name}", path=target)
            for name, target in (
                ("path", "/any/path"),
                ("query", "/?a[]=1|b"),
                ("absolute", "http://example.org:8080/chat"),
                ("absolute-ipv6", "HTTPS://[2001:db8::1]?q"),
            )
        ),
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

EXTENSIONS = entry(
    "http",
    49,
    "extensions",
    "Sec-WebSocket-Extensions that is no list of extensions",
    expected="400: the handshake has failed; a list is in order, whatever it offers.",
    source="RFC 6455, section 9.1",
    start=Start.ESTABLISHED,
    cases=[
        *(
            changed(name, 400, (EXTENSION, value))
            for name, value in (
                ("empty", ""),
                ("commas", "," * 900),
                ("no-token", "a b"),
                ("parameter-empty", "a;"),
                ("value-empty", "a;b="),
                ("value-twice", "a;b==1"),
                ("quote-open", 'a;b="c'),
                ("quote-with-no-token", 'a;b="c d"'),
                ("semicolons", "foo;=;;,bar==1"),
                ("long", "a;" * 400 + "b="),
            )
        ),
        *(
            let_in(name, (EXTENSION, value))
            for name, value in (
                ("let-in-deflate", "permessage-deflate; client_max_window_bits=15, x-other"),
                ("let-in-quoted", 'a; b="c"; d = "\\e"'),
                ("let-in-empty-elements", ", a,,"),
                ("let-in-long", "a" + ";a" * 400),
            )
        ),
    ],
)

REJECTED = entry(
    "http",
    49,
    "subprotocols-chosen",
    "Sub-protocols of which the application takes none",
    expected="401 with a challenge, however many there are.",
    source="RFC 6455, section 4.2.2; RFC 9110, section 15.5.2",
    start=Start.ESTABLISHED,
    port=CHOOSES,
    cases=[
        variant(
            name,
            Stream(bytes(UpgradeRequest(protocols=offered))),
            either=refused(401, *TOLD[401]),
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

CASES = (
    *KEYS,
    *LINES,
    *WRONG,
    *HOSTS,
    *TARGETS,
    *PIECES,
    *SUBPROTOCOLS,
    *EXTENSIONS,
    *REJECTED,
)
