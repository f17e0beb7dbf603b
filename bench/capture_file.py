"""Read captures of either format, pcap and pcapng, whoever wrote them; one that is not whole is refused.

Scapy decodes them, but its readers stop without a word where a file ends too early.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from scapy.error import Scapy_Exception
from scapy.utils import RawPcapNgReader, RawPcapReader

from bench.capture import BYTE_ORDER_MAGIC, DIRECTIONS, LINKTYPE_ETHERNET, SECTION_HEADER
from emulation.errors import UserError

HINT = "give a whole pcap or pcapng file of Ethernet frames"
_PCAP_MAGIC = {0xA1B2C3D4: 10**6, 0xA1B23C4D: 10**9}
"""Ticks a second, by magic number (draft-ietf-opsawg-pcap, section 4)."""
_DIRECTIONS = {bits: name for name, bits in DIRECTIONS.items()}


@dataclass(frozen=True)
class StoredFrame:
    """A frame of a capture file: seconds, bytes, and the direction if the file tells it."""

    time: float
    data: bytes
    direction: str = ""
    """`to-board`, `from-board`, or empty."""


def read_capture(path: Path) -> list[StoredFrame]:
    """The frames of a file. Raises UserError for one that is missing, damaged, cut, or not of Ethernet."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read the capture {path}: {error.strerror}", HINT) from None
    pcapng = content[:4] == SECTION_HEADER.to_bytes(4, "big")
    damage = _pcapng_damage(content) if pcapng else _pcap_damage(content)
    if damage:
        raise UserError(f"{path} is no usable capture: {damage}", HINT)
    try:
        return _pcapng(path) if pcapng else _pcap(path)
    except (Scapy_Exception, struct.error, EOFError, ValueError, IndexError, KeyError) as error:
        raise UserError(f"{path} is no usable capture: {error}", HINT) from None


def _pcapng(path: Path) -> list[StoredFrame]:
    frames = []
    with RawPcapNgReader(str(path)) as reader:
        for data, told in reader:
            _only_ethernet(told.linktype)
            ticks = (told.tshigh or 0) << 32 | (told.tslow or 0)
            direction = _DIRECTIONS.get((told.direction or 0) & 3, "")
            frames.append(StoredFrame(ticks / told.tsresol, bytes(data), direction))
    return frames


def _pcap(path: Path) -> list[StoredFrame]:
    with RawPcapReader(str(path)) as reader:
        _only_ethernet(reader.linktype)
        ticks = 10**9 if reader.nano else 10**6
        return [StoredFrame(told.sec + told.usec / ticks, bytes(data)) for data, told in reader]


def _only_ethernet(linktype: int) -> None:
    if linktype != LINKTYPE_ETHERNET:
        raise ValueError(f"it is of link type {linktype}, not of Ethernet (1)")


def _pcap_damage(content: bytes) -> str:
    """What is wrong with the structure of a pcap file, empty if nothing is."""
    order = next(
        (o for o in "<>" if len(content) >= 24 and struct.unpack(o + "I", content[:4])[0] in _PCAP_MAGIC), ""
    )
    if not order:
        return "it is neither pcap nor pcapng" if len(content) >= 24 else f"it has only {len(content)} bytes"
    at = 24
    while at < len(content):
        if at + 16 > len(content):
            return f"it ends inside the record at byte {at}"
        size = struct.unpack(order + "I", content[at + 8 : at + 12])[0]
        if at + 16 + size > len(content):
            return f"it ends inside the record at byte {at}"
        at += 16 + size
    return ""


def _pcapng_damage(content: bytes) -> str:
    """What is wrong with the blocks of a pcapng file, empty if nothing is."""
    at, order = 0, "<"
    while at < len(content):
        if at + 12 > len(content):
            return f"it ends inside the block at byte {at}"
        if content[at : at + 4] == SECTION_HEADER.to_bytes(4, "big"):
            order = next(
                (o for o in "<>" if struct.pack(o + "I", BYTE_ORDER_MAGIC) == content[at + 8 : at + 12]), ""
            )
            if not order:
                return f"the section at byte {at} has no byte order"
        size = struct.unpack(order + "I", content[at + 4 : at + 8])[0]
        if size < 12 or size % 4:
            return f"the block at byte {at} has a size of {size}"
        if at + size > len(content):
            return f"it ends inside the block at byte {at}"
        if content[at + size - 4 : at + size] != content[at + 4 : at + 8]:
            return f"the block at byte {at} says two different sizes"
        at += size
    return ""
