"""A ladder diagram of the frames that crossed the wire, as HTML for a Robot log."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from scapy.layers.l2 import Ether

from bench.addresses import Station
from bench.capture import CapturedFrame
from bench.layers.tcpip import FIN, RST, SYN, parse
from bench.layers.websocket import OPCODES, describe, parse_frames

MAX_ROWS = 200
"""Longer exchanges are cut in the middle; the capture has all of it."""
WIDTH, ROW = 260, 22
TEXT_LIMIT = 100

Rows = list[tuple[CapturedFrame | None, str]]


def summary(data: bytes) -> str:
    """What a frame is, in one line.

    WebSocket frames where a TCP segment starts with one, else the segment.
    """
    parsed = parse(data)
    if parsed is None:
        try:
            return _short(Ether(data).summary())
        except Exception as error:
            # Scapy's dissectors raise whatever malformed bytes make them raise; that is no reason to lose
            # the picture.
            return f"{len(data)} bytes ({type(error).__name__} when dissected)"
    segment = parsed.segment
    payload = segment.payload
    if not payload:
        return str(segment)
    if payload.startswith((b"GET ", b"HTTP/1.")):
        return _short(payload.split(b"\r\n", 1)[0].decode("latin-1"))
    frames, rest = parse_frames(payload)
    if not frames or rest or any(f.rsv1 or f.rsv2 or f.rsv3 or f.opcode not in OPCODES for f in frames):
        return _short(str(segment))
    end = " + FIN" if segment.flags & FIN else ""
    return _short("; ".join(describe(frame) for frame in frames)) + end


def ladder(frames: Sequence[CapturedFrame], board: Station, host: Station) -> str:
    """An HTML fragment: time, an arrow between host and board, and what the frame is. `frames` in order."""
    if not frames:
        return "<p>No frame crossed the wire.</p>"
    rows: Rows = [(frame, summary(frame.data)) for frame in frames]
    if len(rows) > MAX_ROWS:
        half = MAX_ROWS // 2
        rest = f"... {len(rows) - 2 * half} frames more, see the capture"
        rows = [*rows[:half], (None, rest), *rows[-half:]]
    start = frames[0].time
    height = ROW * (len(rows) + 1)
    left, right = 90, 90 + WIDTH
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{right + 720}" height="{height}" '
        'style="font: 12px monospace; background: white" fill="#222">',
        f'<text x="{left}" y="14" text-anchor="middle">{escape(host.name)}</text>',
        f'<text x="{right}" y="14" text-anchor="middle">{escape(board.name)}</text>',
    ]
    parts += [f'<line x1="{x}" y1="18" x2="{x}" y2="{height}" stroke="#bbb"/>' for x in (left, right)]
    for number, (frame, text) in enumerate(rows, 1):
        y = ROW * number + 12
        parts.append(f'<text x="{right + 12}" y="{y + 4}">{escape(text)}</text>')
        if frame is None:
            continue
        parts.append(f'<text x="4" y="{y + 4}">{(frame.time - start) * 1000:9.3f}</text>')
        parts.append(_arrow(frame, left, right, y))
    parts.append("</svg>")
    note = f"<p>Times in ms after {start:.6f} virtual seconds.</p>"
    return note + "".join(parts)


def _arrow(frame: CapturedFrame, left: int, right: int, y: int) -> str:
    inbound = frame.direction == "to-board"
    tail, head = (left, right) if inbound else (right, left)
    back = head - 7 if inbound else head + 7
    colour = _colour(frame.data, inbound)
    return (
        f'<line x1="{tail}" y1="{y}" x2="{head}" y2="{y}" stroke="{colour}" stroke-width="1.5"/>'
        f'<polygon points="{head},{y} {back},{y - 4} {back},{y + 4}" fill="{colour}"/>'
    )


def _colour(data: bytes, inbound: bool) -> str:
    parsed = parse(data)
    if parsed is None:
        return "#888"
    if parsed.segment.flags & RST:
        return "#c0392b"
    if parsed.segment.flags & (SYN | FIN) or not parsed.segment.payload:
        return "#999"
    return "#2166ac" if inbound else "#1b7837"


def _short(text: str) -> str:
    return text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 3] + "..."
