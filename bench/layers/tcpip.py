"""TCP over IPv4 or IPv6 over Ethernet with plain structs: the fast path below `bench.tcp`.

Building or dissecting a segment with Scapy costs some hundred microseconds, a whole echo has some forty
segments, and a test wants milliseconds. Users still see Scapy packets (`Peer.packets`).
"""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass, field

FIN, SYN, RST, PSH, ACK, URG = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20

ETHERTYPE_IPV4, ETHERTYPE_IPV6 = 0x0800, 0x86DD
PROTOCOL_TCP = 6
HOP_LIMIT = 64

_ETHER = struct.Struct("!6s6sH")
_IPV4 = struct.Struct("!BBHHHBBH4s4s")
_IPV6 = struct.Struct("!IHBB16s16s")
_TCP = struct.Struct("!HHIIBBHHH")


@dataclass(frozen=True)
class Endpoint:
    """One end of a connection: MAC address, IP address, TCP port."""

    mac: bytes
    ip: bytes
    """4 bytes for IPv4, 16 for IPv6."""
    port: int

    @classmethod
    def of(cls, mac: str, ip: str, port: int) -> Endpoint:
        """From the usual notations."""
        return cls(bytes.fromhex(mac.replace(":", "")), ipaddress.ip_address(ip).packed, port)

    def __str__(self) -> str:
        address = str(ipaddress.ip_address(self.ip))
        return f"[{address}]:{self.port}" if ":" in address else f"{address}:{self.port}"


@dataclass(frozen=True)
class Segment:
    """A TCP segment; `options` are the raw bytes, a multiple of four of them."""

    seq: int
    ack: int = 0
    flags: int = ACK
    window: int = 0
    payload: bytes = b""
    options: bytes = b""
    urgent: int = 0

    @property
    def length(self) -> int:
        """What the segment occupies in sequence space: payload, SYN and FIN (RFC 9293, section 3.4)."""
        return len(self.payload) + bool(self.flags & SYN) + bool(self.flags & FIN)

    def option(self, kind: int) -> bytes | None:
        """The value of the first option of this kind, None without one or in a malformed list."""
        options, position = self.options, 0
        while position < len(options) and options[position] != 0:
            if options[position] == 1:
                position += 1
                continue
            size = options[position + 1] if position + 1 < len(options) else 0
            if size < 2 or position + size > len(options):
                return None
            if options[position] == kind:
                return options[position + 2 : position + size]
            position += size
        return None

    def __str__(self) -> str:
        names = ((SYN, "SYN"), (FIN, "FIN"), (RST, "RST"), (PSH, "PSH"), (ACK, "ACK"), (URG, "URG"))
        flags = "+".join(name for bit, name in names if self.flags & bit) or "no flags"
        size = f" {len(self.payload)} bytes" if self.payload else ""
        return f"TCP {flags} seq={self.seq} ack={self.ack} win={self.window}{size}"


@dataclass(frozen=True)
class Received:
    """A parsed frame: who sent it to whom, and the segment in it."""

    source: Endpoint
    destination: Endpoint
    segment: Segment = field(repr=False)


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071) of `data`: 0 for data that holds its own correct checksum."""
    if len(data) % 2:
        data += b"\0"
    # The ones' complement sum of 16-bit words is the remainder modulo 0xFFFF of the whole as one number.
    total = int.from_bytes(data, "big") % 0xFFFF or (0xFFFF if any(data) else 0)
    return total ^ 0xFFFF


def build(source: Endpoint, destination: Endpoint, segment: Segment, identification: int = 0) -> bytes:
    """The Ethernet frame (without FCS) that carries a segment; `identification` is the IPv4 header's."""
    header = _TCP.pack(
        source.port,
        destination.port,
        segment.seq & 0xFFFFFFFF,
        segment.ack & 0xFFFFFFFF,
        (20 + len(segment.options)) // 4 << 4,
        segment.flags,
        segment.window,
        0,
        segment.urgent,
    )
    tcp = header + segment.options + segment.payload
    value = checksum(_pseudo_header(source.ip, destination.ip, len(tcp)) + tcp)
    tcp = tcp[:16] + value.to_bytes(2, "big") + tcp[18:]
    if len(source.ip) == 4:
        ethertype = ETHERTYPE_IPV4
        ip = _ipv4(0, 20 + len(tcp), identification, source.ip, destination.ip)
        ip = _ipv4(checksum(ip), 20 + len(tcp), identification, source.ip, destination.ip)
    else:
        ethertype = ETHERTYPE_IPV6
        ip = _IPV6.pack(6 << 28, len(tcp), PROTOCOL_TCP, HOP_LIMIT, source.ip, destination.ip)
    return _ETHER.pack(destination.mac, source.mac, ethertype) + ip + tcp


def parse(frame: bytes, *, verify: bool = True) -> Received | None:
    """The segment in a frame; None for a frame with no TCP in it, a fragment, or one with a bad checksum.

    Checksums do not matter without `verify`.
    IPv6 extension headers are not looked into: the board has no reason to send any before TCP.
    """
    if len(frame) < 54:
        return None
    destination_mac, source_mac, ethertype = _ETHER.unpack_from(frame)
    if ethertype == ETHERTYPE_IPV4:
        version_ihl, _, total, _, fragment, _, protocol, _, source_ip, destination_ip = _IPV4.unpack_from(
            frame, 14
        )
        start = 14 + (version_ihl & 15) * 4
        if (
            version_ihl >> 4 != 4
            or protocol != PROTOCOL_TCP
            or fragment & 0x3FFF
            or (verify and checksum(frame[14:start]))
        ):
            return None
        end = 14 + total
    elif ethertype == ETHERTYPE_IPV6:
        _, size, protocol, _, source_ip, destination_ip = _IPV6.unpack_from(frame, 14)
        start, end = 54, 54 + size
        if frame[14] >> 4 != 6 or protocol != PROTOCOL_TCP:
            return None
    else:
        return None
    tcp = frame[start:end]
    if (
        end > len(frame)
        or len(tcp) < 20
        or (verify and checksum(_pseudo_header(source_ip, destination_ip, len(tcp)) + tcp))
    ):
        return None
    sport, dport, seq, ack, offset, flags, window, _, urgent = _TCP.unpack_from(tcp)
    size = (offset >> 4) * 4
    if size < 20 or size > len(tcp):
        return None
    return Received(
        Endpoint(source_mac, source_ip, sport),
        Endpoint(destination_mac, destination_ip, dport),
        Segment(seq, ack, flags, window, tcp[size:], tcp[20:size], urgent),
    )


def _pseudo_header(source: bytes, destination: bytes, size: int) -> bytes:
    if len(source) == 4:
        return source + destination + struct.pack("!BBH", 0, PROTOCOL_TCP, size)
    return source + destination + struct.pack("!II", size, PROTOCOL_TCP)


def _ipv4(value: int, total: int, identification: int, source: bytes, destination: bytes) -> bytes:
    # DF is set: the bench never fragments a TCP segment.
    return _IPV4.pack(
        0x45, 0, total, identification & 0xFFFF, 0x4000, HOP_LIMIT, PROTOCOL_TCP, value, source, destination
    )
