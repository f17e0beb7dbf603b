"""A frame that has crossed the wire, on one line."""

from __future__ import annotations

from typing import Any

from scapy.layers.l2 import Ether

from bench.capture import CapturedFrame
from emulation.console_text import printable

HEADER = 14
"""Bytes of an Ethernet header."""


def frame_line(time: float, data: bytes, direction: str) -> str:
    """Virtual time in seconds, direction, size, and what Scapy says of the frame."""
    arrow = "->" if direction == "to-board" else "<-"
    return f"{time:12.6f}  {arrow}  {len(data):4} bytes  {printable(summary(data))}"


def frame_as_dict(frame: CapturedFrame) -> dict[str, Any]:
    """The same for programs, with all bytes (without FCS) in hexadecimal."""
    return {
        "time": frame.time,
        "direction": frame.direction,
        "summary": summary(frame.data),
        "data": frame.data.hex(),
    }


def summary(data: bytes) -> str:
    """A frame in Scapy's words; of one that Scapy cannot take apart, its bytes."""
    if len(data) < HEADER:
        return f"shorter than an Ethernet header: {data.hex(' ')}"
    try:
        return str(Ether(data).summary())
    except Exception as error:  # dissectors meet whatever a capture holds, and fail in any way
        return f"{data[:HEADER].hex(' ')} ... ({type(error).__name__} in Scapy)"
