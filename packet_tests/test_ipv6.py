"""IPv6 (RFC 8200): extension headers and fragments that break the rules neither hang the board nor leak.

Where lwIP departs from the letter of a rule the case is marked so; it must do so without harm all the same.
"""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_RA,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
)
from scapy.packet import Packet, Raw

from bench import Wire

pytestmark = pytest.mark.usefixtures("unharmed")

HOP_BY_HOP, ROUTING, FRAGMENT, ICMP6, NOTHING, DESTINATION = 0, 43, 44, 58, 59, 60


def echoes(wire: Wire, seconds: float = 0.5) -> list[Packet]:
    return list(wire.sniff(timeout=seconds, lfilter=lambda p: ICMPv6EchoReply in p))


def request(source: str = "2001:db8::2", destination: str = "2001:db8::1", data: bytes = b"six") -> bytes:
    """An echo request with a good checksum, without its IPv6 header."""
    return bytes(IPv6(src=source, dst=destination) / ICMPv6EchoRequest(id=6, data=data))[40:]


def test_headers_that_are_in_order_are_passed_over(wire: Wire) -> None:
    for header in (IPv6ExtHdrHopByHop(), IPv6ExtHdrDestOpt()):
        wire.send(IPv6() / header / ICMPv6EchoRequest(data=b"x"))
        assert len(echoes(wire)) == 1


EXTENSIONS = {
    "hop-by-hop header overruns the packet": (HOP_BY_HOP, b"\x3a\xff\x01\x04\x00\x00\x00\x00"),
    "unknown option that must be discarded": (DESTINATION, b"\x3a\x00\x80\x04\x00\x00\x00\x00"),
    "routing header type 0": (ROUTING, b"\x3a\x02\x00\x01" + bytes(4) + bytes(16)),
    "routing header overruns": (ROUTING, b"\x3a\xff\x00\xff" + bytes(4)),
    "no next header": (NOTHING, b""),
    "unknown next header": (253, b""),
    "header of one byte": (HOP_BY_HOP, b"\x3a"),
}


PASSED_OVER = {
    "hop-by-hop option overruns its header": (HOP_BY_HOP, b"\x3a\x00\x05\xff\x00\x00\x00\x00"),
    "destination option overruns its header": (DESTINATION, b"\x3a\x00\x04\xf0\x00\x00\x00\x00"),
}
"""RFC 8200 does not say what to do with these; lwIP 2.2.1 ends the list of options with its header."""


@pytest.mark.parametrize(("kind", "header"), PASSED_OVER.values(), ids=PASSED_OVER.keys())
def test_options_end_with_their_header(wire: Wire, kind: int, header: bytes) -> None:
    wire.send(IPv6(nh=kind) / Raw(header + request()))
    assert all(reply[ICMPv6EchoReply].data == b"six" for reply in echoes(wire))


@pytest.mark.parametrize(("kind", "header"), EXTENSIONS.values(), ids=EXTENSIONS.keys())
def test_an_extension_header_that_makes_no_sense_ends_the_packet(
    wire: Wire, kind: int, header: bytes
) -> None:
    body = header if len(header) == 1 else header + request()
    wire.send(IPv6(nh=kind) / Raw(body))
    assert not echoes(wire)


@pytest.mark.parametrize("count", [2, 10, 100])
def test_a_long_chain_of_headers_ends(wire: Wire, count: int) -> None:
    chain = (bytes([DESTINATION, 0, 1, 4, 0, 0, 0, 0]) * (count - 1)) + bytes([ICMP6, 0, 1, 4, 0, 0, 0, 0])
    wire.send(IPv6(nh=DESTINATION) / Raw(chain + request()))
    assert len(echoes(wire)) <= 1


LENGTHS = {"0": 0, "one too short": 10, "beyond the frame": 500, "65535": 65535}


@pytest.mark.parametrize("length", LENGTHS.values(), ids=LENGTHS.keys())
def test_a_payload_length_that_lies_is_ignored(wire: Wire, length: int) -> None:
    wire.send(IPv6(plen=length, nh=ICMP6) / Raw(request()))
    assert not echoes(wire)


def test_an_atomic_fragment_is_a_whole_packet(wire: Wire) -> None:
    wire.send(IPv6() / IPv6ExtHdrFragment(offset=0, m=0, id=5) / ICMPv6EchoRequest(data=b"atomic"))
    replies = echoes(wire)
    assert len(replies) == 1, "RFC 6946, section 4"
    assert replies[0][ICMPv6EchoReply].data == b"atomic"


def pieces(wire: Wire, layout: list[tuple[int, int, bool]], identification: int = 9) -> None:
    whole = request(data=bytes(range(200)))
    for offset, size, more in layout:
        start = offset * 8 % len(whole)
        header = IPv6ExtHdrFragment(offset=offset, m=int(more), id=identification, nh=ICMP6)
        wire.send(IPv6() / header / Raw(whole[start : start + size]))


def test_a_request_in_fragments_comes_back_whole(wire: Wire) -> None:
    pieces(wire, [(0, 64, True), (8, 64, True), (16, 200, False)])
    replies = echoes(wire, 1)
    assert len(replies) == 1
    assert replies[0][ICMPv6EchoReply].data == bytes(range(200))


OVERLAPS = {
    "second reaches into first": [(0, 128, True), (8, 200, False)],
    "second inside first": [(0, 128, True), (4, 32, True), (16, 200, False)],
    "beyond 65535 bytes": [(8189, 64, True), (0, 64, False)],
    "not a multiple of 8": [(0, 61, True), (8, 200, False)],
    "empty": [(0, 0, True), (0, 0, False)],
    "lone last": [(16, 64, False)],
}


ONLY_THE_PIECE = pytest.mark.xfail(
    strict=True, reason="lwIP 2.2.1 drops the overlapping piece, not the packet"
)


@pytest.mark.parametrize(
    "layout",
    [
        pytest.param(layout, id=name, marks=ONLY_THE_PIECE if name == "second inside first" else ())
        for name, layout in OVERLAPS.items()
    ],
)
def test_fragments_may_overlap_or_overrun(wire: Wire, layout: list[tuple[int, int, bool]]) -> None:
    pieces(wire, layout)
    assert not echoes(wire, 1), "RFC 5722: overlapping fragments are dropped, with all of their packet"


def test_lone_fragments_do_not_use_up_memory(wire: Wire) -> None:
    for number in range(60):
        pieces(wire, [(0, 200, True)], number)
        wire.run(0.01)
    wire.run(70)  # RFC 8200, section 4.5: given up after 60 s


@pytest.mark.parametrize("option", [b"\x01\x00", b"\x05\x00\x00\x00", b"\x03\x04\x40", b"\x19\xff\x00\x00"])
def test_a_router_advertisement_with_malformed_options_is_ignored(wire: Wire, option: bytes) -> None:
    advertisement = IPv6(src="fe80::200:5eff:fe00:5302", dst="ff02::1", hlim=255) / ICMPv6ND_RA()
    wire.send(advertisement / Raw(option))
    wire.run(0.5)


@pytest.mark.parametrize("source", ["ff02::1", "::1", "2001:db8::1"])
def test_an_impossible_source_is_not_answered(wire: Wire, source: str) -> None:
    wire.send(IPv6(src=source, nh=ICMP6) / Raw(request(source)))
    assert not [reply for reply in echoes(wire) if reply[IPv6].dst == source]
