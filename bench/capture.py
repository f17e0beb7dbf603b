"""Captures of the wire as pcapng, for Wireshark, tshark and Scapy (draft-ietf-opsawg-pcapng).

Timestamps are virtual time in nanoseconds since the board's reset, of the moment at which the last bit of a
frame has crossed, in both directions; frames are in that order. A packet carries its direction as the board's
connector sees it (inbound: to the board), and a comment if one was given; the section carries the comment of
the whole capture: suite, test, seed. No wall clock, host name or version goes in, so that the same run gives
the same bytes.

Frames are as the bench crafted them, before the cable adds padding and FCS. What is not added as usual is
said in `epb_flags`: a runt that goes out as it is has the error bit "packet too short"; an FCS that was given
is in the file behind the frame and its padding, with its length, and the bit "CRC error" if it is wrong.

Scapy's own writer has neither comments on the section nor a choice of the timestamps' resolution.
"""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from emulation.errors import UserError

INBOUND, OUTBOUND = 1, 2
"""Direction bits of `epb_flags`."""
FCS_LENGTH_SHIFT, CRC_ERROR, TOO_SHORT = 5, 1 << 24, 1 << 26
"""Of `epb_flags`: where the length of the FCS is (4 bits, bytes), and error bits of Ethernet."""
MINIMUM, FCS_SIZE = 60, 4
"""Bytes of the shortest frame without its FCS, and of that (IEEE 802.3, section 3.2)."""
DIRECTIONS = {"to-board": INBOUND, "from-board": OUTBOUND}

SECTION_HEADER, INTERFACE_DESCRIPTION, ENHANCED_PACKET = 0x0A0D0D0A, 1, 6
OPT_END, OPT_COMMENT = 0, 1
SHB_HARDWARE, SHB_APPLICATION = 2, 4
IF_NAME, IF_DESCRIPTION, IF_SPEED, IF_RESOLUTION = 2, 3, 8, 9
EPB_FLAGS = 2
BYTE_ORDER_MAGIC = 0x1A2B3C4D
LINKTYPE_ETHERNET = 1
NANOSECONDS = 9
"""`if_tsresol`: the negative power of ten."""
BITS_A_SECOND = 10_000_000
TYPED = "something was typed on the console"
WAS_RESET = "the board was reset"
SET_BACK = "the board was set back to an earlier state"
BEGUN_LATER = "begins in the middle: what led to its first frame is not in it"
"""In the comment of a capture of which the board's state at the beginning is not that after boot."""
LATEST = 100
"""Frames among which there are some of the board's last moments."""
NOT_REPLAYED = TYPED, WAS_RESET, SET_BACK
"""Comments of the first frame after what a capture of frames cannot hold."""
HARDWARE, APPLICATION = "Arduino 101 (emulated)", "bench"
"""What the section of our captures names: by both of them `bench.capture_file` knows one."""


@dataclass(frozen=True)
class CapturedFrame:
    """An Ethernet frame (without FCS) that crossed the wire; its last bit at `time` virtual seconds."""

    time: float
    data: bytes
    direction: str
    """`to-board` or `from-board`."""
    comment: str = ""
    fcs: bytes | None = None
    """The frame check sequence that it was sent with, if that was given."""
    pad: bool = True
    """Whether the cable pads it to 60 bytes."""


class Recorder(Protocol):
    """What keeps the frames that cross the wire: see `Capture`."""

    def add(
        self,
        time: float,
        frame: bytes,
        direction: str,
        comment: str = "",
        *,
        fcs: bytes | None = None,
        pad: bool = True,
    ) -> None:
        """Keep a frame: `direction` is `to-board` or `from-board`, `time` when it has crossed, in seconds."""

    def note(self, what: str) -> None:
        """Let the next frame have this comment, beside its own."""

    def settle(self, why: str, now: float) -> None:
        """The board's clock is set back to `now`: what comes from here on comes later, whatever its time."""


