"""IPv4 (RFC 791, RFC 1122): options and fragments that break the rules neither hang the board nor leak."""

from __future__ import annotations

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw

from bench import Wire

pytestmark = pytest.mark.usefixtures("unharmed")


def echoes(wire: Wire, seconds: float = 0.5) -> list[Packet]:
    return list(wire.sniff(timeout=seconds, lfilter=lambda p: ICMP in p and p[ICMP].type == 0))


OPTIONS = {
    "length 0": b"\x83\x00\x04\x00",
    "length 1": b"\x83\x01\x04\x00",
    "overrun": b"\x83\xff\x04\x00",
    "cut short": b"\x00\x00\x00\x83",
    "loose source route": b"\x83\x07\x04\xc0\x00\x02\x03\x00",
    "source route twice": b"\x83\x07\x04\xc0\x00\x02\x03\x89\x07\x04\xc0\x00\x02\x03\x00\x00",
    "record route that is full": b"\x07\x07\x08\xc0\x00\x02\x03\x00",
    "timestamp with pointer 0": b"\x44\x08\x00\x00\x00\x00\x00\x00",
    "forty bytes of no operation": b"\x01" * 40,
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_options_may_be_anything(wire: Wire, options: bytes) -> None:
    packet = IP(
        bytes(IP(ihl=5 + len(options) // 4, src="192.0.2.2", dst="192.0.2.1", proto=1))[:20] + options
    )
    del packet.chksum, packet.len
    wire.send(packet / ICMP(id=4) / b"options")
    assert all(reply[IP].dst == "192.0.2.2" for reply in echoes(wire)), "answered to somebody else"


def test_a_packet_in_a_packet_is_not_unpacked(wire: Wire) -> None:
    inner = IP(src="192.0.2.2", dst="192.0.2.1") / ICMP(id=6)
    wire.send(IP(proto=4) / inner)
    wire.send(IP(proto=41) / IPv6(src="2001:db8::2", dst="2001:db8::1"))
    assert not echoes(wire)


def fragment(data: bytes, offset: int, more: bool, identification: int) -> Packet:
    """A piece of an ICMP packet; `offset` in units of 8 bytes."""
    return IP(id=identification, proto=1, frag=offset, flags="MF" if more else 0) / Raw(data)


def test_lone_fragments_do_not_use_up_memory(wire: Wire) -> None:
    for number in range(60):
        wire.send(fragment(bytes(ICMP(id=1) / bytes(500)), 0, True, number))
        wire.run(0.01)
    wire.run(20)  # longer than any fragment may wait (RFC 1122, section 3.3.2: at least 60 s; lwIP: 15 s)


OVERLAPS = {
    "the same twice": [(0, 64, True), (0, 64, True), (8, 64, False)],
    "second inside first": [(0, 128, True), (4, 32, True), (16, 64, False)],
    "second reaches into first": [(0, 128, True), (8, 128, False)],
    "last before the others": [(16, 64, False), (8, 64, True), (0, 64, True)],
    "two last ones": [(0, 64, True), (8, 64, False), (16, 64, False)],
    "beyond 65535 bytes": [(8189, 64, True), (0, 64, True), (8, 64, False)],
    "teardrop": [(0, 40, True), (3, 4, False)],
    "more fragments, not a multiple of 8": [(0, 61, True), (8, 64, False)],
    "empty": [(0, 0, True), (0, 0, False)],
}


@pytest.mark.parametrize("pieces", OVERLAPS.values(), ids=OVERLAPS.keys())
def test_fragments_may_overlap_or_overrun(wire: Wire, pieces: list[tuple[int, int, bool]]) -> None:
    whole = bytes(ICMP(id=7) / bytes(range(200)))
    for offset, size, more in pieces:
        start = offset * 8 % len(whole)
        wire.send(fragment(whole[start : start + size], offset, more, 99))
    replies = echoes(wire, 1)
    assert len(replies) <= 1
    for reply in replies:
        assert whole[8:].startswith(bytes(reply[ICMP].payload)[:40])


def test_a_fragment_without_data_is_nothing(wire: Wire) -> None:
    """Taken for the last one it would end the packet early; the one that has its place is the last."""
    whole = bytes(ICMP(id=7) / bytes(range(64)))
    wire.send(fragment(whole[:32], 0, True, 99))
    wire.send(fragment(b"", 4, False, 99))
    assert echoes(wire, 0.2) == []
    wire.send(fragment(whole[32:], 4, False, 99))
    (reply,) = echoes(wire)
    assert bytes(reply[ICMP].payload) == whole[8:]


@pytest.mark.parametrize("empty", [True, False], ids=["and one without data", "whole"])
def test_a_packet_in_fragments_may_come_from_a_host_not_yet_known(wire: Wire, empty: bool) -> None:
    """The answer waits until the host's address is known; one ending in nothing failed an assertion there."""
    host, station = "192.0.2.77", "02:00:00:00:00:77"
    whole = bytes(ICMP(id=7) / bytes(range(64)))
    pieces = [(whole, b"")] if empty else [(whole[:32], whole[32:])]
    for first, last in pieces:
        for data, offset, more in ((first, 0, True), (last, len(first) // 8, False)):
            packet = fragment(data, offset, more, 98)
            packet.src = host
            wire.send(Ether(src=station, dst=wire.board.mac) / packet)
    asked = wire.sniff(timeout=0.5, lfilter=lambda p: ARP in p and p[ARP].pdst == host)
    assert bool(asked) is not empty
    if asked:
        answer = ARP(op="is-at", hwsrc=station, psrc=host, hwdst=wire.board.mac, pdst=wire.board.ip)
        wire.send(Ether(src=station, dst=wire.board.mac) / answer)
        (reply,) = echoes(wire)
        assert reply[IP].dst == host
        assert bytes(reply[ICMP].payload) == whole[8:]


@pytest.mark.parametrize("ttl", [0, 1])
def test_a_packet_for_the_board_itself_may_have_the_last_ttl(wire: Wire, ttl: int) -> None:
    wire.send(IP(ttl=ttl) / ICMP(id=2))
    assert len(echoes(wire)) == 1  # RFC 1122, section 3.2.1.7: a host must not drop what is for itself


@pytest.mark.parametrize("proto", [0, 2, 17, 47, 50, 132, 253, 255])
def test_another_protocol_is_refused_or_ignored(wire: Wire, proto: int) -> None:
    wire.send(IP(proto=proto) / bytes(range(40)))
    for reply in wire.sniff(timeout=0.5, lfilter=lambda p: IP in p):
        assert (reply[ICMP].type, reply[IP].dst) == (3, "192.0.2.2")


QUOTED = [b"", b"\x45", bytes(IP(dst="192.0.2.2"))[:10], bytes(IP(dst="192.0.2.2")), bytes(IP() / TCP())[:30]]


@pytest.mark.parametrize("quoted", QUOTED, ids=lambda quoted: f"{len(quoted)} bytes")
@pytest.mark.parametrize("kind", [3, 4, 5, 11, 12])
def test_icmp_errors_with_a_truncated_quotation_are_ignored(wire: Wire, kind: int, quoted: bytes) -> None:
    wire.send(IP() / ICMP(type=kind) / quoted)
    assert not wire.sniff(timeout=0.3, lfilter=lambda p: ICMP in p)


@pytest.mark.parametrize("length", [0, 7, 9, 65535])
def test_udp_lengths_that_lie_are_ignored(wire: Wire, length: int) -> None:
    wire.send(IP() / UDP(sport=53, dport=53, len=length) / b"x")
    wire.run(0.1)
