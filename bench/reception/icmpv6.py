"""What a receiver checks of ICMPv6: errors, echoes, Neighbor Discovery, Multicast Listener Discovery."""

from __future__ import annotations

from dataclasses import dataclass

from bench.layers.tcpip import checksum
from bench.reception.defect import Defect
from bench.reception.ipv4 import FEWEST_HOPS
from bench.reception.transport import pseudo_header

ICMPV6 = 58
ERRORS = (1, 2, 3, 4)
ECHO_REQUEST = 128
SOLICITATION, ADVERTISEMENT = 135, 136
NEIGHBOR_DISCOVERY = {133: 8, 134: 16, SOLICITATION: 24, ADVERTISEMENT: 24, 137: 40}
"""Type and octets before the options: router solicitation and advertisement, neighbor solicitation and
advertisement, redirect (RFC 4861, section 4)."""
LISTENER_DISCOVERY = {130: 24, 131: 24, 132: 24, 143: 8}
"""Type and smallest size: query, report, done (RFC 2710, section 3), report of version 2 (RFC 3810, 5.2)."""
NAMES = {
    133: "Router Solicitation",
    134: "Router Advertisement",
    SOLICITATION: "Neighbor Solicitation",
    ADVERTISEMENT: "Neighbor Advertisement",
    137: "Redirect",
    130: "MLD message",
    131: "MLD message",
    132: "MLD message",
    143: "MLD message",
}
SOURCE_LINK_LAYER, TARGET_LINK_LAYER = 1, 2
SMALLEST_MTU = 1280
UNSPECIFIED = bytes(16)
SOLICITED_NODE = bytes.fromhex("ff0200000000000000000001ff")
"""Begins the group to which solicitations go; the address's last 24 bits end it (RFC 4291, section 2.7.1)."""
_RULES = {133: "6.1.1", 134: "6.1.2", SOLICITATION: "7.1.1", ADVERTISEMENT: "7.1.2", 137: "8.1"}


@dataclass(frozen=True)
class Around:
    """What stands before a message: IPv6 addresses, hop limit, whether a router alert option does."""

    source: bytes
    destination: bytes
    hops: int
    alert: bool


def icmpv6(message: bytes, around: Around, found: list[Defect]) -> None:
    """Append what is wrong with a message."""
    unit = NAMES.get(message[0], "ICMPv6 message") if message else "ICMPv6 message"
    if len(message) < 8:
        found.append(Defect(unit, "shorter than its header", "RFC 4443, section 2.1"))
        return
    if checksum(pseudo_header(around.source, around.destination, len(message), ICMPV6) + message):
        found.append(Defect(unit, "with a wrong checksum", "RFC 4443, section 2.3"))
        return
    kind, code = message[0], message[1]
    if kind in NEIGHBOR_DISCOVERY:
        _discovery(message, around, found)
        return
    if kind in LISTENER_DISCOVERY:
        _listener(message, around, found)
        return
    if 0 < around.hops < FEWEST_HOPS and around.destination[0] != 0xFF:
        found.append(Defect(unit, f"with hop limit {around.hops}", "RFC 8200, section 3", dropped=False))
    if around.source == UNSPECIFIED:
        found.append(Defect(unit, "from the unspecified address", "RFC 4443, section 2.2"))
    if kind == ECHO_REQUEST and code:  # a reply has what its request had
        found.append(Defect(unit, f"of type {kind} with code {code}", "RFC 4443, section 4"))
    if kind in ERRORS:
        if len(message) < 48 or message[8] >> 4 != 6:
            found.append(
                Defect(unit, f"of type {kind} without the packet in question", "RFC 4443, section 3")
            )
        if len(message) > SMALLEST_MTU - 40:
            found.append(Defect(unit, f"of type {kind} beyond 1280 octets", "RFC 4443, section 2.4"))
        if kind in (1, 3) and any(message[5:8]):  # the first octet is a length (RFC 4884, section 4)
            found.append(
                Defect(unit, f"of type {kind} with unused octets set", "RFC 4443, section 3", dropped=False)
            )


