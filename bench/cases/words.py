"""What the board does, in words: one line for each frame or event, the same for the same behaviour.

Cases state what they expect in these words, so an expectation is compared as a whole: which reply, to whom,
with which numbers. The functions below write the lines; `bench.cases.describe` writes them for what came.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

SHOWN = 24
"""Bytes of data that a line shows in full; longer data stand as length and CRC-32."""

END = "end of the stream (FIN)"
RESET = "reset of the connection"
CLOSE = "WebSocket close "
ALIVE = "the connection still echoes"
MUTE = "the connection no longer echoes"
GONE = "the connection is gone"
SERVED = "a new client is served"
NO_BODY = "no body"
UPGRADE_OPTION = "connection: Upgrade, close"
"""The connection option without which a sender must not send Upgrade (RFC 9110, section 7.8)."""


@dataclass(frozen=True)
class Some:
    """In an expectation: from `least` to `most` lines in a row that start with these words."""

    start: str
    least: int = 1
    most: int = 1

    def __str__(self) -> str:
        many = f"{self.least}" if self.least == self.most else f"{self.least} to {self.most}"
        return f"{many} times {self.start}..."


Expected = tuple["str | Some", ...]
"""Lines in their order; empty for silence."""

SILENCE: Expected = ()


def matches(expected: Expected, came: tuple[str, ...]) -> bool:
    """Whether the lines that came are those expected, and no others."""
    at = 0
    for line in expected:
        if isinstance(line, Some):
            count = 0
            while count < line.most and at < len(came) and came[at].startswith(line.start):
                at, count = at + 1, count + 1
            if count < line.least:
                return False
        elif at == len(came) or came[at] != line:
            return False
        else:
            at += 1
    return at == len(came)


def shown(data: bytes) -> str:
    """Data for a line."""
    return repr(data) if len(data) <= SHOWN else f"{len(data)} bytes, CRC {zlib.crc32(data):08x}"


# Link and network layer


def arp_reply(address: str, mac: str, target: str) -> str:
    """ARP: `address` is at `mac`, told to `target`."""
    return f"ARP reply: {address} is at {mac}, to {target}"


def arp_request(address: str) -> str:
    """ARP: who has `address`."""
    return f"ARP request for {address}"


def echo_reply(identifier: int, sequence: int, data: bytes = b"", *, version: int = 4) -> str:
    """ICMP or ICMPv6 echo reply."""
    name = "ICMP" if version == 4 else "ICMPv6"
    return f"{name} echo reply id={identifier} seq={sequence} data={shown(data)}"


def icmp_error(name: str, kind: int, code: int, more: str = "") -> str:
    """Another ICMP or ICMPv6 message."""
    return f"{name} type {kind} code {code}{more}"


# TCP


def segment(flags: str, seq: int | str, ack: int | str | None = None, data: bytes = b"") -> str:
    """A TCP segment; numbers of the case's own connection are offsets, written `+0`."""
    line = f"TCP {flags} seq={seq}"
    if ack is not None:
        line += f" ack={ack}"
    return line + (f" data={shown(data)}" if data else "")


def to(line: str, address: str) -> str:
    """A reply that goes to another address than the bench's."""
    return f"{line} → {address}"


# HTTP and WebSocket


def http(status: int, *headers: str) -> str:
    """An answer to the upgrade request, with the headers that its status demands."""
    return " ".join((f"HTTP {status}", *(f"[{header}]" for header in headers)))


def close(code: int) -> str:
    """A close frame; 1005 for one without a code."""
    return f"{CLOSE}{code}"


class MessageLine(str):
    """A line for a frame that still knows the frame: another server answers the message in its own way."""

    __slots__ = ("data", "opcode")
    opcode: str
    data: bytes


def frame(opcode: str, data: bytes = b"") -> MessageLine:
    """Another frame of the board: final, not masked."""
    line = MessageLine(f"WebSocket {opcode} {shown(data)}")
    line.opcode, line.data = opcode, data
    return line
