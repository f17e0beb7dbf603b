# scapy.contrib.description = WebSocket opening handshake (RFC 6455, HTTP/1.1)
# scapy.contrib.status = loads
r"""The HTTP/1.1 messages of a WebSocket's opening handshake as Scapy layers (RFC 6455, section 4; RFC 9112).

Every byte of a message belongs to a field, the spaces and line ends too, so that every malformed line can be
written down, and what was dissected is built as it came::

    HTTPUpgradeRequest(target="/chat")                            # a valid request, with the RFC's sample key
    HTTPUpgradeRequest(method="POST", version="HTTP/1.0")
    HTTPUpgradeRequest(space2="  ", end="\n")                      # the request line: two spaces, no CR
    HTTPUpgradeRequest().having("Sec-WebSocket-Version", "12").without("Host")
    HTTPUpgradeRequest(headers=[HTTPField(field="Host", colon="")])   # no colon

`scapy.layers.http` is no base for this: it writes headers in an order of its own, keeps one value of each,
adds lengths and dates, and has no field for what separates them.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any, ClassVar, Self

from scapy.fields import PacketListField, StrField
from scapy.packet import Packet

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, section 1.3."""

SAMPLE_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
"""RFC 6455, section 1.2."""

METHODS = (b"GET ", b"POST ", b"PUT ", b"HEAD ", b"OPTIONS ", b"DELETE ")
"""How a request begins that is taken for one."""
RESPONSE = b"HTTP/"


class PatternField(StrField):  # type: ignore[misc]  # Scapy's classes are not typed for mypy
    """Bytes as far as a regular expression matches, which may be none at all."""

    __slots__ = ("pattern",)

    def __init__(self, name: str, default: str, pattern: bytes) -> None:
        super().__init__(name, default)
        self.pattern = re.compile(pattern)

    def getfield(self, pkt: Packet, s: bytes) -> tuple[bytes, bytes]:
        """What is left, and what matches."""
        found = self.pattern.match(s)
        end = found.end() if found else 0
        return s[end:], s[:end]


_LINE_END = rb"\r?\n|"


class HTTPField(Packet):  # type: ignore[misc]  # Scapy's classes are not typed for mypy
    """One header line (RFC 9112, section 5)."""

    name = "HTTP field"
    fields_desc: ClassVar[list[Any]] = [
        PatternField("field", "X", rb"[^:\r\n]*"),
        PatternField("colon", ": ", rb"(?::[ \t]*)?"),
        PatternField("value", "", rb"(?:(?!\r?\n).)*"),
        PatternField("end", "\r\n", _LINE_END),
    ]

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes]:
        """A line has no payload."""
        return b"", s

    def mysummary(self) -> str:
        """The line."""
        return repr(bytes(self))


def fields(*pairs: tuple[str, str]) -> list[HTTPField]:
    """Header lines of these names and values."""
    return [HTTPField(field=name, value=value) for name, value in pairs]


class _Message(Packet):  # type: ignore[misc]  # Scapy's classes are not typed for mypy
    """What requests and responses share."""

    def values(self, name: str) -> list[bytes]:
        """The values of all header lines of this name, upper and lower case alike."""
        wanted = name.lower().encode()
        return [bytes(field.value) for field in self.headers if bytes(field.field).lower() == wanted]

    def without(self, name: str) -> Self:
        """A copy that lacks the header lines of this name."""
        copy: Self = self.copy()
        wanted = name.lower().encode()
        copy.headers = [field for field in copy.headers if bytes(field.field).lower() != wanted]
        return copy

    def having(self, name: str, value: str | bytes) -> Self:
        """A copy with this header line, at the place of the first of this name, or last."""
        names = [bytes(field.field).lower() for field in self.headers]
        wanted = name.lower().encode()
        at = names.index(wanted) if wanted in names else len(names)
        copy = self.without(name)
        copy.headers = [*copy.headers[:at], HTTPField(field=name, value=value), *copy.headers[at:]]
        return copy

    @property
    def body_length(self) -> int | None:
        """What `Content-Length` says, in bytes; None if it says nothing of use."""
        lengths = self.values("Content-Length")
        return int(lengths[0]) if lengths and lengths[0].isdigit() else None

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes]:
        """The body, if there is one, and what follows: usually frames."""
        length = self.body_length or 0
        return s[:length], s[length:]


