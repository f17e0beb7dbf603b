"""The bench's own station on a live segment: what others get of it, and when it gives way."""

from __future__ import annotations

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr, IPv6
from scapy.layers.l2 import ARP, Ether

from bench.addresses import BENCH, BOARD, Station, host_at, host_beside, station_at
from bench.live import ConnectionEvent, NoteEvent, Relay
from bench.live.tap_device import HOST, host_beside_both
from bench.live.wire_client import WireClient
from bench.tests.test_live_relay import Client
from bench.tests.test_live_tap import Joined
from emulation.errors import UserError

ANOTHER = "02:00:00:00:00:09"


@pytest.fixture
def joined(monkeypatch: pytest.MonkeyPatch) -> Joined:
    return Joined(monkeypatch)


def who_has(ip: str, *, sender: str = HOST.ip, mac: str = HOST.mac) -> bytes:
    return bytes(Ether(src=mac, dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc=mac, psrc=sender, pdst=ip))


def solicitation(ip: str, *, sender: str = HOST.ip6) -> bytes:
    return bytes(
        Ether(src=HOST.mac, dst="33:33:ff:00:00:02")
        / IPv6(src=sender, dst="ff02::1:ff00:2")
        / ICMPv6ND_NS(tgt=ip)
    )


def test_others_on_the_segment_find_the_bench(joined: Joined) -> None:
    joined.send(who_has(BENCH.ip))
    (answer,) = map(Ether, joined.tap.given)
    assert (answer[ARP].op, answer[ARP].hwsrc, answer[ARP].psrc) == (2, BENCH.mac, BENCH.ip)
    assert answer.dst == HOST.mac
    joined.send(solicitation(BENCH.ip6))
    answer = Ether(joined.tap.given[1])
    assert (answer[ICMPv6ND_NA].tgt, answer.src, answer.dst) == (BENCH.ip6, BENCH.mac, HOST.mac)


@pytest.mark.parametrize("frame", [who_has("192.0.2.77"), who_has(BOARD.ip), solicitation(BOARD.ip6)])
def test_it_answers_for_nobody_else(joined: Joined, frame: bytes) -> None:
    joined.send(frame)
    assert joined.tap.given == []


def test_it_defends_its_address_against_one_who_only_asks_for_it(joined: Joined) -> None:
    joined.send(who_has(BENCH.ip, sender="0.0.0.0"), solicitation(BENCH.ip6, sender="::"))
    assert len(joined.tap.given) == 2
    assert joined.live.host.present


def test_it_serves_nothing_and_says_so(joined: Joined) -> None:
    knock = Ether(src=HOST.mac, dst=BENCH.mac) / IP(src=HOST.ip, dst=BENCH.ip) / TCP(sport=5, dport=80)
    joined.send(bytes(knock))
    (answer,) = map(Ether, joined.tap.given)
    assert (answer[TCP].flags, answer[TCP].dport, answer[IP].dst) == ("RA", 5, HOST.ip)


def test_it_asks_whether_somebody_has_its_addresses(joined: Joined) -> None:
    probe, solicitation = map(Ether, joined.asked)
    assert (probe[ARP].op, probe[ARP].psrc, probe[ARP].pdst) == (1, "0.0.0.0", BENCH.ip)
    assert (solicitation[IPv6].src, solicitation[ICMPv6ND_NS].tgt) == ("::", BENCH.ip6)
    assert solicitation[IPv6].dst == "ff02::1:ff00:2"


ADVERTISED = (
    Ether(src=ANOTHER, dst="33:33:00:00:00:01")
    / IPv6(src=BENCH.ip6, dst="ff02::1")
    / ICMPv6ND_NA(tgt=BENCH.ip6, R=0)
    / ICMPv6NDOptDstLLAddr(lladdr=ANOTHER)
)


