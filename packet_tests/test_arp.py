"""ARP (RFC 826): the board tells its own address, and nothing else."""

from __future__ import annotations

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet

from bench import Board, Wire
from bench.addresses import BENCH

REQUEST, REPLY = 1, 2
BROADCAST = "ff:ff:ff:ff:ff:ff"


def ask(wire: Wire, packet: Packet) -> Packet | None:
    """What ARP the board sends in the half second after `packet`."""
    wire.send(packet)
    seen = wire.sniff(count=1, timeout=0.5, lfilter=lambda p: ARP in p)
    return seen[0] if seen else None


@pytest.mark.parametrize("destination", [BROADCAST, "00:00:5e:00:53:01"], ids=["broadcast", "unicast"])
def test_a_request_for_the_boards_address_is_answered(board: Board, wire: Wire, destination: str) -> None:
    reply = ask(wire, Ether(dst=destination) / ARP(op=REQUEST, pdst=board.ip))
    assert reply is not None
    assert (reply.src, reply.dst) == (board.mac, BENCH.mac)
    arp = reply[ARP]
    assert (arp.hwtype, arp.ptype, arp.hwlen, arp.plen, arp.op) == (1, 0x0800, 6, 4, REPLY)
    assert (arp.hwsrc, arp.psrc) == (board.mac, board.ip)
    assert (arp.hwdst, arp.pdst) == (BENCH.mac, BENCH.ip)
    assert len(reply) >= 60


@pytest.mark.parametrize("address", ["192.0.2.3", "192.0.2.0", "192.0.2.255", "0.0.0.0", "203.0.113.1"])
def test_a_request_for_another_address_is_not_answered(wire: Wire, address: str) -> None:
    assert ask(wire, Ether(dst=BROADCAST) / ARP(op=REQUEST, pdst=address)) is None


def test_a_frame_for_another_station_is_not_answered(board: Board, wire: Wire) -> None:
    assert ask(wire, Ether(dst="00:00:5e:00:53:99") / ARP(op=REQUEST, pdst=board.ip)) is None


def test_a_probe_is_answered_to_its_sender(board: Board, wire: Wire) -> None:
    reply = ask(
        wire, Ether(dst=BROADCAST) / ARP(op=REQUEST, psrc="0.0.0.0", pdst=board.ip)
    )  # RFC 5227, 2.1.1
    assert reply is not None
    assert (reply[ARP].hwdst, reply[ARP].pdst) == (BENCH.mac, "0.0.0.0")


MALFORMED = {
    "hardware type": ARP(hwtype=6),
    "protocol type": ARP(ptype=0x86DD),
    "hardware address length": ARP(hwlen=8, hwsrc=b"12345678", hwdst=b"12345678"),
    "protocol address length": ARP(plen=16, psrc=bytes(16), pdst=bytes(16)),
    "operation 0": ARP(op=0),
    "operation 3": ARP(op=3),
    "operation 0xffff": ARP(op=0xFFFF),
}


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("arp", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_request_for_ipv4_over_ethernet_is_ignored(board: Board, wire: Wire, arp: ARP) -> None:
    packet = arp.copy()
    if "pdst" not in packet.fields:
        packet.pdst = board.ip
    assert ask(wire, Ether(dst=BROADCAST) / packet) is None


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("size", [0, 1, 7, 8, 27])
def test_a_truncated_request_is_ignored(board: Board, wire: Wire, size: int) -> None:
    whole = bytes(ARP(op=REQUEST, hwsrc=BENCH.mac, psrc=BENCH.ip, pdst=board.ip))
    assert ask(wire, Ether(dst=BROADCAST, src=BENCH.mac, type=0x0806) / whole[:size]) is None


@pytest.mark.parametrize("size", [28, 38, 41])
def test_a_runt_is_not_completed_with_what_came_before(board: Board, wire: Wire, size: int) -> None:
    """Buffers are used again: the end of the last request lies where this one's is missing."""
    request = bytes(Ether(dst=board.mac, src=BENCH.mac) / ARP(hwsrc=BENCH.mac, psrc=BENCH.ip, pdst=board.ip))
    for frame, answers in ((request, 1), (request[:size], 0)):
        wire.send(frame, pad=False)
        seen = wire.sniff(timeout=0.2, lfilter=lambda packet: ARP in packet and packet[ARP].op == REPLY)
        assert len(seen) == answers


def test_the_board_asks_for_an_address_it_does_not_know_and_then_uses_the_answer(
    board: Board, wire: Wire
) -> None:
    wire.neighbour.enabled = False
    stranger = "192.0.2.77"
    wire.send(IP(src=stranger, dst=board.ip) / ICMP(id=1))
    request = wire.sniff(count=1, timeout=1, lfilter=lambda p: ARP in p and p[ARP].pdst == stranger)
    # A stack may also take the address from the packet itself (RFC 1122, section 2.3.2.1 allows both).
    answered = wire.sniff(count=1, timeout=0.5, lfilter=lambda p: ICMP in p)
    if request:
        assert (request[0].dst, request[0][ARP].op, request[0][ARP].psrc) == (BROADCAST, REQUEST, board.ip)
        assert not answered
        wire.send(ARP(op=REPLY, hwsrc="00:00:5e:00:53:77", psrc=stranger, hwdst=board.mac, pdst=board.ip))
        answered = wire.sniff(count=1, timeout=1, lfilter=lambda p: ICMP in p)
        assert answered[0].dst == "00:00:5e:00:53:77"
    assert answered[0][IP].dst == stranger
