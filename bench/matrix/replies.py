"""What the board sent, sorted by kind, and whether it is well-formed, whatever it answers."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.addresses import BOARD
from bench.layers.tcpip import ETHERTYPE_IPV4, ETHERTYPE_IPV6, FIN, RST, SYN, Segment, checksum, parse
from bench.matrix.checksums import SHORTEST_FRAME, transport, transport_is_right
from emulation.machine import TimedFrame

ETHERTYPE_ARP = 0x0806
BOARD_MAC = bytes.fromhex(BOARD.mac.replace(":", ""))
BOARD_ADDRESSES = {ipaddress.ip_address(text).packed for text in (BOARD.ip, BOARD.ip6, BOARD.link_local)}
RESOLUTION = frozenset({"arp-request", "solicitation"})
"""Kinds with which the board looks for whom to answer."""

_ICMP = {0: "echo-reply", 3: "icmp-error", 11: "icmp-error", 12: "icmp-error"}
_ICMPV6 = {129: "echo-reply", 131: "report", 135: "solicitation", 136: "advertisement", 143: "report"}
_ERRORS_V6 = (1, 2, 3, 4)


@dataclass(frozen=True)
class Reply:
    """A frame of the board."""

    frame: bytes = field(repr=False)
    kind: str
    """`arp-reply`, `echo-reply`, `icmp-error`, `advertisement`, ...; of TCP: `rst`, `syn-ack`, `data`, `fin`,
    `ack`, by the first of them that is true."""
    destination: bytes = b""
    """IP address."""
    segment: Segment | None = None
    ports: tuple[int, int] = (0, 0)
    """Source and destination, of TCP."""
    problems: tuple[str, ...] = ()
    """What is wrong with the frame itself."""


def sort_replies(frames: Sequence[TimedFrame]) -> list[Reply]:
    """The board's frames as replies."""
    return [read(frame.data) for frame in frames]


def read(frame: bytes) -> Reply:
    """One frame of the board."""
    problems = []
    if frame[6:12] != BOARD_MAC:
        problems.append(f"source address {frame[6:12].hex(':')} is not the board's")
    if len(frame) < SHORTEST_FRAME:
        problems.append(
            f"a frame of {len(frame)} bytes is a runt without its FCS (IEEE 802.3, section 3.2.8)"
        )
    ethertype = int.from_bytes(frame[12:14], "big")
    if ethertype == ETHERTYPE_ARP:
        kind = {1: "arp-request", 2: "arp-reply"}.get(int.from_bytes(frame[20:22], "big"), "other")
        return Reply(frame, kind, frame[38:42], problems=tuple(problems))
    if ethertype == ETHERTYPE_IPV4:
        source, destination = frame[26:30], frame[30:34]
        header = frame[14 : 14 + (frame[14] & 15) * 4]
        if frame[14] >> 4 != 4 or len(header) < 20 or checksum(header):
            problems.append("the IPv4 header or its checksum is wrong (RFC 791, section 3.1)")
        if int.from_bytes(frame[16:18], "big") > len(frame) - 14:
            problems.append("the IPv4 total length is beyond the frame (RFC 791, section 3.1)")
    elif ethertype == ETHERTYPE_IPV6:
        source, destination = frame[22:38], frame[38:54]
        if frame[14] >> 4 != 6 or int.from_bytes(frame[18:20], "big") > len(frame) - 54:
            problems.append("the IPv6 header or its length is wrong (RFC 8200, section 3)")
    else:
        return Reply(frame, "other", problems=(*problems, f"EtherType {ethertype:#06x}"))
    if source not in BOARD_ADDRESSES:
        problems.append(f"source address {ipaddress.ip_address(source)} is not the board's")
    if not transport_is_right(frame):
        problems.append("the checksum above IP is wrong (RFC 1071)")
    received = parse(frame)
    if received is not None:
        segment = received.segment
        ports = received.source.port, received.destination.port
        return Reply(frame, _tcp_kind(segment), destination, segment, ports, tuple(problems))
    found = transport(frame)
    kind = "other"
    if found is not None:
        protocol, start, end, fragment = found
        number = frame[start] if start < end else -1
        if protocol == 1 and not fragment:
            kind = _ICMP.get(number, "other")
        elif protocol == 58 and not fragment:
            kind = "icmp-error" if number in _ERRORS_V6 else _ICMPV6.get(number, "other")
        elif protocol == 2:
            kind = "report"
    return Reply(frame, kind, destination, problems=tuple(problems))


def _tcp_kind(segment: Segment) -> str:
    if segment.flags & RST:
        return "rst"
    if segment.flags & SYN:
        return "syn-ack"
    if segment.payload:
        return "data"
    return "fin" if segment.flags & FIN else "ack"
