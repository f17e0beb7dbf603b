"""The rules as data, for pytest and for MicroPython alike: no imports but of what both have.

Frames are written as RFC 6455 section 5.7 writes them, in hexadecimal, or with `client(...)`, which masks.
"""

from ws_server.compat import MAX_HEADERS

KEY = bytes((0x37, 0xFA, 0x21, 0x3D))
MAX_PAYLOAD = 1000
MAX_LINE = 1024
MAX_HEAD = 4096


def client(first: int, payload: bytes = b"", key: bytes = KEY, length: int | None = None) -> bytes:
    """A client's frame: first byte, then the length in its minimal form, key, masked payload."""
    if length is None:
        length = len(payload)
    if length < 126:
        head = bytes((first, 0x80 | length))
    elif length < 0x10000:
        head = bytes((first, 0xFE)) + length.to_bytes(2, "big")
    else:
        head = bytes((first, 0xFF)) + length.to_bytes(8, "big")
    return head + key + bytes([payload[i] ^ key[i % 4] for i in range(len(payload))])


def unhex(text: str) -> bytes:
    return bytes([int(pair, 16) for pair in text.split()])


EURO = bytes((0xE2, 0x82, 0xAC))

# name (with the section of RFC 6455), bytes from the client, events: (kind, data) or ("close", code, reason)
GOOD: list[tuple[str, bytes, list[tuple[object, ...]]]] = [
    ("5.7 masked text", unhex("81 85 37 fa 21 3d 7f 9f 4d 51 58"), [("message", "Hello")]),
    ("5.5.2 masked ping", unhex("89 85 37 fa 21 3d 7f 9f 4d 51 58"), [("ping", b"Hello")]),
    ("5.5.3 masked pong nobody asked for", unhex("8a 85 37 fa 21 3d 7f 9f 4d 51 58"), [("pong", b"Hello")]),
    ("5.7 fragmented text", client(0x01, b"Hel") + client(0x80, b"lo"), [("message", "Hello")]),
    ("5.2 empty text", client(0x81), [("message", "")]),
    ("5.2 empty binary", client(0x82), [("message", b"")]),
    ("5.2 one byte", client(0x82, b"\xff"), [("message", b"\xff")]),
    ("5.2 longest 7-bit length", client(0x82, b"a" * 125), [("message", b"a" * 125)]),
    ("5.2 shortest 16-bit length", client(0x82, b"a" * 126), [("message", b"a" * 126)]),
    ("5.2 length 127", client(0x82, b"a" * 127), [("message", b"a" * 127)]),
    ("5.2 message of max_payload", client(0x82, bytes(MAX_PAYLOAD)), [("message", bytes(MAX_PAYLOAD))]),
    ("5.3 masking key of zeros", client(0x81, b"Hello", bytes(4)), [("message", "Hello")]),
    ("5.3 masking key of ones", client(0x81, b"Hello", b"\xff" * 4), [("message", "Hello")]),
    ("5.3 first byte of the key alone", client(0x82, b"abcdefgh", b"\x5a\0\0\0"), [("message", b"abcdefgh")]),
    (
        "5.3 second byte of the key alone",
        client(0x82, b"abcdefgh", b"\0\x5a\0\0"),
        [("message", b"abcdefgh")],
    ),
    ("5.3 third byte of the key alone", client(0x82, b"abcdefgh", b"\0\0\x5a\0"), [("message", b"abcdefgh")]),
    (
        "5.3 fourth byte of the key alone",
        client(0x82, b"abcdefgh", b"\0\0\0\x5a"),
        [("message", b"abcdefgh")],
    ),
    ("5.4 empty fragments", client(0x01) + client(0x00) + client(0x80, b"x"), [("message", "x")]),
    ("5.4 nothing but empty fragments", client(0x02) + client(0x00) + client(0x80), [("message", b"")]),
    (
        "5.4 ping between fragments",
        client(0x01, b"a") + client(0x89, b"p") + client(0x80, b"b"),
        [("ping", b"p"), ("message", "ab")],
    ),
    (
        "5.4 character cut by fragments",
        client(0x01, EURO[:1]) + client(0x00, EURO[1:2]) + client(0x80, EURO[2:]),
        [("message", "\u20ac")],
    ),
    (
        "5.4 two messages",
        client(0x81, b"a") + client(0x82, b"b"),
        [("message", "a"), ("message", b"b")],
    ),
    ("5.5 longest ping", client(0x89, bytes(125)), [("ping", bytes(125))]),
    (
        "5.5.2 ten pings",
        b"".join([client(0x89, bytes((n,))) for n in range(10)]),
        [("ping", bytes((n,))) for n in range(10)],
    ),
    ("5.5.1 Close without a code", client(0x88), [("close", 1005, "")]),
    ("5.5.1 Close with a code", client(0x88, b"\x03\xe8"), [("close", 1000, "")]),
    ("5.5.1 Close with a reason", client(0x88, b"\x03\xe9" + EURO), [("close", 1001, "\u20ac")]),
    ("7.4.2 Close with a registered code", client(0x88, b"\x0b\xb8"), [("close", 3000, "")]),
    ("7.4.2 Close with a private code", client(0x88, b"\x13\x87"), [("close", 4999, "")]),
    (
        "1.4 nothing counts after Close",
        client(0x88, b"\x03\xe8") + client(0x81, b"late") + client(0x89, b"late"),
        [("close", 1000, "")],
    ),
    ("1.4 not even rubbish", client(0x88, b"\x03\xe8") + b"\xff\xff\xff\xff", [("close", 1000, "")]),
]


