"""What the cases of TCP share: segments, and the words for the usual answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.packet import Packet, Raw

from bench.cases.case import PORT
from bench.cases.words import segment

SPORT = 40000
CLOSED = 9
"""A port on which nobody listens (discard)."""
SEQ = 100
ISN = "ISN"
MSS = 536
"""What the firmware announces."""

RFC = "RFC 9293"
RESET_WITH_ACK = (
    "lwIP sets ACK in every RST, and acknowledges what the segment held. RFC 9293, section 3.10.7.1, has "
    "<SEQ=SEG.ACK><CTL=RST> there. The sequence number, by which a peer judges the RST, is right."
)

DATA_TAKEN = (
    "lwIP answers with an ACK as it should, but takes the data of such a segment instead of dropping it: a "
    "forged segment needs no more than a sequence number inside the window."
)


def tcp(ipv6: bool = False, sport: int = SPORT, dport: int = PORT, seq: int = SEQ, **fields: Any) -> Packet:
    """A segment from a port of the bench that has no connection."""
    return (IPv6() if ipv6 else IP()) / TCP(sport=sport, dport=dport, seq=seq, **fields)


def both(name: str, **fields: Any) -> Iterator[tuple[str, bool]]:
    """Over IPv4 and over IPv6."""
    yield (f"{name}-ipv4" if name else "ipv4"), False
    yield (f"{name}-ipv6" if name else "ipv6"), True


def syn_ack(seq: int = SEQ) -> str:
    """The answer to a SYN with this sequence number."""
    return segment("SYN+ACK", ISN, seq + 1) + f" mss={MSS}"


def challenge() -> str:
    """The acknowledgement that tells a peer where the connection stands (RFC 5961)."""
    return segment("ACK", "+0", "+0")


def options(*, ipv6: bool, data: bytes, flags: str = "S") -> Packet:
    """A SYN with these bytes as options, filled up with End of Option List."""
    size = -(-len(data) // 4)
    header = (IPv6() if ipv6 else IP()) / TCP(sport=SPORT, dport=PORT, seq=SEQ, flags=flags, dataofs=5 + size)
    return header / Raw(data.ljust(4 * size, b"\0"))
