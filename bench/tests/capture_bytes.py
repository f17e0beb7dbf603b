"""Captures made by hand, byte for byte, right ones and wrong ones."""

from __future__ import annotations

import struct

from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import Ether

from bench.addresses import BENCH, BOARD

PING = bytes(Ether(src=BENCH.mac, dst=BOARD.mac) / IP(src=BENCH.ip, dst=BOARD.ip) / ICMP(id=7) / b"hello")
SECTION = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)


def pcap(*records: tuple[bytes, float] | tuple[bytes, float, int], link: int = 1, snap: int = 65535) -> bytes:
    """A pcap file of (bytes, seconds[, size on the wire])."""
    data = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snap, link)
    for frame, time, *size in records:
        micros = round(time * 1e6)
        lengths = len(frame), size[0] if size else len(frame)
        data += struct.pack("<IIII", micros // 10**6, micros % 10**6, *lengths) + frame
    return data


def block(kind: int, body: bytes) -> bytes:
    """A block of pcapng, padded."""
    body += bytes(-len(body) % 4)
    size = len(body) + 12
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)


def option(code: int, value: bytes) -> bytes:
    """An option of pcapng."""
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


def interface(link: int = 1, snap: int = 0, options: bytes = b"") -> bytes:
    """An interface description block."""
    return block(1, struct.pack("<HHI", link, 0, snap) + options)


def packet(
    frame: bytes = PING,
    time: float = 0.0,
    number: int = 0,
    *,
    captured: int | None = None,
    size: int | None = None,
    options: bytes = b"",
) -> bytes:
    """An enhanced packet block; the lengths as given."""
    micros = round(time * 1e6)
    lengths = len(frame) if captured is None else captured, len(frame) if size is None else size
    head = struct.pack("<IIIII", number, micros >> 32, micros & 0xFFFFFFFF, *lengths)
    return block(6, head + frame + bytes(-len(frame) % 4) + options)


def simple_packet(frame: bytes = PING, size: int | None = None) -> bytes:
    """A simple packet block."""
    return block(3, struct.pack("<I", len(frame) if size is None else size) + frame)
