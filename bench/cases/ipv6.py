"""IPv6 extension headers, fragments and neighbour discovery that break a rule: entries 19 to 22, 71."""

from __future__ import annotations

from typing import Any

from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6MLQuery,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6ND_Redirect,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    RouterAlert,
)
from scapy.packet import Packet, Raw

from bench.addresses import BENCH, BOARD
from bench.cases.case import Departure, entry, variant
from bench.cases.steps import Run, Send
from bench.cases.words import SILENCE, Expected, Some, echo_reply, icmp_error, to

HOP_BY_HOP, ROUTING, FRAGMENT, ICMP6, DESTINATION = 0, 43, 44, 58, 60
ECHO = bytes(IPv6(src=BENCH.ip6, dst=BOARD.ip6) / ICMPv6EchoRequest(id=1, data=b"ping"))[40:]
REPLY: Expected = (echo_reply(1, 0, b"ping", version=6),)
ADVERTISED: Expected = (f"ICMPv6 neighbor advertisement of {BOARD.ip6} [SO]",)


def problem(code: int, pointer: int) -> Expected:
    """Parameter Problem."""
    return (icmp_error("ICMPv6", 4, code, f" pointer {pointer}"),)


def ipv6(kind: int, payload: bytes, **fields: Any) -> Packet:
    """A packet with this next header."""
    return IPv6(src=BENCH.ip6, dst=BOARD.ip6, nh=kind, **fields) / Raw(payload)


EXTENSION = entry(
    "ipv6",
    19,
    "extension-overrun",
    "An option beyond its header, or a header beyond the packet",
    expected="Nothing is read beyond the end: the packet is dropped, or its options end with their header.",
    source="RFC 8200, sections 4.2 and 4.3",
    cases=[
        variant(
            name, Send(ipv6(kind, header + ECHO)), either=(SILENCE, REPLY, problem(0, 42), problem(0, 43))
        )
        for name, kind, header in (
            ("hop-by-hop-option-beyond", HOP_BY_HOP, b"\x3a\x00\x05\xff\x00\x00\x00\x00"),
            ("destination-option-beyond", DESTINATION, b"\x3a\x00\x04\xf0\x00\x00\x00\x00"),
            ("hop-by-hop-option-by-one", HOP_BY_HOP, b"\x3a\x00\x01\x05\x00\x00\x00\x00"),
            ("option-without-length", HOP_BY_HOP, b"\x3a\x00\x01\x03\x00\x00\x00\x1e"),
        )
    ]
    + [
        variant(name, Send(ipv6(kind, header)), either=(SILENCE, problem(0, 41)))
        for name, kind, header in (
            ("hop-by-hop-beyond-the-packet", HOP_BY_HOP, b"\x3a\xff\x01\x04\x00\x00\x00\x00" + ECHO),
            ("destination-beyond-the-packet", DESTINATION, b"\x3a\xff\x01\x04\x00\x00\x00\x00" + ECHO),
            ("routing-beyond-the-packet", ROUTING, b"\x3a\xff\x00\x00\x00\x00\x00\x00" + ECHO),
            ("header-of-one-byte", HOP_BY_HOP, b"\x3a"),
            ("header-of-seven-bytes", HOP_BY_HOP, b"\x3a\x00\x01\x04\x00\x00\x00"),
            ("fragment-header-of-four-bytes", FRAGMENT, b"\x3a\x00\x00\x00"),
        )
    ]
    + [
        variant(
            "unknown-option-skip",
            Send(ipv6(DESTINATION, b"\x3a\x00\x1e\x04" + bytes(4) + ECHO)),
            expect=REPLY,
        ),
        variant("unknown-option-discard", Send(ipv6(DESTINATION, b"\x3a\x00\x5e\x04" + bytes(4) + ECHO))),
        variant(
            "unknown-option-tell",
            Send(ipv6(DESTINATION, b"\x3a\x00\x9e\x04" + bytes(4) + ECHO)),
            expect=problem(2, 42),
        ),
        variant(
            "unknown-hop-by-hop-option-tell",
            Send(ipv6(HOP_BY_HOP, b"\x3a\x00\x9e\x04" + bytes(4) + ECHO)),
            expect=problem(2, 42),
        ),
    ]
    + [
        variant(f"payload-length-{name}", Send(ipv6(ICMP6, ECHO, plen=length)))
        for name, length in (("0", 0), ("one-short", len(ECHO) - 1), ("500", 500), ("65535", 65535))
    ],
)