class Capture:
    """Keeps the frames that cross the wire. Any part of it can be written at any time.

    With `follow`, every frame also goes to a file at once: a run which is cut short leaves its capture.
    """

    def __init__(self) -> None:
        self.epoch = 0.0
        """Seconds added to every time: those before the last reset, if the board is reset while it lasts."""
        self.frames: list[CapturedFrame] = []
        """All of them, in the order of their crossing."""
        self._added: list[CapturedFrame] = []
        self._settled = 0
        self._notes: list[str] = []
        self._live: BinaryIO | None = None

    def add(
        self,
        time: float,
        frame: bytes,
        direction: str,
        comment: str = "",
        *,
        fcs: bytes | None = None,
        pad: bool = True,
    ) -> None:
        """Keep a frame: `direction` is `to-board` or `from-board`, `time` in virtual seconds.

        A frame to the board is added when it is put on the cable, with the time at which it will have
        crossed; frames of the board that come before that take their place before it. `fcs` and `pad`: see
        `Wire.send`. Raises ValueError for another direction, UserError if the file of `follow` cannot
        take it.
        """
        if direction not in DIRECTIONS:
            raise ValueError(f"direction must be one of {', '.join(DIRECTIONS)}, not {direction!r}")
        comment = "; ".join(filter(None, (*self._notes, comment)))
        self._notes.clear()
        captured = CapturedFrame(self.epoch + time, frame, direction, comment, fcs, pad)
        at = len(self.frames)
        if direction == "from-board":
            while at > self._settled and self._crosses_later(self.frames[at - 1], captured.time):
                at -= 1
        overtaken = self.frames[at:]
        self.frames.insert(at, captured)
        self._added.append(captured)
        if self._live is not None:
            self._write_live(self._live, sum(len(_packet(later)) for later in overtaken), self.frames[at:])

    def _write_live(self, file: BinaryIO, back: int, frames: list[CapturedFrame]) -> None:
        """Write frames to the end of the file of `follow`, over its last `back` bytes.

        Where that fails the file ends, whole as far as it goes. Raises UserError.
        """
        start = file.seek(-back, os.SEEK_END)
        try:
            file.write(b"".join(map(_packet, frames)))
            file.flush()
        except OSError as error:
            self.unfollow()
            with contextlib.suppress(OSError):
                os.truncate(file.name, start)
            raise _unwritable(Path(file.name), error) from error

    @staticmethod
    def _crosses_later(frame: CapturedFrame, time: float) -> bool:
        return frame.direction == "to-board" and frame.time > time

    def note(self, what: str) -> None:
        """Let the next frame have this comment, beside its own."""
        if what not in self._notes:
            self._notes.append(what)

    def settle(self, why: str = "", now: float = 0.0) -> None:
        """What is added from here on comes later, whatever its time: the board's clock is set back to `now`.

        If there are frames of a later time, which have not happened any more, the next one says `why`.
        """
        self._settled = len(self.frames)
        if why and any(frame.time > self.epoch + now for frame in self.frames[-LATEST:]):
            self.note(why)

    def mark(self) -> int:
        """The present point, for `since`, `rewind` and `write`."""
        return len(self._added)

    def since(self, mark: int) -> list[CapturedFrame]:
        """The frames added after a point; all of them for the point 0."""
        if not mark:
            return list(self.frames)
        added = {id(frame) for frame in self._added[mark:]}
        return [frame for frame in self.frames if id(frame) in added]

    def rewind(self, mark: int = 0) -> None:
        """Forget what was added after a point: for going back to a snapshot taken there."""
        gone = {id(frame) for frame in self.since(mark)}
        self.frames = [frame for frame in self.frames if id(frame) not in gone]
        del self._added[mark:]
        self._notes.clear()
        self.settle()

    def forget(self, keep: int) -> None:
        """Keep no more than twice as many of the latest frames; points from before mean nothing any more."""
        if (surplus := len(self.frames) - keep) > keep:
            del self.frames[:surplus]
            self._added = list(self.frames)
            self._settled = max(0, self._settled - surplus)

    def encode(self, comment: str = "", since: int = 0) -> bytes:
        """The pcapng file as bytes: everything after the point `since`."""
        return _section(comment) + _interface() + b"".join(map(_packet, self.since(since)))

    def write(self, path: Path, comment: str = "", since: int = 0) -> Path:
        """Write a pcapng file, making its folder if need be. Raises UserError if that cannot be done."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.encode(comment, since))
        except OSError as error:
            raise _unwritable(path, error) from error
        return path

    def follow(self, path: Path, comment: str = "") -> None:
        """From now on also append every frame to this file. Raises UserError if it cannot be written."""
        self.unfollow()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._live = path.open("wb")
            self._live.write(_section(comment) + _interface())
            self._live.flush()
        except OSError as error:
            raise _unwritable(path, error) from error

    def unfollow(self) -> None:
        """Close the file of `follow`."""
        live, self._live = self._live, None
        if live is not None:
            with contextlib.suppress(OSError):  # of what a full disk has not taken, `add` has told
                live.close()


def _unwritable(path: Path, error: OSError) -> UserError:
    return UserError(
        f"cannot write the capture {path}: {error.strerror}", "choose a report folder that can be written to"
    )


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


def _text(code: int, value: str) -> bytes:
    # An option's length has 16 bits; a comment cut in the middle of a character would not be UTF-8.
    return _option(code, value.encode()[:0xFFF0].decode(errors="ignore").encode()) if value else b""


def _block(kind: int, body: bytes, options: bytes) -> bytes:
    if options:
        options += _option(OPT_END, b"")
    size = 12 + len(body) + len(options)
    return struct.pack("<II", kind, size) + body + options + struct.pack("<I", size)


def _section(comment: str) -> bytes:
    body = struct.pack("<IHHq", BYTE_ORDER_MAGIC, 1, 0, -1)
    options = _text(OPT_COMMENT, comment) + _text(SHB_HARDWARE, HARDWARE)
    return _block(SECTION_HEADER, body, options + _text(SHB_APPLICATION, APPLICATION))


def _interface() -> bytes:
    options = (
        _text(IF_NAME, "eth0")
        + _text(IF_DESCRIPTION, "Ethernet connector of the board")
        + _option(IF_SPEED, struct.pack("<Q", BITS_A_SECOND))
        + _option(IF_RESOLUTION, bytes([NANOSECONDS]))
    )
    return _block(INTERFACE_DESCRIPTION, struct.pack("<HHI", LINKTYPE_ETHERNET, 0, 0), options)


def _packet(frame: CapturedFrame) -> bytes:
    stamp = round(frame.time * 10**NANOSECONDS)
    data, flags = frame.data, DIRECTIONS[frame.direction]
    if not frame.pad and len(data) < MINIMUM:
        flags |= TOO_SHORT
    if frame.fcs is not None:
        data = data.ljust(MINIMUM, b"\0") if frame.pad else data
        flags |= FCS_SIZE << FCS_LENGTH_SHIFT | (0 if frame.fcs == right_fcs(data) else CRC_ERROR)
        data += frame.fcs
    size = len(data)
    body = struct.pack("<IIIII", 0, stamp >> 32, stamp & 0xFFFFFFFF, size, size) + data + bytes(-size % 4)
    options = _text(OPT_COMMENT, frame.comment) + _option(EPB_FLAGS, struct.pack("<I", flags))
    return _block(ENHANCED_PACKET, body, options)


def right_fcs(frame: bytes) -> bytes:
    """The frame check sequence as it goes over the cable (IEEE 802.3, section 3.2.9)."""
    return zlib.crc32(frame).to_bytes(FCS_SIZE, "little")
