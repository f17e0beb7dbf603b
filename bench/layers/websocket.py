# scapy.contrib.description = WebSocket (RFC 6455)
# scapy.contrib.status = loads
"""WebSocket frames as a Scapy layer (RFC 6455, section 5.2).

What is left unset is computed when the packet is built: the length in its shortest form, and the masked
payload. What is set is sent as it is, so every malformed header can be written down::

    WebSocket(opcode="text") / b"hello"                           # a server's frame
    WebSocket(opcode="text", mask=1, masking_key=b"abcd") / b"hello"
    WebSocket(opcode="close") / WebSocketClose(code=1000, reason="bye")
    WebSocket(opcode="binary", length=126) / b"hi"                # 2 bytes in the 16-bit form: not minimal
    WebSocket(opcode="binary", ext_length=1 << 63)                # a length no one may send
    WebSocket(opcode="text", length=5) / b"longer than that"      # a length that lies
    WebSocket(opcode="text", mask=1, masking_key=b"") / b"hello"  # MASK set, but no key on the wire

A payload is always held unmasked: building masks it, dissecting unmasks it. Dissecting keeps every header
field as it came, so building a dissected frame gives the same bytes again.

Nothing is bound to TCP ports by importing this module; `bind_websocket` does it for chosen ones.
"""

from __future__ import annotations

from typing import Any, ClassVar

from scapy.fields import (
    BitEnumField,
    BitField,
    ConditionalField,
    LongField,
    MultipleTypeField,
    PacketListField,
    ShortEnumField,
    ShortField,
    StrField,
    XStrLenField,
)
from scapy.layers.inet import TCP
from scapy.packet import Packet, Padding, Raw, bind_layers, split_bottom_up

from bench.layers.websocket_upgrade import is_upgrade, parse_upgrade, upgrade_class

OPCODES = {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}
"""RFC 6455, section 11.8; every other value is reserved."""

CLOSE_CODES = {
    1000: "normal closure",
    1001: "going away",
    1002: "protocol error",
    1003: "unsupported data",
    1005: "no status received",
    1006: "abnormal closure",
    1007: "invalid frame payload data",
    1008: "policy violation",
    1009: "message too big",
    1010: "mandatory extension",
    1011: "internal error",
    1012: "service restart",
    1013: "try again later",
    1014: "bad gateway",
    1015: "TLS handshake",
}
"""RFC 6455, section 7.4.1, and the IANA registry it founded (1012 to 1014)."""

DEFAULT_MASKING_KEY = bytes.fromhex("37fa213d")
"""The key of the examples in RFC 6455, section 5.7: building stays reproducible when no key is given."""

_SHORT, _LONG = 126, 127
_UPGRADED = "websocket"
"""Under this name a `TCPSession` keeps the directions in which the upgrade has gone by."""


