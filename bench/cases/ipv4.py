"""IPv4 headers, options and fragments that break a rule: entries 7 to 18."""

from __future__ import annotations

import ipaddress
import struct

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.packet import Raw

from bench.addresses import BENCH, BOARD
from bench.cases.case import entry, variant
from bench.cases.ethernet import ethernet
from bench.cases.steps import Send
from bench.cases.words import SILENCE, Expected, Some, echo_reply, icmp_error
from bench.layers.tcpip import checksum

ECHO = bytes(ICMP(id=1) / b"ping")
REPLY = (echo_reply(1, 0, b"ping"),)
PROTOCOL_UNREACHABLE = (icmp_error("ICMP", 3, 2),)
PARAMETER_PROBLEM = (icmp_error("ICMP", 12, 0),)
TIME_EXCEEDED = (icmp_error("ICMP", 11, 1),)
REASSEMBLY_TIMEOUT = 65.0
"""Virtual seconds after which no fragment may be kept any more (RFC 1122, section 3.3.2: 60 to 120 s)."""


def ipv4(
    payload: bytes = ECHO,
    *,
    version: int = 4,
    ihl: int | None = None,
    total: int | None = None,
    options: bytes = b"",
    source: str = BENCH.ip,
    spoil: int = 0,
    ttl: int = 64,
    protocol: int = 1,
) -> bytes:
    """A frame with an IPv4 packet; its checksum covers what `ihl` says, and is right but for `spoil`."""
    size = 20 + len(options)
    header = struct.pack(
        "!BBHHHBBH4s4s",
        version << 4 | (size // 4 if ihl is None else ihl),
        0,
        size + len(payload) if total is None else total,
        0x4341,
        0,
        ttl,
        protocol,
        0,
        ipaddress.IPv4Address(source).packed,
        ipaddress.IPv4Address(BOARD.ip).packed,
    )
    packet = header + options + payload
    covered = packet[: (size if ihl is None else ihl * 4)]
    value = checksum(covered) ^ spoil
    return ethernet(0x0800, packet[:10] + value.to_bytes(2, "big") + packet[12:])


VERSION = entry(
    "ipv4",
    7,
    "version",
    "A version other than 4",
    expected="The packet is dropped without a reply.",
    source="RFC 1122, section 3.2.1.1",
    cases=[variant(str(version), Send(ipv4(version=version))) for version in (0, 1, 5, 6, 7, 15)],
)

HEADER_LENGTH = entry(
    "ipv4",
    8,
    "header-length",
    "A header length below 5 words, or beyond the packet",
    expected="The packet is dropped without a reply.",
    source="RFC 791, section 3.1",
    cases=[variant(str(ihl), Send(ipv4(ihl=ihl))) for ihl in (0, 1, 2, 3, 4, 9, 15)]
    + [
        variant("15-beyond-the-frame", Send(ipv4(b"", ihl=15), pad=False)),
        variant("6-of-5-words", Send(ipv4(b"", ihl=6))),
    ],
)

TOTAL_LENGTH = entry(
    "ipv4",
    9,
    "total-length-beyond",
    "A total length beyond the frame",
    expected="The packet is dropped without a reply.",
    source="RFC 791, section 3.1",
    cases=[variant(str(total), Send(ipv4(total=total))) for total in (47, 60, 400, 1501, 0x8000, 0xFFFF)]
    + [variant("one-byte", Send(ipv4(bytes(ICMP(id=1) / bytes(100)), total=129)))],
)

TOTAL_SHORT = entry(
    "ipv4",
    10,
    "total-length-short",
    "A total length below the header's own",
    expected="The packet is dropped without a reply; no length becomes negative.",
    source="RFC 791, section 3.1",
    cases=[variant(str(total), Send(ipv4(total=total))) for total in (0, 1, 4, 19)]
    + [
        variant("20-with-options", Send(ipv4(total=20, options=b"\x01" * 4))),
        variant("59-of-60", Send(ipv4(total=59, options=b"\x01" * 40))),
    ],
)

CHECKSUM = entry(
    "ipv4",
    11,
    "checksum",
    "A wrong header checksum",
    expected="The packet is dropped without a reply.",
    source="RFC 1122, section 3.2.1.2",
    cases=[variant(f"xor-{spoil:04x}", Send(ipv4(spoil=spoil))) for spoil in (0x0001, 0x0100, 0x8000, 0xFFFF)]
    + [variant("of-options", Send(ipv4(options=b"\x01" * 4, spoil=0x0101)))],
)


def from_source(source: str, name: str) -> list[tuple[str, bytes]]:
    """An echo request, a SYN and a datagram to a closed port from this address."""
    packets = (
        ("echo", IP(src=source, dst=BOARD.ip) / ICMP(id=1) / b"ping"),
        ("syn", IP(src=source, dst=BOARD.ip) / TCP(sport=8080, dport=8080, flags="S")),
        ("udp", IP(src=source, dst=BOARD.ip) / UDP(sport=7, dport=9) / b"x"),
    )
    return [(f"{name}-{what}", ethernet(0x0800, bytes(packet))) for what, packet in packets]


OWN_SOURCE = entry(
    "ipv4",
    12,
    "source-own",
    "A packet from 127.0.0.1, or from the board's own address",
    expected="The packet is dropped without a reply.",
    source="RFC 1122, section 3.2.1.3; RFC 6890, section 2.2.2",
    cases=[
        variant(what, Send(frame))
        for source, name in (
            ("127.0.0.1", "loopback"),
            ("127.255.255.254", "loopback-net"),
            (BOARD.ip, "own"),
        )
        for what, frame in from_source(source, name)
    ],
)

GROUP_SOURCE = entry(
    "ipv4",
    13,
    "source-group",
    "A packet from a broadcast or multicast address",
    expected="The packet is dropped without a reply.",
    source="RFC 1122, section 3.2.1.3",
    cases=[
        variant(what, Send(frame))
        for source, name in (
            ("255.255.255.255", "broadcast"),
            ("192.0.2.255", "subnet-broadcast"),
            ("224.0.0.1", "multicast"),
            ("239.255.255.255", "multicast-last"),
            ("0.0.0.0", "unspecified"),
        )
        for what, frame in from_source(source, name)
    ],
)

ANY: tuple[Expected, ...] = (REPLY, SILENCE, PARAMETER_PROBLEM)

OPTIONS = entry(
    "ipv4",
    14,
    "option-length",
    "An option of length 0 or 1, or beyond the header",
    expected="The walk over the options ends; a reply, if there is one, goes to the sender.",
    source="RFC 791, section 3.1; RFC 1122, section 3.2.1.8",
    cases=[
        variant(name, Send(ipv4(options=options)), either=ANY)
        for name, options in (
            ("record-route-0", b"\x07\x00\x04\x00"),
            ("record-route-1", b"\x07\x01\x04\x00"),
            ("record-route-beyond", b"\x07\xff\x04\x00"),
            ("record-route-full", b"\x07\x07\x08\xc0\x00\x02\x03\x00"),
            ("timestamp-0", b"\x44\x00\x05\x00"),
            ("timestamp-pointer-0", b"\x44\x08\x00\x00\x00\x00\x00\x00"),
            ("unknown-0", b"\x5e\x00\x00\x00"),
            ("unknown-beyond", b"\x5e\x28\x00\x00"),
            ("kind-without-length", b"\x01\x01\x01\x83"),
            ("forty-bytes-of-nop", b"\x01" * 40),
            ("end-and-junk", b"\x00\xff\xff\xff"),
        )
    ],
)

SOURCE_ROUTE = entry(
    "ipv4",
    15,
    "source-route",
    "Source routes: loose, strict, two of them, with a pointer that leads outside",
    expected="The packet is not forwarded; a reply, if there is one, goes to the sender alone.",
    source="RFC 1122, sections 3.2.1.8 and 3.3.5; RFC 7126, sections 4.3 and 4.4",
    cases=[
        variant(name, Send(ipv4(options=options)), either=ANY)
        for name, options in (
            ("loose", b"\x83\x07\x04\xc0\x00\x02\x03\x00"),
            ("strict", b"\x89\x07\x04\xc0\x00\x02\x03\x00"),
            ("loose-and-strict", b"\x83\x07\x04\xc0\x00\x02\x03\x89\x07\x04\xc0\x00\x02\x03\x00\x00"),
            ("loose-twice", b"\x83\x07\x04\xc0\x00\x02\x03\x83\x07\x04\xc0\x00\x02\x04\x00\x00"),
            ("pointer-0", b"\x83\x07\x00\xc0\x00\x02\x03\x00"),
            ("pointer-255", b"\x83\x07\xff\xc0\x00\x02\x03\x00"),
        )
    ],
)

DATA = bytes(i % 256 for i in range(400))
WHOLE = bytes(ICMP(id=1) / DATA)
ANSWERED = (echo_reply(1, 0, DATA),)


def fragments(*layout: tuple[int, int, bool], identification: int = 9, every: float = 0.0) -> Send:
    """Pieces of an echo request: offset in units of 8 bytes, size in bytes, whether more follow."""
    return Send(
        *(
            IP(src=BENCH.ip, dst=BOARD.ip, id=identification, proto=1, frag=offset, flags="MF" if more else 0)
            / Raw((WHOLE * 200)[offset * 8 : offset * 8 + size])
            for offset, size, more in layout
        ),
        every=every,
    )


FRAGMENTS = entry(
    "ipv4",
    16,
    "fragments",
    "Lone, overlapping and impossible fragments",
    expected="Nothing is delivered that is not whole and consistent; if the first fragment has come, "
    "Time Exceeded is sent in the end.",
    source="RFC 1122, section 3.3.2; RFC 791, section 3.2",
    cases=[
        variant("in-order", fragments((0, 200, True), (25, 208, False)), expect=ANSWERED),
        variant("reversed", fragments((25, 208, False), (0, 200, True)), expect=ANSWERED),
        variant(
            "same-twice",
            fragments((0, 200, True), (0, 200, True), (25, 208, False)),
            either=(ANSWERED, SILENCE),
        ),
        variant("first-only", fragments((0, 200, True)), expect=TIME_EXCEEDED, watch=REASSEMBLY_TIMEOUT),
        variant("last-only", fragments((25, 208, False)), expect=SILENCE, watch=REASSEMBLY_TIMEOUT),
        variant("middle-only", fragments((10, 80, True)), expect=SILENCE, watch=REASSEMBLY_TIMEOUT),
        variant(
            "sixty-lone-ones",
            Send(
                *(fragments((0, 400, True), identification=n).packets[0] for n in range(60)),
                every=0.01,
            ),
            expect=(Some(TIME_EXCEEDED[0], 0, 60),),
            watch=REASSEMBLY_TIMEOUT,
        ),
        variant(
            "second-inside-first",
            fragments((0, 200, True), (4, 32, True), (25, 208, False)),
            either=(ANSWERED, SILENCE, TIME_EXCEEDED),
            watch=REASSEMBLY_TIMEOUT,
        ),
        variant(
            "empty-last-before-the-last",
            fragments((0, 200, True), (25, 0, False), (25, 208, False)),
            either=(ANSWERED, SILENCE, TIME_EXCEEDED),
            watch=REASSEMBLY_TIMEOUT,
        ),
        *(
            variant(name, fragments(*layout), either=(SILENCE, TIME_EXCEEDED), watch=REASSEMBLY_TIMEOUT)
            for name, layout in (
                ("second-reaches-into-first", ((0, 200, True), (20, 248, False))),
                ("second-covers-first", ((4, 32, True), (0, 200, True), (25, 208, False))),
                ("beyond-65535-bytes", ((0, 200, True), (8189, 64, False))),
                ("last-offset-of-all", ((0, 200, True), (8191, 1400, False))),
                ("not-a-multiple-of-8", ((0, 61, True), (8, 208, False))),
                ("empty", ((0, 0, True), (0, 0, False))),
                ("two-ends", ((25, 208, False), (40, 88, False))),
                ("tiny-first", ((0, 8, True),)),
                ("nothing-but-the-end", ((0, 0, True), (1, 0, False))),
            )
        ),
    ],
)

TUNNEL = entry(
    "ipv4",
    17,
    "ip-in-ip",
    "A packet inside a packet",
    expected="It is not decapsulated: silence, or Protocol Unreachable to the outer sender.",
    source="RFC 1122, section 3.2.2.1; CVE-2020-10136",
    cases=[
        variant(name, Send(ipv4(bytes(inner), protocol=protocol)), either=(PROTOCOL_UNREACHABLE, SILENCE))
        for name, protocol, inner in (
            ("ipv4", 4, IP(src=BENCH.ip, dst=BOARD.ip) / ICMP(id=1) / b"ping"),
            ("ipv4-from-elsewhere", 4, IP(src="192.0.2.9", dst=BOARD.ip) / ICMP(id=1) / b"ping"),
            ("ipv6", 41, IPv6(src=BENCH.ip6, dst=BOARD.ip6) / ICMPv6EchoRequest(id=1, data=b"ping")),
            ("gre", 47, Raw(b"\0\0\x08\0") / IP(src=BENCH.ip, dst=BOARD.ip) / ICMP(id=1)),
        )
    ],
)

TTL = entry(
    "ipv4",
    18,
    "ttl",
    "A time to live of 0 or 1 in a packet for the board",
    expected="The packet is taken like any other: it has arrived.",
    source="RFC 1122, section 3.2.1.7",
    cases=[variant(str(ttl), Send(ipv4(ttl=ttl)), expect=REPLY) for ttl in (0, 1, 2, 255)],
)

CASES = (
    *VERSION,
    *HEADER_LENGTH,
    *TOTAL_LENGTH,
    *TOTAL_SHORT,
    *CHECKSUM,
    *OWN_SOURCE,
    *GROUP_SOURCE,
    *OPTIONS,
    *SOURCE_ROUTE,
    *FRAGMENTS,
    *TUNNEL,
    *TTL,
)
