"""Frames of another network, addressed to the board."""

from __future__ import annotations

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Packet

from bench.addresses import BENCH, BOARD
from bench.capture_file import StoredFrame
from bench.rewrite import destination, rewrite
from emulation.errors import UserError

MINE, THEIRS = "02:00:00:00:00:07", "02:00:00:00:00:09"
TO = Ether(src=MINE, dst=THEIRS)
BACK = Ether(src=THEIRS, dst=MINE)
V4, V6 = IP(src="10.0.0.7", dst="10.0.0.9"), IPv6(src="fd00::7", dst="fd00::9")


def stored(*packets: Packet) -> list[StoredFrame]:
    return [StoredFrame(number, bytes(packet)) for number, packet in enumerate(packets)]


def rewritten(*packets: Packet) -> list[bytes]:
    return [frame.data for frame in rewrite(stored(*packets), BOARD, BENCH)[0]]


@pytest.mark.parametrize(
    ("layers", "payload"),
    [
        (V4, TCP(sport=5, dport=80, flags="S") / b"odd"),
        (V4, UDP(sport=5, dport=80) / b"even"),
        (V4, ICMP(id=3) / b"x"),
        (V6, TCP(sport=5, dport=80, flags="S") / b"odd"),
        (V6, UDP(sport=5, dport=80) / b"even"),
        (V6, ICMPv6EchoRequest(id=3, data=b"x")),
        (IP(src="10.0.0.7", dst="10.0.0.9", options=b"\1\1\1\0"), TCP(sport=5, dport=80)),
    ],
)
def test_addresses_are_exchanged_and_right_checksums_stay_right(layers: Packet, payload: Packet) -> None:
    here = {"src": BENCH.ip6, "dst": BOARD.ip6} if IPv6 in layers else {"src": BENCH.ip, "dst": BOARD.ip}
    wanted = Ether(src=BENCH.mac, dst=BOARD.mac) / layers.copy() / payload
    for name, value in here.items():
        wanted[1].setfieldval(name, value)
    assert rewritten(TO / layers / payload) == [bytes(wanted)]


def test_wrong_checksums_stay_wrong_and_none_stays_none() -> None:
    data = bytes(TO / V4 / TCP(sport=5, dport=80))
    wrong = data[:24] + bytes([data[24] ^ 1]) + data[25:50] + bytes([data[50] ^ 1]) + data[51:]
    (found,) = rewritten(Ether(wrong))
    right = Ether(found)
    for layer in (IP, TCP):
        told = right[layer].chksum
        del right[layer].chksum
        assert Ether(bytes(right))[layer].chksum != told
    (none,) = rewritten(TO / V4 / UDP(sport=5, dport=80, chksum=0))
    assert Ether(none)[UDP].chksum == 0


def test_a_fragment_that_is_not_the_first_has_no_header_to_mend() -> None:
    later = TO / IP(src="10.0.0.7", dst="10.0.0.9", proto=6, frag=10) / bytes(range(40))
    (found,) = rewritten(later)
    assert found[34:] == bytes(range(40))


def test_arp_and_vlan_tags_and_groups_are_taken_along() -> None:
    ask = Ether(src=MINE, dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc=MINE, psrc="10.0.0.7", pdst="10.0.0.9")
    tagged = TO / Dot1Q(vlan=3) / V4 / ICMP()
    to_all = Ether(src=MINE, dst="01:00:5e:00:00:01") / IP(src="10.0.0.7", dst="224.0.0.1") / ICMP()
    found = list(map(Ether, rewritten(ask, tagged, to_all)))
    assert (found[0].dst, found[0].src) == ("ff:ff:ff:ff:ff:ff", BENCH.mac)
    arp = found[0][ARP]
    assert (arp.hwsrc, arp.psrc, arp.pdst) == (BENCH.mac, BENCH.ip, BOARD.ip)
    assert (found[1][IP].dst, found[1][Dot1Q].vlan, found[1].dst) == (BOARD.ip, 3, BOARD.mac)
    assert (found[2].dst, found[2][IP].dst, found[2][IP].src) == ("01:00:5e:00:00:01", "224.0.0.1", BENCH.ip)


def test_answers_and_what_others_say_to_each_other_are_left_out() -> None:
    others = Ether(src=MINE, dst="02:00:00:00:00:0b") / IP(src="10.0.0.7", dst="10.0.0.11") / ICMP()
    answer = BACK / IP(src="10.0.0.9", dst="10.0.0.7") / ICMP(type=0)
    frames, told = rewrite(stored(TO / V4 / ICMP(), answer, others), BOARD, BENCH)
    assert [frame.time for frame in frames] == [0]
    assert told == "1 of 3 frames, for 10.0.0.9, are addressed to the board"


def test_without_a_single_station_there_is_nothing_to_address() -> None:
    with pytest.raises(UserError, match="no frame goes to a single station"):
        rewritten(Ether(src=MINE, dst="ff:ff:ff:ff:ff:ff", type=0x88B5) / b"to all")


@pytest.mark.parametrize("size", range(60))
def test_frames_of_any_length_are_taken(size: int) -> None:
    whole = bytes(TO / V4 / TCP(sport=5, dport=80))
    frames, _ = rewrite([StoredFrame(0, whole), StoredFrame(1, whole[:size])], BOARD, BENCH)
    assert len(frames[-1].data) in (size, len(whole))
    destination(whole[:size])
