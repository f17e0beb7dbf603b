"""What the cases of WebSocket share: frames, payloads, and the words for the usual answers."""

from __future__ import annotations

from bench.cases.case import MAX_PAYLOAD, WATCH, Variant, variant
from bench.cases.scene import masked
from bench.cases.steps import Stream
from bench.cases.words import END, Expected, close
from bench.layers.websocket import OPCODES, WebSocket

CONTROL = (8, 9, 10)
DATA = bytes(range(256)) * 17
"""Payloads are cut from this: a byte that is lost, doubled or moved shows."""
TEXT = b"".join(bytes([0x20 + i % 95]) for i in range(MAX_PAYLOAD))


def refused(code: int) -> Expected:
    """What a frame that breaks a rule gets: a close frame with this code, and the end of the stream."""
    return close(code), END


def frames(
    name: str, *sent: WebSocket, expect: Expected, ipv6: bool = False, watch: float = WATCH
) -> Variant:
    """These frames in one go."""
    return variant(name, Stream(masked(*sent)), expect=expect, ipv6=ipv6, watch=watch)


def header(opcode: int, length: int, fin: int = 1) -> bytes:
    """A masked header that announces `length` bytes, up to its masking key."""
    return masked(WebSocket(opcode=opcode, fin=fin, ext_length=length))


def body(opcode: int, size: int) -> bytes:
    """A payload that is allowed for this opcode, as far as its size allows."""
    return (b"\x03\xe8" + TEXT)[:size] if opcode == 8 else DATA[:size] if opcode == 2 else TEXT[:size]


def name_of(opcode: int) -> str:
    """For ids."""
    return OPCODES.get(opcode, f"opcode-{opcode}")
