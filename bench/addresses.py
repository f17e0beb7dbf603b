"""The two stations on the wire and their addresses.

The IPv4 addresses are of TEST-NET-1 (RFC 5737), the IPv6 ones of the documentation prefix (RFC 3849), the MAC
addresses of the range for documentation (RFC 7042, section 2.1.1): none of them exists on a real network, so
nothing on the host can be meant by accident. A firmware with addresses of its own gets a `station_at` them.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from emulation.errors import UserError


@dataclass(frozen=True)
class Station:
    """What a station on the segment answers to. Addresses are in their usual text forms."""

    name: str
    mac: str
    ip: str
    """IPv4."""
    ip6: str
    """IPv6, global."""
    link_local: str
    """IPv6, on this segment only."""
    prefix: int = 24
    """Bits of `ip` that name the network."""
    prefix6: int = 64
    """Bits of `ip6` that do."""


BOARD = Station("board", "00:00:5e:00:53:01", "192.0.2.1", "2001:db8::1", "fe80::200:5eff:fe00:5301")
"""The board, with the bench's own firmware."""
BENCH = Station("bench", "00:00:5e:00:53:02", "192.0.2.2", "2001:db8::2", "fe80::200:5eff:fe00:5302")
"""The bench host."""


def station_at(ip: str | None = None, mac: str | None = None) -> Station:
    """The board with another IPv4 address, `192.0.2.7` or `10.0.0.7/8` (default prefix 24), or MAC address.

    Raises UserError for an address that no single station can have.
    """
    station = BOARD
    if ip is not None:
        try:
            interface = ipaddress.IPv4Interface(ip)
        except ValueError:
            raise UserError(f"{ip!r} is no IPv4 address", "write it like 192.0.2.7 or 10.0.0.7/8") from None
        prefix = interface.network.prefixlen if "/" in ip else BOARD.prefix
        address = interface.ip
        if address.is_multicast or address.is_unspecified or address.is_loopback or prefix > 30:
            raise UserError(
                f"{ip} is no address of a station on a network", "write it like 192.0.2.7 or 10.0.0.7/8"
            )
        station = replace(station, ip=str(address), prefix=prefix)
    if mac is not None:
        octets = re.fullmatch(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", mac.lower())
        if octets is None or int(mac[:2], 16) & 1:
            raise UserError(f"{mac!r} is no MAC address of a station", "write it like 00:04:a3:00:00:01")
        station = with_mac(station, mac.lower())
    return station


def with_mac(station: Station, mac: str) -> Station:
    """The station with another MAC address, and the link-local address made of it (RFC 4291, appendix A)."""
    octets = bytes.fromhex(mac.replace(":", ""))
    identifier = bytes([octets[0] ^ 2]) + octets[1:3] + b"\xff\xfe" + octets[3:]
    link_local = ipaddress.IPv6Address(b"\xfe\x80" + bytes(6) + identifier)
    return replace(station, mac=mac, link_local=str(link_local))


def host_beside(board: Station) -> Station:
    """The bench host on the network of the board: a neighbour of its IPv4 address."""
    network = ipaddress.IPv4Interface(f"{board.ip}/{board.prefix}").network
    if ipaddress.IPv4Address(BENCH.ip) in network and board.ip != BENCH.ip:
        return BENCH
    number = int(ipaddress.IPv4Address(board.ip))
    for candidate in (number + 1, number - 1):
        address = ipaddress.IPv4Address(candidate)
        if address in network and address not in (network.network_address, network.broadcast_address):
            return replace(BENCH, ip=str(address), prefix=board.prefix)
    raise UserError(f"the network {network} has no room for the bench", "give the board a wider prefix")


def host_at(board: Station, addresses: Sequence[str]) -> Station:
    """The bench host beside the board with these addresses in place of its usual ones, one of a kind at most.

    Raises UserError for one that is none, or that a neighbour of the board cannot have.
    """
    given: dict[int, str] = {}
    for text in addresses:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            raise UserError(
                f"{text!r} is no address", "write it like 192.0.2.9 or 2001:db8::9, without a prefix"
            ) from None
        if address.version in given:
            raise UserError(
                f"the bench has one IPv{address.version} address, not {given[address.version]} and {text}",
                "name one of them",
            )
        own, prefix = (board.ip, board.prefix) if address.version == 4 else (board.ip6, board.prefix6)
        network = ipaddress.ip_network(f"{own}/{prefix}", strict=False)
        ends = (network.network_address, network.broadcast_address) if address.version == 4 else ()
        if address not in network or address in ends:
            raise UserError(
                f"{text} is no address of a station on the board's network {network}",
                "name one beside the board, or another network with --ip",
            )
        if address == ipaddress.ip_address(own):
            raise UserError(f"{text} is the board's own address", "name another one for the bench")
        given[address.version] = str(address)
    # Without an IPv4 address of its own it needs the usual one, for which there may be no room.
    station = replace(BENCH, prefix=board.prefix) if 4 in given else host_beside(board)
    return replace(station, ip=given.get(4, station.ip), ip6=given.get(6, station.ip6))
