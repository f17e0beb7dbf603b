"""ARP packets that are none, or not for Ethernet and IPv4: entry 6."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import ARP, Ether

from bench.addresses import BENCH, BOARD
from bench.cases.case import Variant, entry, variant
from bench.cases.steps import Send
from bench.cases.words import Some, arp_request

BROADCAST = "ff:ff:ff:ff:ff:ff"
STRANGER = "192.0.2.77"
STRANGER_MAC = "00:00:5e:00:53:77"
PING = Ether(src=STRANGER_MAC, dst=BOARD.mac) / IP(src=STRANGER, dst=BOARD.ip) / ICMP(id=1)
"""Answered at once if the stranger is in the ARP cache; else the board has to ask for its address first."""

ASKS = (Some(arp_request(STRANGER), 1, 2),)
"""Asked, and asked again if nobody answers."""


def claim(**fields: Any) -> bytes:
    """An ARP packet in which the stranger tells the board its address, spoilt by `fields`."""
    values = {"op": 2, "hwsrc": STRANGER_MAC, "psrc": STRANGER, "hwdst": BOARD.mac, "pdst": BOARD.ip} | fields
    return bytes(Ether(src=STRANGER_MAC, dst=BOARD.mac) / ARP(**values))


MALFORMED: dict[str, dict[str, Any]] = {
    "hwtype-6": {"hwtype": 6},
    "ptype-ipv6": {"ptype": 0x86DD},
    "hwlen-0": {"hwlen": 0},
    "hwlen-5": {"hwlen": 5},
    "hwlen-7": {"hwlen": 7},
    "hwlen-255": {"hwlen": 255},
    "plen-0": {"plen": 0},
    "plen-3": {"plen": 3},
    "plen-16": {"plen": 16},
    "plen-255": {"plen": 255},
}


def spoilt() -> Iterator[Variant]:
    """A request or a claim with a header that does not fit, and what a ping of its sender then finds."""
    whole = claim()
    for name, fields in MALFORMED.items():
        header = bytearray(whole)
        for field, value in fields.items():
            at, size = {"hwtype": (14, 2), "ptype": (16, 2), "hwlen": (18, 1), "plen": (19, 1)}[field]
            header[at : at + size] = value.to_bytes(size, "big")
        for operation in (1, 2):
            packet = bytes(header[:20]) + operation.to_bytes(2, "big") + bytes(header[22:])
            what = {1: "request", 2: "reply"}[operation]
            yield variant(f"{name}-{what}", Send(packet, PING), expect=ASKS)


def unknown() -> Iterator[Variant]:
    """Operations that are neither request nor reply."""
    for operation in (0, 3, 8, 0xFFFF):
        yield variant(f"op-{operation}", Send(claim(op=operation)))


def truncated() -> Iterator[Variant]:
    """Cut off; the frame is not padded, so there is nothing behind the end."""
    request = claim(op=1)
    for size in (0, 1, 7, 8, 18, 27):
        yield variant(f"cut-at-{size}", Send(request[: 14 + size], pad=False), Send(PING), expect=ASKS)


MALFORMED_ARP = entry(
    "arp",
    6,
    "malformed",
    "ARP with address lengths other than 6 and 4, another operation, or cut off",
    expected="No reply, and no entry in the cache: a ping of the sender makes the board ask for its address.",
    source="RFC 826, packet reception; RFC 1122, section 2.3.2.1",
    cases=[*spoilt(), *unknown(), *truncated()],
)


def foreign() -> Iterator[Variant]:
    """Well-formed, but not for the board or not from a station."""
    yield variant("for-another-address", Send(claim(op=1, pdst="192.0.2.3")))
    yield variant(
        "from-the-boards-own-address",
        Send(
            Ether(src=BENCH.mac, dst=BROADCAST)
            / ARP(op=1, hwsrc=BENCH.mac, psrc=BOARD.ip, hwdst=BROADCAST, pdst="192.0.2.3")
        ),
    )
    for source in ("192.0.2.255", "255.255.255.255", "224.0.0.1"):
        packet = Ether(src=STRANGER_MAC, dst=BOARD.mac) / ARP(
            op=2, hwsrc=STRANGER_MAC, psrc=source, hwdst=BOARD.mac, pdst=BOARD.ip
        )
        yield variant(f"reply-of-{source}", Send(packet))


FOREIGN_ARP = entry(
    "arp",
    6,
    "foreign",
    "ARP for another address, from the board's own, or from an address that no station has",
    expected="Silence.",
    source="RFC 826, packet reception; RFC 5227, section 2.4",
    cases=foreign(),
)

CASES = (*MALFORMED_ARP, *FOREIGN_ARP)
