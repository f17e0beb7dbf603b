"""Fill in what a crafted packet leaves open: as the bench host would, never from the host machine's tables.

Scapy asks the operating system's routing and neighbour tables for source addresses and next hops. On the
bench there is one segment with two stations, so the answers are known, and the same on every machine.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import NoPayload, Packet

from bench.addresses import Station

BROADCAST_MAC = "ff:ff:ff:ff:ff:ff"
ARP_REQUEST = 1


def complete(packet: Packet, host: Station, board: Station) -> Packet:
    """A copy of `packet` with open addresses filled in, and with an Ethernet header if it starts at layer 3.

    Filled are Ether src and dst, ARP hwsrc, psrc and pdst, IP and IPv6 src and dst, at every depth (tunnels).
    Whatever the caller has set stays, however wrong it is.
    """
    packet = packet.copy()
    if isinstance(packet, IP | IPv6 | ARP):
        packet = Ether() / packet
    layer = packet
    while layer is not None and not isinstance(layer, NoPayload):
        # Exact classes: a header quoted in an ICMP error (IPerror) is evidence, not an address to fill.
        if type(layer) is IP:
            _default(layer, "dst", board.ip)
            _default(layer, "src", host.ip)
        elif type(layer) is IPv6:
            _default(layer, "dst", board.ip6)
            _default(layer, "src", host.link_local if _is_link_scope(layer.dst) else host.ip6)
        elif type(layer) is ARP:
            _default(layer, "hwsrc", host.mac)
            _default(layer, "psrc", host.ip)
            _default(layer, "pdst", board.ip)
        layer = layer.payload
    if type(packet) is Ether:
        _default(packet, "src", host.mac)
        _default(packet, "dst", next_hop(packet.payload, board))
    return packet


def next_hop(packet: Packet, board: Station) -> str:
    """The MAC address a packet goes to: a group address for multicast and broadcast, or the board's."""
    if isinstance(packet, ARP):
        return BROADCAST_MAC if packet.op == ARP_REQUEST else board.mac
    if not isinstance(packet, IP | IPv6):
        return board.mac
    try:
        address = ipaddress.ip_address(str(packet.dst))
    except ValueError:
        return board.mac
    network = ipaddress.ip_network(f"{board.ip}/{board.prefix}", strict=False)
    if address in (ipaddress.IPv4Address("255.255.255.255"), network.broadcast_address):
        return BROADCAST_MAC
    if not address.is_multicast:
        return board.mac
    low = address.packed[-4:]
    if address.version == 6:
        return "33:33:" + low.hex(":")  # RFC 2464, section 7
    return "01:00:5e:" + bytes([low[1] & 0x7F, low[2], low[3]]).hex(":")  # RFC 1112, section 6.4


def _default(layer: Packet, name: str, value: Any) -> None:
    # A field can be open (absent or None), set by the caller, or set by the layer above it (overloaded).
    if layer.fields.get(name) is None and layer.overloaded_fields.get(name) is None:
        layer.setfieldval(name, value)


def _is_link_scope(address: Any) -> bool:
    try:
        destination = ipaddress.IPv6Address(str(address))
    except ValueError:
        return False
    # ff02::/16 is link-local multicast (RFC 4291, section 2.7).
    return destination.is_link_local or destination.packed[:2] == b"\xff\x02"