PADDING = bytes([1, 4, 0, 0, 0, 0])
"""A PadN option that fills a header of 8 bytes."""


def chain(count: int, last: int = ICMP6, kind: int = DESTINATION) -> bytes:
    """So many headers of 8 bytes; the last names what follows."""
    return bytes([kind, 0, *PADDING]) * (count - 1) + bytes([last, 0, *PADDING])


CHAIN = entry(
    "ipv6",
    20,
    "header-chain",
    "A chain of extension headers without end, or in an order that is not allowed",
    expected="The walk along the chain ends, with at most one reply.",
    source="RFC 8200, sections 4 and 4.1; RFC 8504, section 5.3",
    cases=[
        variant(
            f"{count}-destination-headers",
            Send(ipv6(DESTINATION, chain(count) + ECHO)),
            either=(REPLY, SILENCE),
        )
        for count in (2, 10, 100, 170)
    ]
    + [
        variant(
            "never-ends", Send(ipv6(DESTINATION, chain(100, DESTINATION))), either=(SILENCE, problem(0, 41))
        ),
        variant(
            "hop-by-hop-in-second-place",
            Send(ipv6(DESTINATION, chain(1, HOP_BY_HOP) + chain(1) + ECHO)),
            either=(problem(1, 40), REPLY),
        ),
        variant(
            "ten-hop-by-hop",
            Send(ipv6(HOP_BY_HOP, chain(10, kind=HOP_BY_HOP) + ECHO)),
            either=(problem(1, 40), REPLY),
        ),
        variant(
            "routing-type-0",
            Send(ipv6(ROUTING, b"\x3a\x02\x00\x01" + bytes(4) + bytes(16) + ECHO)),
            either=(problem(0, 42), SILENCE),
        ),
        variant("no-next-header", Send(ipv6(59, ECHO))),
        variant("unknown-next-header", Send(ipv6(253, ECHO)), either=(problem(1, 6), SILENCE)),
    ],
)

DATA = bytes(range(200))
WHOLE = bytes(IPv6(src=BENCH.ip6, dst=BOARD.ip6) / ICMPv6EchoRequest(id=1, data=DATA))[40:]
ANSWERED: Expected = (echo_reply(1, 0, DATA, version=6),)
TIME_EXCEEDED: Expected = (icmp_error("ICMPv6", 3, 1),)
REASSEMBLY_TIMEOUT = 70.0
"""Virtual seconds after which no fragment may be kept (RFC 8200, section 4.5: 60 s)."""


def fragments(*layout: tuple[int, int, bool]) -> Send:
    """Pieces of an echo request: offset in units of 8 bytes, size in bytes, whether more follow."""
    return Send(
        *(
            IPv6(src=BENCH.ip6, dst=BOARD.ip6)
            / IPv6ExtHdrFragment(offset=offset, m=int(more), id=9, nh=ICMP6)
            / Raw((WHOLE * 400)[offset * 8 : offset * 8 + size])
            for offset, size, more in layout
        )
    )


ONLY_THE_PIECE = "lwIP drops a fragment that overlaps another one, not the packet that both are part of."