def text(payload: bytes) -> bytes:
    return client(0x81, payload)


# name, bytes from the client, close code of the answer, section that the error names
BAD = [
    ("unmasked frame", unhex("81 05 48 65 6c 6c 6f"), 1002, "5.1"),
    ("unmasked Ping", unhex("89 00"), 1002, "5.1"),
    ("RSV1 without compression", client(0xC1, b"x"), 1002, "5.2"),
    ("RSV2", client(0xA1, b"x"), 1002, "5.2"),
    ("RSV3", client(0x91, b"x"), 1002, "5.2"),
    ("Ping longer than 125 bytes", client(0x89, bytes(126)), 1002, "5.5"),
    ("Close longer than 125 bytes", client(0x88, bytes(126)), 1002, "5.5"),
    ("fragmented Ping", client(0x09, b"x"), 1002, "5.5"),
    ("fragmented Close", client(0x08, b"\x03\xe8"), 1002, "5.5"),
    ("continuation of nothing", client(0x80, b"x"), 1002, "5.4"),
    ("continuation after a whole message", client(0x81, b"x") + client(0x00, b"x"), 1002, "5.4"),
    ("new message inside a fragmented one", client(0x01, b"x") + client(0x81, b"x"), 1002, "5.4"),
    ("16-bit length below 126", bytes((0x82, 0xFE, 0, 125)) + KEY + bytes(125), 1002, "5.2"),
    ("64-bit length below 65536", bytes((0x82, 0xFF)) + (65535).to_bytes(8, "big") + KEY, 1002, "5.2"),
    ("64-bit length with the top bit", bytes((0x82, 0xFF)) + b"\x80" + bytes(7) + KEY, 1002, "5.2"),
    ("64-bit length that would wrap", bytes((0x82, 0xFF)) + b"\xff" * 7 + b"\xfc" + KEY, 1002, "5.2"),
    ("one byte too many", client(0x82, bytes(MAX_PAYLOAD + 1)), 1009, "7.4.1"),
    ("over-long header, no payload yet", client(0x82, b"", length=MAX_PAYLOAD + 1), 1009, "7.4.1"),
    ("over-long header, no key yet", client(0x82, b"", b"", length=MAX_PAYLOAD + 1), 1009, "7.4.1"),
    ("over-long 64-bit header", client(0x82, b"", length=0x7FFFFFFFFFFFFFFF), 1009, "7.4.1"),
    ("fragments too long together", client(0x02, bytes(MAX_PAYLOAD)) + client(0x80, b"x"), 1009, "7.4.1"),
    ("too many fragments", client(0x02) + client(0x00) * 64, 1008, "7.4.1"),
    ("text that is not UTF-8", text(b"\xff"), 1007, "8.1"),
    ("text that ends within a character", text(EURO[:2]), 1007, "8.1"),
    ("bad UTF-8 told before the message ends", client(0x01, b"\xc0\xaf"), 1007, "8.1"),
    ("bad UTF-8 told before the frame ends", client(0x81, b"a" * 50 + b"\xff", length=900), 1007, "8.1"),
    ("character broken by the next fragment", client(0x01, EURO[:2]) + client(0x80, b"x"), 1007, "8.1"),
    ("Close of one byte", client(0x88, b"\x03"), 1002, "5.5.1"),
    ("Close reason that is not UTF-8", client(0x88, b"\x03\xe8\xff"), 1007, "5.5.1"),
]
BAD += [(f"opcode {n}", client(0x80 | n, b"x"), 1002, "5.2") for n in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)]
BAD += [
    (f"close code {code}", client(0x88, code.to_bytes(2, "big")), 1002, "7.4")
    for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535)
]
MAX_FRAGMENTS = 64