@pytest.mark.parametrize(
    "claim",
    [
        who_has("192.0.2.77", sender=BENCH.ip, mac=ANOTHER),
        who_has(BENCH.ip, sender=BENCH.ip, mac=ANOTHER),
        bytes(Ether(src=ANOTHER) / ARP(op=2, hwsrc=ANOTHER, psrc=BENCH.ip, pdst="0.0.0.0")),
        bytes(ADVERTISED),
    ],
    ids=["request", "announcement", "reply", "advertisement"],
)
def test_a_station_that_has_the_address_keeps_it(joined: Joined, claim: bytes) -> None:
    told: list[object] = []
    joined.live.feed.subscribe(told.append)
    relay = Relay(joined.live)
    client = Client(relay)
    joined.send(claim, who_has(BENCH.ip), solicitation(BENCH.ip6))
    assert not [frame for frame in joined.tap.given if ARP in Ether(frame) or ICMPv6ND_NA in Ether(frame)]
    (note,) = [event.text for event in told if isinstance(event, NoteEvent)]
    assert f"belongs to the station {ANOTHER}" in note
    assert "--host" in note
    assert client.aborted, "its connection can no longer be carried on"
    late = Client(relay)
    assert late.aborted
    assert [event.what for event in told if isinstance(event, ConnectionEvent)] == [
        "open",
        "ended by the bench",
    ]
    with pytest.raises(UserError, match="the bench has no station on this segment"):
        WireClient(joined.live, lambda what, text: None).connect(8080)


def test_frames_of_its_own_are_no_claim(joined: Joined) -> None:
    joined.send(who_has("192.0.2.77", sender=BENCH.ip, mac=BENCH.mac))
    assert joined.live.host.present


# Where it is


@pytest.mark.parametrize(
    ("board", "addresses", "ip", "ip6"),
    [
        (None, [], BENCH.ip, BENCH.ip6),
        (None, ["192.0.2.9"], "192.0.2.9", BENCH.ip6),
        (None, ["2001:db8::9"], BENCH.ip, "2001:db8::9"),
        (None, ["2001:DB8:0::9", "192.0.2.9"], "192.0.2.9", "2001:db8::9"),
        ("10.0.0.7/8", ["10.9.9.9"], "10.9.9.9", BENCH.ip6),
    ],
)
def test_the_bench_can_be_elsewhere(board: str | None, addresses: list[str], ip: str, ip6: str) -> None:
    station = station_at(board)
    found = host_at(station, addresses)
    assert (found.ip, found.ip6, found.prefix) == (ip, ip6, station.prefix)
    assert found.mac == BENCH.mac


@pytest.mark.parametrize(
    ("address", "wrong"),
    [
        ("bench", "is no address"),
        ("192.0.2.9/24", "is no address"),
        ("192.0.3.9", "on the board's network 192.0.2.0/24"),
        ("192.0.2.0", "is no address of a station"),
        ("192.0.2.255", "is no address of a station"),
        ("2001:db9::9", "on the board's network 2001:db8::/64"),
        (BOARD.ip, "is the board's own address"),
        (BOARD.ip6, "is the board's own address"),
    ],
)
def test_where_it_cannot_be_is_refused(address: str, wrong: str) -> None:
    with pytest.raises(UserError, match=wrong):
        host_at(BOARD, [address])


def test_one_address_of_a_kind_is_enough() -> None:
    with pytest.raises(UserError, match=r"one IPv4 address, not 192\.0\.2\.8 and 192\.0\.2\.9"):
        host_at(BOARD, ["192.0.2.8", "192.0.2.9"])


@pytest.mark.parametrize("bench", [host_at(BOARD, [HOST.ip, HOST.ip6]), host_beside(BOARD)])
def test_this_machine_gets_out_of_its_way(bench: Station) -> None:
    found = host_beside_both(BOARD, bench)
    assert found.ip not in (bench.ip, BOARD.ip)
    assert found.ip6 not in (bench.ip6, BOARD.ip6)
