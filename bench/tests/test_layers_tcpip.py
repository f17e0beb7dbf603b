"""The fast path against Scapy: the same bytes built, the same fields read."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.utils import checksum as scapy_checksum

from bench.layers.reassembly import Reassembly
from bench.layers.tcp_options import maximum_segment_size
from bench.layers.tcpip import ACK, PSH, SYN, Endpoint, Segment, build, checksum, parse

A4 = Endpoint.of("00:00:5e:00:53:02", "192.0.2.2", 50000)
B4 = Endpoint.of("00:00:5e:00:53:01", "192.0.2.1", 8080)
A6 = Endpoint.of("00:00:5e:00:53:02", "2001:db8::2", 50000)
B6 = Endpoint.of("00:00:5e:00:53:01", "2001:db8::1", 8080)
SEGMENTS = [
    Segment(1, 0, SYN, 1000, options=maximum_segment_size(1460)),
    Segment(0xFFFFFFFF, 5, ACK | PSH, 65535, b"odd"),
    Segment(7, 9, ACK, 0, bytes(1460)),
    Segment(7, 9, ACK, 0, b"x", urgent=3),
]


@pytest.mark.parametrize("segment", SEGMENTS, ids=str)
def test_scapy_builds_the_same_ipv4_frame(segment: Segment) -> None:
    tcp = TCP(sport=50000, dport=8080, seq=segment.seq, ack=segment.ack, flags=segment.flags)
    tcp.window, tcp.urgptr = segment.window, segment.urgent
    tcp.options = [("MSS", 1460)] if segment.options else []
    ether = Ether(src="00:00:5e:00:53:02", dst="00:00:5e:00:53:01")
    expected = ether / IP(src="192.0.2.2", dst="192.0.2.1", id=77, flags="DF") / tcp / segment.payload
    assert build(A4, B4, segment, 77) == bytes(expected)


@pytest.mark.parametrize("segment", SEGMENTS, ids=str)
def test_scapy_reads_the_ipv6_frame_with_a_good_checksum(segment: Segment) -> None:
    packet = Ether(build(A6, B6, segment))
    assert (packet[IPv6].src, packet[IPv6].dst, packet[TCP].seq) == (
        "2001:db8::2",
        "2001:db8::1",
        segment.seq,
    )
    sent = packet[TCP].chksum
    del packet[TCP].chksum
    assert Ether(bytes(packet))[TCP].chksum == sent


@pytest.mark.parametrize("ends", [(A4, B4), (A6, B6)], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("segment", SEGMENTS, ids=str)
def test_parsing_gives_back_what_was_built(ends: tuple[Endpoint, Endpoint], segment: Segment) -> None:
    received = parse(build(*ends, segment) + bytes(6))  # with Ethernet padding behind it
    assert received is not None
    assert (received.source, received.destination, received.segment) == (*ends, segment)


def test_a_damaged_bit_anywhere_behind_the_macs_is_noticed() -> None:
    for ends, immune in (
        ((A4, B4), ()),
        ((A6, B6), (14, 15, 16, 17, 21)),
    ):  # IPv6 leaves its first word unprotected
        frame = build(*ends, Segment(1, 2, ACK, 3, b"payload"))
        for position in range(14, len(frame)):
            damaged = bytearray(frame)
            damaged[position] ^= 0x10
            assert parse(bytes(damaged)) is None or position in immune


def test_other_traffic_is_none_of_tcps_business() -> None:
    assert parse(bytes(Ether() / ARP())) is None
    assert parse(b"") is None
    assert parse(bytes(60)) is None


@given(st.binary(max_size=100))
def test_the_checksum_is_scapys(data: bytes) -> None:
    assert checksum(data) == scapy_checksum(data)


def test_options_are_found_and_malformed_ones_end_the_list() -> None:
    assert Segment(0, options=b"\x01\x01\x02\x04\x05\xb4").option(2) == b"\x05\xb4"
    assert Segment(0, options=b"\x03\x00\x02\x04").option(2) is None
    assert Segment(0, options=b"\x02\x09\x05\xb4").option(2) is None
    assert Segment(0, options=b"\x00\x02\x04\x05").option(2) is None


@given(st.data())
def test_any_order_of_any_overlapping_pieces_is_delivered_once(data: st.DataObject) -> None:
    stream = bytes(range(200))
    start = data.draw(st.sampled_from([0, 1000, 2**32 - 100]))
    cuts = sorted(data.draw(st.sets(st.integers(0, 200), max_size=8)) | {0, 200})
    pieces = [(max(a - data.draw(st.integers(0, 9)), 0), b) for a, b in pairwise(cuts)]
    order = data.draw(st.permutations(pieces + data.draw(st.lists(st.sampled_from(pieces), max_size=4))))
    reassembly = Reassembly(start)
    for a, b in order:
        reassembly.feed((start + a) % 2**32, stream[a:b], b == 200, 1000)
    assert bytes(reassembly.data) == stream
    assert reassembly.ended
    assert reassembly.next == (start + 201) % 2**32
    assert not reassembly.gap
