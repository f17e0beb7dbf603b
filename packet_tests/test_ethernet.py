"""Ethernet (IEEE 802.3): what the board takes from the cable, and what it leaves alone."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import ARP, LLC, SNAP, Dot1Q, Dot3, Ether
from scapy.packet import Packet

from bench import Board, Wire
from bench.addresses import BENCH
from bench.capture import Capture

pytestmark = pytest.mark.usefixtures("unharmed")

BROADCAST = "ff:ff:ff:ff:ff:ff"


def reply(packet: Packet) -> bool:
    """Whether a frame answers somebody: the board also tells its addresses to all, unasked."""
    return (ARP in packet and packet[ARP].op == 2) or ICMP in packet or ICMPv6EchoReply in packet


def answers(wire: Wire, packet: Packet | bytes, **options: Any) -> int:
    """How many replies the board sends in the half second after `packet`."""
    wire.send(packet, **options)
    return len(wire.sniff(timeout=0.5, lfilter=reply))


def request(board: Board) -> Packet:
    """A request that is answered at once: it tells the board our address, too."""
    return Ether(dst=BROADCAST, src=BENCH.mac) / ARP(hwsrc=BENCH.mac, psrc=BENCH.ip, pdst=board.ip)


def test_a_good_frame_is_answered(board: Board, wire: Wire) -> None:
    assert answers(wire, request(board)) == 1


@pytest.mark.parametrize("fcs", [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xde\xad\xbe\xef"], ids=bytes.hex)
def test_a_frame_with_a_bad_fcs_is_dropped(board: Board, wire: Wire, fcs: bytes) -> None:
    assert answers(wire, request(board), fcs=fcs) == 0


@pytest.mark.parametrize("size", [14, 15, 20, 28, 33, 34, 41])
def test_a_runt_is_not_taken_for_a_packet(board: Board, wire: Wire, size: int) -> None:
    assert answers(wire, bytes(request(board))[:size], pad=False) == 0


@pytest.mark.parametrize("size", [1501, 1600, 2000])
def test_an_oversize_frame_is_dropped(board: Board, wire: Wire, size: int) -> None:
    packet = bytes(IP(src=BENCH.ip, dst=board.ip) / ICMP() / bytes(size - 28))
    assert answers(wire, Ether(src=BENCH.mac, dst=board.mac, type=0x0800) / packet) == 0


@pytest.mark.parametrize(
    "kind", [0x0000, 0x0200, 0x05FF, 0x0801, 0x6003, 0x8137, 0x88B5, 0x9000, 0xFFFF], ids=hex
)
def test_an_unknown_ethertype_is_ignored(board: Board, wire: Wire, kind: int) -> None:
    packet = bytes(IP(src=BENCH.ip, dst=board.ip) / ICMP())
    assert answers(wire, Ether(src=BENCH.mac, dst=board.mac, type=kind) / packet) == 0


def test_an_ethertype_that_lies_about_its_packet_is_ignored(board: Board, wire: Wire) -> None:
    ip = IP(src=BENCH.ip, dst=board.ip) / ICMP()
    ip6 = IPv6(src=BENCH.ip6, dst=board.ip6) / ICMPv6EchoRequest()
    for kind, packet in ((0x86DD, ip), (0x0800, ip6), (0x0806, ip), (0x0800, ARP(pdst=board.ip))):
        assert answers(wire, Ether(src=BENCH.mac, dst=board.mac, type=kind) / bytes(packet)) == 0


def test_ieee_802_3_frames_with_llc_are_ignored(board: Board, wire: Wire) -> None:
    inner = IP(src=BENCH.ip, dst=board.ip) / ICMP()
    assert answers(wire, Dot3(src=BENCH.mac, dst=board.mac) / LLC() / SNAP() / inner) == 0


def test_a_vlan_tag_is_not_looked_through(board: Board, wire: Wire) -> None:
    inner = IP(src=BENCH.ip, dst=board.ip) / ICMP()
    assert answers(wire, Ether(src=BENCH.mac, dst=board.mac) / Dot1Q(vlan=5) / inner) == 0


@pytest.mark.parametrize("address", ["00:00:5e:00:53:00", "00:00:5e:00:53:99", "80:00:5e:00:53:01"])
def test_a_frame_for_somebody_else_is_left_alone(board: Board, wire: Wire, address: str) -> None:
    frame = Ether(src=BENCH.mac, dst=address) / IP(src=BENCH.ip, dst=board.ip) / ICMP()
    assert answers(wire, frame) == 0


def test_a_burst_beyond_the_receive_buffer_is_dropped_in_part_and_survived(board: Board, wire: Wire) -> None:
    answers(wire, request(board))
    frame = Ether(src=BENCH.mac, dst=board.mac) / IP(src=BENCH.ip, dst=board.ip) / ICMP(id=1) / bytes(1472)
    for _ in range(40):  # 60 KiB; the controller holds 8 KiB
        wire.send(frame)
    assert 1 <= len(wire.sniff(timeout=2, lfilter=reply)) <= 40


def test_a_capture_has_the_times_at_which_frames_cross_and_their_order(wire: Wire, capture: Capture) -> None:
    """IEEE 802.3, clause 14: 10 Mbit/s; 8 bytes of preamble before, FCS and 12 byte times of gap after."""
    wire.sr1(IP() / ICMP(), timeout=1)
    mark = capture.mark()
    begin = wire.clock.now
    for number in range(5):
        wire.send(IP() / ICMP(id=7, seq=number) / bytes(1400))
    wire.run(0.1)
    times = [frame.time for frame in capture.since(mark)]
    assert times == sorted(times)
    told = ((frame, Ether(frame.data)) for frame in capture.since(mark))
    frames = [(frame, packet[ICMP]) for frame, packet in told if ICMP in packet]
    sent = {echo.seq: frame.time for frame, echo in frames if frame.direction == "to-board"}
    size = len(frames[0][0].data)
    for number, time in sent.items():
        bits = ((8 + size + 4) * (number + 1) + 12 * number) * 8
        assert time - begin == pytest.approx(bits / 10e6, abs=1e-6)
    came = {echo.seq: frame.time for frame, echo in frames if frame.direction == "from-board"}
    assert len(came) == 5
    for number, time in came.items():
        assert time > sent[number] + (8 + size + 4) * 8 / 10e6, "no answer has crossed before the question"
