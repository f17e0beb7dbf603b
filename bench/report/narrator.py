"""What the frames of a capture are, one after the other, in words.

A TCP stream is followed across segments: a WebSocket frame in five segments is told as one frame that begins,
continues and ends, whatever the order in which the segments came.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from scapy.layers.inet import TCP
from scapy.layers.l2 import Ether

from bench.layers.reassembly import MODULO, Reassembly, distance
from bench.layers.tcpip import ACK, FIN, PSH, RST, SYN, URG, Endpoint, Received, Segment, parse
from bench.layers.websocket import OPCODES, WebSocket, describe, frame_size, parse_frames
from emulation.console_text import printable

HTTP = (b"GET ", b"POST ", b"PUT ", b"HEAD ", b"OPTIONS ", b"DELETE ", b"HTTP/1.")
FLAGS = ((SYN, "SYN"), (FIN, "FIN"), (RST, "RST"), (PSH, "PSH"), (ACK, "ACK"), (URG, "URG"))
SHOWN = 48
"""Bytes of a payload that are quoted."""
STREAMS = 4096
"""Directions of connections that are followed; beyond that the oldest are forgotten."""
WINDOW = 1 << 30
"""What a stream may run ahead: a capture is told as it is, no window is enforced."""


class Kind(Enum):
    """What a frame is there for: decides how it is drawn and what may be folded."""

    CONTROL = "control"  # SYN, FIN
    RESET = "reset"
    ACK = "ack"  # nothing but an acknowledgement
    HTTP = "http"
    WEBSOCKET = "websocket"
    PART = "part"  # neither the beginning nor the end of a WebSocket frame
    DATA = "data"  # other bytes of a stream
    OTHER = "other"  # no TCP: ARP, ICMP, UDP, what cannot be parsed


@dataclass(frozen=True)
class Told:
    """A frame in words: `label` fits on an arrow (protocol, flags, bytes), `text` says what is in it."""

    kind: Kind
    label: str
    text: str


class _Stream:
    """One direction of a connection."""

    def __init__(self, first: int, start: int) -> None:
        self.first = first
        """Sequence number that counts as 0."""
        self.bytes = Reassembly(start)
        self.upgraded = False
        """Nothing but WebSocket frames from here on."""


class Narrator:
    """Tells the frames of one capture; give them in the order in which they crossed the wire."""

    def __init__(self) -> None:
        self._streams: dict[tuple[bytes, int, bytes, int], _Stream] = {}

    def tell(self, data: bytes) -> Told:
        """An Ethernet frame (without FCS) in words."""
        parsed = parse(data)
        return _other(data) if parsed is None else self._segment(parsed)

    def _segment(self, received: Received) -> Told:
        segment = received.segment
        there = _key(received.source, received.destination)
        stream = self._streams.get(there)
        if stream is None or segment.flags & SYN:
            start = (segment.seq + bool(segment.flags & SYN)) % MODULO
            self._streams.pop(there, None)
            while len(self._streams) >= STREAMS:
                del self._streams[next(iter(self._streams))]
            stream = self._streams[there] = _Stream((start - 1) % MODULO, start)
        back = self._streams.get(_key(received.destination, received.source))
        numbers = _numbers(segment, stream, back)
        label = " ".join(name for bit, name in FLAGS if segment.flags & bit) or "no flags"
        if not segment.payload:
            if segment.flags & FIN:
                stream.bytes.feed(segment.seq, b"", True, WINDOW)
            return Told(_kind_without_data(segment.flags), label, numbers)
        label += f" {len(segment.payload)} B"
        kind, text = self._data(segment, stream, back)
        if kind in (Kind.DATA, Kind.PART):
            text = f"{text}; {numbers}"
        if segment.flags & RST:
            kind = Kind.RESET
        return Told(kind, label, text)

    def _data(self, segment: Segment, stream: _Stream, back: _Stream | None) -> tuple[Kind, str]:
        """Kind and words for a payload, which is taken into its stream."""
        # A SYN comes before the data of its segment in sequence space (RFC 9293, section 3.4).
        first = (segment.seq + bool(segment.flags & SYN)) % MODULO
        ahead = distance(first, stream.bytes.next)
        had = bytes(stream.bytes.data)
        before = stream.bytes.next
        stream.bytes.feed(first, segment.payload, bool(segment.flags & FIN), WINDOW)
        if stream.bytes.next == before:
            what = "comes early, something before it is missing" if ahead > 0 else "sent again"
            return Kind.DATA, f"{what}: {_quote(segment.payload)}"
        data = stream.bytes.data
        said: list[str] = []
        kind = Kind.WEBSOCKET
        if not stream.upgraded and bytes(data[:8]).startswith(HTTP):
            head, end, _ = bytes(data).partition(b"\r\n\r\n")
            line = printable(head.split(b"\r\n", 1)[0].decode("latin-1"))
            if not end:
                return Kind.HTTP, f"{line} (head not complete yet)"
            kind = Kind.HTTP
            said.append(line)
            del data[: len(head) + 4]
            if b"upgrade: websocket" in head.lower():
                stream.upgraded = True
                if line.startswith("HTTP/") and back is not None:
                    back.upgraded = True
            if not stream.upgraded:
                data.clear()  # a body is not told
            had = b""
        frames, rest = parse_frames(bytes(data))
        if not stream.upgraded and not said and not _plausible(frames, rest):
            data.clear()
            return Kind.DATA, _quote(segment.payload)
        data[:] = rest
        said += [describe(frame) for frame in frames]
        if rest:
            size = frame_size(rest)
            whole = "a frame" if size is None else f"a frame of {size}"
            verb = "goes on with" if had and not frames else "begins"
            if verb == "goes on with" and kind is Kind.WEBSOCKET:
                kind = Kind.PART
            said.append(f"{verb} {whole} bytes, {len(rest)} of them so far")
        if segment.flags & FIN:
            said.append("and FIN")
        return kind, "; ".join(said) or _quote(segment.payload)


def _key(source: Endpoint, destination: Endpoint) -> tuple[bytes, int, bytes, int]:
    return source.ip, source.port, destination.ip, destination.port


def _numbers(segment: Segment, stream: _Stream, back: _Stream | None) -> str:
    """Sequence numbers from the beginning of the connection, as far as the capture shows it."""
    seq = (segment.seq - stream.first) % MODULO
    ack = ""
    if segment.flags & ACK:
        ack = f" ack={(segment.ack - back.first) % MODULO if back else segment.ack}"
    return f"seq={seq}{ack} win={segment.window}"


def _kind_without_data(flags: int) -> Kind:
    if flags & RST:
        return Kind.RESET
    return Kind.ACK if flags == ACK else Kind.CONTROL


def _plausible(frames: list[WebSocket], rest: bytes) -> bool:
    """Whether bytes of a connection whose upgrade was not seen are WebSocket frames."""
    known = all(f.opcode in OPCODES and not (f.rsv1 or f.rsv2 or f.rsv3) for f in frames)
    return bool(frames) and not rest and known


def _quote(data: bytes) -> str:
    return repr(data) if len(data) <= SHOWN else f"{data[:SHOWN]!r}... ({len(data)} bytes)"


def _other(data: bytes) -> Told:
    """What is no valid TCP segment, as Scapy names it."""
    try:
        packet = Ether(data)
        layers = [layer.__name__ for layer in packet.layers()]
        text = str(packet.summary()).removeprefix("Ether / ").removesuffix(" / Padding")
    except Exception as error:
        # Scapy's dissectors raise whatever malformed bytes make them raise; that is no reason to lose the
        # picture.
        return Told(Kind.OTHER, "?", f"{len(data)} bytes ({type(error).__name__} when dissected)")
    if TCP in packet:
        return Told(Kind.OTHER, "TCP, not valid", f"{text} (its checksum or a length is wrong)")
    skipped = ("Ether", "IP", "IPv6", "Raw", "Padding", "NoPayload")
    names = [n for n in layers if n not in skipped and not n.startswith("IPv6ExtHdr")] or layers[-1:] or ["?"]
    name = "ICMPv6" if names[0].startswith("ICMPv6") else names[0]
    return Told(Kind.OTHER, f"{name} {len(data)} B", text)
