"""Captures as files, ours and other tools': pcap and pcapng, read strictly.

Scapy reads the packets; it stops silently where a file is cut off, so the structure is checked first.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from scapy.error import Scapy_Exception
from scapy.utils import RawPcapNgReader, RawPcapReader

from emulation.errors import UserError

SECTION_HEADER = 0x0A0D0D0A
PCAP_MAGIC = (0xA1B2C3D4, 0xA1B23C4D)
IPV4, IPV6 = b"\x08\x00", b"\x86\xdd"
RAW_IP = (12, 14, 101, 228, 229)
LOOPBACK = (0, 108)
ETHERNET, LINUX_COOKED, LINUX_COOKED_2 = 1, 113, 276
ADVICE = "write it anew with Wireshark, tshark, tcpdump or the bench (.pcap or .pcapng, not compressed)"


class OtherLink(ValueError):
    """The packets come from a link that cannot be made Ethernet."""


class Packet(NamedTuple):
    """A packet of a capture: seconds, an Ethernet frame (made up where the link was another), its comment."""

    time: float
    frame: bytes
    comment: str


def read_capture(path: Path) -> list[Packet]:
    """All packets of a capture, in its order. Raises UserError for a file that is none or is damaged."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}", "name a .pcap or .pcapng file") from None
    try:
        if not data:
            raise ValueError("it is empty")
        if len(data) >= 12 and int.from_bytes(data[:4], "little") == SECTION_HEADER:
            _check_pcapng(data)
            return list(_pcapng(data))
        _check_pcap(data)
        return list(_pcap(data))
    except OtherLink as error:
        raise UserError(f"{path} cannot be drawn: {error}", "capture on another interface") from None
    except (ValueError, Scapy_Exception, struct.error, EOFError) as error:
        raise UserError(f"{path} is no capture, or damaged: {error}", ADVICE) from None


def _check_pcapng(data: bytes) -> None:
    """Blocks have to follow each other to the end (draft-ietf-opsawg-pcapng, section 3.1)."""
    at, order = 0, "<"
    while at < len(data):
        if data[at : at + 4] == SECTION_HEADER.to_bytes(4, "little"):
            order = "<" if data[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
        if at + 12 > len(data):
            raise ValueError(f"it ends within a block, at byte {at}")
        (size,) = struct.unpack_from(f"{order}I", data, at + 4)
        if size < 12 or size % 4:
            raise ValueError(f"the block at byte {at} has the impossible size {size}")
        if at + size > len(data):
            raise ValueError(f"it ends within the block at byte {at}")
        if struct.unpack_from(f"{order}I", data, at + size - 4) != (size,):
            raise ValueError(f"the two sizes of the block at byte {at} differ")
        at += size


def _check_pcap(data: bytes) -> None:
    """A header of 24 bytes, then records to the end (draft-ietf-opsawg-pcap, sections 4 and 5)."""
    order = next((o for o in "<>" if data[:4] in [struct.pack(f"{o}I", m) for m in PCAP_MAGIC]), None)
    if order is None:
        raise ValueError("it begins with neither pcap's nor pcapng's magic number")
    if len(data) < 24:
        raise ValueError("it ends within its header")
    at = 24
    while at < len(data):
        if at + 16 > len(data):
            raise ValueError(f"it ends within the record at byte {at}")
        (size,) = struct.unpack_from(f"{order}I", data, at + 8)
        at += 16 + size
        if at > len(data):
            raise ValueError(f"it ends within the record at byte {at - size - 16}")


def _pcapng(data: bytes) -> Iterator[Packet]:
    for raw, about in RawPcapNgReader(io.BytesIO(data)):
        ticks = ((about.tshigh or 0) << 32) + (about.tslow or 0)
        comments = b"; ".join(about.comments or []).decode("utf-8", "replace")
        yield Packet(ticks / (about.tsresol or 1_000_000), _ethernet(raw, about.linktype), comments)


def _pcap(data: bytes) -> Iterator[Packet]:
    reader = RawPcapReader(io.BytesIO(data))
    for raw, about in reader:
        time = about.sec + about.usec / (1e9 if reader.nano else 1e6)
        yield Packet(time, _ethernet(raw, reader.linktype), "")


def _ethernet(raw: bytes, link: int) -> bytes:
    """The packet as an Ethernet frame; addresses are zero where the link has none."""
    none = bytes(12)
    if link == ETHERNET:
        return raw
    if link == LINUX_COOKED:
        return bytes(6) + raw[6:12] + raw[14:]
    if link == LINUX_COOKED_2:
        return bytes(6) + raw[12:18] + raw[:2] + raw[20:]
    if link in LOOPBACK:
        raw = raw[4:]
    elif link not in RAW_IP:
        raise OtherLink(
            f"its packets are of link type {link}: Ethernet, IP, loopback and cooked can be drawn"
        )
    return none + (IPV6 if raw[:1] and raw[0] >> 4 == 6 else IPV4) + raw
