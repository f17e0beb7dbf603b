"""The two stations on the wire and their addresses.

The IPv4 addresses are of TEST-NET-1 (RFC 5737), the IPv6 ones of the documentation prefix (RFC 3849), the MAC
addresses of the range for documentation (RFC 7042, section 2.1.1): none of them exists on a real network, so
nothing on the host can be meant by accident.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Station:
    """What a station on the segment answers to. Addresses are in their usual text forms."""

    name: str
    mac: str
    ip: str
    ip6: str
    link_local: str
    prefix: int = 24
    prefix6: int = 64


BOARD = Station("board", "00:00:5e:00:53:01", "192.0.2.1", "2001:db8::1", "fe80::200:5eff:fe00:5301")
BENCH = Station("bench", "00:00:5e:00:53:02", "192.0.2.2", "2001:db8::2", "fe80::200:5eff:fe00:5302")
