"""How a correct board reacts to any frame: the rules of Ethernet, ARP, IP, ICMP and Neighbor Discovery.

The frame that was sent is read once more here, from its bytes alone, as a careful receiver would; how it was
made does not count. TCP and what is above it have their own modules (`rules_tcp`, `rules_stream`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import replace

from bench.addresses import BOARD
from bench.layers.tcpip import ETHERTYPE_IPV4, ETHERTYPE_IPV6, checksum
from bench.matrix import rules_tcp
from bench.matrix.checksums import (
    ETHER_SIZE,
    EXTENSION_HEADERS,
    FRAGMENT_HEADER,
    transport,
    transport_is_right,
)
from bench.matrix.expectation import Check, Expectation, Problem, may, must, silent
from bench.matrix.replies import BOARD_MAC, ETHERTYPE_ARP, RESOLUTION, Reply
from bench.matrix.states import Scene

LONGEST = 1514
"""Bytes of a frame without FCS (IEEE 802.3, section 3.2.7)."""
SHORTEST = 60
USUAL_ALERT = b"\x3a\x00\x05\x02\x00\x00\x01\x00"
"""A Hop-by-Hop header with Router Alert for MLD and nothing else before ICMPv6 (RFC 2711, section 2.1)."""
AT_ONCE = 100
"""Milliseconds that a listener query may leave for the report to come before the case is judged."""

IP4 = ipaddress.IPv4Address(BOARD.ip)
NETWORK = ipaddress.ip_network(f"{BOARD.ip}/{BOARD.prefix}", strict=False)
BROADCASTS = (ipaddress.IPv4Address("255.255.255.255"), NETWORK.broadcast_address)
ALL_HOSTS = ipaddress.IPv4Address("224.0.0.1")
NETWORK6 = ipaddress.ip_network(f"{BOARD.ip6}/{BOARD.prefix6}", strict=False)
ADDRESSES6 = [ipaddress.IPv6Address(text) for text in (BOARD.ip6, BOARD.link_local)]
ALL_NODES = ipaddress.IPv6Address("ff02::1")
SOLICITED = [
    ipaddress.IPv6Address(b"\xff\x02" + bytes(9) + b"\x01\xff" + address.packed[-3:])
    for address in ADDRESSES6
]


def judge(scene: Scene, frame: bytes, replies: Sequence[Reply]) -> list[Problem]:
    """What is wrong with the board's replies to a frame; an empty list for a correct reaction."""
    expected = expect(scene, frame)
    problems = [Problem(f"malformed-{reply.kind}", text) for reply in replies for text in reply.problems]
    seen = {reply.kind for reply in replies} - RESOLUTION - scene.background
    wrong = seen - expected.allowed
    missing = bool(expected.required) and not seen & (expected.required | RESOLUTION)
    if missing and any(reply.kind in RESOLUTION for reply in replies):
        missing = False  # it is looking for whom to answer
    if wrong or missing:
        came = "+".join(sorted(seen)) or "nothing"
        wanted = " or ".join(sorted(expected.required or expected.allowed)) or "nothing"
        source = f" ({expected.source})" if expected.source else ""
        problems.append(Problem(f"{expected.when}/{came}", f"expected {wanted}{source}, came {came}"))
    problems += addressed(frame, replies)
    return problems + expected.check(replies)


def addressed(frame: bytes, replies: Sequence[Reply]) -> list[Problem]:
    """Whatever answers a packet goes to whom it came from (RFC 1122, section 3.2.1.3)."""
    source = _source(frame)
    return [
        Problem(
            f"answer-to-another/{reply.kind}", f"{reply.kind} to {ipaddress.ip_address(reply.destination)}"
        )
        for reply in replies
        if source
        and reply.kind not in (*RESOLUTION, "report", "other", "arp-reply", "advertisement")
        and reply.destination != source
    ]


def _source(frame: bytes) -> bytes:
    ethertype = int.from_bytes(frame[12:14], "big")
    if ethertype == ETHERTYPE_IPV4:
        return frame[26:30]
    return frame[22:38] if ethertype == ETHERTYPE_IPV6 else b""


