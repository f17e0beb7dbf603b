"""Anomalies of an upgrade request: of its lines, words and bytes (RFC 9112, RFC 6455 section 4.2.1)."""

from __future__ import annotations

from collections.abc import Iterator

from bench.matrix.modifications import Edit, Modification

FLIPS = (0x01, 0x20, 0x80)
"""Of each byte: another character, the other case, no ASCII."""
LONG = 500
"""Bytes of a long value: less than the board's receive window has room for."""

_METHODS = ("", "get", "HEAD", "POST", "OPTIONS", "GETT", "G\0T", "\xc9")
_TARGETS = ("", "chat", "*", "http://192.0.2.1/", "/a b", "/\0", "/\xff", "//", "/" + "x" * LONG, "/#f", "/?")
_VERSIONS = (
    "",
    "HTTP/1.0",
    "HTTP/0.9",
    "HTTP/2.0",
    "HTTP/1.2",
    "http/1.1",
    "HTTP/1.1 ",
    "HTTP/11",
    "HTTP/1.x",
)
_VALUES = {
    "empty": "",
    "space": " ",
    "comma": ",",
    "commas": "," * 50,
    "nul": "\0",
    "control": "\x07",
    "latin1": "\xff",
    "quoted": '"x"',
    "number": "0",
    "negative": "-1",
    "huge": "99999999999999999999",
    "long": "a" * LONG,
}
"""Instead of any header's value."""
_KEYS = {
    "short": "dGhlIHNhbXBsZQ==",
    "long-key": "dGhlIHNhbXBsZSBub25jZXg" * 2,
    "no-padding": "dGhlIHNhbXBsZSBub25jZQ",
    "bad-alphabet": "dGhlIHNhbXBsZSBub25j!Q==",
    "padding-inside": "dGhl==NhbXBsZSBub25jZQ==",
    "32-characters": "A" * 32,
}
"""Instead of the key: what is not the base64 of 16 bytes."""


def of_request(request: bytes, offset: int, whole: bool) -> Iterator[Modification]:
    """Every anomaly of a request at `offset` bytes in its frame; `whole`: it has its first line."""
    at = 0
    for index, line in enumerate(request.split(b"\r\n")[:-2]):
        name = line.partition(b":")[0].decode("latin-1") if index or not whole else "request"
        yield from _of_line(line, offset + at, name)
        if index == 0 and whole:
            yield from _of_request_line(line, offset + at)
        elif b": " in line:
            yield from _of_value(line, offset + at, name)
        at += len(line) + 2
    for position in range(len(request)):
        for flip in FLIPS:
            edit = Edit((offset + position) * 8, 8, "^", flip)
            yield Modification(f"byte[{position}]^{flip:#04x}", f"byte[{position}]", (edit,), edge=False)


def _of_line(line: bytes, start: int, name: str) -> Iterator[Modification]:
    end = start + len(line)
    variants = {
        "removed": (start, end + 2, b""),
        "doubled": (start, start, line + b"\r\n"),
        "lf": (end, end + 2, b"\n"),
        "cr": (end, end + 2, b"\r"),
        "crlflf": (end, end + 2, b"\r\n\n"),
        "folded": (end, end, b"\r\n folded"),
        "indented": (start, start, b" "),
        "no-colon": (start, end, line.replace(b":", b"")),
        "space-before-colon": (start, end, line.replace(b":", b" :", 1)),
        "no-space": (start, end, line.replace(b": ", b":", 1)),
        "tab": (start, end, line.replace(b" ", b"\t")),
        "upper": (start, end, line.upper()),
        "lower": (start, end, line.lower()),
        "trailing-space": (end, end, b"  "),
        "bad-name": (start, end, b"x\0" + line),
    }
    for label, splice in variants.items():
        if splice[2] != line:
            yield Modification(f"{name}.{label}", name, splice=splice, fits=True)


def _of_request_line(line: bytes, start: int) -> Iterator[Modification]:
    words = line.split(b" ")
    at = start
    for name, word, values in zip(
        ("method", "target", "version"), words, (_METHODS, _TARGETS, _VERSIONS), strict=True
    ):
        for index, value in enumerate(values):
            data = value.encode("latin-1")
            shown = value if value.isprintable() and value.isascii() and 0 < len(value) < 20 else f"#{index}"
            yield Modification(
                f"{name}={shown.replace(' ', '_')}", name, splice=(at, at + len(word), data), fits=True
            )
        at += len(word) + 1


def _of_value(line: bytes, start: int, name: str) -> Iterator[Modification]:
    field, _, value = line.partition(b": ")
    at = start + len(field) + 2
    variants = dict(_VALUES)
    if field == b"Sec-WebSocket-Key":
        variants |= _KEYS
    variants["twice"] = f"{value.decode('latin-1')}, {value.decode('latin-1')}"
    for label, text in variants.items():
        yield Modification(
            f"{name}={label}", name, splice=(at, at + len(value), text.encode("latin-1")), fits=True
        )
