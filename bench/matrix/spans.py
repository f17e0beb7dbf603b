"""Where the fields of a packet lie, found by asking Scapy's own field descriptions to serialise them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scapy.fields import PacketListField
from scapy.layers.inet import TCPOptionsField
from scapy.packet import NoPayload, Packet


@dataclass(frozen=True)
class Span:
    """A field in a frame: `start` and `width` in bits, from the frame's first bit."""

    name: str
    start: int
    width: int
    value: int
    kind: str
    """`address`, `checksum`, `flags`, `bytes`, `selector` (its values have names: types, kinds, operations)
    or `number`."""


@dataclass(frozen=True)
class Option:
    """An option in a list of them: kind, length, value. Offsets in bytes from the frame's first byte."""

    name: str
    start: int
    end: int


TCP_OPTIONS = {0: "EOL", 1: "NOP", 2: "MSS", 3: "WScale", 4: "SAckOK", 5: "SAck", 8: "Timestamp"}
IP_OPTIONS = {0: "EOL", 1: "NOP", 7: "RR", 68: "Timestamp", 131: "LSRR", 137: "SSRR", 148: "RouterAlert"}

_CHECKSUMS = ("chksum", "cksum")
_ADDRESSES = ("DestMACField", "SourceMACField", "MACField", "IPField", "SourceIPField", "DestIPField",
              "IP6Field", "SourceIP6Field", "DestIP6Field")  # fmt: skip


def layers(packet: Packet) -> Iterator[tuple[Packet, int]]:
    """Every layer of a dissected packet with its offset in bytes."""
    whole = len(bytes(packet))
    layer = packet
    while layer is not None and not isinstance(layer, NoPayload):
        yield layer, whole - len(bytes(layer))
        layer = layer.payload


def spans(layer: Packet, offset: int, frame: bytes, prefix: str = "") -> Iterator[Span]:
    """The fields of one dissected layer that begins `offset` bytes into `frame`."""
    built: Any = b""
    for field in layer.fields_desc:
        before = _bits(built)
        value = layer.getfieldval(field.name)
        built = field.addfield(layer, built, value)
        width = _bits(built) - before
        start = offset * 8 + before
        if not width:
            continue
        plain = _plain(field, layer)
        if isinstance(plain, PacketListField):
            at = start // 8
            for index, item in enumerate(value):
                yield from spans(item, at, frame, f"{prefix}{field.name}[{index}].")
                at += len(bytes(item))
        elif isinstance(plain, TCPOptionsField):
            for option in options(frame, start // 8, (start + width) // 8, TCP_OPTIONS):
                yield from _option_spans(option, frame, prefix)
        else:
            yield Span(prefix + field.name, start, width, bits(frame, start, width), _kind(plain))


def options(frame: bytes, start: int, end: int, names: dict[int, str]) -> list[Option]:
    """The options between two offsets: a kind alone, or kind, length, value (RFC 791, 3.1; RFC 9293, 3.1).

    The second of a kind is called `NOP#2`.
    """
    found: list[Option] = []
    at = start
    while at < end:
        kind = frame[at]
        size = 1 if kind in (0, 1) else frame[at + 1]
        name = names.get(kind, str(kind))
        earlier = sum(option.name.partition("#")[0] == name for option in found)
        found.append(Option(f"{name}#{earlier + 1}" if earlier else name, at, at + size))
        at += size
    return found


def bits(frame: bytes, start: int, width: int) -> int:
    """The number in some bits of a frame, big-endian as on the wire."""
    end = start + width
    whole = int.from_bytes(frame[start // 8 : (end + 7) // 8], "big")
    return whole >> (-end % 8) & ((1 << width) - 1)


def _option_spans(option: Option, frame: bytes, prefix: str) -> Iterator[Span]:
    size = option.end - option.start
    parts = [("kind", 0, 1), ("length", 1, 1), ("value", 2, size - 2)] if size > 1 else [("kind", 0, 1)]
    for name, at, width in parts:
        if width:
            start = (option.start + at) * 8
            value = bits(frame, start, width * 8)
            kind = "selector" if name == "kind" else "number"
            yield Span(f"{prefix}{option.name}.{name}", start, width * 8, value, kind)


def _bits(built: Any) -> int:
    return len(built[0]) * 8 + built[1] if isinstance(built, tuple) else len(built) * 8


def _plain(field: Any, layer: Packet) -> Any:
    """The field inside Emph, ConditionalField and MultipleTypeField."""
    while True:
        if hasattr(field, "_find_fld_pkt"):
            field = field._find_fld_pkt(layer)
        elif "fld" in getattr(field, "__slots__", ()):
            field = field.fld
        else:
            return field


def _kind(field: Any) -> str:
    if field.name in _CHECKSUMS:
        return "checksum"
    name = type(field).__name__
    if name in _ADDRESSES:
        return "address"
    if name == "FlagsField":
        return "flags"
    if isinstance(field.default, bytes | str):
        return "bytes"
    return "selector" if isinstance(getattr(field, "i2s", None), dict) else "number"
