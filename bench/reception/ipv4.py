"""What a receiver checks of IPv4 packets, ICMP and IGMP."""

from __future__ import annotations

from bench.layers.tcpip import checksum
from bench.reception import transport
from bench.reception.defect import Defect
from bench.reception.fragments import Fragments

ICMP, IGMP = 1, 2
FEWEST_HOPS = 32
"""The TTL must be `at least big enough for the Internet diameter` (RFC 1122, section 3.2.1.7); no system in
use starts with less than this. The wire has no router, which would drop what starts with less."""

_UNIT = "IPv4 packet"
_ERRORS = (3, 4, 5, 11, 12)
_QUOTED = 28
"""Bytes of the packet in question that an error holds at least: header and 64 bits (RFC 792)."""


def ipv4(packet: bytes, fragments: Fragments, found: list[Defect]) -> int:
    """Append what is wrong with a packet; returns the total length it claims, 0 if there is no telling.

    What follows that length is Ethernet's padding.
    """
    if len(packet) < 20:
        found.append(Defect(_UNIT, "shorter than its header", "RFC 791, section 3.1"))
        return 0
    if packet[0] >> 4 != 4:
        found.append(Defect(_UNIT, f"of version {packet[0] >> 4}", "RFC 1122, section 3.2.1.1"))
        return 0
    size = (packet[0] & 15) * 4
    if not 20 <= size <= len(packet):
        found.append(Defect(_UNIT, f"with header length {packet[0] & 15}", "RFC 791, section 3.1"))
        return 0
    if checksum(packet[:size]):
        found.append(Defect(_UNIT, "with a wrong header checksum", "RFC 1122, section 3.2.1.2"))
        return 0
    total = int.from_bytes(packet[2:4], "big")
    if not size <= total <= len(packet):
        found.append(Defect(_UNIT, "with a wrong total length", "RFC 791, section 3.1"))
        return 0
    _header(packet, size, found)
    protocol, source, destination = packet[9], packet[12:16], packet[16:20]
    body = packet[size:total]
    place = int.from_bytes(packet[6:8], "big")
    if place & 0x3FFF:
        more, offset = bool(place & 0x2000), (place & 0x1FFF) * 8
        if more and len(body) % 8:
            found.append(Defect(_UNIT, "in fragments not of 8 octets", "RFC 791, section 3.2"))
            return total
        whole = fragments.add((source, destination, packet[4:6], protocol), offset, more, body)
        if whole is None:
            return total
        body = whole
    if protocol == transport.TCP:
        transport.tcp(body, source, destination, found)
    elif protocol == transport.UDP:
        transport.udp(body, source, destination, found)
    elif protocol == ICMP:
        _icmp(body, found)
    elif protocol == IGMP:
        _igmp(body, packet[8], found)
    return total


def _header(packet: bytes, size: int, found: list[Defect]) -> None:
    if packet[6] & 0x80:
        found.append(Defect(_UNIT, "with the reserved flag set", "RFC 791, section 3.1", dropped=False))
    ttl, source, destination = packet[8], packet[12:16], packet[16:20]
    if ttl == 0:
        found.append(Defect(_UNIT, "with TTL 0", "RFC 1122, section 3.2.1.7"))
    elif ttl < FEWEST_HOPS and destination[0] < 224:
        found.append(Defect(_UNIT, f"with TTL {ttl}", "RFC 1122, section 3.2.1.7", dropped=False))
    if source[0] >= 224 or source[0] == 127:
        found.append(Defect(_UNIT, "from an address that is no station's", "RFC 1122, section 3.2.1.3"))
    at = 20
    while at < size and packet[at] != 0:
        if packet[at] == 1:
            at += 1
            continue
        length = packet[at + 1] if at + 1 < size else 0
        if length < 2 or at + length > size:
            found.append(Defect(_UNIT, f"with an option of length {length}", "RFC 791, section 3.1"))
            return
        at += length


def _icmp(message: bytes, found: list[Defect]) -> None:
    unit, rfc = "ICMP message", "RFC 792"
    if len(message) < 8:
        found.append(Defect(unit, "shorter than its header", rfc))
        return
    if checksum(message):
        found.append(Defect(unit, "with a wrong checksum", rfc))
        return
    kind, code = message[0], message[1]
    if kind == 8 and code:  # a reply has what its request had
        found.append(Defect(unit, f"of type {kind} with code {code}", rfc))
    elif kind in _ERRORS:
        # A fragment may hold fewer than 64 bits of data; then all of it has to be there.
        wanted = min(_QUOTED, max(20, int.from_bytes(message[10:12], "big")))
        if len(message) < 8 + wanted or message[8] >> 4 != 4:
            found.append(Defect(unit, f"of type {kind} without the packet in question", rfc))
        # The second octet is a length (RFC 4884, section 4), the last two are an MTU (RFC 1191, section 4).
        unused = message[4:5] + (message[6:8] if (kind, code) != (3, 4) else b"")
        if kind in (3, 11) and any(unused):
            found.append(Defect(unit, f"of type {kind} with unused octets set", rfc, dropped=False))


def _igmp(message: bytes, ttl: int, found: list[Defect]) -> None:
    unit, rfc = "IGMP message", "RFC 2236, section 2"
    if len(message) < 8:
        found.append(Defect(unit, "shorter than its header", rfc))
    elif checksum(message):
        found.append(Defect(unit, "with a wrong checksum", rfc))
    elif ttl != 1:
        found.append(Defect(unit, f"with TTL {ttl}", rfc, dropped=False))
