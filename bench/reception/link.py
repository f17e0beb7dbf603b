"""What a receiver checks of Ethernet frames and of ARP; from here the checks above begin."""

from __future__ import annotations

import ipaddress

from bench.addresses import Station
from bench.reception.defect import Defect
from bench.reception.fragments import Fragments
from bench.reception.ipv4 import ipv4
from bench.reception.ipv6 import ipv6

SMALLEST, LARGEST = 60, 1514
"""Octets of a frame without its FCS (IEEE 802.3, section 3.2.8)."""
LONGEST_DATA = 1500
"""A type field up to this is a length (IEEE 802.3, section 3.2.6)."""
ARP, IPV4, IPV6 = b"\x08\x06", b"\x08\x00", b"\x86\xdd"
BROADCAST = b"\xff" * 6

_FRAME = "Ethernet frame"
MISADDRESSED = (
    Defect("IPv4 packet", "to a station in a group's frame", "RFC 1122, section 3.3.6"),
    Defect("IPv4 packet", "for this station to another's Ethernet address", "RFC 894"),
    Defect("IPv6 packet", "for this station to another's Ethernet address", "RFC 2464, section 6"),
)
"""What follows where the board has been told a wrong Ethernet address of this station."""


class Inspector:
    """Judges the frames that a station receives."""

    def __init__(self, station: Station) -> None:
        self._mac = bytes.fromhex(station.mac.replace(":", ""))
        addresses = (station.ip, station.ip6, station.link_local)
        self._own = {ipaddress.ip_address(address).packed for address in addresses}
        self._fragments = Fragments()

    def hears(self, frame: bytes) -> bool:
        """Whether the station's controller takes the frame: it is for the station or for a group."""
        return frame[:6] == self._mac or bool(frame[:1] and frame[0] & 1)

    def forget(self) -> None:
        """Fragments of packets that are not whole are gone."""
        self._fragments = Fragments()

    def inspect(self, frame: bytes) -> list[Defect]:
        """Everything that is wrong with a frame as it comes from the cable, without its FCS."""
        found: list[Defect] = []
        if len(frame) < SMALLEST:
            found.append(Defect(_FRAME, f"of {len(frame)} octets", "IEEE 802.3, section 3.2.8"))
        elif len(frame) > LARGEST:
            found.append(Defect(_FRAME, f"of {len(frame)} octets", "IEEE 802.3, section 3.2.7"))
        self.look_into(frame, found)
        return found

    def look_into(self, frame: bytes, found: list[Defect]) -> None:
        """Append what is wrong with a frame, whatever its length."""
        if len(frame) < 14:
            return
        if frame[6] & 1:
            found.append(Defect(_FRAME, "from a group address", "IEEE 802.3, section 3.2.3"))
        kind = frame[12:14]
        if kind == IPV4:
            ipv4(frame[14:], self._fragments, found)
            if len(frame) >= 34:
                self._destination(frame, frame[30:34], _group_of_ipv4(frame[30:34]), found)
        elif kind == IPV6:
            ipv6(frame[14:], self._fragments, found)
            if len(frame) >= 54:
                group = b"\x33\x33" + frame[50:54] if frame[38] == 0xFF else b""
                self._destination(frame, frame[38:54], group, found)
        elif kind == ARP:
            _arp(frame, found)
        else:
            size = int.from_bytes(kind, "big")
            if size <= LONGEST_DATA and size > len(frame) - 14:
                found.append(Defect(_FRAME, "with a wrong length", "IEEE 802.3, section 3.2.6"))

    def _destination(self, frame: bytes, address: bytes, group: bytes, found: list[Defect]) -> None:
        """The Ethernet address has to be that of the IP address; `group` is its, if it is one."""
        if group:
            if frame[:6] != group:
                rfc = "RFC 1112, section 6.4" if len(address) == 4 else "RFC 2464, section 7"
                found.append(Defect("multicast packet", "to another Ethernet address than its group's", rfc))
        elif address in self._own and frame[:6] != self._mac:
            found.append(MISADDRESSED[2 if len(address) == 16 else 0 if frame[0] & 1 else 1])

    def misleads(self, frame: bytes) -> bool:
        """Whether a frame to the board may tell it another Ethernet address of this station.

        That is address resolution which does not have the right one where it belongs.
        """
        if frame[12:14] == ARP:
            return frame[22:28] != self._mac
        if frame[12:14] != IPV6 or frame[20] in (6, 17):
            return False
        return self._mac not in frame[54:]


def _group_of_ipv4(address: bytes) -> bytes:
    if address == b"\xff" * 4:
        return BROADCAST
    if address[0] >> 4 != 14:
        return b""
    return bytes([1, 0, 0x5E, address[1] & 0x7F]) + address[2:]


def _arp(frame: bytes, found: list[Defect]) -> None:
    unit, rfc = "ARP packet", "RFC 826"
    packet = frame[14:]
    if len(packet) < 28:
        found.append(Defect(unit, "shorter than its fields", rfc))
        return
    if packet[:6] != b"\x00\x01\x08\x00\x06\x04":
        found.append(Defect(unit, "not for IPv4 over Ethernet", rfc))
        return
    operation = int.from_bytes(packet[6:8], "big")
    if operation not in (1, 2):
        found.append(Defect(unit, f"with operation {operation}", rfc))
    if packet[8:14] != frame[6:12]:
        found.append(Defect(unit, "whose sender is not the frame's", rfc))
    if packet[14] >= 224 or packet[14] == 127:
        found.append(Defect(unit, "from an IPv4 address that is no station's", "RFC 1122, section 3.2.1.3"))
    if operation == 2 and not frame[0] & 1 and packet[18:24] != frame[:6]:
        found.append(Defect(unit, "with an answer for another than it is sent to", rfc))
