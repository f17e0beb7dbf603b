"""A frame that has crossed the wire, on one line."""

from __future__ import annotations

from typing import Any

from scapy.layers.l2 import Ether

from bench.capture import CapturedFrame
from bench.console_text import printable


def frame_line(time: float, data: bytes, direction: str) -> str:
    """Virtual time in seconds, direction, size, and what Scapy says of the frame."""
    arrow = "->" if direction == "to-board" else "<-"
    return f"{time:12.6f}  {arrow}  {len(data):4} bytes  {printable(Ether(data).summary())}"


def frame_as_dict(frame: CapturedFrame) -> dict[str, Any]:
    """The same for programs, with all bytes (without FCS) in hexadecimal."""
    return {
        "time": frame.time,
        "direction": frame.direction,
        "summary": Ether(frame.data).summary(),
        "data": frame.data.hex(),
    }