FRAGMENTS = entry(
    "ipv6",
    21,
    "fragments",
    "Overlapping, atomic and impossible fragments",
    expected="Overlapping fragments are dropped with all of their packet; an atomic one is a whole packet.",
    source="RFC 8200, section 4.5; RFC 5722, section 4; RFC 6946, section 4",
    cases=[
        variant("in-order", fragments((0, 104, True), (13, 104, False)), expect=ANSWERED),
        variant("reversed", fragments((13, 104, False), (0, 104, True)), expect=ANSWERED),
        variant("atomic", fragments((0, len(WHOLE), False)), expect=ANSWERED),
        variant("first-only", fragments((0, 104, True)), expect=TIME_EXCEEDED, watch=REASSEMBLY_TIMEOUT),
        variant("last-only", fragments((13, 104, False)), watch=REASSEMBLY_TIMEOUT),
        variant(
            "second-inside-first",
            fragments((0, 104, True), (4, 32, True), (13, 104, False)),
            departure=Departure(ANSWERED, ONLY_THE_PIECE),
            watch=REASSEMBLY_TIMEOUT,
        ),
        *(
            variant(name, fragments(*layout), either=(SILENCE, TIME_EXCEEDED), watch=REASSEMBLY_TIMEOUT)
            for name, layout in (
                ("second-reaches-into-first", ((0, 104, True), (8, 144, False))),
                ("second-covers-first", ((4, 32, True), (0, 104, True), (13, 104, False))),
                ("empty", ((0, 0, True), (0, 0, False))),
                ("two-ends", ((13, 104, False), (20, 48, False))),
            )
        ),
        variant(
            "not-a-multiple-of-8",
            fragments((0, 61, True), (8, 144, False)),
            either=(problem(0, 4), SILENCE),
            watch=REASSEMBLY_TIMEOUT,
        ),
        variant(
            "beyond-65535-bytes",
            fragments((8191, 64, False)),
            either=(problem(0, 42), SILENCE),
            watch=REASSEMBLY_TIMEOUT,
        ),
    ],
)


def solicitation(option: bytes | None = None, hlim: int = 255, **fields: Any) -> Packet:
    """A neighbour solicitation for the board, with our link-layer address or other bytes as option."""
    message = ICMPv6ND_NS(**({"tgt": BOARD.ip6} | fields))
    after = ICMPv6NDOptSrcLLAddr(lladdr=BENCH.mac) if option is None else Raw(option)
    return IPv6(src=BENCH.ip6, dst="ff02::1:ff00:1", hlim=hlim) / message / after


def router(option: bytes = b"", hlim: int = 255, src: str = BENCH.link_local) -> Packet:
    """A router advertisement."""
    message = IPv6(src=src, dst="ff02::1", hlim=hlim) / ICMPv6ND_RA(routerlifetime=60)
    return message / Raw(option) if option else message


def detection(*options: bytes) -> Packet:
    """A neighbour solicitation from the unspecified address, which asks whether the board's is taken."""
    message = ICMPv6ND_NS(tgt=BOARD.ip6) / Raw(b"".join(options))
    return IPv6(src="::", dst="ff02::1:ff00:1", hlim=255) / message


NONCE = b"\x0e\x01nonce!"
"""RFC 7527, section 4.1."""
TAKEN: Expected = (to(f"ICMPv6 neighbor advertisement of {BOARD.ip6} [O]", "ff02::1"),)
ELSEWHERE = b"\x02\x01\x00\x00\x5e\x00\x53\x77"
"""A target link-layer address that nobody has."""
LINK_LAYER = b"\x01\x01" + bytes.fromhex(BENCH.mac.replace(":", ""))

