"""The opening handshake as a client sees it: an HTTP/1.1 upgrade (RFC 6455, section 4).

Written from the RFC alone, without the server's code: an oracle must not share its subject's mistakes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.layers.websocket_upgrade import SAMPLE_KEY, HTTPUpgradeRequest, accept_key, fields

__all__ = [
    "UpgradeError",
    "UpgradeRequest",
    "UpgradeResponse",
    "accept_key",
    "check_response",
    "parse_response",
]

VERSION = "13"
"""RFC 6455, section 4.1, item 9."""


@dataclass(frozen=True)
class UpgradeRequest:
    """A client's opening handshake. Every part can be changed or, with None, left out.

    `headers` come last; one that names a standard header replaces it: a request can be spoilt in one place.
    """

    path: str = "/"
    host: str = "192.0.2.1"
    key: str | None = SAMPLE_KEY
    protocols: Sequence[str] = ()
    headers: Iterable[tuple[str, str | None]] = ()
    method: str = "GET"
    http_version: str = "HTTP/1.1"

    @classmethod
    def of(cls, packet: HTTPUpgradeRequest) -> UpgradeRequest:
        """What of a packet the response has to fit: its key and its sub-protocols."""
        keys = [value.decode("latin-1") for value in packet.values("Sec-WebSocket-Key")]
        offers = b",".join(packet.values("Sec-WebSocket-Protocol")).decode("latin-1")
        protocols = [word.strip() for word in offers.split(",") if word.strip()]
        return cls(key=keys[-1] if keys else None, protocols=protocols)

    def packet(self) -> HTTPUpgradeRequest:
        """The same request as a Scapy packet, in which every byte can be changed."""
        _, *lines = self.lines()
        pairs = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
        return HTTPUpgradeRequest(
            method=self.method, target=self.path, version=self.http_version, headers=fields(*pairs)
        )

    def lines(self) -> list[str]:
        """Request line and headers, without line ends."""
        standard: dict[str, str | None] = {
            "Host": self.host,
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": self.key,
            "Sec-WebSocket-Version": VERSION,
            "Sec-WebSocket-Protocol": ", ".join(self.protocols) or None,
        }
        changes = list(self.headers)
        replaced = {name.lower() for name, _ in changes}
        kept = [(name, value) for name, value in standard.items() if name.lower() not in replaced]
        fields = [f"{name}: {value}" for name, value in [*kept, *changes] if value is not None]
        return [f"{self.method} {self.path} {self.http_version}", *fields]

    def __bytes__(self) -> bytes:
        return "".join(f"{line}\r\n" for line in [*self.lines(), ""]).encode("latin-1")


@dataclass(frozen=True)
class UpgradeResponse:
    """A server's answer: status line, headers (names in lower case, repeated ones joined), body so far."""

    status: int
    reason: str
    headers: dict[str, str]
    head: bytes
    """The answer's head as it came, including the empty line."""

    @property
    def upgraded(self) -> bool:
        """Whether the server switched to WebSocket."""
        return self.status == 101

    @property
    def protocol(self) -> str:
        """The sub-protocol the server chose, empty for none."""
        return self.headers.get("sec-websocket-protocol", "")


class UpgradeError(ValueError):
    """What came is not an HTTP response, or not the response the handshake requires."""


def parse_response(data: bytes) -> tuple[UpgradeResponse, bytes] | None:
    """The response at the start of `data` and what follows its head; None while the head is incomplete.

    Raises UpgradeError for what is no HTTP/1.1 response (RFC 9112, sections 4 and 5).
    """
    if not b"HTTP/1.".startswith(data[:7]) and not data.startswith(b"HTTP/1."):
        raise UpgradeError(f"not an HTTP response: {data[:40]!r}")
    head, separator, rest = data.partition(b"\r\n\r\n")
    if not separator:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    version, _, tail = first.partition(" ")
    status, _, reason = tail.partition(" ")
    if version not in ("HTTP/1.1", "HTTP/1.0") or not (len(status) == 3 and status.isdigit()):
        raise UpgradeError(f"bad status line {first!r} (RFC 9112, section 4)")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise UpgradeError(f"bad header line {line!r} (RFC 9112, section 5)")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return UpgradeResponse(int(status), reason, headers, head + separator), rest


def check_response(request: UpgradeRequest, response: UpgradeResponse) -> None:
    """Raise UpgradeError unless the response completes the handshake (RFC 6455, section 4.1, client side)."""
    if response.status != 101:
        raise UpgradeError(
            f"status {response.status} {response.reason}, expected 101 (RFC 6455, section 4.1)"
        )
    for name, wanted in (("upgrade", "websocket"), ("connection", "upgrade")):
        tokens = [token.strip().lower() for token in response.headers.get(name, "").split(",")]
        if wanted not in tokens:
            raise UpgradeError(f"header {name!r} is {response.headers.get(name)!r}, expected {wanted!r}")
    keys = [value for name, value in request.headers if name.lower() == "sec-websocket-key"]
    key = keys[-1] if keys else request.key
    if key is not None:
        expected, came = accept_key(key.encode("latin-1")), response.headers.get("sec-websocket-accept")
        if came != expected:
            raise UpgradeError(
                f"Sec-WebSocket-Accept is {came!r}, expected {expected!r} for key {key!r}"
                " (RFC 6455, section 4.2.2)"
            )
    if response.protocol and response.protocol not in request.protocols:
        raise UpgradeError(
            f"server chose sub-protocol {response.protocol!r}, offered were {list(request.protocols)}"
            " (RFC 6455, section 4.1)"
        )
    if "sec-websocket-extensions" in response.headers:
        raise UpgradeError(
            f"server negotiated {response.headers['sec-websocket-extensions']!r}, nothing was offered"
            " (RFC 6455, section 9.1)"
        )