def _discovery(message: bytes, around: Around, found: list[Defect]) -> None:
    kind = message[0]
    unit, rfc = NAMES[kind], f"RFC 4861, section {_RULES[kind]}"

    def wrong(what: str, source: str = rfc, *, dropped: bool = True) -> None:
        found.append(Defect(unit, what, source, dropped))

    if around.hops != 255:
        wrong(f"with hop limit {around.hops}")
    if message[1]:
        wrong(f"with code {message[1]}")
    start = NEIGHBOR_DISCOVERY[kind]
    if len(message) < start:
        wrong("shorter than its fields")
        return
    options = _options(message[start:])
    if options is None:
        wrong("with an option of a wrong length")
        return
    for option in (SOURCE_LINK_LAYER, TARGET_LINK_LAYER):
        if len(options.get(option, b"123456")) != 6:
            wrong("with a link-layer address that is not of Ethernet's size", "RFC 2464, section 6")
    if around.source == UNSPECIFIED and kind not in (133, SOLICITATION):
        wrong("from the unspecified address", "RFC 4861, section 4")
    if kind in (133, SOLICITATION) and around.source == UNSPECIFIED and SOURCE_LINK_LAYER in options:
        wrong("from the unspecified address with a source link-layer option")
    # RFC 4861, section 4: senders clear what is reserved, receivers do not look at it.
    flags = 0xE0 if kind == ADVERTISEMENT else 0
    if kind != 134 and (message[4] & ~flags & 0xFF or any(message[5:8])):
        wrong("with reserved bits set", "RFC 4861, section 4", dropped=False)
    if kind in (SOLICITATION, ADVERTISEMENT):
        _neighbor(message, around, options, found)


def _neighbor(message: bytes, around: Around, options: dict[int, bytes], found: list[Defect]) -> None:
    kind, target, group = message[0], message[8:24], around.destination[0] == 0xFF
    unit, rfc = NAMES[kind], f"RFC 4861, section {_RULES[kind]}"
    if target[0] == 0xFF:
        found.append(Defect(unit, "for a multicast address", rfc))
    if kind == ADVERTISEMENT:
        if group and message[4] & 0x40:
            found.append(Defect(unit, "to a group with the solicited flag", rfc))
        return
    solicited = around.destination[:13] == SOLICITED_NODE
    if around.source == UNSPECIFIED and not solicited:
        found.append(Defect(unit, "from the unspecified address to no solicited-node group", rfc))
    elif group and around.destination != SOLICITED_NODE + target[13:]:
        found.append(
            Defect(unit, "to the group of another address", "RFC 4861, section 7.2.2", dropped=False)
        )
    if group and around.source != UNSPECIFIED and SOURCE_LINK_LAYER not in options:
        found.append(
            Defect(unit, "to a group without its link-layer address", "RFC 4861, section 4.3", dropped=False)
        )


def _options(data: bytes) -> dict[int, bytes] | None:
    """Each option's first value by its type; None if one has length 0 or does not fit (RFC 4861, 4.6)."""
    options: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        size = data[at + 1] * 8 if at + 1 < len(data) else 0
        if size == 0 or at + size > len(data):
            return None
        options.setdefault(data[at], data[at + 2 : at + size])
        at += size
    return options


def source_link_layer(message: bytes) -> bytes | None:
    """The Ethernet address in a solicitation's option, if it has one."""
    value = (_options(message[24:]) or {}).get(SOURCE_LINK_LAYER)
    return value if value is not None and len(value) == 6 else None


def _listener(message: bytes, around: Around, found: list[Defect]) -> None:
    kind = message[0]
    unit, rfc = NAMES[kind], "RFC 3810, section 5" if kind == 143 else "RFC 2710, section 3"
    if len(message) < LISTENER_DISCOVERY[kind]:
        found.append(Defect(unit, "shorter than its fields", rfc))
        return
    if around.hops != 1:
        found.append(Defect(unit, f"with hop limit {around.hops}", rfc))
    if not around.alert:
        found.append(Defect(unit, "without a router alert", rfc))
    link_local = around.source[0] == 0xFE and around.source[1] & 0xC0 == 0x80
    if not link_local and (around.source != UNSPECIFIED or kind == 130):  # RFC 3590, section 4
        found.append(Defect(unit, "from an address that is not link-local", rfc))
    if kind == 143:
        if not _records_fit(message):
            found.append(Defect(unit, "with a wrong number of records", "RFC 3810, section 5.2.4"))
    elif kind != 130 and message[8] != 0xFF:
        found.append(Defect(unit, "for no multicast address", rfc))


def _records_fit(message: bytes) -> bool:
    at = 8
    for _ in range(int.from_bytes(message[6:8], "big")):
        if at + 20 > len(message):
            return False
        at += 20 + message[at + 1] * 4 + int.from_bytes(message[at + 2 : at + 4], "big") * 16
    return at <= len(message)
