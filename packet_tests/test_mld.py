"""Multicast Listener Discovery (RFC 2710, RFC 3810): the board reports its groups to routers of its link."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet6 import (
    ICMPv6MLQuery,
    ICMPv6MLReport,
    IPv6,
    IPv6ExtHdrHopByHop,
    RouterAlert,
)
from scapy.packet import Packet

from bench import Wire
from bench.addresses import BENCH

GROUPS = {"ff02::1:ff00:1", "ff02::1:ff00:5301"}
"""The solicited-node groups of the board's addresses."""
ALERT = IPv6ExtHdrHopByHop(options=[RouterAlert(value=0)])

pytestmark = pytest.mark.usefixtures("joined", "unharmed")


@pytest.fixture
def joined(wire: Wire) -> None:
    """What the board reports of its own accord when it has joined a group (RFC 2710, section 4) is over."""
    wire.run(1.0)


def query(header: Packet | None = ALERT, *, group: str = "::", **fields: Any) -> Packet:
    packet = IPv6(**({"src": BENCH.link_local, "dst": "ff02::1", "hlim": 1} | fields))
    message = ICMPv6MLQuery(mladdr=group, mrd=1000)
    return packet / header / message if header is not None else packet / message


def reports(wire: Wire, packet: Packet) -> list[Packet]:
    """What the board reports in the two seconds after `packet`."""
    wire.send(packet)
    return list(wire.sniff(timeout=2, lfilter=lambda p: ICMPv6MLReport in p))


def test_a_router_of_the_link_gets_a_report_for_each_group(wire: Wire) -> None:
    came = reports(wire, query())
    assert {p[ICMPv6MLReport].mladdr for p in came} == GROUPS
    assert len(came) == len(GROUPS)
    for packet in came:
        assert (packet[IPv6].hlim, packet[IPv6].src[:4]) == (1, "fe80")
        assert isinstance(packet[IPv6ExtHdrHopByHop].options[0], RouterAlert)


@pytest.mark.parametrize(
    "packet",
    [
        query(src=BENCH.ip6),
        query(hlim=2),
        query(hlim=255),
        query(None),
        query(IPv6ExtHdrHopByHop(options=[RouterAlert(value=1)])),
        query(IPv6ExtHdrHopByHop()),
    ],
    ids=["global source", "hop limit 2", "hop limit 255", "no header", "alert for RSVP", "no alert"],
)
def test_a_query_that_is_not_valid_is_not_answered(wire: Wire, packet: Packet) -> None:
    assert reports(wire, packet) == [], "RFC 2710, section 5; RFC 3810, section 6.2"


def test_a_query_for_one_group_gets_a_report_for_that(wire: Wire) -> None:
    group = "ff02::1:ff00:1"
    came = reports(wire, query(group=group, dst=group))
    assert [p[ICMPv6MLReport].mladdr for p in came] == [group]


@pytest.mark.parametrize("source", [BENCH.link_local, BENCH.ip6], ids=["of the link", "from beyond"])
def test_a_report_of_another_listener_of_the_link_spares_the_boards_own(wire: Wire, source: str) -> None:
    group = "ff02::1:ff00:1"
    wire.send(query())
    wire.send(IPv6(src=source, dst=group, hlim=1) / ALERT / ICMPv6MLReport(mladdr=group))
    came = wire.sniff(timeout=2, lfilter=lambda p: ICMPv6MLReport in p and p[IPv6].src != source)
    spared = {group} if source == BENCH.link_local else set()
    assert {p[ICMPv6MLReport].mladdr for p in came} == GROUPS - spared
