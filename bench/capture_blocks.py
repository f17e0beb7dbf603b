"""The packets of a pcap or pcapng file as they lie there, read front to back: records and blocks.

Sources: draft-ietf-opsawg-pcap (sections 4 and 5), draft-ietf-opsawg-pcapng (sections 3 and 4).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from bench.capture import (
    APPLICATION,
    BYTE_ORDER_MAGIC,
    DIRECTIONS,
    ENHANCED_PACKET,
    EPB_FLAGS,
    FCS_LENGTH_SHIFT,
    HARDWARE,
    IF_RESOLUTION,
    INTERFACE_DESCRIPTION,
    OPT_COMMENT,
    OPT_END,
    SECTION_HEADER,
    SHB_APPLICATION,
    SHB_HARDWARE,
    TOO_SHORT,
)

PCAP_MAGIC = {0xA1B2C3D4: 10**6, 0xA1B23C4D: 10**9}
"""Ticks a second, by magic number."""
FCS_PRESENT = 1 << 26
"""In the field of the link type: its upper four bits have the length of the FCS."""
PACKET, SIMPLE_PACKET = 2, 3
IF_FCS_LENGTH, IF_TIME_OFFSET = 13, 14
MICROSECONDS = 6
"""The resolution where `if_tsresol` is not there: the negative power of ten."""
LARGEST_PACKET = 1 << 18
"""Bytes: the largest that libpcap and Wireshark take."""
LARGEST_BLOCK = 1 << 24
"""Bytes, as in Wireshark."""


class Unusable(ValueError):
    """The file is no capture, or damaged."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.hint = hint


class RawPacket(NamedTuple):
    """A packet as the file has it."""

    at: int
    """Where its record or block begins in the file, in bytes."""
    time: float | None
    data: bytes
    size: int
    """Bytes that it had on the wire."""
    link: int
    interface: int
    fcs_length: int
    """0 where nothing is said of an FCS."""
    direction: str
    too_short: bool
    comment: str


class Interface(NamedTuple):
    """An interface of a section."""

    link: int
    snap_length: int
    ticks: int
    """A second."""
    offset: int
    """Seconds to be added to its times."""
    fcs_length: int


@dataclass
class Source:
    """What the file says of itself."""

    own: bool = False
    comment: str = ""
    order: str = "<"
    interfaces: list[Interface] = field(default_factory=list)
    """Of the present section."""
    before: int = 0
    """Interfaces of the sections before."""


def packets(stream: BinaryIO, source: Source) -> Iterator[RawPacket]:
    """The packets of a file, in its order. Raises Unusable."""
    begin = stream.read(4)
    if begin == SECTION_HEADER.to_bytes(4, "big"):
        yield from _pcapng(stream, begin, source)
        return
    order = next((o for o in "<>" if len(begin) == 4 and struct.unpack(o + "I", begin)[0] in PCAP_MAGIC), "")
    if not begin:
        raise Unusable("it is empty")
    if not order:
        raise Unusable("it begins with neither pcap's nor pcapng's magic number")
    yield from _pcap(stream, begin, order)


