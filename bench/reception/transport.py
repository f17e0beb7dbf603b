"""What a receiver checks of TCP segments and UDP datagrams."""

from __future__ import annotations

from bench.layers.tcpip import ACK, RST, SYN, checksum
from bench.reception.defect import Defect

TCP, UDP = 6, 17
_SIZES = {2: (4,), 3: (3,), 4: (2,), 5: (10, 18, 26, 34), 8: (10,)}
"""Octets of an option by its kind: MSS, window scale, SACK permitted, SACK, timestamps (RFC 9293, section
3.2; RFC 7323, sections 2.2 and 3.2; RFC 2018, sections 2 and 3)."""
_ON_SYN_ONLY = (2, 3, 4)

_HEADER, _OPTIONS = "RFC 9293, section 3.1", "RFC 9293, section 3.2"
_SEGMENT = "TCP segment"


def pseudo_header(source: bytes, destination: bytes, size: int, protocol: int) -> bytes:
    """What goes into the checksum before the message (RFC 9293, section 3.1; RFC 8200, section 8.1)."""
    if len(source) == 4:
        return source + destination + bytes([0, protocol]) + size.to_bytes(2, "big")
    return source + destination + size.to_bytes(4, "big") + bytes([0, 0, 0, protocol])


def tcp(segment: bytes, source: bytes, destination: bytes, found: list[Defect]) -> None:
    """Append what is wrong with a segment; `source` and `destination` are the IP addresses."""
    if len(segment) < 20:
        found.append(Defect(_SEGMENT, "shorter than its header", _HEADER))
        return
    if checksum(pseudo_header(source, destination, len(segment), TCP) + segment):
        found.append(Defect(_SEGMENT, "with a wrong checksum", _HEADER))
        return
    size = (segment[12] >> 4) * 4
    if not 20 <= size <= len(segment):
        found.append(Defect(_SEGMENT, f"with data offset {segment[12] >> 4}", _HEADER))
        return
    if segment[12] & 0x0F:
        found.append(Defect(_SEGMENT, "with reserved bits set", _HEADER, dropped=False))
    flags = segment[13]
    if not flags & (SYN | ACK | RST):
        found.append(Defect(_SEGMENT, "with neither SYN, ACK nor RST", "RFC 9293, section 3.10.7.4"))
    if not flags & RST and not (any(segment[:2]) and any(segment[2:4])):  # a RST answers whatever came
        found.append(Defect(_SEGMENT, "with port 0", "RFC 6335, section 6"))
    if size > 20:
        _options(segment[20:size], bool(flags & SYN), found)


def _options(options: bytes, syn: bool, found: list[Defect]) -> None:
    at = 0
    while at < len(options):
        kind = options[at]
        if kind == 0:
            if any(options[at:]):
                found.append(Defect(_SEGMENT, "with padding that is not zero", _HEADER, dropped=False))
            return
        if kind == 1:
            at += 1
            continue
        size = options[at + 1] if at + 1 < len(options) else 0
        if size < 2 or at + size > len(options):
            found.append(Defect(_SEGMENT, f"with an option of length {size}", _OPTIONS))
            return
        if size not in _SIZES.get(kind, (size,)):
            found.append(Defect(_SEGMENT, f"with option {kind} of length {size}", _OPTIONS))
        if kind in _ON_SYN_ONLY and not syn:
            found.append(Defect(_SEGMENT, f"with option {kind} without SYN", _OPTIONS, dropped=False))
        at += size


def udp(datagram: bytes, source: bytes, destination: bytes, found: list[Defect]) -> None:
    """Append what is wrong with a datagram; `source` and `destination` are the IP addresses."""
    unit, rfc = "UDP datagram", "RFC 768"
    if len(datagram) < 8:
        found.append(Defect(unit, "shorter than its header", rfc))
        return
    size = int.from_bytes(datagram[4:6], "big")
    if not 8 <= size <= len(datagram):
        found.append(Defect(unit, "with a wrong length", rfc))
        return
    if size < len(datagram):
        found.append(Defect(unit, "that ends before its IP packet", rfc, dropped=False))
    if not any(datagram[6:8]):
        if len(source) == 16:
            found.append(Defect(unit, "without a checksum on IPv6", "RFC 8200, section 8.1"))
    elif checksum(pseudo_header(source, destination, size, UDP) + datagram[:size]):
        found.append(Defect(unit, "with a wrong checksum", "RFC 1122, section 4.1.3.4"))
        return
    if not any(datagram[2:4]):
        found.append(Defect(unit, "to port 0", "RFC 6335, section 6"))
