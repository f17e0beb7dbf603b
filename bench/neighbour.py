"""The bench host answers address resolution: ARP (RFC 826), Neighbor Discovery (RFC 4861, section 7.2.4).

Sans-I/O: a frame goes in, the frame that answers it comes out. Frames are taken apart by hand since every
frame of the board passes through here. What a receiver has to drop (`bench.reception`) is not answered.
"""

from __future__ import annotations

import ipaddress

from bench.addresses import Station
from bench.layers.tcpip import checksum
from bench.reception.defect import Defect, drops
from bench.reception.icmpv6 import source_link_layer
from bench.reception.link import Inspector

ETHERTYPE_ARP = b"\x08\x06"
ETHERTYPE_IPV6 = b"\x86\xdd"
ARP_ETHERNET_IPV4_REQUEST = b"\x00\x01\x08\x00\x06\x04\x00\x01"
ARP_ETHERNET_IPV4_REPLY = b"\x00\x01\x08\x00\x06\x04\x00\x02"
ICMPV6 = 58
NEIGHBOR_SOLICITATION = 135
NEIGHBOR_ADVERTISEMENT = 136
FLAG_SOLICITED = 0x40
FLAG_OVERRIDE = 0x20
ALL_NODES = ipaddress.IPv6Address("ff02::1").packed
UNSPECIFIED = bytes(16)


class Neighbour:
    """Answers for one station's addresses.

    `enabled = False` makes the station deaf, as if it were unplugged.
    """

    def __init__(self, station: Station) -> None:
        self.enabled = True
        """Whether it answers at all."""
        self.strict = True
        """Whether it answers only what is right (RFC 4861, section 7.1.1; see `bench.reception`)."""
        self._inspector = Inspector(station)
        self._mac = bytes.fromhex(station.mac.replace(":", ""))
        self._ip = ipaddress.IPv4Address(station.ip).packed
        self._ip6 = {ipaddress.IPv6Address(a).packed for a in (station.ip6, station.link_local)}

    def answer(self, frame: bytes) -> bytes | None:
        """The reply to an ARP request or a neighbor solicitation for this station.

        None for any other frame.
        """
        if not self.enabled:
            return None
        if frame[12:14] == ETHERTYPE_ARP:
            return self._arp(frame)
        if frame[12:14] == ETHERTYPE_IPV6:
            return self._solicitation(frame)
        return None

    def _arp(self, frame: bytes) -> bytes | None:
        packet = frame[14:42]
        if len(packet) < 28 or packet[:8] != ARP_ETHERNET_IPV4_REQUEST or packet[24:28] != self._ip:
            return None
        if not self._accepts(frame):
            return None
        sender = packet[8:18]
        reply = ARP_ETHERNET_IPV4_REPLY + self._mac + self._ip + sender
        return sender[:6] + self._mac + ETHERTYPE_ARP + reply

    def _solicitation(self, frame: bytes) -> bytes | None:
        packet = frame[14:]
        if len(packet) < 64 or packet[6] != ICMPV6 or packet[40] != NEIGHBOR_SOLICITATION:
            return None
        target = packet[48:64]
        if target not in self._ip6 or not self._accepts(frame):
            return None
        source = packet[8:24]
        probe = source == UNSPECIFIED
        flags = FLAG_OVERRIDE if probe else FLAG_OVERRIDE | FLAG_SOLICITED
        destination = ALL_NODES if probe else source
        option = b"\x02\x01" + self._mac
        body = bytes([NEIGHBOR_ADVERTISEMENT, 0, 0, 0, flags, 0, 0, 0]) + target + option
        pseudo = target + destination + len(body).to_bytes(4, "big") + bytes([0, 0, 0, ICMPV6])
        body = body[:2] + checksum(pseudo + body).to_bytes(2, "big") + body[4:]
        header = b"\x60\0\0\0" + len(body).to_bytes(2, "big") + bytes([ICMPV6, 255]) + target + destination
        # The sender's address is what its option says (RFC 4861, section 7.2.3), whoever the frame is from.
        sender = source_link_layer(packet[40 : 40 + int.from_bytes(packet[4:6], "big")]) or frame[6:12]
        mac = b"\x33\x33" + ALL_NODES[12:] if probe else sender
        return mac + self._mac + ETHERTYPE_IPV6 + header + body

    def _accepts(self, frame: bytes) -> bool:
        if not self.strict:
            return True
        found: list[Defect] = []
        self._inspector.look_into(frame, found)
        return not drops(found)