GOOD_CLOSE_CODES = (
    1000,
    1001,
    1002,
    1003,
    1007,
    1008,
    1009,
    1010,
    1011,
    1012,
    1013,
    1014,
    3000,
    3999,
    4000,
    4999,
)

# RFC 3629; the border of each range, and the forms that section 3 forbids
GOOD_UTF8 = [
    b"",
    b"plain",
    unhex("ce ba e1 bd b9 cf 83 ce bc ce b5"),
    unhex("c2 80"),
    unhex("df bf"),
    unhex("e0 a0 80"),
    unhex("ed 9f bf"),
    unhex("ee 80 80"),
    unhex("ef bf bf"),
    unhex("f0 90 80 80"),
    unhex("f4 8f bf bf"),
    b"a" * 255 + EURO + b"b" * 300,
]
BAD_UTF8 = [
    unhex("80"),
    unhex("bf"),
    unhex("c0 80"),
    unhex("c1 bf"),
    unhex("c2"),
    unhex("c2 00"),
    unhex("c2 c2"),
    unhex("e0 80 80"),
    unhex("e0 9f bf"),
    unhex("e2 82"),
    unhex("ed a0 80"),
    unhex("ed bf bf"),
    unhex("f0 80 80 80"),
    unhex("f0 8f bf bf"),
    unhex("f0 90 80"),
    unhex("f4 90 80 80"),
    unhex("f5 80 80 80"),
    unhex("f8 88 80 80 80"),
    unhex("fe"),
    unhex("ff"),
    b"a" * 300 + b"\x80",
]

SAMPLE_KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455 section 1.3
SAMPLE_ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

# RFC 6455 section 1.2
REQUEST_LINE = "GET /chat HTTP/1.1"
HEADERS = [
    "Host: server.example.com",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: " + SAMPLE_KEY,
    "Origin: http://example.com",
    "Sec-WebSocket-Protocol: chat, superchat",
    "Sec-WebSocket-Version: 13",
]


def request(line: str = REQUEST_LINE, without: tuple[str, ...] = (), extra: tuple[str, ...] = ()) -> bytes:
    """The request of section 1.2, without the headers named in `without`, with the lines `extra`."""
    lines = [line]
    lines.extend([header for header in HEADERS if header.split(":")[0] not in without])
    lines.extend(extra)
    return bytes("\r\n".join(lines) + "\r\n\r\n", "utf-8")


def replaced(header: str) -> bytes:
    """The request with one of its headers replaced."""
    return request(without=(header.split(":")[0],), extra=(header,))


