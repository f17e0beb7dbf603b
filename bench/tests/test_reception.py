"""What a receiver checks of a frame: each valid one is taken, each broken field is dropped and named."""

from __future__ import annotations

import struct

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6MLReport,
    ICMPv6MLReport2,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    PadN,
    RouterAlert,
)
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw

from bench.addresses import BENCH, BOARD
from bench.reception.defect import drops
from bench.reception.link import Inspector

ETHER = Ether(src=BOARD.mac, dst=BENCH.mac)
IPV4 = ETHER / IP(src=BOARD.ip, dst=BENCH.ip)
IPV6 = ETHER / IPv6(src=BOARD.ip6, dst=BENCH.ip6)
GROUP = Ether(src=BOARD.mac, dst="33:33:ff:00:00:02")
SOURCE = ICMPv6NDOptSrcLLAddr(lladdr=BOARD.mac)
ALERT = IPv6ExtHdrHopByHop(options=RouterAlert())
REPORTS = Ether(src=BOARD.mac, dst="33:33:00:00:00:16")
QUOTED = IP(src=BENCH.ip, dst=BOARD.ip) / UDP(dport=9) / b"anybody"


def cable(packet: Packet | bytes) -> bytes:
    return bytes(packet).ljust(60, b"\0")


def solicitation(
    source: str = BOARD.ip6, to: str = "ff02::1:ff00:2", hlim: int = 255, **fields: object
) -> Packet:
    return GROUP / IPv6(src=source, dst=to, hlim=hlim) / ICMPv6ND_NS(tgt=BENCH.ip6, **fields)


VALID: dict[str, Packet] = {
    "ARP request": Ether(src=BOARD.mac, dst="ff:ff:ff:ff:ff:ff")
    / ARP(op=1, hwsrc=BOARD.mac, psrc=BOARD.ip, pdst=BENCH.ip),
    "ARP probe": Ether(src=BOARD.mac, dst="ff:ff:ff:ff:ff:ff")
    / ARP(op=1, hwsrc=BOARD.mac, psrc="0.0.0.0", pdst=BOARD.ip),
    "ARP reply": ETHER / ARP(op=2, hwsrc=BOARD.mac, psrc=BOARD.ip, hwdst=BENCH.mac, pdst=BENCH.ip),
    "echo reply": IPV4 / ICMP(type=0) / b"odd",
    "port unreachable": IPV4 / ICMP(type=3, code=3) / QUOTED,
    "fragmentation needed": IPV4 / ICMP(type=3, code=4, nexthopmtu=1400) / QUOTED,
    "options": ETHER / IP(src=BOARD.ip, dst=BENCH.ip, options=[IPOption_NOP()]) / ICMP(type=0),
    "TCP": IPV4 / TCP(sport=8080, dport=50000, flags="PA") / b"data",
    "SYN+ACK": IPV4 / TCP(sport=8080, dport=50000, flags="SA", options=[("MSS", 536)]),
    "timestamps": IPV4
    / TCP(sport=1, dport=2, flags="A", options=[("NOP", None), ("NOP", None), ("Timestamp", (1, 2))]),
    "RST of port 0": IPV4 / TCP(sport=0, dport=50000, flags="R"),
    "time exceeded": IPV4 / ICMP(type=11, code=1) / IP(src=BENCH.ip, dst=BOARD.ip, flags="MF") / b"few",
    "RST": IPV4 / TCP(sport=8080, dport=50000, flags="R"),
    "TCP over IPv6": IPV6 / TCP(sport=8080, dport=50000, flags="PA") / b"more data",
    "UDP": IPV4 / UDP(sport=1, dport=2) / b"datagram",
    "UDP without checksum": IPV4 / UDP(sport=1, dport=2, chksum=0) / b"datagram",
    "UDP over IPv6": IPV6 / UDP(sport=1, dport=2) / b"datagram",
    "multicast": Ether(src=BOARD.mac, dst="01:00:5e:00:00:fb")
    / IP(src=BOARD.ip, dst="224.0.0.251", ttl=1)
    / UDP(sport=1, dport=5353),
    "solicitation": solicitation() / SOURCE,
    "probe": solicitation("::"),
    "unicast solicitation": ETHER / IPv6(src=BOARD.ip6, dst=BENCH.ip6, hlim=255) / ICMPv6ND_NS(tgt=BENCH.ip6),
    "advertisement": ETHER
    / IPv6(src=BOARD.ip6, dst=BENCH.ip6, hlim=255)
    / ICMPv6ND_NA(tgt=BOARD.ip6, R=0, S=1, O=1)
    / ICMPv6NDOptDstLLAddr(lladdr=BOARD.mac),
    "router solicitation": Ether(src=BOARD.mac, dst="33:33:00:00:00:02")
    / IPv6(src=BOARD.link_local, dst="ff02::2", hlim=255)
    / ICMPv6ND_RS()
    / SOURCE,
    "echo reply 6": IPV6 / ICMPv6EchoReply(data=b"odd"),
    "unreachable 6": IPV6 / ICMPv6DestUnreach(code=4) / IPv6(src=BENCH.ip6, dst=BOARD.ip6) / UDP(dport=9),
    "MLD": Ether(src=BOARD.mac, dst="33:33:ff:00:00:01")
    / IPv6(src=BOARD.link_local, dst="ff02::1:ff00:1", hlim=1)
    / ALERT
    / ICMPv6MLReport(mladdr="ff02::1:ff00:1"),
    "MLD 2": REPORTS / IPv6(src="::", dst="ff02::16", hlim=1) / ALERT / ICMPv6MLReport2(records_number=0),
    "atomic fragment": IPV6 / IPv6ExtHdrFragment(nh=58) / ICMPv6EchoReply(data=b"whole"),
    "another protocol": ETHER.copy() / Raw(b"x" * 46),
}
VALID["another protocol"].type = 0x88CC


