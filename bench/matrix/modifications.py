"""What can be wrong with one field, or with the shape, of a packet: every anomaly as a change of its bytes.

Values of a field, by its width and its kind: 0, 1, 2, the largest and the one below, both sides of the
middle, one more and one less than it is, and every single bit flipped. A field of up to four bits, and one of
up to eight whose values are names (types, kinds, protocols), gets every value; flags every combination of the
low six; an address the special ones of its family. The shape: cut at every byte, bytes too many, each option
removed, doubled, and repeated until its list is full.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bench.addresses import BOARD
from bench.matrix.checksums import fit, repair
from bench.matrix.spans import Option, Span

WHOLE = 8
"""Bits up to which a field whose values are names gets every value."""
SMALL = 4
"""Bits up to which any field gets every value."""
COMBINED_FLAGS = 64
"""FIN to URG of TCP."""
FLAG_EDGES = (0, 0x01, 0x02, 0x03, 0x04, 0x06, 0x10, 0x12, 0x14, 0x29, 0x3F)
"""None, FIN, SYN, SYN+FIN, RST, SYN+RST, ACK, SYN+ACK, RST+ACK, FIN+PSH+URG, all."""
FIRST_BYTES = 4
"""Of a field of plain bytes, how many are tried."""
CUT_EDGES = 8
"""Bytes between the cuts that are tried in pairs."""
SURPLUS = (1, 2, 3, 4, 7)
"""Bytes too many."""
FULL_OPTIONS = 40
"""Bytes of options that a header of 60 bytes has room for (IPv4 and TCP)."""

_MAC = {
    "zero": bytes(6),
    "broadcast": b"\xff" * 6,
    "multicast": bytes.fromhex("01005e000001"),
    "multicast6": bytes.fromhex("333300000001"),
    "board": bytes.fromhex(BOARD.mac.replace(":", "")),
}
_IPV4 = ["0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.0", "192.0.2.255", "192.0.2.77",
         "198.51.100.1", "240.0.0.1", BOARD.ip]  # fmt: skip
_IPV6 = ["::", "::1", "ff02::1", "ff02::2", "ff02::1:ff00:1", "ff05::1", "fe80::77", "2001:db8::77",
         "2001:db8:ffff::1", "::ffff:192.0.2.1", BOARD.ip6, BOARD.link_local]  # fmt: skip


@dataclass(frozen=True)
class Edit:
    """Some bits of a frame get another value: one that is given, or one that depends on what they hold.

    So a case is the same whatever sequence numbers the connection has that it is tried on.
    """

    start: int
    """In bits, from the frame's beginning."""
    width: int
    how: str
    """`=` a value, `+` a number (modulo the width), `^` a mask."""
    value: int

    def apply(self, data: bytearray) -> None:
        """Change the bits, big-endian; bits beyond the end are not there."""
        first, last = self.start // 8, (self.start + self.width + 7) // 8
        shift = -(self.start + self.width) % 8
        mask = (1 << self.width) - 1
        whole = int.from_bytes(data[first:last], "big")
        old = whole >> shift & mask
        new = {"=": self.value, "+": old + self.value, "^": old ^ self.value}[self.how] & mask
        whole = whole & ~(mask << shift) | new << shift
        data[first:last] = whole.to_bytes(len(data[first:last]), "big")


@dataclass(frozen=True)
class Modification:
    """One anomaly: some bits that get another value, or some bytes that give way to others."""

    name: str
    """Readable and stable: `dataofs=4`, `len-1`, `seq^0x80000000`, `cut@7`, `MSS.doubled`."""
    field: str
    """What it is about; two anomalies of one field are no case."""
    edits: tuple[Edit, ...] = ()
    splice: tuple[int, int, bytes] | None = None
    """Offsets in bytes of what is replaced, and by what."""
    fits: bool = False
    """Whether the length in the IP header follows the change."""
    keep: int = -1
    """Offset of the checksum that the anomaly is about, which is left as it is."""
    runt: bool = False
    """Whether the frame goes out without padding to its minimum size."""
    edge: bool = True
    """Whether it is one of those that are tried in pairs; flipped bits and values in between are not."""

    def combines_with(self, other: Modification) -> bool:
        """Whether both together are a case: of different fields, and not of the same bytes."""
        if self.field == other.field:
            return False
        if self.splice is None or other.splice is None:
            return True
        first, second = sorted((self.splice[:2], other.splice[:2]))
        return first[1] <= second[0] and first[0] < second[0]


@dataclass(frozen=True)
class Built:
    """A frame to send."""

    frame: bytes
    pad: bool