# name, request, sub-protocols offered
_GOOD_REQUESTS: list[tuple[str, bytes, list[str] | None]] = [
    ("1.2 the example", request(), ["chat", "superchat"]),
    ("4.2.1 no sub-protocol", request(without=("Sec-WebSocket-Protocol",)), []),
    ("4.2.1 no origin", request(without=("Origin",)), ["chat", "superchat"]),
    ("4.2.1 Upgrade in capitals", replaced("Upgrade: WebSocket"), ["chat", "superchat"]),
    ("4.2.1 Upgrade with alternatives", replaced("Upgrade: h2c, websocket"), ["chat", "superchat"]),
    ("4.2.1 Connection with keep-alive", replaced("Connection: keep-alive, Upgrade"), ["chat", "superchat"]),
    (
        "4.1 header names in capitals",
        request().replace(b"Sec-WebSocket-Version", b"SEC-WEBSOCKET-VERSION").replace(b"Host", b"hOST"),
        None,
    ),
    ("9112-5.1 no space after the colon", replaced("Sec-WebSocket-Version:13"), None),
    ("9112-5.1 blanks around the value", replaced("Sec-WebSocket-Version: \t13 \t"), None),
    ("9112-2.3 a later minor version", request("GET / HTTP/1.9"), None),
    (
        "4.1 protocols in two headers",
        request(extra=("Sec-WebSocket-Protocol: third",)),
        ["chat", "superchat", "third"],
    ),
    (
        "9110-5.6.1 empty list elements",
        replaced("Sec-WebSocket-Protocol: , chat,, superchat ,"),
        ["chat", "superchat"],
    ),
    ("9110-5.5 other headers may hold anything", request(extra=("Cookie: \u00e9\u20ac",)), None),
    (
        "9.1 extensions are not negotiated",
        request(extra=("Sec-WebSocket-Extensions: permessage-deflate",)),
        None,
    ),
    ("4.1 a body of length 0", request(extra=("Content-Length: 0",)), None),
    ("9112-2.2 an empty line first", b"\r\n" + request(), None),
    ("9112-3 a request line of max_line", request("GET /" + "a" * (MAX_LINE - 16) + " HTTP/1.1"), None),
    ("6585-5 a header of max_line", request(extra=("X: " + "x" * (MAX_LINE - 5),)), None),
    ("6585-5 as many headers as may be", request(extra=("X: y",) * (MAX_HEADERS - len(HEADERS))), None),
]
_GOOD_REQUESTS += [
    ("9112-3.2 host " + repr(host), replaced("Host: " + host), None)
    for host in (
        "",
        "h",
        "h:",
        "h:8080",
        "192.0.2.1:80",
        "[::1]",
        "[::1]:8080",
        "[::]:",
        "[1::]",
        "[1:2:3:4:5:6:7:8]",
        "[1::3:4:5:6:7:8]",
        "[::ffff:192.0.2.1]",
        "[1:2:3:4:5:6:192.0.2.255]",
        "[v1.x:y]",
        "%41-b.c_d~e!$&'()*+,;=",
    )
]
_GOOD_REQUESTS += [
    ("9112-3.2 target " + target, request("GET " + target + " HTTP/1.1"), None)
    for target in (
        "/",
        "//",
        "/?a[]=1|{}",
        "/a://b",
        "/%zz",
        "http://example.org",
        "http://example.org:80/chat",
        "HTTPS://[::1]?q",
    )
]
_GOOD_REQUESTS += [
    ("9.1 extensions " + value, request(extra=("Sec-WebSocket-Extensions: " + value,)), None)
    for value in (
        "a",
        ", a,, b ,",
        "a;b;c=d",
        "a ; b = c , d",
        'a; b="c"',
        'a; b="\\c\\d"',
        "permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate",
    )
]
_GOOD_REQUESTS += [
    (
        "9.1 extensions in two headers",
        request(extra=("Sec-WebSocket-Extensions: a", "Sec-WebSocket-Extensions:")),
        None,
    )
]
GOOD_REQUESTS = [(n, r, ["chat", "superchat"] if p is None else p) for n, r, p in _GOOD_REQUESTS]

