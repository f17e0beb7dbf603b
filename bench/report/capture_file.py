"""Captures as files, ours and other tools', for pictures: every packet as an Ethernet frame."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import bench.capture_file
from bench.capture import LINKTYPE_ETHERNET
from bench.capture_file import StoredFrame
from emulation.errors import UserError

IPV4, IPV6 = b"\x08\x00", b"\x86\xdd"
RAW_IP = (12, 14, 101, 228, 229)
LOOPBACK = (0, 108)
LINUX_COOKED, LINUX_COOKED_2 = 113, 276


class Packet(NamedTuple):
    """A packet of a capture: seconds, an Ethernet frame (made up where the link was another), its comment."""

    time: float
    frame: bytes
    comment: str
    missing: int = 0
    """Bytes of it that are not in the file."""


def read_capture(path: Path) -> list[Packet]:
    """All packets of a capture, in its order; of one that was cut when it was captured, what there is.

    Raises UserError for a file that is none, is damaged, or is of a link that cannot be made Ethernet.
    """
    capture = bench.capture_file.read_capture(path)
    packets = []
    for frame in capture.frames:
        data = ethernet(frame)
        if data is None:
            raise UserError(
                f"{capture.name} cannot be drawn: its packets are of link type {frame.link}: "
                "Ethernet, IP, loopback and cooked can be drawn",
                "capture on another interface",
            )
        packets.append(Packet(frame.time, data, frame.comment, frame.missing))
    return packets


def ethernet(frame: StoredFrame) -> bytes | None:
    """The packet as an Ethernet frame, with zeros for addresses that its link lacks; None for other links."""
    raw, link = frame.data, frame.link
    none = bytes(12)
    if link == LINKTYPE_ETHERNET:
        return raw
    if link == LINUX_COOKED:
        return bytes(6) + raw[6:12] + raw[14:]
    if link == LINUX_COOKED_2:
        return bytes(6) + raw[12:18] + raw[:2] + raw[20:]
    if link in LOOPBACK:
        raw = raw[4:]
    elif link not in RAW_IP:
        return None
    return none + (IPV6 if raw[:1] and raw[0] >> 4 == 6 else IPV4) + raw