DISCOVERY = entry(
    "ipv6",
    22,
    "neighbour-discovery",
    "Router advertisements and solicitations with options of length 0, or from beyond a router",
    expected="The message is ignored.",
    source="RFC 4861, sections 6.1.2, 7.1.1, 7.1.2 and 8.1",
    cases=[
        variant("solicitation-is-answered", Send(solicitation()), expect=ADVERTISED),
        variant("solicitation-hop-limit-254", Send(solicitation(hlim=254))),
        variant("solicitation-hop-limit-0", Send(solicitation(hlim=0))),
        variant("solicitation-code-1", Send(solicitation(code=1))),
        variant("solicitation-option-length-0", Send(solicitation(b"\x01\x00" + bytes(6)))),
        variant(
            "solicitation-second-option-length-0", Send(solicitation(LINK_LAYER + b"\x0e\x00" + bytes(6)))
        ),
        variant("solicitation-option-beyond", Send(solicitation(b"\x01\x09" + bytes(6)))),
        variant("solicitation-option-cut", Send(solicitation(b"\x01"))),
        variant("solicitation-for-a-multicast-address", Send(solicitation(tgt="ff02::1"))),
        variant("duplicate-detection-is-answered", Send(detection()), expect=TAKEN),
        variant("duplicate-detection-with-nonce", Send(detection(NONCE)), expect=TAKEN),
        variant("duplicate-detection-with-link-layer-address", Send(detection(LINK_LAYER))),
        variant("duplicate-detection-with-both", Send(detection(NONCE, LINK_LAYER))),
        *(
            variant(f"{name}-is-not-heeded", Send(packet), Send(ipv6(ICMP6, ECHO)), expect=REPLY)
            for name, packet in (
                (
                    "advertisement-to-all-that-was-asked-for",
                    IPv6(src=BENCH.ip6, dst="ff02::1", hlim=255)
                    / ICMPv6ND_NA(tgt=BENCH.ip6, S=1, O=1)
                    / Raw(ELSEWHERE),
                ),
                (
                    "redirect-of-no-router",
                    IPv6(src=BENCH.link_local, dst=BOARD.ip6, hlim=255)
                    / ICMPv6ND_Redirect(tgt=BENCH.link_local, dst=BENCH.ip6)
                    / Raw(ELSEWHERE),
                ),
            )
        ),
        variant("solicitation-cut", Send(ipv6(ICMP6, b"\x87\0\0\0" + bytes(10), hlim=255))),
        *(
            variant(f"advertisement-{name}", Send(packet))
            for name, packet in (
                ("hop-limit-254", router(hlim=254)),
                ("from-a-global-address", router(src=BENCH.ip6)),
                ("option-length-0", router(b"\x01\x00" + bytes(6))),
                ("option-beyond", router(b"\x19\xff" + bytes(6))),
                ("prefix-option-short", router(b"\x03\x01\x40\xc0" + bytes(4))),
                ("prefix-length-255", router(b"\x03\x04\xff\xc0" + bytes(28))),
                ("mtu-0", router(b"\x05\x01" + bytes(6))),
                ("rdnss-length-1", router(b"\x19\x01" + bytes(6))),
            )
        ),
        variant(
            "neighbour-advertisement-unasked",
            Send(
                IPv6(src=BENCH.ip6, dst=BOARD.ip6, hlim=255)
                / ICMPv6ND_NA(tgt="2001:db8::77")
                / Raw(b"\x02\x00")
            ),
        ),
    ],
)


def listener_query(alert: int | None = 0, **fields: Any) -> tuple[Run, Send]:
    """A general query of MLD, once the board has reported of its own accord what it joined at its start."""
    packet = IPv6(**({"src": BENCH.link_local, "dst": "ff02::1", "hlim": 1} | fields))
    if alert is not None:
        packet /= IPv6ExtHdrHopByHop(options=[RouterAlert(value=alert)])
    return Run(1.0), Send(packet / ICMPv6MLQuery(mrd=1000))


LISTENERS = entry(
    "ipv6",
    71,
    "listener-query",
    "A multicast listener query from beyond the link, or without what marks one",
    expected="A query of a router on the link is answered with a report for each group; another is ignored.",
    source="RFC 2710, section 5; RFC 3810, section 6.2",
    cases=[
        variant(
            "is-answered",
            *listener_query(),
            expect=(Some("IPv6 hop-by-hop header → ff02::1:ff00:", 2, 2),),
            watch=2,
        ),
        *(
            variant(name, *steps, watch=2)
            for name, steps in (
                ("from-a-global-address", listener_query(src=BENCH.ip6)),
                ("hop-limit-2", listener_query(hlim=2)),
                ("hop-limit-255", listener_query(hlim=255)),
                ("without-router-alert", listener_query(None)),
                ("router-alert-for-rsvp", listener_query(1)),
            )
        ),
    ],
)

CASES = (*EXTENSION, *CHAIN, *FRAGMENTS, *DISCOVERY, *LISTENERS)
