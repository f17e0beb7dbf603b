"""ICMPv6: echo (RFC 4443) and neighbour discovery (RFC 4861)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_Redirect,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
    IPv6ExtHdrDestOpt,
)
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

from bench import Board, Wire
from bench.addresses import BENCH
from packet_tests.checks import assert_well_formed

ONE_MTU = 1500 - 40 - 8
SIZES = [0, 1, 2, 3, 4, 56, 255, 256, 519, 520, 521, 547, 548, 1023, 1024, 1451, ONE_MTU]


def pattern(size: int) -> bytes:
    return bytes((i * 11 + i // 256) % 256 for i in range(size))


def advertisement(wire: Wire, packet: Packet) -> Packet | None:
    """The first neighbour advertisement the board sends in the half second after `packet`."""
    wire.send(packet)
    seen = wire.sniff(count=1, timeout=0.5, lfilter=lambda p: ICMPv6ND_NA in p)
    return seen[0] if seen else None


def solicitation(board: Board, target: str | None = None) -> Packet:
    group = "ff02::1:ff00:1" if target is None else "ff02::1:ff00:5301"
    return (
        IPv6(dst=group, src=BENCH.ip6, hlim=255)
        / ICMPv6ND_NS(tgt=target or board.ip6)
        / ICMPv6NDOptSrcLLAddr(lladdr=BENCH.mac)
    )


@pytest.mark.parametrize("size", SIZES)
def test_an_echo_request_comes_back_with_its_data(wire: Wire, size: int) -> None:
    reply = wire.sr1(IPv6() / ICMPv6EchoRequest(id=0x1234, seq=size, data=pattern(size)), timeout=1)
    assert reply is not None
    assert_well_formed(reply, wire.board)
    echo = reply[ICMPv6EchoReply]
    assert (echo.id, echo.seq, echo.data) == (0x1234, size, pattern(size))


def test_the_link_local_address_answers_too(board: Board, wire: Wire) -> None:
    reply = wire.sr1(IPv6(dst=board.link_local) / ICMPv6EchoRequest(id=2, data=b"near"), timeout=1)
    assert reply is not None
    assert (reply[IPv6].src, reply[IPv6].dst) == (board.link_local, BENCH.link_local)


def test_a_request_to_all_nodes_is_answered_from_an_address_of_the_board(board: Board, wire: Wire) -> None:
    wire.send(IPv6(dst="ff02::1") / ICMPv6EchoRequest(id=3, data=b"all"))
    replies = wire.sniff(count=1, timeout=0.5, lfilter=lambda p: ICMPv6EchoReply in p)
    if replies:  # RFC 4443, section 4.2: SHOULD NOT be a multicast source, may stay silent
        assert replies[0][IPv6].src in (board.ip6, board.link_local)


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("size", [0, 10])
def test_a_bad_checksum_is_ignored(wire: Wire, size: int) -> None:
    wire.send(IPv6() / ICMPv6EchoRequest(cksum=0xBEEF, data=pattern(size)))
    assert not wire.sniff(count=1, timeout=0.5, lfilter=lambda p: ICMPv6EchoReply in p)


@pytest.mark.parametrize("which", ["global", "link-local"])
def test_a_solicitation_for_an_address_of_the_board_is_answered(board: Board, wire: Wire, which: str) -> None:
    target = board.ip6 if which == "global" else board.link_local
    reply = advertisement(wire, solicitation(board, None if which == "global" else target))
    assert reply is not None
    assert_well_formed(reply, wire.board)
    assert (reply[IPv6].dst, reply[IPv6].hlim) == (BENCH.ip6, 255)
    advertised = reply[ICMPv6ND_NA]
    assert (advertised.tgt, advertised.S, advertised.R) == (target, 1, 0)
    assert reply[ICMPv6NDOptDstLLAddr].lladdr == board.mac


def test_a_solicitation_for_another_address_is_not_answered(board: Board, wire: Wire) -> None:
    packet = solicitation(board)
    packet[ICMPv6ND_NS].tgt = "2001:db8::9:1"
    assert advertisement(wire, packet) is None


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize(
    "spoil",
    [
        lambda packet: setattr(packet[IPv6], "hlim", 254),
        lambda packet: setattr(packet[ICMPv6ND_NS], "code", 1),
        lambda packet: setattr(packet[ICMPv6ND_NS], "cksum", 1),
        lambda packet: setattr(packet[ICMPv6ND_NS], "tgt", "ff02::1"),
        lambda packet: setattr(packet[ICMPv6NDOptSrcLLAddr], "len", 0),
        lambda packet: setattr(packet[ICMPv6NDOptSrcLLAddr], "len", 9),
    ],
    ids=["hop limit 254", "code 1", "bad checksum", "multicast target", "option length 0", "option overrun"],
)
def test_an_invalid_solicitation_is_ignored(board: Board, wire: Wire, spoil: object) -> None:
    packet = solicitation(board)
    assert callable(spoil)
    spoil(packet)
    assert advertisement(wire, packet) is None, "RFC 4861, section 7.1.1"


@pytest.mark.usefixtures("unharmed")
def test_an_option_of_length_0_behind_the_address_spoils_a_solicitation(board: Board, wire: Wire) -> None:
    packet = solicitation(board) / Raw(b"\x0e\x00" + bytes(6))
    assert advertisement(wire, packet) is None, "RFC 4861, section 7.1.1: all included options"


ANY_SOURCE = "RFC 4861, section 7.1.1: no source link-layer address with the unspecified address"
NONCE = b"\x0e\x01nonce!"
"""RFC 7527, section 4.1."""
ELSEWHERE = "00:00:5e:00:53:77"
"""A link-layer address that nobody on the wire has."""


def duplicate_detection(board: Board, *options: bytes) -> Packet:
    """A solicitation from the unspecified address (RFC 4862, section 5.4.2)."""
    return (
        IPv6(src="::", dst="ff02::1:ff00:1", hlim=255) / ICMPv6ND_NS(tgt=board.ip6) / Raw(b"".join(options))
    )


def link_layer(kind: int, mac: str) -> bytes:
    return bytes([kind, 1]) + bytes.fromhex(mac.replace(":", ""))


@pytest.mark.parametrize("options", [(), (NONCE,)], ids=["no option", "nonce"])
def test_duplicate_address_detection_is_answered_to_all(
    board: Board, wire: Wire, options: tuple[bytes, ...]
) -> None:
    reply = advertisement(wire, duplicate_detection(board, *options))
    assert reply is not None
    assert (reply[IPv6].dst, reply[ICMPv6ND_NA].S, reply[ICMPv6ND_NA].tgt) == ("ff02::1", 0, board.ip6)


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("before", [(), (NONCE,)], ids=["first", "second"])
def test_a_link_layer_address_without_a_source_is_not_answered(
    board: Board, wire: Wire, before: tuple[bytes, ...]
) -> None:
    packet = duplicate_detection(board, *before, link_layer(1, BENCH.mac))
    assert advertisement(wire, packet) is None, ANY_SOURCE


@pytest.mark.usefixtures("unharmed")
def test_a_malformed_option_is_noticed_behind_an_extension_header(board: Board, wire: Wire) -> None:
    message = ICMPv6ND_NS(tgt=board.ip6) / Raw(link_layer(1, BENCH.mac) + b"\x0e\x00" + bytes(6))
    packet = IPv6(src=BENCH.ip6, dst="ff02::1:ff00:1", hlim=255) / IPv6ExtHdrDestOpt() / message
    assert advertisement(wire, packet) is None


def test_the_address_that_a_solicitation_names_is_found_behind_other_options(
    board: Board, wire: Wire
) -> None:
    packet = solicitation(board)
    packet[ICMPv6ND_NS].remove_payload()
    packet[IPv6].src = "2001:db8::77"
    reply = advertisement(wire, packet / Raw(NONCE + link_layer(1, ELSEWHERE)))
    assert reply is not None
    assert (reply[Ether].dst, reply[IPv6].dst) == (ELSEWHERE, "2001:db8::77")


def resolved(wire: Wire, answer: Packet) -> str:
    """The link-layer address to which the board answers a stranger's ping, who sends `answer` when asked."""
    stranger = "2001:db8::66"
    wire.neighbour.enabled = False
    wire.send(IPv6(src=stranger) / ICMPv6EchoRequest(id=5, data=b"who am I?"))
    asked = wire.sniff(
        count=1, timeout=1, lfilter=lambda p: ICMPv6ND_NS in p and p[ICMPv6ND_NS].tgt == stranger
    )
    assert asked
    answer[IPv6].src = stranger
    wire.send(answer)
    replies = wire.sniff(count=1, timeout=0.5, lfilter=lambda p: ICMPv6EchoReply in p)
    return replies[0][Ether].dst if replies else ""


