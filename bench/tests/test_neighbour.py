from __future__ import annotations

import pytest
from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr, IPv6
from scapy.layers.l2 import ARP, Ether

from bench.addresses import BENCH, BOARD
from bench.layers.tcpip import checksum
from bench.neighbour import Neighbour


def request(**changes: object) -> bytes:
    arp = ARP(op=1, hwsrc=BOARD.mac, psrc=BOARD.ip, pdst=BENCH.ip)
    for name, value in changes.items():
        setattr(arp, name, value)
    return bytes(Ether(src=BOARD.mac, dst="ff:ff:ff:ff:ff:ff") / arp)


def solicitation(target: str, source: str = BOARD.link_local, hops: int = 255, **changes: object) -> bytes:
    packet = (
        Ether(src=BOARD.mac, dst="33:33:ff:00:00:02")
        / IPv6(src=source, dst="ff02::1:ff00:2", hlim=hops)
        / ICMPv6ND_NS(tgt=target, **changes)
    )
    return bytes(packet if source == "::" else packet / ICMPv6NDOptSrcLLAddr(lladdr=BOARD.mac))


def test_an_arp_request_for_the_station_is_answered_to_the_sender() -> None:
    reply = Ether(Neighbour(BENCH).answer(request()))
    assert (reply.src, reply.dst) == (BENCH.mac, BOARD.mac)
    arp = reply[ARP]
    assert (arp.op, arp.hwsrc, arp.psrc, arp.hwdst, arp.pdst) == (2, BENCH.mac, BENCH.ip, BOARD.mac, BOARD.ip)


@pytest.mark.parametrize(
    "changes", [{"pdst": "192.0.2.77"}, {"op": 2}, {"op": 0}, {"hwtype": 6}, {"ptype": 0x86DD}]
)
def test_other_arp_packets_are_not_answered(changes: dict[str, object]) -> None:
    assert Neighbour(BENCH).answer(request(**changes)) is None


def test_a_truncated_arp_request_is_not_answered() -> None:
    assert Neighbour(BENCH).answer(request()[:41]) is None


@pytest.mark.parametrize("target", [BENCH.ip6, BENCH.link_local])
def test_a_neighbor_solicitation_is_answered_with_a_solicited_advertisement(target: str) -> None:
    frame = Neighbour(BENCH).answer(solicitation(target))
    assert frame is not None
    reply = Ether(frame)
    assert (reply.src, reply.dst) == (BENCH.mac, BOARD.mac)
    assert (reply[IPv6].src, reply[IPv6].dst, reply[IPv6].hlim) == (target, BOARD.link_local, 255)
    assert (reply[ICMPv6ND_NA].tgt, reply[ICMPv6ND_NA].S, reply[ICMPv6ND_NA].O) == (target, 1, 1)
    assert reply[ICMPv6NDOptDstLLAddr].lladdr == BENCH.mac


def test_the_advertisements_checksum_is_that_of_scapy() -> None:
    frame = Neighbour(BENCH).answer(solicitation(BENCH.ip6))
    assert frame is not None
    rebuilt = Ether(frame)
    del rebuilt[ICMPv6ND_NA].cksum
    assert bytes(rebuilt) == frame


def test_a_probe_from_the_unspecified_address_is_answered_to_all_nodes() -> None:
    frame = Neighbour(BENCH).answer(solicitation(BENCH.ip6, source="::"))
    assert frame is not None
    reply = Ether(frame)
    assert (reply.dst, reply[IPv6].dst, reply[ICMPv6ND_NA].S) == ("33:33:00:00:00:01", "ff02::1", 0)


def test_solicitations_that_crossed_a_router_or_ask_for_others_are_not_answered() -> None:
    assert Neighbour(BENCH).answer(solicitation(BENCH.ip6, hops=254)) is None
    assert Neighbour(BENCH).answer(solicitation("2001:db8::77")) is None
    assert Neighbour(BENCH).answer(solicitation(BENCH.ip6)[:70]) is None


def changed(frame: bytes, at: int, value: int) -> bytes:
    return frame[:at] + bytes([value]) + frame[at + 1 :]


PROBE_WITH_OPTION = bytes(
    Ether(src=BOARD.mac, dst="33:33:ff:00:00:02")
    / IPv6(src="::", dst="ff02::1:ff00:2", hlim=255)
    / ICMPv6ND_NS(tgt=BENCH.ip6)
    / ICMPv6NDOptSrcLLAddr(lladdr=BOARD.mac)
)
VOID = {
    "checksum": solicitation(BENCH.ip6, cksum=0xBAD),
    "code 1": solicitation(BENCH.ip6, code=1),
    "source option from ::": PROBE_WITH_OPTION,
    "option of length 0": bytes(
        Ether(src=BOARD.mac, dst="33:33:ff:00:00:02")
        / IPv6(src=BOARD.link_local, dst="ff02::1:ff00:2", hlim=255)
        / ICMPv6ND_NS(tgt=BENCH.ip6)
        / ICMPv6NDOptSrcLLAddr(len=0, lladdr=BOARD.mac)
    ),
    "payload length 23": changed(solicitation(BENCH.ip6), 19, 23),
    "payload length beyond the frame": changed(solicitation(BENCH.ip6), 19, 33),
}


@pytest.mark.parametrize("frame", VOID.values(), ids=VOID.keys())
def test_a_void_solicitation_is_not_answered(frame: bytes) -> None:
    """RFC 4861, section 7.1.1."""
    neighbour = Neighbour(BENCH)
    assert neighbour.answer(frame) is None
    neighbour.strict = False
    assert neighbour.answer(frame) is not None


def test_the_answer_goes_to_the_address_in_the_option() -> None:
    frame = bytearray(solicitation(BENCH.ip6))
    frame[6:12] = bytes.fromhex(
        "00005e005399"
    )  # a bridge may send for others; the checksum does not cover it
    answer = Neighbour(BENCH).answer(bytes(frame))
    assert answer is not None and Ether(answer).dst == BOARD.mac


def test_a_disabled_neighbour_is_silent() -> None:
    neighbour = Neighbour(BENCH)
    neighbour.enabled = False
    assert neighbour.answer(request()) is None
    assert neighbour.answer(solicitation(BENCH.ip6)) is None


def test_the_checksum_pads_odd_lengths_and_folds_carries() -> None:
    assert checksum(b"\x00\x01\xf2\x03\xf4\xf5\xf6\xf7") == 0x220D  # RFC 1071, section 3
    assert checksum(b"\xff\xff\x01") == 0xFEFF