@pytest.mark.parametrize("packet", VALID.values(), ids=VALID.keys())
def test_what_is_right_is_taken(packet: Packet) -> None:
    assert Inspector(BENCH).inspect(cable(packet)) == []


def changed(name: str, *changes: tuple[int, int], ip: bool = False, tcp: bool = False) -> bytes:
    """A valid frame with other bytes; a checksum that covers them is made right again, if asked for."""
    frame = bytearray(cable(VALID[name]))
    for at, value in changes:
        frame[at] = value
    if ip:
        frame[24:26] = b"\0\0"
        size = max((frame[14] & 15) * 4, 20)
        frame[24:26] = internet_checksum(bytes(frame[14 : 14 + size]))
    if tcp:
        end = 14 + int.from_bytes(frame[16:18], "big")
        frame[50:52] = b"\0\0"
        pseudo = bytes(frame[26:34]) + struct.pack("!HH", 6, end - 34)
        frame[50:52] = internet_checksum(pseudo + bytes(frame[34:end]))
    return bytes(frame)


def internet_checksum(data: bytes) -> bytes:
    """RFC 1071, section 4.1, word by word: not the bench's own way."""
    total: int = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + bytes(len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return int(total ^ 0xFFFF).to_bytes(2, "big")


def spoilt(name: str, layer: type[Packet], **fields: object) -> bytes:
    packet = VALID[name].copy()
    for field, value in fields.items():
        packet[layer].setfieldval(field, value)
    return cable(packet)


DROPPED: dict[str, tuple[bytes, str]] = {
    "runt": (bytes(VALID["ARP reply"]), "Ethernet frame of 42 octets"),
    "giant": (cable(IPV4 / UDP(sport=1, dport=2) / bytes(1500)), "Ethernet frame of 1542 octets"),
    "group source": (changed("TCP", (6, 1)), "from a group address"),
    "length field": (changed("TCP", (12, 5), (13, 0)), "Ethernet frame with a wrong length"),
    "other destination": (changed("TCP", (5, 0x77)), "IPv4 packet for this station to another's"),
    "other destination 6": (changed("TCP over IPv6", (5, 0x77)), "IPv6 packet for this station to another's"),
    "broadcast": (changed("TCP", *((i, 255) for i in range(6))), "to a station in a group's frame"),
    "multicast address": (changed("multicast", (5, 1)), "to another Ethernet address than its group's"),
    "multicast address 6": (changed("solicitation", (5, 1)), "to another Ethernet address than its group's"),
    "ARP hardware": (changed("ARP reply", (15, 6)), "ARP packet not for IPv4 over Ethernet"),
    "ARP protocol": (changed("ARP reply", (17, 6)), "ARP packet not for IPv4 over Ethernet"),
    "ARP hardware length": (changed("ARP reply", (18, 5)), "ARP packet not for IPv4 over Ethernet"),
    "ARP protocol length": (changed("ARP reply", (19, 5)), "ARP packet not for IPv4 over Ethernet"),
    "ARP operation": (changed("ARP reply", (21, 3)), "ARP packet with operation 3"),
    "ARP sender": (changed("ARP reply", (27, 9)), "ARP packet whose sender is not the frame's"),
    "ARP target": (changed("ARP reply", (37, 9)), "ARP packet with an answer for another"),
    "IPv4 version": (changed("TCP", (14, 0x55), ip=True), "IPv4 packet of version 5"),
    "IPv4 header length": (changed("TCP", (14, 0x44), ip=True), "IPv4 packet with header length 4"),
    "IPv4 checksum": (changed("TCP", (25, 1)), "IPv4 packet with a wrong header checksum"),
    "IPv4 length": (changed("TCP", (17, 60), ip=True), "IPv4 packet with a wrong total length"),
    "IPv4 length below": (changed("TCP", (17, 19), ip=True), "IPv4 packet with a wrong total length"),
    "TTL 0": (changed("TCP", (22, 0), ip=True), "IPv4 packet with TTL 0"),
    "loopback": (spoilt("UDP without checksum", IP, src="127.0.0.1"), "from an address that is no station's"),
    "multicast source": (spoilt("UDP", IP, src="224.0.0.1"), "from an address that is no station's"),
    "IPv4 option": (
        changed("options", (34, 0x83), (35, 0), ip=True),
        "IPv4 packet with an option of length 0",
    ),
    "ICMP checksum": (spoilt("echo reply", ICMP, chksum=0xBAD), "ICMP message with a wrong checksum"),
    "ICMP code": (spoilt("echo reply", ICMP, type=8, code=1), "ICMP message of type 8 with code 1"),
    "ICMP short": (
        cable(ETHER / IP(src=BOARD.ip, dst=BENCH.ip, proto=1) / bytes(7)),
        "ICMP message shorter than its header",
    ),
    "ICMP error": (cable(IPV4 / ICMP(type=3, code=3) / b"short"), "of type 3 without the packet in question"),
    "TCP checksum": (spoilt("TCP", TCP, chksum=0xBAD), "TCP segment with a wrong checksum"),
    "TCP checksum 6": (spoilt("TCP over IPv6", TCP, chksum=0xBAD), "TCP segment with a wrong checksum"),
    "TCP offset below": (changed("TCP", (46, 0x40), tcp=True), "TCP segment with data offset 4"),
    "TCP offset beyond": (changed("TCP", (46, 0xF0), tcp=True), "TCP segment with data offset 15"),
    "TCP no flags": (spoilt("TCP", TCP, flags=0), "TCP segment with neither SYN, ACK nor RST"),
    "TCP port": (spoilt("TCP", TCP, sport=0), "TCP segment with port 0"),
    "TCP option 0": (changed("SYN+ACK", (55, 0), tcp=True), "TCP segment with an option of length 0"),
    "TCP option overrun": (changed("SYN+ACK", (55, 5), tcp=True), "TCP segment with an option of length 5"),
    "TCP option size": (changed("SYN+ACK", (55, 3), tcp=True), "TCP segment with option 2 of length 3"),
    "UDP checksum": (spoilt("UDP", UDP, chksum=0xBAD), "UDP datagram with a wrong checksum"),
    "UDP checksum 6": (spoilt("UDP over IPv6", UDP, chksum=0), "UDP datagram without a checksum on IPv6"),
    "UDP length": (spoilt("UDP", UDP, len=200), "UDP datagram with a wrong length"),
    "UDP length below": (spoilt("UDP", UDP, len=7), "UDP datagram with a wrong length"),
    "UDP port": (spoilt("UDP", UDP, dport=0), "UDP datagram to port 0"),
    "IPv6 version": (changed("TCP over IPv6", (14, 0x50)), "IPv6 packet of version 5"),
    "IPv6 length": (changed("TCP over IPv6", (19, 200)), "IPv6 packet with a wrong payload length"),
    "IPv6 length below": (changed("solicitation", (19, 23)), "Neighbor Solicitation with a wrong checksum"),
    "hop limit 0": (changed("TCP over IPv6", (21, 0)), "IPv6 packet with hop limit 0"),
    "loopback 6": (spoilt("UDP over IPv6", IPv6, src="::1"), "addresses that no packet may have on a link"),
    "late hop-by-hop": (
        cable(IPV6 / IPv6ExtHdrDestOpt() / IPv6ExtHdrHopByHop() / ICMPv6EchoReply()),
        "IPv6 packet with hop-by-hop options that come late",
    ),
    "extension header": (
        cable(IPV6 / IPv6ExtHdrDestOpt(len=200) / ICMPv6EchoReply()),
        "IPv6 packet that ends in an extension header",
    ),
    "extension option": (
        cable(IPV6 / IPv6ExtHdrDestOpt(options=[PadN(optlen=9)]) / ICMPv6EchoReply()),
        "IPv6 packet with an option that overruns",
    ),
    "fragment of 7": (
        cable(IPV6 / IPv6ExtHdrFragment(nh=58, m=1) / Raw(b"sevenoc")),
        "IPv6 packet in fragments not of 8 octets",
    ),
    "IPv4 fragment of 7": (
        cable(ETHER / IP(src=BOARD.ip, dst=BENCH.ip, flags="MF", proto=1) / Raw(b"sevenoc")),
        "IPv4 packet in fragments not of 8 octets",
    ),
    "ICMPv6 checksum": (
        spoilt("echo reply 6", ICMPv6EchoReply, cksum=1),
        "ICMPv6 message with a wrong checksum",
    ),
    "ICMPv6 code": (
        spoilt("echo reply 6", ICMPv6EchoReply, type=128, code=1),
        "ICMPv6 message of type 128 with code 1",
    ),
    "ICMPv6 error": (
        cable(IPV6 / ICMPv6DestUnreach(code=4) / b"no packet"),
        "without the packet in question",
    ),
    "NS checksum": (cable(solicitation(cksum=1) / SOURCE), "Neighbor Solicitation with a wrong checksum"),
    "NS code": (cable(solicitation(code=1) / SOURCE), "Neighbor Solicitation with code 1"),
    "NS hop limit": (cable(solicitation(hlim=254) / SOURCE), "Neighbor Solicitation with hop limit 254"),
    "NS target": (spoilt("solicitation", ICMPv6ND_NS, tgt="ff02::1"), "for a multicast address"),
    "NS from ::": (cable(solicitation("::") / SOURCE), "unspecified address with a source link-layer option"),
    "NS from :: to one": (
        cable(ETHER / IPv6(src="::", dst=BENCH.ip6, hlim=255) / ICMPv6ND_NS(tgt=BENCH.ip6)),
        "from the unspecified address to no solicited-node group",
    ),
    "NS option 0": (
        cable(solicitation() / ICMPv6NDOptSrcLLAddr(len=0, lladdr=BOARD.mac)),
        "Neighbor Solicitation with an option of a wrong length",
    ),
    "NS option beyond": (
        cable(solicitation() / ICMPv6NDOptSrcLLAddr(len=2, lladdr=BOARD.mac)),
        "Neighbor Solicitation with an option of a wrong length",
    ),
    "NA solicited to all": (
        cable(
            Ether(src=BOARD.mac, dst="33:33:00:00:00:01")
            / IPv6(src=BOARD.ip6, dst="ff02::1", hlim=255)
            / ICMPv6ND_NA(tgt=BOARD.ip6, S=1)
        ),
        "Neighbor Advertisement to a group with the solicited flag",
    ),
    "NA checksum": (
        spoilt("advertisement", ICMPv6ND_NA, cksum=1),
        "Neighbor Advertisement with a wrong checksum",
    ),
    "NA code": (spoilt("advertisement", ICMPv6ND_NA, code=1), "Neighbor Advertisement with code 1"),
    "MLD hop limit": (spoilt("MLD", IPv6, hlim=2), "MLD message with hop limit 2"),
    "MLD source": (spoilt("MLD", IPv6, src=BOARD.ip6), "MLD message from an address that is not link-local"),
    "MLD checksum": (spoilt("MLD", ICMPv6MLReport, cksum=1), "MLD message with a wrong checksum"),
    "MLD without alert": (
        cable(
            Ether(src=BOARD.mac, dst="33:33:ff:00:00:01")
            / IPv6(src=BOARD.link_local, dst="ff02::1:ff00:1", hlim=1)
            / ICMPv6MLReport(mladdr="ff02::1:ff00:1")
        ),
        "MLD message without a router alert",
    ),
    "MLD 2 records": (spoilt("MLD 2", ICMPv6MLReport2, records_number=1), "with a wrong number of records"),
}


@pytest.mark.parametrize(("frame", "wrong"), DROPPED.values(), ids=DROPPED.keys())
def test_what_is_broken_is_dropped_and_named(frame: bytes, wrong: str) -> None:
    found = Inspector(BENCH).inspect(frame)
    assert drops(found)
    assert any(wrong in str(defect) and defect.dropped for defect in found), found


NAMED: dict[str, tuple[bytes, str]] = {
    "TTL 1": (spoilt("TCP", IP, ttl=1), "IPv4 packet with TTL 1"),
    "hop limit 1": (spoilt("TCP over IPv6", IPv6, hlim=1), "IPv6 packet with hop limit 1"),
    "echo hop limit 1": (spoilt("echo reply 6", IPv6, hlim=1), "ICMPv6 message with hop limit 1"),
    "IPv4 flag": (spoilt("TCP", IP, flags="evil"), "IPv4 packet with the reserved flag set"),
    "TCP reserved": (spoilt("TCP", TCP, reserved=2), "TCP segment with reserved bits set"),
    "TCP padding": (
        cable(IPV4 / TCP(flags="A", dataofs=6) / Raw(b"\0\0\0\1")),
        "TCP segment with padding that is not zero",
    ),
    "MSS late": (spoilt("SYN+ACK", TCP, flags="A"), "TCP segment with option 2 without SYN"),
    "UDP ends early": (
        spoilt("UDP without checksum", UDP, len=10),
        "UDP datagram that ends before its IP packet",
    ),
    "ICMP unused": (spoilt("port unreachable", ICMP, reserved=7), "of type 3 with unused octets set"),
    "ICMPv6 unused": (
        spoilt("unreachable 6", ICMPv6DestUnreach, unused=7),
        "of type 1 with unused octets set",
    ),
    "NS reserved": (cable(solicitation(res=1) / SOURCE), "Neighbor Solicitation with reserved bits set"),
    "NA reserved": (spoilt("advertisement", ICMPv6ND_NA, res=1), "Neighbor Advertisement with reserved bits"),
    "NS group": (
        spoilt("solicitation", ICMPv6ND_NS, tgt=BENCH.link_local),
        "to the group of another address",
    ),
    "NS without option": (cable(solicitation()), "to a group without its link-layer address"),
}


@pytest.mark.parametrize(("frame", "wrong"), NAMED.values(), ids=NAMED.keys())
def test_what_only_a_sender_must_not_do_is_taken_and_named(frame: bytes, wrong: str) -> None:
    found = Inspector(BENCH).inspect(frame)
    assert not drops(found)
    assert [defect for defect in found if wrong in str(defect)], found


def fragments(whole: bytes, spoil: bool) -> list[bytes]:
    body = bytearray(whole)
    body[-1] ^= spoil
    parts = [
        ETHER
        / IP(src=BOARD.ip, dst=BENCH.ip, id=7, proto=1, flags="MF" * (at < 16), frag=at // 8)
        / Raw(part)
        for at, part in ((at, bytes(body[at : at + 16])) for at in (0, 16))
    ]
    return [cable(part) for part in parts]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_fragments_are_judged_as_a_whole(order: tuple[int, int]) -> None:
    whole = bytes(ICMP(type=0) / bytes(range(20)))
    for spoil, wrong in ((False, 0), (True, 1)):
        inspector, parts = Inspector(BENCH), fragments(whole, spoil)
        assert inspector.inspect(parts[order[0]]) == []
        assert len(inspector.inspect(parts[order[1]])) == wrong


@pytest.mark.parametrize("name", VALID)
def test_no_frame_cut_or_changed_anywhere_confuses_the_checks(name: str) -> None:
    inspector, frame = Inspector(BENCH), cable(VALID[name])
    for size in range(len(frame)):
        inspector.inspect(frame[:size])
    for at in range(len(frame)):
        for value in (0, 1, 127, 255):
            inspector.inspect(frame[:at] + bytes([value]) + frame[at + 1 :])
