"""Give a frame the checksums its receiver will compute, whatever else is wrong with it.

An anomaly that is not about a checksum must get past the checksums to be seen at all. So they are computed
over what the receiver takes for the packet: as many bytes as the header's length field says, if there are.
"""

from __future__ import annotations

from collections.abc import Collection

from bench.layers.tcpip import ETHERTYPE_IPV4, ETHERTYPE_IPV6, checksum

ETHER_SIZE, IPV4_SIZE, IPV6_SIZE = 14, 20, 40
SHORTEST_FRAME = 60
"""Bytes without FCS (IEEE 802.3, section 3.2.8)."""
ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
FRAGMENT_HEADER = 44
EXTENSION_HEADERS = (0, 43, 60)
"""Hop-by-hop options, routing, destination options: next header, length in units of 8 bytes, less one."""
CHECKSUM_AT = {ICMP: 2, TCP: 16, UDP: 6, ICMPV6: 2}
"""Offset of the checksum in the header, by protocol."""


def repair(frame: bytearray, keep: Collection[int] = ()) -> None:
    """Set every checksum of the frame right but those whose offset in the frame is in `keep`."""
    ethertype = int.from_bytes(frame[12:14], "big")
    if ethertype == ETHERTYPE_IPV4 and len(frame) >= ETHER_SIZE + IPV4_SIZE:
        _repair_ipv4(frame, keep)
    elif ethertype == ETHERTYPE_IPV6 and len(frame) >= ETHER_SIZE + IPV6_SIZE:
        _repair_ipv6(frame, keep)


def fit(frame: bytearray) -> None:
    """Set the length of the IPv4 or IPv6 header to what the frame holds."""
    ethertype = int.from_bytes(frame[12:14], "big")
    size = len(frame) - ETHER_SIZE
    if ethertype == ETHERTYPE_IPV4 and size >= IPV4_SIZE:
        frame[16:18] = size.to_bytes(2, "big")
    elif ethertype == ETHERTYPE_IPV6 and size >= IPV6_SIZE:
        frame[18:20] = (size - IPV6_SIZE).to_bytes(2, "big")


def transport(frame: bytes | bytearray) -> tuple[int, int, int, bool] | None:
    """Where the layer above IP is: protocol, offset of its first byte, its end, whether it is a fragment.

    None where the headers below it are not whole. A length beyond the frame counts up to the frame's end.
    """
    ethertype = int.from_bytes(frame[12:14], "big")
    if ethertype == ETHERTYPE_IPV4 and len(frame) >= ETHER_SIZE + IPV4_SIZE:
        start = ETHER_SIZE + (frame[14] & 15) * 4
        total = int.from_bytes(frame[16:18], "big")
        if start < ETHER_SIZE + IPV4_SIZE or start > len(frame):
            return None
        end = min(max(ETHER_SIZE + total, start), len(frame))
        return frame[23], start, end, bool(int.from_bytes(frame[20:22], "big") & 0x3FFF)
    if ethertype == ETHERTYPE_IPV6 and len(frame) >= ETHER_SIZE + IPV6_SIZE:
        at = ETHER_SIZE + IPV6_SIZE
        end = min(at + int.from_bytes(frame[18:20], "big"), len(frame))
        protocol, fragment = frame[20], False
        while protocol in (*EXTENSION_HEADERS, FRAGMENT_HEADER):
            if at + 8 > end:
                return None
            size = 8
            if protocol == FRAGMENT_HEADER:
                fragment = fragment or bool(int.from_bytes(frame[at + 2 : at + 4], "big") & 0xFFF9)
            else:
                size = (frame[at + 1] + 1) * 8
            protocol, at = frame[at], at + size
        return (protocol, at, end, fragment) if at <= end else None
    return None


def pseudo_header(frame: bytes | bytearray, protocol: int, size: int) -> bytes:
    """What TCP, UDP and ICMPv6 checksum in front of `size` bytes (RFC 9293, section 3.1; RFC 8200, 8.1)."""
    if int.from_bytes(frame[12:14], "big") == ETHERTYPE_IPV4:
        return bytes(frame[26:34]) + bytes([0, protocol]) + size.to_bytes(2, "big")
    return bytes(frame[22:54]) + size.to_bytes(4, "big") + protocol.to_bytes(4, "big")


def transport_is_right(frame: bytes | bytearray) -> bool:
    """Whether the checksum above IP is right, as far as there is one."""
    found = transport(frame)
    if found is None:
        return True
    protocol, start, end, fragment = found
    if fragment or protocol not in CHECKSUM_AT:
        return True
    data = bytes(frame[start:end])
    at = CHECKSUM_AT[protocol]
    if protocol == UDP and data[at : at + 2] == b"\0\0" and frame[12] == 8:
        return True  # IPv4: none was computed
    header = b"" if protocol == ICMP else pseudo_header(frame, protocol, len(data))
    return checksum(header + data) == 0


def _repair_ipv4(frame: bytearray, keep: Collection[int]) -> None:
    start = ETHER_SIZE + (frame[14] & 15) * 4
    if start >= ETHER_SIZE + IPV4_SIZE and start <= len(frame) and 24 not in keep:
        frame[24:26] = b"\0\0"
        frame[24:26] = checksum(bytes(frame[ETHER_SIZE:start])).to_bytes(2, "big")
    _repair_transport(frame, keep)


def _repair_ipv6(frame: bytearray, keep: Collection[int]) -> None:
    _repair_transport(frame, keep)


def _repair_transport(frame: bytearray, keep: Collection[int]) -> None:
    found = transport(frame)
    if found is None:
        return
    protocol, start, end, fragment = found
    if fragment or protocol not in CHECKSUM_AT:
        return
    at = start + CHECKSUM_AT[protocol]
    if at + 2 > end or at in keep:
        return
    frame[at : at + 2] = b"\0\0"
    header = b"" if protocol == ICMP else pseudo_header(frame, protocol, end - start)
    value = checksum(header + bytes(frame[start:end]))
    if protocol == UDP:
        value = value or 0xFFFF
    frame[at : at + 2] = value.to_bytes(2, "big")