def apply_mask(key: bytes, data: bytes) -> bytes:
    """`data` masked or unmasked with a 4-byte key (RFC 6455, section 5.3); an empty key changes nothing."""
    if not key or not data:
        return data
    size = len(data)
    pad = (key * (size // len(key) + 1))[:size]
    return (int.from_bytes(data, "big") ^ int.from_bytes(pad, "big")).to_bytes(size, "big")


class WebSocket(Packet):  # type: ignore[misc]  # Scapy's classes are not typed for mypy
    """One WebSocket frame (RFC 6455, section 5.2)."""

    name = "WebSocket"
    fields_desc: ClassVar[list[Any]] = [
        BitField("fin", 1, 1),
        BitField("rsv1", 0, 1),
        BitField("rsv2", 0, 1),
        BitField("rsv3", 0, 1),
        BitEnumField("opcode", 1, 4, OPCODES),
        BitField("mask", 0, 1),
        BitField("length", None, 7),
        ConditionalField(
            MultipleTypeField(
                [(ShortField("ext_length", None), lambda pkt: pkt.length == _SHORT)],
                LongField("ext_length", None),
            ),
            lambda pkt: pkt.length in (_SHORT, _LONG),
        ),
        ConditionalField(
            XStrLenField("masking_key", DEFAULT_MASKING_KEY, length_from=lambda pkt: 4),
            lambda pkt: pkt.mask == 1,
        ),
    ]

    @property
    def data(self) -> bytes:
        """The payload, unmasked."""
        return bytes(self.payload)

    @property
    def payload_length(self) -> int:
        """The length the header announces, or would announce if it is still to be built."""
        length, extended = self.getfieldval("length"), self.getfieldval("ext_length")
        if extended is not None:
            return int(extended)
        return len(self.payload) if length in (None, _SHORT, _LONG) else int(length)

    def post_build(self, pkt: bytes, pay: bytes) -> bytes:
        """Fill in the lengths that were left unset, and mask the payload."""
        length, extended = self.getfieldval("length"), self.getfieldval("ext_length")
        if length is None:
            size = len(pay) if extended is None else extended
            length = size if size < _SHORT and extended is None else _SHORT if size < 1 << 16 else _LONG
        header = pkt[:1] + bytes([self.mask << 7 | length])
        if length in (_SHORT, _LONG):
            size = len(pay) if extended is None else extended
            width = 2 if length == _SHORT else 8
            header += (size % (1 << 8 * width)).to_bytes(width, "big")
        key = self.masking_key if self.mask else b""
        return header + key + apply_mask(key, pay)

    def post_dissect(self, s: bytes) -> bytes:
        """Drop the cached header, with which building would skip `post_build` and not mask."""
        self.raw_packet_cache = None
        return s

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes]:
        """The payload, unmasked, and what follows this frame."""
        end = self.payload_length
        return apply_mask(self.masking_key if self.mask else b"", s[:end]), s[end:]

    def guess_payload_class(self, payload: bytes) -> type[Packet]:
        """A close frame's payload is a code and a reason, unless it is too short to hold a code."""
        if self.opcode == 8 and len(payload) < 2:
            return Raw  # type: ignore[no-any-return]  # Scapy is untyped here
        return super().guess_payload_class(payload)  # type: ignore[no-any-return]  # Scapy is untyped here

    def mysummary(self) -> str:
        """One line: opcode, length, flags."""
        return describe(self)

    @classmethod
    def tcp_reassemble(cls, data: bytes, metadata: dict[str, Any], session: dict[str, Any]) -> Packet | None:
        """For Scapy's `StreamSocket`: the HTTP upgrade, then frame after frame."""
        if _expects_upgrade(data, metadata, session):
            return _upgrade(data, metadata, session)
        return cls(data) if _complete(data) else None


class WebSocketClose(Packet):  # type: ignore[misc]  # Scapy's classes are not typed for mypy
    """The payload of a close frame (RFC 6455, section 5.5.1)."""

    name = "WebSocket Close"
    fields_desc: ClassVar[list[Any]] = [
        ShortEnumField("code", 1000, CLOSE_CODES),
        StrField("reason", ""),
    ]

    def mysummary(self) -> str:
        """The code and the reason."""
        return f"close {self.code} {self.reason!r}"


class WebSocketSegment(Packet):  # type: ignore[misc]  # Scapy's classes are not typed for mypy
    """The WebSocket frames of one TCP segment: whole ones in `frames`, the start of a next one in `rest`.

    It looks at one segment at a time; a segment that starts in the middle of a frame needs `TCPSession`.
    """

    name = "WebSocket segment"
    fields_desc: ClassVar[list[Any]] = [
        PacketListField(
            "frames",
            [],
            next_cls_cb=lambda pkt, frames, current, rest: WebSocket if _complete(rest) else None,
        ),
        StrField("rest", b""),
    ]

    @classmethod
    def dispatch_hook(cls, _pkt: bytes | None = None, *args: Any, **kargs: Any) -> type[Packet]:
        """The upgrade that opens the connection is HTTP."""
        return upgrade_class(_pkt) if _pkt and is_upgrade(_pkt) else cls

    @classmethod
    def tcp_reassemble(cls, data: bytes, metadata: dict[str, Any], session: dict[str, Any]) -> Packet | None:
        """For Scapy's `TCPSession`: the HTTP upgrade, then all complete frames at once.

        It gives all there is in one packet, and padding at its end only. The session stacks what follows as a
        payload of what came first, and when it has found padding twice in the same data, it puts the bytes
        that come next in the wrong place (seen in Scapy 2.8).
        """
        upgrade = None
        if _expects_upgrade(data, metadata, session):
            upgrade = _upgrade(data, metadata, session)
            if upgrade is None or Padding not in upgrade:
                return upgrade
            data = upgrade[Padding].load
            upgrade[Padding].underlayer.remove_payload()
        frames, rest = parse_frames(data)
        # Not dissected once more: what the frames are is decided, even where their bytes look like HTTP.
        packet: Packet | None = cls(frames=frames) if frames else None
        if upgrade is not None:
            packet = upgrade / packet if packet is not None else upgrade
        if packet is not None and rest:
            packet.add_payload(Padding(rest))
        return packet


bind_layers(WebSocket, WebSocketClose, opcode=8)


def frame_size(data: bytes) -> int | None:
    """Bytes that the frame at the start of `data` takes, or None while its header is incomplete."""
    if len(data) < 2:
        return None
    length, header = data[1] & 0x7F, 2
    if length >= _SHORT:
        header = 4 if length == _SHORT else 10
        if len(data) < header:
            return None
        length = int.from_bytes(data[2:header], "big")
    return header + (4 if data[1] & 0x80 else 0) + length


def parse_frames(data: bytes) -> tuple[list[WebSocket], bytes]:
    """The complete frames at the start of a byte stream, and the bytes to keep for when more arrive."""
    frames, start = [], 0
    while (size := frame_size(data[start : start + 14])) is not None and start + size <= len(data):
        frames.append(WebSocket(data[start : start + size]))
        start += size
    return frames, data[start:]


def describe(frame: WebSocket) -> str:
    """One line for reports and error messages: what is special about the frame, then its payload."""
    flags = [name.upper() for name in ("fin", "rsv1", "rsv2", "rsv3") if frame.getfieldval(name)]
    if frame.mask:
        flags.append(f"MASK {bytes(frame.masking_key).hex() or 'without key'}")
    if WebSocketClose in frame:
        content = f"code {frame[WebSocketClose].code}, reason {bytes(frame[WebSocketClose].reason)!r}"
    else:
        data = frame.data
        content = repr(data) if len(data) <= 48 else f"{data[:48]!r}... ({len(data)} bytes)"
    announced = (
        f", length {frame.payload_length} announced" if frame.payload_length != len(frame.data) else ""
    )
    name = OPCODES.get(frame.opcode, f"opcode {frame.opcode}")
    return f"WebSocket {name} [{' '.join(flags) or 'no FIN'}] {content}{announced}"


def bind_websocket(*ports: int) -> None:
    """Let Scapy dissect TCP to and from these ports as WebSocket, before any other layer bound to them."""
    unbind_websocket(*ports)
    bonds = [({side: port}, WebSocketSegment) for port in ports for side in ("sport", "dport")]
    TCP.payload_guess = bonds + TCP.payload_guess


def unbind_websocket(*ports: int) -> None:
    """Take `bind_websocket` back."""
    for port in ports:
        split_bottom_up(TCP, WebSocketSegment, sport=port)
        split_bottom_up(TCP, WebSocketSegment, dport=port)


def _complete(data: bytes) -> bool:
    size = frame_size(data)
    return size is not None and size <= len(data)


def _expects_upgrade(data: bytes, metadata: dict[str, Any], session: dict[str, Any]) -> bool:
    """Whether this is HTTP: only what comes first in a direction can be, whatever later data look like."""
    return metadata.get("ident") not in session.get(_UPGRADED, ()) and is_upgrade(data)


def _upgrade(data: bytes, metadata: dict[str, Any], session: dict[str, Any]) -> Packet | None:
    packet = parse_upgrade(data)
    if packet is not None and "ident" in metadata:
        session.setdefault(_UPGRADED, set()).add(metadata["ident"])
    return packet