def _exactly(stream: BinaryIO, size: int, what: str, at: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise Unusable(f"it ends inside the {what} at byte {at}")
    return data


# -- pcap ----------------------------------------------------------------------------------------------------


def _pcap(stream: BinaryIO, begin: bytes, order: str) -> Iterator[RawPacket]:
    ticks = PCAP_MAGIC[struct.unpack(order + "I", begin)[0]]
    header = _exactly(stream, 20, "header", 0)
    major, minor, _, _, _, link = struct.unpack(order + "HHiIII", header)
    if (major, minor) != (2, 4):
        raise Unusable(f"it is of version {major}.{minor} of pcap; known is 2.4")
    fcs_length = link >> 28 if link & FCS_PRESENT else 0
    at, record = 24, struct.Struct(order + "IIII")
    while head := stream.read(16):
        if len(head) < 16:
            raise Unusable(f"it ends inside the record at byte {at}")
        seconds, fraction, captured, size = record.unpack(head)
        if fraction >= ticks:
            raise Unusable(f"the record at byte {at} has a fraction of more than a second")
        if captured > LARGEST_PACKET:
            raise Unusable(f"the record at byte {at} claims to have {captured} bytes")
        data = _exactly(stream, captured, "record", at)
        yield RawPacket(
            at, seconds + fraction / ticks, data, size, link & 0xFFFF, 0, fcs_length, "", False, ""
        )
        at += 16 + captured


# -- pcapng --------------------------------------------------------------------------------------------------


def _pcapng(stream: BinaryIO, begin: bytes, source: Source) -> Iterator[RawPacket]:
    at = 0
    while begin:
        if len(begin) < 4:
            raise Unusable(f"it ends inside the block at byte {at}")
        kind, body, size = _block(stream, begin, source, at)
        if kind == SECTION_HEADER:
            _section(body, source, at)
        elif kind == INTERFACE_DESCRIPTION:
            source.interfaces.append(_interface(body, source.order, at))
        elif kind in (ENHANCED_PACKET, PACKET):
            yield _packet(kind, body, source, at)
        elif kind == SIMPLE_PACKET:
            yield _simple_packet(body, source, at)
        at += size
        begin = stream.read(4)


def _block(stream: BinaryIO, begin: bytes, source: Source, at: int) -> tuple[int, bytes, int]:
    """Kind, body and size of a block; a section header also decides on the order of bytes."""
    length = _exactly(stream, 4, "block", at)
    magic = b""
    if begin == SECTION_HEADER.to_bytes(4, "big"):
        magic = _exactly(stream, 4, "block", at)
        order = next((o for o in "<>" if struct.pack(o + "I", BYTE_ORDER_MAGIC) == magic), "")
        if not order:
            raise Unusable(f"the section at byte {at} has no byte order")
        source.order = order
    kind, size = struct.unpack(source.order + "II", begin + length)
    if size < 12 + len(magic) or size % 4 or size > LARGEST_BLOCK:
        raise Unusable(f"the block at byte {at} has a size of {size}")
    body = magic + _exactly(stream, size - 12 - len(magic), "block", at)
    if _exactly(stream, 4, "block", at) != length:
        raise Unusable(f"the block at byte {at} says two different sizes")
    return kind, body, size


def _options(data: bytes, order: str, at: int) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = {}
    place = 0
    while place + 4 <= len(data):
        code, size = struct.unpack_from(order + "HH", data, place)
        if code == OPT_END:
            return found
        if place + 4 + size > len(data):
            break
        found.setdefault(code, []).append(data[place + 4 : place + 4 + size])
        place += 4 + size + -size % 4
    if place < len(data):
        raise Unusable(f"the options of the block at byte {at} are longer than it")
    return found


def _text(options: dict[int, list[bytes]], code: int) -> str:
    return "; ".join(value.rstrip(b"\0").decode("utf-8", "replace") for value in options.get(code, []))


def _section(body: bytes, source: Source, at: int) -> None:
    if len(body) < 16:
        raise Unusable(f"the section at byte {at} is too short")
    (major,) = struct.unpack_from(source.order + "H", body, 4)
    if major != 1:
        raise Unusable(f"the section at byte {at} is of version {major} of pcapng; known is 1")
    options = _options(body[16:], source.order, at)
    own = (_text(options, SHB_HARDWARE), _text(options, SHB_APPLICATION)) == (HARDWARE, APPLICATION)
    source.own = own and (at == 0 or source.own)
    source.comment = source.comment or _text(options, OPT_COMMENT)
    source.before += len(source.interfaces)
    source.interfaces = []


def _interface(body: bytes, order: str, at: int) -> Interface:
    if len(body) < 8:
        raise Unusable(f"the interface at byte {at} is too short")
    link, _, snap_length = struct.unpack_from(order + "HHI", body)
    options = _options(body[8:], order, at)

    def number(code: int, form: str, default: int) -> int:
        values = options.get(code)
        if values is None:
            return default
        if len(values[0]) != struct.calcsize(form):
            raise Unusable(f"option {code} of the interface at byte {at} has {len(values[0])} bytes")
        return int(struct.unpack(order + form, values[0])[0])

    resolution = number(IF_RESOLUTION, "B", MICROSECONDS)
    ticks = 2 ** (resolution & 0x7F) if resolution & 0x80 else 10**resolution
    offset, fcs_length = number(IF_TIME_OFFSET, "q", 0), number(IF_FCS_LENGTH, "B", 0)
    return Interface(link, snap_length, ticks, offset, fcs_length)


def _used(source: Source, number: int, at: int) -> Interface:
    if number >= len(source.interfaces):
        known = len(source.interfaces)
        raise Unusable(
            f"the packet at byte {at} is of interface {number}, but the section has described "
            + (f"only {known}" if known else "none")
        )
    return source.interfaces[number]


def _packet(kind: int, body: bytes, source: Source, at: int) -> RawPacket:
    if len(body) < 20:
        raise Unusable(f"the packet at byte {at} is too short")
    form = "IIIII" if kind == ENHANCED_PACKET else "HxxIIII"
    number, high, low, captured, size = struct.unpack_from(source.order + form, body)
    interface = _used(source, number, at)
    end = 20 + captured + -captured % 4
    if end > len(body):
        raise Unusable(f"the packet at byte {at} claims {captured} bytes, and its block has {len(body) - 20}")
    options = _options(body[end:], source.order, at)
    flags = 0
    if values := options.get(EPB_FLAGS):
        if len(values[0]) != 4:
            raise Unusable(f"the flags of the packet at byte {at} have {len(values[0])} bytes")
        (flags,) = struct.unpack(source.order + "I", values[0])
    directions = {bits: name for name, bits in DIRECTIONS.items()}
    return RawPacket(
        at,
        (high << 32 | low) / interface.ticks + interface.offset,
        body[20 : 20 + captured],
        size,
        interface.link,
        source.before + number,
        flags >> FCS_LENGTH_SHIFT & 0xF or interface.fcs_length,
        directions.get(flags & 3, "") if source.own else "",
        bool(flags & TOO_SHORT),
        _text(options, OPT_COMMENT),
    )


def _simple_packet(body: bytes, source: Source, at: int) -> RawPacket:
    """It has no time, and is of the first interface, whose snapshot length cuts it; 0 stands for none."""
    if len(body) < 4:
        raise Unusable(f"the packet at byte {at} is too short")
    (size,) = struct.unpack_from(source.order + "I", body)
    interface = _used(source, 0, at)
    captured = min(size, interface.snap_length or size)
    if captured + -captured % 4 != len(body) - 4:
        raise Unusable(f"the packet at byte {at} claims {captured} bytes, and its block has {len(body) - 4}")
    data = body[4 : 4 + captured]
    return RawPacket(at, None, data, size, interface.link, source.before, interface.fcs_length, "", False, "")