def expect(scene: Scene, frame: bytes) -> Expectation:
    """How to react to a frame in a state."""
    if len(frame) < ETHER_SIZE:
        return silent("no-header")
    if len(frame) > LONGEST:
        return silent("too-long", "IEEE 802.3, section 3.2.7")
    to_group = bool(frame[0] & 1)
    if frame[:6] != BOARD_MAC and not to_group:
        return silent("for-another-station")
    ethertype = int.from_bytes(frame[12:14], "big")
    if ethertype == ETHERTYPE_ARP:
        expected = _arp(frame)
    elif ethertype == ETHERTYPE_IPV4:
        expected = _ipv4(scene, frame, to_group)
    elif ethertype == ETHERTYPE_IPV6:
        expected = _ipv6(scene, frame, to_group)
    else:
        return silent("unknown-ethertype")
    return expected.optional("runt") if len(frame) < SHORTEST else expected


def _arp(frame: bytes) -> Expectation:
    arp = frame[14:42]
    if len(arp) < 28:
        return silent("arp-cut", "RFC 826")
    if arp[:6] != b"\x00\x01\x08\x00\x06\x04":
        return silent("arp-other-hardware-or-protocol", "RFC 826")
    if arp[24:28] != IP4.packed:
        return silent("arp-for-another", "RFC 826")
    if arp[6:8] != b"\x00\x01":
        return silent("arp-no-question", "RFC 826")
    sender, address = arp[8:14], arp[14:18]

    def check(replies: Sequence[Reply]) -> list[Problem]:
        wanted = b"\x00\x01\x08\x00\x06\x04\x00\x02" + BOARD_MAC + IP4.packed + sender + address
        wrong = [reply for reply in replies if reply.kind == "arp-reply" and reply.frame[14:42] != wanted]
        return [Problem("arp-reply-wrong", f"ARP reply {reply.frame.hex()}") for reply in wrong]

    answer = must("arp-request", "arp-reply", source="RFC 826", check=check)
    if sender[0] & 1 or sender == BOARD_MAC or address == IP4.packed or sender != frame[6:12]:
        return answer.optional("odd")
    return answer


def _ipv4(scene: Scene, frame: bytes, to_group: bool) -> Expectation:
    size = len(frame) - ETHER_SIZE
    if size < 20:
        return silent("ipv4-cut", "RFC 1122, section 3.2.1")
    header, total = (frame[14] & 15) * 4, int.from_bytes(frame[16:18], "big")
    if frame[14] >> 4 != 4:
        return silent("ipv4-version", "RFC 1122, section 3.2.1.1")
    if header < 20 or header > size:
        return silent("ipv4-header-length", "RFC 791, section 3.1")
    if total < header or total > size:
        return silent("ipv4-total-length", "RFC 791, section 3.1")
    if checksum(frame[14 : 14 + header]):
        return silent("ipv4-checksum", "RFC 1122, section 3.2.1.2")
    source, target = ipaddress.IPv4Address(frame[26:30]), ipaddress.IPv4Address(frame[30:34])
    to_all = target in BROADCASTS or target == ALL_HOSTS
    if target != IP4 and not to_all:
        return silent("ipv4-for-another", "RFC 1122, section 3.2.1.3")
    if source.is_multicast:
        return silent("ipv4-multicast-source", "RFC 1122, section 3.2.1.3")
    if source in BROADCASTS:
        return silent("ipv4-broadcast-source", "RFC 1122, section 3.2.1.3")
    if source.is_loopback:
        return silent("ipv4-loopback-source", "RFC 1122, section 3.2.1.3")
    if int.from_bytes(frame[20:22], "big") & 0x3FFF:
        return silent("ipv4-lone-fragment", "RFC 791, section 3.2")
    protocol = frame[23]
    if not transport_is_right(frame):
        return silent("checksum-above-ipv4", "RFC 1122, sections 3.2.2 and 4.2.2.7")
    data = frame[14 + header : 14 + total]
    if protocol == 1:
        expected = _icmp(data)
    elif protocol == 6:
        if to_all:
            return silent("tcp-to-broadcast", "RFC 9293, section 3.9.2.3")
        expected = rules_tcp.expect(scene, frame, data)
    elif to_all:
        expected = may("igmp-to-all", "report") if protocol == 2 else silent("ipv4-other-protocol-to-all")
    else:
        expected = may("ipv4-other-protocol", "icmp-error", "report", source="RFC 1122, section 3.2.2.1")
    # The board has no router: it cannot answer whoever is not on its network.
    odd = source == IP4 or source == NETWORK.network_address or source not in NETWORK
    if odd or to_all or to_group or header > 20 or frame[22] == 0:
        return expected.optional("odd")
    return expected


