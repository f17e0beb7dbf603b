"""A frame that has crossed the wire, on one line."""

from __future__ import annotations

from scapy.layers.l2 import Ether


def frame_line(time: float, data: bytes, direction: str) -> str:
    """Virtual time in seconds, direction, size, and what Scapy says of the frame."""
    arrow = "->" if direction == "to-board" else "<-"
    return f"{time:12.6f}  {arrow}  {len(data):4} bytes  {Ether(data).summary()}"