def _headers(*pairs: tuple[str, str]) -> list[Any]:
    return [
        PacketListField(
            "headers",
            fields(*pairs),
            next_cls_cb=lambda pkt, found, last, rest: (
                HTTPField if rest and not rest.startswith((b"\r\n", b"\n")) else None
            ),
        ),
        PatternField("blank", "\r\n", _LINE_END),
    ]


class HTTPUpgradeRequest(_Message):
    """A client's opening handshake (RFC 6455, section 4.1)."""

    name = "HTTP upgrade request"
    fields_desc: ClassVar[list[Any]] = [
        PatternField("method", "GET", rb"[^ \r\n]*"),
        PatternField("space1", " ", rb" *"),
        PatternField("target", "/", rb"[^ \r\n]*"),
        PatternField("space2", " ", rb" *"),
        PatternField("version", "HTTP/1.1", rb"(?:(?!\r?\n).)*"),
        PatternField("end", "\r\n", _LINE_END),
        *_headers(
            ("Host", "192.0.2.1"),
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", SAMPLE_KEY),
            ("Sec-WebSocket-Version", "13"),
        ),
    ]

    def mysummary(self) -> str:
        """The request line."""
        return f"{self.method.decode('latin-1')} {self.target.decode('latin-1')} (upgrade)"


class HTTPUpgradeResponse(_Message):
    """A server's answer (RFC 6455, section 4.2.2); by default the one to the default request."""

    name = "HTTP upgrade response"
    fields_desc: ClassVar[list[Any]] = [
        PatternField("version", "HTTP/1.1", rb"[^ \r\n]*"),
        PatternField("space1", " ", rb" *"),
        PatternField("status", "101", rb"[^ \r\n]*"),
        PatternField("space2", " ", rb" *"),
        PatternField("reason", "Switching Protocols", rb"(?:(?!\r?\n).)*"),
        PatternField("end", "\r\n", _LINE_END),
        *_headers(
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ),
    ]

    def answers(self, other: Packet) -> bool:
        """Whether it proves to have read the key of this request, or refuses it."""
        if not isinstance(other, HTTPUpgradeRequest):
            return False
        if self.status != b"101":
            return True
        keys = other.values("Sec-WebSocket-Key")
        return bool(keys) and self.values("Sec-WebSocket-Accept") == [accept_key(keys[0]).encode()]

    def mysummary(self) -> str:
        """The status line."""
        return f"{self.status.decode('latin-1')} {self.reason.decode('latin-1')} (upgrade)"


def accept_key(key: str | bytes) -> str:
    """The `Sec-WebSocket-Accept` that proves a server has read this key (RFC 6455, section 4.2.2)."""
    octets = key.encode("ascii") if isinstance(key, str) else key
    return base64.b64encode(hashlib.sha1(octets + GUID).digest()).decode("ascii")


def is_upgrade(data: bytes) -> bool:
    """Whether a stream that begins like this begins with HTTP."""
    return data.startswith((*METHODS, RESPONSE))


def upgrade_class(data: bytes) -> type[HTTPUpgradeRequest] | type[HTTPUpgradeResponse]:
    """The layer of an HTTP message that begins like this."""
    return HTTPUpgradeResponse if data.startswith(RESPONSE) else HTTPUpgradeRequest


def parse_upgrade(data: bytes) -> Packet | None:
    """The message at the start of a stream, what follows it as padding; None while it is incomplete."""
    _head, separator, rest = data.partition(b"\r\n\r\n")
    if not separator:
        return None
    message = upgrade_class(data)(data)
    length = message.body_length
    return None if length is not None and len(rest) < length else message