def _icmp(data: bytes) -> Expectation:
    if len(data) < 8:
        return silent("icmp-cut", "RFC 792")
    if data[0] != 8:
        return silent("icmp-no-echo-request", "RFC 1122, section 3.2.2")
    expected = must("icmp-echo", "echo-reply", source="RFC 1122, section 3.2.2.6", check=_echo_check(data))
    return expected if data[1] == 0 else expected.optional("coded")


def _echo_check(request: bytes) -> Check:
    """An echo reply carries what the request did, from its identifier on."""

    def check(replies: Sequence[Reply]) -> list[Problem]:
        return [
            Problem("echo-reply-differs", f"the reply carries {_carried(reply).hex()}")
            for reply in replies
            if reply.kind == "echo-reply" and _carried(reply)[: len(request) - 4] != request[4:]
        ]

    return check


def _carried(reply: Reply) -> bytes:
    """An ICMP message from its identifier on."""
    found = transport(reply.frame)
    return reply.frame[found[1] + 4 : found[2]] if found is not None else b""


def _ipv6(scene: Scene, frame: bytes, to_group: bool) -> Expectation:
    size = len(frame) - ETHER_SIZE
    if size < 40:
        return silent("ipv6-cut", "RFC 8200, section 3")
    if frame[14] >> 4 != 6:
        return silent("ipv6-version", "RFC 8200, section 3")
    length = int.from_bytes(frame[18:20], "big")
    if length > size - 40:
        return silent("ipv6-length", "RFC 8200, section 3")
    source, target = ipaddress.IPv6Address(frame[22:38]), ipaddress.IPv6Address(frame[38:54])
    if target not in (*ADDRESSES6, ALL_NODES, *SOLICITED):
        return silent("ipv6-for-another", "RFC 8200, section 3")
    if source.is_multicast:
        return silent("ipv6-multicast-source", "RFC 4291, section 2.7")
    if source.is_loopback:
        return silent("ipv6-loopback-source", "RFC 4291, section 2.5.3")
    expected = _above_ipv6(scene, frame, to_group, source, target, 54 + length)
    if source.is_unspecified and "icmp-error" in expected.allowed:
        return replace(
            expected, allowed=expected.allowed - {"icmp-error"}, source="RFC 4443, section 2.4 (e.6)"
        )
    return expected


def _above_ipv6(
    scene: Scene,
    frame: bytes,
    to_group: bool,
    source: ipaddress.IPv6Address,
    target: ipaddress.IPv6Address,
    end: int,
) -> Expectation:
    """What comes behind IPv6's header: extension headers, and the protocol that they carry."""
    multicast = target not in ADDRESSES6
    protocol, at, extended = frame[20], 54, False
    while protocol in (*EXTENSION_HEADERS, FRAGMENT_HEADER):
        extended = True
        if at + 8 > end:
            return may("ipv6-header-cut", "icmp-error", source="RFC 8200, section 4")
        if protocol == FRAGMENT_HEADER:
            if int.from_bytes(frame[at + 2 : at + 4], "big") & 0xFFF9:
                return may("ipv6-lone-fragment", "icmp-error", source="RFC 8200, section 4.5")
            width = 8
        else:
            width = (frame[at + 1] + 1) * 8
        if at + width > end:
            return may("ipv6-header-overrun", "icmp-error", source="RFC 8200, section 4")
        protocol, at = frame[at], at + width
    if not transport_is_right(frame):
        return may(
            "checksum-above-ipv6", *(["icmp-error"] if extended else []), source="RFC 8200, section 8.1"
        )
    data = frame[at:end]
    if protocol == 58:
        expected = _icmpv6(frame, data, source, multicast)
    elif protocol == 6:
        if multicast:
            return silent("tcp-to-multicast", "RFC 9293, section 3.9.2.3")
        expected = rules_tcp.expect(scene, frame, data)
    elif protocol == 59:
        expected = silent("ipv6-no-next-header", "RFC 8200, section 4.7")
    else:
        expected = may("ipv6-other-protocol", "icmp-error", source="RFC 8200, section 4")
    if extended:
        # A listener query has to have one.
        required = expected.required if expected.when == "listener-query" else frozenset()
        return Expectation(
            f"extended-{expected.when}", expected.allowed | {"icmp-error"}, required, check=expected.check
        )
    odd = source in ADDRESSES6 or not (source in NETWORK6 or source.is_link_local)
    if odd or (multicast and protocol != 58) or (to_group and not multicast) or frame[21] == 0:
        return expected.optional("odd")
    return expected


