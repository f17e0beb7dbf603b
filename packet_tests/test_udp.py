"""UDP (RFC 768): nobody listens on the board; it says so, unless the datagram is damaged."""

from __future__ import annotations

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import ICMPv6DestUnreach, IPv6
from scapy.packet import Packet

from bench import Wire
from packet_tests.checks import assert_well_formed

pytestmark = pytest.mark.usefixtures("unharmed")

HEADERS = {"ipv4": IP, "ipv6": IPv6}
CLOSED = 9
DATA = b"anybody there?"


def answer(wire: Wire, packet: Packet) -> Packet | None:
    """The first ICMP or ICMPv6 error the board sends in the half second after `packet`."""
    wire.send(packet)
    seen = wire.sniff(count=1, timeout=0.5, lfilter=lambda p: ICMP in p or ICMPv6DestUnreach in p)
    return seen[0] if seen else None


@pytest.mark.parametrize("version", ["ipv4", pytest.param("ipv6", marks=pytest.mark.needs("ipv6"))])
def test_a_closed_port_is_reported_unreachable(wire: Wire, version: str) -> None:
    packet = HEADERS[version]() / UDP(sport=5000, dport=CLOSED) / DATA
    reply = answer(wire, packet)
    assert reply is not None, "RFC 1122, section 4.1.3.1; RFC 4443, section 3.1"
    if version == "ipv4":
        assert_well_formed(reply, wire.board)
        assert (reply[ICMP].type, reply[ICMP].code) == (3, 3)
    else:
        assert reply[ICMPv6DestUnreach].code == 4


@pytest.mark.parametrize("version", HEADERS)
@pytest.mark.parametrize("checksum", [0xBEEF, 0xFFFF])
def test_a_bad_checksum_is_ignored(wire: Wire, version: str, checksum: int) -> None:
    assert answer(wire, HEADERS[version]() / UDP(sport=5000, dport=CLOSED, chksum=checksum) / DATA) is None


def test_ipv4_may_do_without_a_checksum(wire: Wire) -> None:
    assert answer(wire, IP() / UDP(sport=5000, dport=CLOSED, chksum=0) / DATA) is not None


@pytest.mark.parametrize("destination", ["192.0.2.255", "255.255.255.255", "224.0.0.1"])
def test_a_datagram_to_many_is_never_answered_by_an_error(wire: Wire, destination: str) -> None:
    """RFC 1122, section 3.2.2."""
    assert answer(wire, IP(dst=destination) / UDP(sport=5000, dport=CLOSED) / DATA) is None
