"""Captures of the wire as pcapng, for Wireshark, tshark and Scapy (draft-ietf-opsawg-pcapng).

Timestamps are virtual time in nanoseconds since the board's reset. A packet carries its direction as the
board's connector sees it (inbound: to the board), and a comment if one was given; the section carries the
comment of the whole capture: suite, test, seed. No wall clock, host name or version goes in, so that the same
run gives the same bytes.

Scapy's own writer has neither comments on the section nor a choice of the timestamps' resolution.
"""

from __future__ import annotations

import contextlib
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from emulation.errors import UserError

INBOUND, OUTBOUND = 1, 2
"""Direction bits of `epb_flags`."""
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


@dataclass(frozen=True)
class CapturedFrame:
    """An Ethernet frame (without FCS) that crossed the wire, at `time` virtual seconds."""

    time: float
    data: bytes
    direction: str
    """`to-board` or `from-board`."""
    comment: str = ""


class Capture:
    """Keeps the frames that cross the wire. Any part of it can be written at any time.

    With `follow`, every frame also goes to a file at once: a run which is cut short leaves its capture.
    """

    def __init__(self) -> None:
        self.epoch = 0.0
        """Seconds added to every time: those before the last reset, if the board is reset while it lasts."""
        self.frames: list[CapturedFrame] = []
        """All of them, in the order of their crossing."""
        self._live: BinaryIO | None = None

    def add(self, time: float, frame: bytes, direction: str, comment: str = "") -> None:
        """Keep a frame: `direction` is `to-board` or `from-board`, `time` in virtual seconds.

        Raises ValueError for another direction.
        """
        if direction not in DIRECTIONS:
            raise ValueError(f"direction must be one of {', '.join(DIRECTIONS)}, not {direction!r}")
        captured = CapturedFrame(self.epoch + time, frame, direction, comment)
        self.frames.append(captured)
        if self._live is not None:
            try:
                self._live.write(_packet(captured))
                self._live.flush()
            except OSError as error:
                raise _unwritable(Path(self._live.name), error) from error

    def mark(self) -> int:
        """The present point, for `since` and `write`."""
        return len(self.frames)

    def since(self, mark: int) -> list[CapturedFrame]:
        """The frames after a point."""
        return self.frames[mark:]

    def rewind(self, mark: int = 0) -> None:
        """Forget what came after a point: for going back to a snapshot taken there."""
        del self.frames[mark:]

    def encode(self, comment: str = "", since: int = 0) -> bytes:
        """The pcapng file as bytes: everything after the point `since`."""
        return _section(comment) + _interface() + b"".join(_packet(frame) for frame in self.frames[since:])

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
        if self._live is not None:
            live, self._live = self._live, None
            with contextlib.suppress(OSError):  # it was told when the frame came that could not be written
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
    options = _text(OPT_COMMENT, comment) + _text(SHB_HARDWARE, "Arduino 101 (emulated)")
    return _block(SECTION_HEADER, body, options + _text(SHB_APPLICATION, "bench"))


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
    size = len(frame.data)
    body = (
        struct.pack("<IIIII", 0, stamp >> 32, stamp & 0xFFFFFFFF, size, size) + frame.data + bytes(-size % 4)
    )
    options = _text(OPT_COMMENT, frame.comment)
    return _block(
        ENHANCED_PACKET, body, options + _option(EPB_FLAGS, struct.pack("<I", DIRECTIONS[frame.direction]))
    )
