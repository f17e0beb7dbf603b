"""Frames of another network, addressed to the board: addresses are exchanged, all else stays as it was.

Checksums are not made anew but follow what has changed (RFC 1624): one that was wrong stays wrong.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Sequence
from dataclasses import replace

from bench.addresses import Station
from bench.capture_file import StoredFrame
from emulation.errors import UserError

VLAN, IPV4, ARP, IPV6 = 0x8100, 0x0800, 0x0806, 0x86DD
NAMED = (4, 6, 16)
"""Bytes of an address: of IPv4, of Ethernet, of IPv6; others are what is left of one."""
CHECKSUMS = {6: 16, 17: 6, 58: 2}
"""Where the checksum over the addresses is, in bytes of the header of TCP, UDP and ICMPv6."""


class _Frame:
    """Where things are in a frame."""

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)
        self.kind, self.at = 0, 14
        if len(data) >= 14:
            (self.kind,) = struct.unpack_from(">H", data, 12)
        if self.kind == VLAN and len(data) >= 18:
            (self.kind,) = struct.unpack_from(">H", data, 16)
            self.at = 18
        self.size, source = {IPV4: (4, 12), IPV6: (16, 8), ARP: (4, 14)}.get(self.kind, (0, 0))
        self.source, self.target = (
            self.at + source,
            self.at + source + (10 if self.kind == ARP else self.size),
        )
        if self.target + self.size > len(data):
            self.size = 0

    @property
    def ends(self) -> tuple[bytes, bytes]:
        """Source and destination: IP addresses where it has some, else MAC addresses."""
        if not self.size:
            return bytes(self.data[6:12]), bytes(self.data[:6])
        data, size = bytes(self.data), self.size
        return data[self.source : self.source + size], data[self.target : self.target + size]

    def readdress(self, source: bytes, target: bytes | None) -> None:
        """Put IP addresses in; None leaves the destination, which is a group."""
        before = self.ends
        self.data[self.source : self.source + self.size] = source
        if target is not None:
            self.data[self.target : self.target + self.size] = target
        if self.kind != ARP:
            self._mend(b"".join(before), b"".join(self.ends))

    def _mend(self, before: bytes, after: bytes) -> None:
        if self.kind == IPV4:
            header = (self.data[self.at] & 0xF) * 4
            self._adjust(self.at + 10, before, after)
            protocol, first = (
                self.data[self.at + 9],
                not (self.data[self.at + 6] & 0x1F or self.data[self.at + 7]),
            )
        else:
            header, protocol, first = 40, self.data[self.at + 6], True
        if first and protocol in CHECKSUMS and not (self.kind == IPV4 and protocol == 58):
            place = self.at + header + CHECKSUMS[protocol]
            if protocol != 17 or any(self.data[place : place + 2]):  # 0 is UDP's word for none
                self._adjust(place, before, after)

    def _adjust(self, place: int, before: bytes, after: bytes) -> None:
        """RFC 1624, equation 3."""
        if place + 2 > len(self.data):
            return
        (old,) = struct.unpack_from(">H", self.data, place)
        words = f">{len(before) // 2}H"
        total = (old ^ 0xFFFF) + sum(word ^ 0xFFFF for word in struct.unpack(words, before))
        total += sum(struct.unpack(words, after))
        while total > 0xFFFF:
            total = (total & 0xFFFF) + (total >> 16)
        struct.pack_into(">H", self.data, place, total ^ 0xFFFF)


def is_group(address: bytes) -> bool:
    """Whether an address, IP or MAC, means several stations or none."""
    if len(address) not in (4, 16):
        return bool(address[:1] and address[0] & 1)
    parsed = ipaddress.ip_address(address)
    return parsed.is_multicast or parsed.is_unspecified or address == b"\xff" * 4


def rewrite(frames: Sequence[StoredFrame], board: Station, host: Station) -> tuple[list[StoredFrame], str]:
    """The frames that go to the station which the first of them goes to, from the bench host to the board.

    What goes to a group is taken along. Returns them and, in words, what was done. Raises UserError if no
    frame goes to a single station.
    """
    parsed = [_Frame(frame.data) for frame in frames]
    wanted: dict[int, bytes] = {}
    for frame in parsed:
        target = frame.ends[1]
        if len(target) in NAMED and not is_group(target):
            wanted.setdefault(len(target), target)
    if not wanted:
        raise UserError("no frame goes to a single station", "there is nothing to address to the board")
    sent = []
    for stored, frame in zip(frames, parsed, strict=True):
        source, target = frame.ends
        if (target != wanted.get(len(target)) and not is_group(target)) or source in wanted.values():
            continue
        group = is_group(target)
        if frame.size:
            ours, boards = _addresses(frame, board, host)
            frame.readdress(ours, None if group else boards)
        if not is_group(bytes(frame.data[:6])):
            frame.data[:6] = bytes.fromhex(board.mac.replace(":", ""))[: len(frame.data)]
        frame.data[6:12] = bytes.fromhex(host.mac.replace(":", ""))[: max(0, len(frame.data) - 6)]
        if frame.kind == ARP and len(frame.data) >= frame.at + 14:
            frame.data[frame.at + 8 : frame.at + 14] = frame.data[6:12]
        fcs = None if frame.data != stored.data else stored.fcs
        sent.append(replace(stored, data=bytes(frame.data), fcs=fcs))
    names = " and ".join(_name(address) for address in wanted.values())
    return sent, f"{len(sent)} of {len(frames)} frames, for {names}, are addressed to the board"


def _addresses(frame: _Frame, board: Station, host: Station) -> tuple[bytes, bytes]:
    if frame.size == 4:
        return ipaddress.ip_address(host.ip).packed, ipaddress.ip_address(board.ip).packed
    source, target = (ipaddress.ip_address(end) for end in frame.ends)
    ours = host.link_local if source.is_link_local else host.ip6
    boards = board.link_local if target.is_link_local else board.ip6
    return ipaddress.ip_address(ours).packed, ipaddress.ip_address(boards).packed


def _name(address: bytes) -> str:
    return address.hex(":") if len(address) == 6 else str(ipaddress.ip_address(address))


def destination(data: bytes) -> tuple[bytes, str | None]:
    """Where a frame goes: MAC address and, for IP to a single station, the IP address in its usual form."""
    frame = _Frame(data)
    target = frame.ends[1]
    single = frame.size and frame.kind != ARP and not is_group(target)
    return data[:6], str(ipaddress.ip_address(target)) if single else None