@pytest.mark.parametrize(
    ("flags", "options", "hlim", "found"),
    [
        ({"S": 1, "O": 1}, link_layer(2, ELSEWHERE), 255, True),
        ({"S": 1, "O": 1}, NONCE + link_layer(2, ELSEWHERE), 255, True),
        ({"S": 1, "O": 1}, NONCE, 255, False),
        ({"S": 1, "O": 1}, b"\x02\x00" + bytes(6), 255, False),
        ({"S": 1, "O": 1}, link_layer(2, ELSEWHERE), 254, False),
    ],
    ids=["right", "behind another option", "no address", "option length 0", "hop limit 254"],
)
def test_an_advertisement_tells_the_address_if_it_is_valid(
    wire: Wire, board: Board, flags: dict[str, int], options: bytes, hlim: int, found: bool
) -> None:
    """RFC 4861, sections 7.1.2 and 7.2.5."""
    answer = IPv6(dst=board.ip6, hlim=hlim) / ICMPv6ND_NA(tgt="2001:db8::66", R=0, **flags) / Raw(options)
    assert resolved(wire, answer) == (ELSEWHERE if found else "")


def moved(board: Board, wire: Wire, packet: Packet) -> bool:
    """Whether the board sends what is for the bench host to another link-layer address after `packet`."""
    assert wire.sr1(IPv6() / ICMPv6EchoRequest(id=6, data=b"before"), timeout=1) is not None
    wire.send(packet)
    wire.neighbour.enabled = False
    wire.send(IPv6() / ICMPv6EchoRequest(id=7, data=b"after"))
    replies = wire.sniff(timeout=0.5, lfilter=lambda p: Ether in p and p[Ether].dst == ELSEWHERE)
    return bool(replies)


