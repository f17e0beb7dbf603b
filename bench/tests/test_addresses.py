"""Boards with addresses of their own, and the bench beside them."""

from __future__ import annotations

import pytest

from bench.addresses import BENCH, BOARD, host_beside, station_at
from emulation.errors import UserError


def test_without_a_word_it_is_the_projects_board() -> None:
    assert station_at() == BOARD
    assert host_beside(BOARD) == BENCH


@pytest.mark.parametrize(
    ("ip", "bench"),
    [
        ("192.0.2.7", "192.0.2.2"),
        ("192.0.2.2", "192.0.2.3"),
        ("10.0.0.7/8", "10.0.0.8"),
        ("192.168.1.254", "192.168.1.253"),
        ("198.51.100.6/30", "198.51.100.5"),
    ],
)
def test_the_bench_is_on_the_network_of_the_board(ip: str, bench: str) -> None:
    station = station_at(ip)
    host = host_beside(station)
    assert (station.ip, host.ip, host.mac) == (ip.split("/")[0], bench, BENCH.mac)
    assert host.ip == BENCH.ip or host.prefix == station.prefix


def test_a_mac_address_makes_the_link_local_address() -> None:
    assert station_at(mac="00:04:A3:00:00:01").link_local == "fe80::204:a3ff:fe00:1"
    assert station_at(mac=BOARD.mac) == BOARD


@pytest.mark.parametrize(
    "ip", ["", "192.0.2", "192.0.2.1/33", "224.0.0.1", "0.0.0.0", "127.0.0.1", "2001:db8::1"]
)
def test_what_is_no_address_of_a_station_is_refused(ip: str) -> None:
    with pytest.raises(UserError, match="write it like"):
        station_at(ip)


@pytest.mark.parametrize("mac", ["", "00:04:a3", "01:00:5e:00:00:01", "00-04-a3-00-00-01"])
def test_what_is_no_mac_address_is_refused(mac: str) -> None:
    with pytest.raises(UserError, match="write it like"):
        station_at(mac=mac)