def build(frame: bytes, modifications: Sequence[Modification], shortest: int = 60) -> Built:
    """The frame with these modifications, and with every checksum right that they are not about."""
    data = bytearray(frame)
    for modification in modifications:
        for edit in modification.edits:
            edit.apply(data)
    # From the end on, so that no splice moves what another one is about.
    splices = [modification for modification in modifications if modification.splice is not None]
    for modification in sorted(splices, key=_where, reverse=True):
        assert modification.splice is not None
        start, end, inserted = modification.splice
        data[start:end] = inserted
        if modification.fits:
            fit(data)
    pad = not any(modification.runt for modification in modifications)
    if pad:
        data.extend(bytes(max(0, shortest - len(data))))
    repair(data, {modification.keep for modification in modifications})
    return Built(bytes(data), pad)


def _where(modification: Modification) -> int:
    return modification.splice[0] if modification.splice is not None else 0


def of_field(span: Span) -> Iterator[Modification]:
    """Every anomaly of one field, none twice."""
    keep = span.start // 8 if span.kind == "checksum" else -1
    if span.kind == "bytes":
        for index in range(min(FIRST_BYTES, span.width // 8)):
            for flip in (0x01, 0x80):
                edit = Edit(span.start + index * 8, 8, "^", flip)
                yield Modification(f"{span.name}[{index}]^{flip:#04x}", span.name, (edit,), edge=False)
        return
    for label, how, value in _values(span):
        edit = Edit(span.start, span.width, how, value)
        edge = how == "+" or (how == "=" and (span.kind == "address" or value in _edges(span)))
        yield Modification(f"{span.name}{label}", span.name, (edit,), keep=keep, edge=edge)


def _edges(span: Span) -> tuple[int, ...]:
    """Values at the limits of a field, and about its middle; telling combinations of flags."""
    limit = 1 << span.width
    if span.kind == "flags" and limit >= COMBINED_FLAGS:
        return FLAG_EDGES
    return 0, 1, 2, (limit >> 1) - 1, limit >> 1, limit - 2, limit - 1


def _values(span: Span) -> Iterator[tuple[str, str, int]]:
    """Label, operator and value of each anomaly; none gives the present value, and none gives one twice."""
    limit, width = 1 << span.width, span.width
    seen = {span.value}

    def fresh(value: int) -> bool:
        if value in seen or not 0 <= value < limit:
            return False
        seen.add(value)
        return True

    for name, value in _special(span):
        if fresh(value):
            yield f"={name}", "=", value
    for step in (-1, 1):
        if fresh((span.value + step) % limit):
            yield f"{step:+d}", "+", step
    every = width <= SMALL or (span.kind == "selector" and width <= WHOLE)
    choice: Iterable[int] = range(limit) if every else _edges(span)
    if span.kind == "flags":
        choice = range(min(limit, COMBINED_FLAGS))
    for value in choice:
        if fresh(value):
            yield f"={value}" if value < 256 else f"={value:#x}", "=", value
    for bit in range(width):
        if fresh(span.value ^ 1 << bit):
            yield f"^{1 << bit:#x}", "^", 1 << bit


def _special(span: Span) -> Iterator[tuple[str, int]]:
    if span.kind != "address":
        return
    if span.width == 48:
        for name, mac in _MAC.items():
            yield name, int.from_bytes(mac, "big")
    else:
        for address in _IPV4 if span.width == 32 else _IPV6:
            yield address, int(ipaddress.ip_address(address))


def cuts(first: int, start: int, size: int, *, fits: bool, runt: bool = False) -> Iterator[Modification]:
    """The frame ends after any number of bytes of a layer that begins at `start`; from `first` bytes on."""
    for length in range(first, size - start):
        yield Modification(f"cut@{length}", "shape", splice=(start + length, size, b""), fits=fits, runt=runt)


def surplus(size: int, *, fits: bool) -> Iterator[Modification]:
    """Bytes after the end; with `fits`, the length in the IP header counts them."""
    name = "surplus" if fits else "trailer"
    for count in SURPLUS:
        splice = (size, size, b"\xa5" * count)
        yield Modification(f"{name}+{count}", "shape", splice=splice, fits=fits, edge=count == SURPLUS[0])


def of_options(options: Sequence[Option], frame: bytes, length: Span, fixed: int) -> Iterator[Modification]:
    """Each option removed, doubled, repeated until the list is full, and alone.

    `length` is the header's length in units of 4 bytes, `fixed` what of it is not options.
    """
    if not options:
        return
    start, end = options[0].start, options[-1].end
    end += -(end - start) % 4
    raw = [frame[option.start : option.end] for option in options]
    for index, option in enumerate(options):
        one = raw[index]
        many = b"".join([*raw[: index + 1], one, *raw[index + 1 :]])
        variants = {
            "removed": b"".join(raw[:index] + raw[index + 1 :]),
            "doubled": many,
            "repeated": one * (FULL_OPTIONS // len(one)),
            "alone": one,
        }
        for name, data in variants.items():
            if len(data) > FULL_OPTIONS:
                continue
            data += bytes(-len(data) % 4)
            units = (fixed + len(data)) // 4
            yield Modification(
                f"{option.name}.{name}",
                "shape",
                (Edit(length.start, length.width, "=", units),),
                (start, end, data),
                fits=True,
            )