@pytest.mark.parametrize(("solicited", "heeded"), [(0, True), (1, False)], ids=["unsolicited", "solicited"])
def test_an_advertisement_to_all_may_not_say_that_it_was_asked_for(
    board: Board, wire: Wire, solicited: int, heeded: bool
) -> None:
    message = ICMPv6ND_NA(tgt=BENCH.ip6, S=solicited, O=1, R=0) / Raw(link_layer(2, ELSEWHERE))
    packet = IPv6(src=BENCH.ip6, dst="ff02::1", hlim=255) / message
    assert moved(board, wire, packet) is heeded, "RFC 4861, section 7.1.2"


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("fe80::200:5eff:fe00:5377", "fe80::200:5eff:fe00:5377"),
        (BENCH.ip6, BENCH.ip6),
        (BENCH.link_local, "2001:db8::77"),
    ],
    ids=["not from the next hop", "from a global address", "to a global address"],
)
def test_nobody_but_the_router_in_use_can_redirect(
    board: Board, wire: Wire, source: str, target: str
) -> None:
    """RFC 4861, section 8.1."""
    message = ICMPv6ND_Redirect(tgt=target, dst=BENCH.ip6) / Raw(link_layer(2, ELSEWHERE))
    assert not moved(board, wire, IPv6(src=source, dst=board.ip6, hlim=255) / message)
