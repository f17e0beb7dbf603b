"""Read captures of either format, pcap and pcapng, whoever wrote them, plain, gzip'd or from a pipe.

The one reader of the bench. It never guesses: a file that is damaged, cut off, or says two things that do not
agree is refused with the place where. What a file tells of a packet comes with it: the time, the link, how
long it was on the wire, its FCS. Sources: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.

Libraries read these formats too, but stop without a word where a file ends too early, and leave out, cut or
make up what they do not know (Scapy: simple packet blocks, unknown interfaces, lengths, the FCS).
"""

from __future__ import annotations

import errno
import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from bench.capture import FCS_SIZE, LINKTYPE_ETHERNET, right_fcs
from bench.capture_blocks import RawPacket, Source, Unusable, packets
from emulation.errors import UserError

HINT = "give a whole pcap or pcapng file"
STANDARD_INPUT = "-"
GZIP = b"\x1f\x8b"
OTHER_COMPRESSION = {
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zX": "xz",
    b"BZh": "bzip2",
    b"\x04\x22\x4d\x18": "lz4",
}
MOST_FRAMES, MOST_BYTES = 1_000_000, 1 << 28
"""What is read of a file at most: no command makes sense of more, and a small file may unpack to anything."""


@dataclass(frozen=True, slots=True)
class StoredFrame:
    """A packet of a capture file, without its FCS."""

    time: float
    """Seconds; for a packet without one (a simple packet block) that of the packet before or after."""
    data: bytes
    direction: str = ""
    """`to-board` or `from-board` in a capture of the bench; empty in others, who see it from elsewhere."""
    comment: str = ""
    fcs: bytes | None = None
    """The frame check sequence, where the file has one that is wrong."""
    pad: bool = True
    """False for a frame that was as short on the cable."""
    link: int = LINKTYPE_ETHERNET
    """Link type of its interface."""
    interface: int = 0
    """Which interface of the file, from 0 on."""
    missing: int = 0
    """Bytes of it that are not in the file."""
    number: int = 0
    """In the file, from 1 on."""


@dataclass
class StoredCapture:
    """What is in a file."""

    name: str
    frames: list[StoredFrame] = field(default_factory=list)
    own: bool = False
    """The bench has written it: its times are virtual, its directions the board's."""
    comment: str = ""
    """Of the whole capture."""
    untimed: int = 0
    """Frames without a time of their own."""


def read_capture(path: Path) -> StoredCapture:
    """All of a file; `-` is the standard input. Raises UserError for one that is missing, damaged or cut."""
    name = "standard input" if str(path) == STANDARD_INPUT else str(path)
    try:
        with _opened(path) as stream:
            return _read(name, stream)
    except Unusable as error:
        raise UserError(f"{name} is no usable capture: {error}", error.hint or HINT) from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UserError(
            f"{name} is no usable capture: its compressed data are damaged: {error}", HINT
        ) from None
    except OSError as error:
        raise UserError(f"cannot read the capture {name}: {error.strerror or error}", HINT) from None


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    if str(path) != STANDARD_INPUT:
        with path.open("rb") as file:
            yield file
        return
    if sys.stdin is None:
        raise OSError(errno.EBADF, "it is closed")
    stream = io.BufferedReader(cast(Any, sys.stdin.buffer))
    try:
        yield stream
    finally:
        stream.detach()  # the standard input stays open


def _read(name: str, stream: Any) -> StoredCapture:
    begin = stream.peek(4)[:4]
    if begin.startswith(GZIP):
        stream = io.BufferedReader(gzip.GzipFile(fileobj=stream))
    for magic, tool in OTHER_COMPRESSION.items():
        if begin.startswith(magic):
            raise Unusable(f"it is compressed with {tool}", "unpack it first")
    source = Source()
    capture = StoredCapture(name)
    size, time = 0, 0.0
    timed = False
    for number, packet in enumerate(packets(stream, source), 1):
        size += len(packet.data)
        if number > MOST_FRAMES or size > MOST_BYTES:
            raise Unusable(
                f"it has more than {MOST_FRAMES:,} packets or {MOST_BYTES >> 20} MiB of them",
                "take a part of it, for example with editcap -r",
            )
        if packet.time is None:
            capture.untimed += 1
        else:
            if not timed:
                capture.frames = [replace(early, time=packet.time) for early in capture.frames]
            time, timed = packet.time, True
        capture.frames.append(_stored(packet, number, time))
    capture.own, capture.comment = source.own, source.comment
    return capture


def _stored(packet: RawPacket, number: int, time: float) -> StoredFrame:
    where = f"packet {number}, at byte {packet.at},"
    data, missing = packet.data, packet.size - len(packet.data)
    if not packet.size:
        raise Unusable(f"{where} has no bytes")
    if missing < 0:
        raise Unusable(f"{where} has {len(data)} bytes of {packet.size}")
    fcs, pad = None, not packet.too_short
    if packet.fcs_length and packet.link == LINKTYPE_ETHERNET:
        # The FCS is the end of the frame: in one that is cut it is the first to be missing. It has four bytes
        # whatever the file says; some count in bits or in units of 16.
        pad = False
        present = max(0, FCS_SIZE - missing)
        if len(data) < present or packet.size <= FCS_SIZE:
            raise Unusable(f"{where} is shorter than its FCS")
        data, found = data[: len(data) - present], data[len(data) - present :]
        missing = max(0, missing - FCS_SIZE)
        if present == FCS_SIZE and found != right_fcs(data):
            fcs = found
    return StoredFrame(
        time, data, packet.direction, packet.comment, fcs, pad, packet.link, packet.interface, missing, number
    )
