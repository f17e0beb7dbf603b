"""What a receiver checks of IPv6 packets and their extension headers."""

from __future__ import annotations

from bench.reception import transport
from bench.reception.defect import Defect
from bench.reception.fragments import Fragments
from bench.reception.icmpv6 import ICMPV6, Around, icmpv6
from bench.reception.ipv4 import FEWEST_HOPS

HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION = 0, 43, 44, 60
ROUTER_ALERT = 5
UNSPECIFIED, LOOPBACK = bytes(16), bytes(15) + b"\1"

_UNIT = "IPv6 packet"


def ipv6(packet: bytes, fragments: Fragments, found: list[Defect]) -> None:
    """Append what is wrong with a packet; what follows its payload is Ethernet's padding."""
    if len(packet) < 40:
        found.append(Defect(_UNIT, "shorter than its header", "RFC 8200, section 3"))
        return
    if packet[0] >> 4 != 6:
        found.append(Defect(_UNIT, f"of version {packet[0] >> 4}", "RFC 8200, section 3"))
        return
    end = 40 + int.from_bytes(packet[4:6], "big")
    if end > len(packet):
        found.append(Defect(_UNIT, "with a wrong payload length", "RFC 8200, section 3"))
        return
    hops, source, destination = packet[7], packet[8:24], packet[24:40]
    if hops == 0:
        found.append(Defect(_UNIT, "with hop limit 0", "RFC 8200, section 3"))
    if source[0] == 0xFF or LOOPBACK in (source, destination) or destination == UNSPECIFIED:
        found.append(
            Defect(_UNIT, "with addresses that no packet may have on a link", "RFC 4291, section 2.5")
        )
    walked = _extensions(packet, end, fragments, found)
    if walked is None:
        return
    protocol, body, alert = walked
    if protocol == ICMPV6:
        icmpv6(body, Around(source, destination, hops, alert), found)
        return
    if hops and hops < FEWEST_HOPS and destination[0] != 0xFF:
        found.append(Defect(_UNIT, f"with hop limit {hops}", "RFC 8200, section 3", dropped=False))
    if protocol == transport.TCP:
        transport.tcp(body, source, destination, found)
    elif protocol == transport.UDP:
        transport.udp(body, source, destination, found)


def _extensions(
    packet: bytes, end: int, fragments: Fragments, found: list[Defect]
) -> tuple[int, bytes, bool] | None:
    """Protocol and body behind the extension headers, and whether routers are alerted; None for no body."""
    kind, at, alert = packet[6], 40, False
    while kind in (HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION):
        if kind == HOP_BY_HOP and at != 40:
            found.append(Defect(_UNIT, "with hop-by-hop options that come late", "RFC 8200, section 4.1"))
            return None
        size = 8 if kind == FRAGMENT else (packet[at + 1] + 1) * 8 if at + 2 <= end else 8
        if at + size > end:
            found.append(Defect(_UNIT, "that ends in an extension header", "RFC 8200, section 4"))
            return None
        header, at = packet[at : at + size], at + size
        if kind == FRAGMENT:
            place = int.from_bytes(header[2:4], "big")
            more, body = bool(place & 1), packet[at:end]
            if more and len(body) % 8:
                found.append(Defect(_UNIT, "in fragments not of 8 octets", "RFC 8200, section 4.5"))
                return None
            key = packet[8:24], packet[24:40], header[4:8], header[0]
            whole = fragments.add(key, place & 0xFFF8, more, body)
            return None if whole is None else (header[0], whole, alert)
        if kind != ROUTING:
            options = _options(header)
            if options is None:
                found.append(Defect(_UNIT, "with an option that overruns", "RFC 8200, section 4.2"))
                return None
            alert = alert or (kind == HOP_BY_HOP and ROUTER_ALERT in options)
        kind = header[0]
    return kind, packet[at:end], alert


def _options(header: bytes) -> list[int] | None:
    """The kinds of a header's options; None if one does not fit."""
    kinds, at = [], 2
    while at < len(header):
        if header[at] == 0:
            at += 1
            continue
        size = header[at + 1] + 2 if at + 1 < len(header) else len(header)
        if at + size > len(header):
            return None
        kinds.append(header[at])
        at += size
    return kinds
