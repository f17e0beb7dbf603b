"""What was found is counted and named, and nobody is blamed for what the bench has led to."""

from __future__ import annotations

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6NDOptDstLLAddr, IPv6
from scapy.layers.l2 import ARP, Ether

from bench.addresses import BENCH, BOARD
from bench.reception.defect import Defect
from bench.reception.findings import Reception, ReceptionError
from bench.tests.test_reception import VALID, cable, changed, spoilt


def test_findings_are_counted_by_their_kind() -> None:
    reception = Reception(BENCH)
    bad = spoilt("TCP", TCP, chksum=0xBAD)
    assert reception.told == ""
    reception.check()
    reception.judge(bad)
    mark = reception.mark()
    for frame in (bad, bad, spoilt("TCP", IP, ttl=1)):
        reception.judge(frame)
    assert reception.findings() == [
        "3 TCP segments with a wrong checksum dropped (RFC 9293, section 3.1)",
        "1 IPv4 packet with TTL 1 (RFC 1122, section 3.2.1.7)",
    ]
    assert reception.findings(mark)[0].startswith("2 TCP segments")
    with pytest.raises(ReceptionError, match="3 TCP segments with a wrong checksum dropped"):
        reception.check()
    assert len(reception.take()) == 2
    reception.check()


def test_a_lenient_reception_counts_nothing() -> None:
    reception = Reception(BENCH)
    reception.strict = False
    assert reception.judge(spoilt("TCP", TCP, chksum=0xBAD)) == ()
    assert reception.hears(changed("TCP", (5, 0x77)))
    reception.check()
    reception.strict = True
    assert not reception.hears(changed("TCP", (5, 0x77)))
    assert reception.hears(cable(VALID["probe"]))


def test_one_frame_is_one_finding() -> None:
    reception = Reception(BENCH)
    assert len(reception.judge(changed("TCP", (5, 0x77), (6, 1)))) == 2
    assert len(reception.findings()) == 1


def test_a_defect_tells_whether_the_frame_was_dropped() -> None:
    assert str(Defect("frame", "too short", "a rule")) == "dropped: frame too short, a rule"
    assert str(Defect("frame", "too odd", "a rule", dropped=False)) == "frame too odd, a rule"


@pytest.mark.parametrize(
    "frame",
    [
        cable(Ether(src=BENCH.mac, dst=BOARD.mac) / ARP(op=2, hwsrc="00:00:5e:00:53:77", psrc=BENCH.ip)),
        cable(
            Ether(src=BENCH.mac, dst=BOARD.mac)
            / IPv6(src=BENCH.ip6, dst=BOARD.ip6, hlim=255)
            / ICMPv6ND_NA(tgt=BENCH.ip6)
            / ICMPv6NDOptDstLLAddr(lladdr="00:00:5e:00:53:77")
        ),
    ],
    ids=["ARP", "Neighbor Discovery"],
)
def test_a_board_that_was_misled_is_not_blamed_for_its_addresses(frame: bytes) -> None:
    reception = Reception(BENCH)
    elsewhere = changed("TCP", (5, 0x77))
    reception.sent(bytes(VALID["TCP"]))
    reception.judge(elsewhere)
    assert len(reception.take()) == 1
    reception.sent(frame)
    assert reception.hears(elsewhere)
    assert reception.judge(elsewhere) == ()
    assert reception.findings() == []
    reception.judge(spoilt("TCP", TCP, chksum=0xBAD))
    assert len(reception.findings()) == 1
    reception.rewound(misled=False)
    reception.judge(elsewhere)
    assert len(reception.findings()) == 2
