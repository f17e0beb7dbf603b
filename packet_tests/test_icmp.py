"""ICMP echo over IPv4 (RFC 792, RFC 1122 section 3.2.2.6)."""

from __future__ import annotations

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import Ether
from scapy.packet import Packet

from bench import Board, Wire
from bench.addresses import BENCH
from packet_tests.checks import assert_well_formed, payload_of

ONE_MTU = 1500 - 20 - 8
# 18 bytes fill the minimum Ethernet frame; 278 and 598 fill one and two packet buffers of the stack.
SIZES = [
    0,
    1,
    2,
    3,
    17,
    18,
    19,
    56,
    255,
    256,
    277,
    278,
    279,
    535,
    536,
    597,
    598,
    599,
    1023,
    1024,
    1471,
    ONE_MTU,
]


def pattern(size: int) -> bytes:
    return bytes((i * 7 + i // 256) % 256 for i in range(size))


def answer(wire: Wire, packet: Packet) -> Packet | None:
    """The first ICMP packet the board sends in the half second after `packet`."""
    wire.send(packet)
    seen = wire.sniff(count=1, timeout=0.5, lfilter=lambda p: ICMP in p)
    return seen[0] if seen else None


@pytest.mark.parametrize("size", SIZES)
def test_an_echo_request_comes_back_with_its_data(wire: Wire, size: int) -> None:
    reply = wire.sr1(IP() / ICMP(id=0x1234, seq=size) / pattern(size), timeout=1)
    assert reply is not None
    assert_well_formed(reply, wire.board)
    assert (reply[ICMP].type, reply[ICMP].code) == (0, 0)
    assert (reply[ICMP].id, reply[ICMP].seq) == (0x1234, size)
    assert payload_of(reply, ICMP) == pattern(size)


def test_ten_requests_at_once_come_back_in_order(wire: Wire) -> None:
    for seq in range(10):
        wire.send(IP() / ICMP(id=1, seq=seq) / pattern(40))
    replies = wire.sniff(count=10, timeout=1, lfilter=lambda p: ICMP in p)
    assert [reply[ICMP].seq for reply in replies] == list(range(10))


SILENT = {
    "bad ICMP checksum": IP() / ICMP(chksum=0xBEEF) / b"abc",
    "bad IP header checksum": IP(chksum=0xBEEF) / ICMP() / b"abc",
    "echo reply nobody asked for": IP() / ICMP(type=0) / b"abc",
    "ICMPv6 type over IPv4": IP() / ICMP(type=128) / b"abc",
    "for another address": IP(dst="192.0.2.3") / ICMP(),
    "version 6 in an IPv4 header": IP(version=6) / ICMP(),
    "header length 4 words": IP(ihl=4) / ICMP(),
    "header longer than the packet": IP(ihl=15) / ICMP(),
    "total length beyond the frame": IP(len=400) / ICMP(),
    "total length within the header": IP(len=10) / ICMP(),
    "source is the loopback": IP(src="127.0.0.1") / ICMP(),
    "source is a broadcast": IP(src="255.255.255.255") / ICMP(),
    "source is a multicast": IP(src="224.0.0.1") / ICMP(),
    "first fragment only": IP(flags="MF") / ICMP() / pattern(64),
}


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("packet", SILENT.values(), ids=SILENT.keys())
def test_silence(wire: Wire, packet: Packet) -> None:
    assert answer(wire, packet) is None


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("size", range(8))
def test_a_message_shorter_than_the_echo_header_is_ignored(wire: Wire, size: int) -> None:
    assert answer(wire, IP(proto=1) / bytes(ICMP())[:size]) is None


@pytest.mark.parametrize("destination", ["192.0.2.255", "255.255.255.255"])
def test_a_broadcast_request_is_dropped_or_answered_from_the_boards_own_address(
    board: Board, wire: Wire, destination: str
) -> None:
    reply = answer(wire, IP(dst=destination) / ICMP(id=5) / b"all")  # RFC 1122, section 3.2.2.6: either way
    if reply is not None:
        assert (reply[IP].src, reply[IP].dst, reply.dst) == (board.ip, BENCH.ip, BENCH.mac)


def test_bytes_behind_the_packet_are_not_echoed(board: Board, wire: Wire) -> None:
    packet = bytes(IP(src=BENCH.ip, dst=board.ip) / ICMP(id=9) / b"ab")
    wire.send(Ether(src=BENCH.mac, dst=board.mac, type=0x0800) / (packet + b"junk" * 10))
    reply = wire.sniff(count=1, timeout=0.5, lfilter=lambda p: ICMP in p)[0]
    assert_well_formed(reply, wire.board)
    assert payload_of(reply, ICMP) == b"ab"


def test_ip_options_do_not_disturb_an_echo(wire: Wire) -> None:
    reply = wire.sr1(IP(options=b"\x01\x01\x01\x01") / ICMP(id=3) / b"options", timeout=1)
    assert reply is not None
    assert payload_of(reply, ICMP) == b"options"


@pytest.mark.needs("fragments")
def test_a_request_in_fragments_comes_back_whole(wire: Wire) -> None:
    whole = IP(id=77) / ICMP(id=8) / pattern(200)
    data = bytes(whole)[20:]
    for start in (0, 64, 128):
        more = "MF" if start < 128 else 0
        wire.send(
            IP(id=77, proto=1, frag=start // 8, flags=more) / data[start : start + 64 if more else None]
        )
    replies = wire.sniff(count=1, timeout=1, lfilter=lambda p: ICMP in p)
    assert len(replies) == 1, "the board does not reassemble (RFC 1122, section 3.3.2 requires it)"
    assert payload_of(replies[0], ICMP) == pattern(200)
