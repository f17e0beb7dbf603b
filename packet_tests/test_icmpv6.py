"""ICMPv6: echo (RFC 4443) and neighbour discovery (RFC 4861)."""

from __future__ import annotations

import pytest
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
)
from scapy.packet import Packet

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