def _icmpv6(frame: bytes, data: bytes, source: ipaddress.IPv6Address, multicast: bool) -> Expectation:
    if len(data) < 4:
        return silent("icmpv6-cut", "RFC 4443, section 2.1")
    kind, code = data[0], data[1]
    if kind == 128:
        if len(data) < 8:
            return silent("icmpv6-cut", "RFC 4443, section 4.1")
        check = _echo_check(data)
        expected = must("icmpv6-echo", "echo-reply", source="RFC 4443, section 4.2", check=check)
        return expected.optional("odd") if code or multicast else expected
    if kind == 135:
        return _solicitation(frame, data, source, multicast)
    if kind == 130:
        return _listener_query(frame, data, source)
    return silent("icmpv6-no-question", "RFC 4443, section 2.4")


def _solicitation(frame: bytes, data: bytes, source: ipaddress.IPv6Address, multicast: bool) -> Expectation:
    """RFC 4861, section 7.1.1: what makes a Neighbor Solicitation valid."""
    section = "RFC 4861, section 7.1.1"
    if frame[21] != 255:
        return silent("solicitation-hop-limit", section)
    if data[1] != 0:
        return silent("solicitation-code", section)
    if len(data) < 24:
        return silent("solicitation-cut", section)
    target = ipaddress.IPv6Address(data[8:24])
    if target.is_multicast:
        return silent("solicitation-multicast-target", section)
    at, has_source = 24, False
    while at < len(data):
        size = data[at + 1] * 8 if at + 1 < len(data) else 0
        if size == 0:
            return silent("solicitation-option-of-length-0", section)
        if at + size > len(data):
            return silent("solicitation-option-overrun", section)
        has_source = has_source or data[at] == 1
        at += size
    if source.is_unspecified and has_source:
        return silent("solicitation-unspecified-with-option", section)
    if source.is_unspecified and not multicast:
        return silent("solicitation-unspecified-to-unicast", section)
    if target not in ADDRESSES6:
        return silent("solicitation-for-another", "RFC 4861, section 7.2.3")
    expected = must("solicitation", "advertisement", source="RFC 4861, section 7.2.4")
    odd = source in ADDRESSES6 or not has_source
    link_layer = data[26:32] if has_source and len(data) >= 32 else b""
    if odd or link_layer != frame[6:12] or source.is_unspecified:
        return expected.optional("odd")
    return expected


def _listener_query(frame: bytes, data: bytes, source: ipaddress.IPv6Address) -> Expectation:
    """What makes a query valid; a usual one that leaves no time is answered at once."""
    section = "RFC 3810, section 6.2"
    if len(data) < 24:
        return silent("listener-query-cut", section)
    if not source.is_link_local:
        return silent("listener-query-from-beyond-the-link", section)
    if frame[21] != 1:
        return silent("listener-query-hop-limit", section)
    if not _alerts_routers(frame):
        return silent("listener-query-without-router-alert", section)
    at_once = int.from_bytes(data[4:6], "big") <= AT_ONCE and data[1] == 0
    general = ipaddress.IPv6Address(data[8:24]).is_unspecified and frame[38:54] == ALL_NODES.packed
    if at_once and general and frame[54:62] == USUAL_ALERT:
        return must("listener-query", "report", source="RFC 2710, section 4")
    return may("listener-query-unusual", "report", source="RFC 2710, section 4")


def _alerts_routers(frame: bytes) -> bool:
    """Whether there is a Router Alert option for MLD (RFC 2711, section 2.1) in a Hop-by-Hop header."""
    if frame[20] != 0 or len(frame) < 62:
        return False
    at, end = 56, 54 + (frame[55] + 1) * 8
    while at < end:
        if frame[at] == 0:  # Pad1
            at += 1
            continue
        if frame[at : at + 4] == b"\x05\x02\x00\x00":
            return True
        at += 2 + frame[at + 1]
    return False