# name, request, HTTP status of the refusal
BAD_REQUESTS = [
    ("not a request at all", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", 400),
    ("two empty lines first", b"\r\n\r\n" + request(), 400),
    ("an empty line that ends with LF first", b"\n" + request(), 400),
    ("no version in the request line", request("GET /chat"), 400),
    ("no target", request("GET  HTTP/1.1"), 400),
    ("rubbish for a version", request("GET /chat HTTP/x"), 400),
    ("HTTP 1.0", request("GET /chat HTTP/1.0"), 400),
    ("HTTP 0.9", request("GET /chat HTTP/0.9"), 400),
    ("method HEAD", request("HEAD /chat HTTP/1.1"), 405),
    ("method OPTIONS for all", request("OPTIONS * HTTP/1.1"), 405),
    ("method CONNECT", request("CONNECT example.org:80 HTTP/1.1"), 405),
    ("HEAD without a version", request("HEAD /chat"), 400),
    ("HEAD with a long target", request("HEAD /" + "a" * MAX_LINE + " HTTP/1.1"), 414),
    ("method POST", request("POST /chat HTTP/1.1"), 405),
    ("method get", request("get /chat HTTP/1.1"), 405),
    ("lines that end with LF", request().replace(b"\r\n", b"\n"), 400),
    ("a line that ends with LF", request().replace(b"Upgrade\r\n", b"Upgrade\n"), 400),
    ("CR within a line", request(extra=("X: a\rb",)), 400),
    ("NUL within a line", request(extra=("X: a\0b",)), 400),
    ("line without a colon", request(extra=("nonsense",)), 400),
    ("line without a name", request(extra=(": value",)), 400),
    ("blank before the colon", request(extra=("X : value",)), 400),
    ("folded line", request(extra=(" folded",)), 400),
    ("no Host", request(without=("Host",)), 400),
    ("two Hosts", request(extra=("Host: other",)), 400),
    ("no Upgrade", request(without=("Upgrade",)), 400),
    ("another Upgrade", replaced("Upgrade: h2c"), 400),
    ("Upgrade that only contains the word", replaced("Upgrade: websockets"), 400),
    ("no Connection", request(without=("Connection",)), 400),
    ("another Connection", replaced("Connection: close"), 400),
    ("no version", request(without=("Sec-WebSocket-Version",)), 426),
    ("version 8", replaced("Sec-WebSocket-Version: 8"), 426),
    ("version 013", replaced("Sec-WebSocket-Version: 013"), 426),
    ("two versions", request(extra=("Sec-WebSocket-Version: 8",)), 400),
    ("no key", request(without=("Sec-WebSocket-Key",)), 400),
    ("two keys", request(extra=("Sec-WebSocket-Key: " + SAMPLE_KEY,)), 400),
    ("empty key", replaced("Sec-WebSocket-Key:"), 400),
    ("key of 15 bytes", replaced("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA"), 400),
    ("key of 17 bytes", replaced("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA="), 400),
    ("key of 32 characters", replaced("Sec-WebSocket-Key: " + "A" * 32), 400),
    ("key that is not base64", replaced("Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!=="), 400),
    ("key beyond ASCII", replaced("Sec-WebSocket-Key: " + "\u00e9" * 11 + "=="), 400),
    ("list of nothing", replaced("Sec-WebSocket-Protocol:    "), 400),
    ("list of commas", replaced("Sec-WebSocket-Protocol: , , ,"), 400),
    ("a sub-protocol twice", replaced("Sec-WebSocket-Protocol: chat, chat"), 400),
    ("a sub-protocol that is no token", replaced("Sec-WebSocket-Protocol: chat room"), 400),
    ("a body", request(extra=("Content-Length: 5",)), 400),
    ("a chunked body", request(extra=("Transfer-Encoding: chunked",)), 400),
    ("line longer than max_line", request(extra=("X: " + "x" * 1100,)), 431),
    ("line one byte longer than max_line", request(extra=("X: " + "x" * (MAX_LINE - 4),)), 431),
    ("request line longer than max_line", request("GET /" + "a" * (MAX_LINE - 15) + " HTTP/1.1"), 414),
    ("target longer than max_line, no end in sight", b"GET /" + b"x" * MAX_LINE, 414),
    ("method longer than max_line", b"G" * (MAX_LINE + 1), 501),
    ("something long behind the target", request("GET /chat HTTP/1.1" + "1" * MAX_LINE), 400),
    ("head longer than max_head", request(extra=("X: " + "x" * 900,) * 6), 431),
    ("one header more than may be", request(extra=("X: y",) * (MAX_HEADERS + 1 - len(HEADERS))), 431),
]
BAD_REQUESTS += [
    ("host " + repr(host[:30]), replaced("Host: " + host), 400)
    for host in (
        "a b",
        "u@h",
        "h/x",
        "h?x",
        "h:8x",
        "h:-1",
        "h:80:80",
        "::1",
        "%4",
        "%zz",
        "\u00e9",
        "[::1",
        "[::1]x",
        "[::1]:x",
        "[]",
        "[::1%25eth0]",
        "[1:2:3:4:5:6:7]",
        "[1:2:3:4:5:6:7:8:9]",
        "[1:2:3:4:5:6:7::8:9]",
        "[1::2::3]",
        "[:::]",
        "[1:]",
        "[12345::]",
        "[::1.2.3]",
        "[::1.2.3.256]",
        "[::01.2.3.4]",
        "[1.2.3.4::]",
        "[v.x]",
        "[vx]",
        "[v1.]",
        "[" + ":" * 900 + "]",
    )
]
BAD_REQUESTS += [
    ("version " + version, request("GET /chat " + version), 400)
    for version in (
        "HTTP/1.x",
        "HTTP/x.1",
        "HTTP/:.:",
        "HTTP/1,1",
        "HTTP/1.10",
        "HTTP/11",
        "http/1.1",
        "HTTPS/1.1",
    )
]
BAD_REQUESTS += [
    ("target " + target, request("GET " + target + " HTTP/1.1"), 400)
    for target in (
        "*",
        "chat",
        "example.org:80",
        "?q",
        "/chat#part",
        "ws://example.org/",
        "ftp://example.org/",
        "http:/example.org",
        "http://",
        "http:///chat",
        "http://:80/",
        "http://user@example.org/",
        "http://example.org:x/",
        "/\u00e9",
    )
]
BAD_REQUESTS += [
    ("extensions " + repr(value[:30]), request(extra=("Sec-WebSocket-Extensions: " + value,)), 400)
    for value in (
        "",
        ",",
        ";a",
        "a;",
        "a;;b",
        "a b",
        "a=b",
        "a;b=",
        "a;=b",
        "a;b=c=d",
        "a;b c",
        'a;b="',
        'a;b=""',
        'a;b="c',
        'a;b="c d"',
        'a;b="c,d"',
        'a;b="c;d"',
        'a;b="c\\"',
        'a;b="c\\\\d"',
        'a;b="c"d',
        "foo;=;;,bar==1",
        "a;" * 400 + "b=",
    )
]
