"""How a correct board reacts to a TCP segment in every state (RFC 9293, section 3.10.7, and RFC 5961)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.layers.reassembly import distance
from bench.layers.tcp_state import State
from bench.layers.tcpip import ACK, FIN, RST, SYN, Segment
from bench.lwip import Connection
from bench.matrix import rules_stream
from bench.matrix.expectation import Expectation, Problem, may, must, silent
from bench.matrix.replies import Reply
from bench.matrix.states import LISTENING, Scene

APPLICATION = ("data", "fin", "rst")
"""What the program behind a connection may do when data have arrived, beside the acknowledgement."""
MODULO = 1 << 32


@dataclass(frozen=True)
class Incoming:
    """A segment as a receiver reads it."""

    source_port: int
    port: int
    seq: int
    ack: int
    flags: int
    data: bytes
    options_good: bool

    @property
    def length(self) -> int:
        """What it occupies in sequence space."""
        return len(self.data) + bool(self.flags & SYN) + bool(self.flags & FIN)


def read(data: bytes) -> Incoming | None:
    """A segment from its bytes; None for one that is cut, or whose data offset cannot be."""
    if len(data) < 20:
        return None
    offset = (data[12] >> 4) * 4
    if offset < 20 or offset > len(data):
        return None
    source, target, seq, ack = struct.unpack_from("!HHII", data)
    return Incoming(source, target, seq, ack, data[13] & 0x3F, data[offset:], _options_good(data[20:offset]))


def expect(scene: Scene, frame: bytes, data: bytes) -> Expectation:
    """How to react to the segment `data` of a frame that is right up to here."""
    if len(data) < 20:
        return silent("tcp-cut", "RFC 9293, section 3.1")
    segment = read(data)
    if segment is None:
        return silent("tcp-data-offset", "RFC 9293, section 3.1")
    connection = scene.connection
    known = connection is not None and (
        (segment.source_port, segment.port) == (connection.remote_port, connection.local_port)
        and connection.remote_ip == (frame[26:30] if len(connection.remote_ip) == 4 else frame[22:38])
        and connection.local_ip == (frame[30:34] if len(connection.local_ip) == 4 else frame[38:54])
    )
    if connection is None or not known:
        expected = _listen(segment) if segment.port in LISTENING else _closed(segment)
    elif connection.state is State.TIME_WAIT:
        expected = _synchronised(scene, connection, segment, "time-wait")
    else:
        expected = _synchronised(scene, connection, segment, scene.ends.state)
    if expected.allowed & {"rst"} and not known:
        expected = replace(expected, check=lambda replies: _reset_numbers(segment, replies))
    if segment.source_port == 0 or segment.port == 0 or not segment.options_good:
        return expected.optional("odd")
    return expected


def _closed(segment: Incoming) -> Expectation:
    """RFC 9293, section 3.10.7.1."""
    if segment.flags & RST:
        return silent("tcp-closed-rst", "RFC 9293, section 3.10.7.1")
    return must("tcp-closed", "rst", source="RFC 9293, section 3.10.7.1")


def _listen(segment: Incoming) -> Expectation:
    """RFC 9293, section 3.10.7.2."""
    section = "RFC 9293, section 3.10.7.2"
    if segment.flags & RST:
        return silent("tcp-listen-rst", section)
    if segment.flags & ACK:
        return must("tcp-listen-ack", "rst", source=section)
    if segment.flags & SYN:

        def check(replies: Sequence[Reply]) -> list[Problem]:
            return [
                Problem("syn-ack-numbers", f"SYN+ACK acknowledges {reply.segment.ack}, not {segment.seq + 1}")
                for reply in replies
                if reply.kind == "syn-ack"
                and reply.segment is not None
                and reply.segment.ack != (segment.seq + 1) % MODULO
            ]

        if segment.flags & FIN:
            return may("tcp-listen-syn-fin", "syn-ack", source=section, check=check)
        return must("tcp-listen-syn", "syn-ack", source=section, check=check)
    return silent("tcp-listen-no-syn", section)


def _synchronised(scene: Scene, connection: Connection, segment: Incoming, state: str) -> Expectation:
    """RFC 9293, section 3.10.7.4: the states from SYN-RECEIVED on."""
    section = "RFC 9293, section 3.10.7.4"
    if not _acceptable(connection, segment):
        if segment.flags & RST:
            return silent(f"tcp-{state}-rst-outside", section)
        return _challenge(connection, f"tcp-{state}-outside", section)
    first = distance(segment.seq, connection.receive_next)
    if segment.flags & RST:
        if first == 0:
            return silent(f"tcp-{state}-rst", section)
        return _challenge(connection, f"tcp-{state}-rst-inside", "RFC 5961, section 3.2")
    if segment.flags & SYN:
        return _challenge(connection, f"tcp-{state}-syn", "RFC 5961, section 4.2")
    if not segment.flags & ACK:
        return silent(f"tcp-{state}-no-ack", section)
    ahead = distance(segment.ack, connection.send_next)
    if state == "syn-received":
        if ahead > 0 or distance(segment.ack, connection.unacknowledged) <= 0:
            return must(f"tcp-{state}-wrong-ack", "rst", source=section)
    elif ahead > 0:
        return _challenge(connection, f"tcp-{state}-ack-of-unsent", section)
    elif distance(segment.ack, connection.unacknowledged) < -connection.send_window:
        return may(f"tcp-{state}-old-ack", "ack", *APPLICATION, source="RFC 5961, section 5.2")
    return _delivered(scene, connection, segment, state, first)


def _delivered(
    scene: Scene, connection: Connection, segment: Incoming, state: str, first: int
) -> Expectation:
    """An acceptable segment: its data and its FIN are taken where the state allows."""
    section = "RFC 9293, section 3.10.7.4"
    if not segment.length:
        return may(f"tcp-{state}-good-ack", "ack", *APPLICATION, source=section)
    if state in ("close-wait", "closing", "last-ack", "time-wait"):
        # What it acknowledges, and its window, may let the board go on.
        return may(f"tcp-{state}-data-after-fin", "ack", *APPLICATION, source=section)
    if first > 0:
        return must(f"tcp-{state}-out-of-order", "ack", also=APPLICATION, source=section)
    data = segment.data[-first:] if first < 0 else segment.data
    if state in ("fin-wait-1", "fin-wait-2"):
        # The program has closed: data that nobody reads are answered with a reset (section 3.6.1).
        return must(f"tcp-{state}-data", "ack", "rst", also=APPLICATION, source=section)
    if not data:
        return must(f"tcp-{state}-fin", "ack", also=APPLICATION, source=section)
    data = data[: connection.receive_window]
    ended = bool(segment.flags & FIN)
    return must(
        f"tcp-{state}-data",
        "ack",
        *APPLICATION,
        source=section,
        check=lambda replies: rules_stream.check(scene, data, ended, replies),
    )


def _challenge(connection: Connection, when: str, source: str) -> Expectation:
    """An acknowledgement that says what is expected, and nothing else."""

    def check(replies: Sequence[Reply]) -> list[Problem]:
        return [
            Problem(
                f"{when}-numbers",
                f"ACK has seq {reply.segment.seq}, ack {reply.segment.ack}, not {connection.send_next},"
                f" {connection.receive_next}",
            )
            for reply in replies
            if reply.kind == "ack"
            and reply.segment is not None
            and (reply.segment.seq, reply.segment.ack) != (connection.send_next, connection.receive_next)
        ]

    return must(when, "ack", source=source, check=check)


def _acceptable(connection: Connection, segment: Incoming) -> bool:
    """The first check of RFC 9293, section 3.10.7.4."""
    window = connection.receive_window
    first = distance(segment.seq, connection.receive_next)
    last = first + max(segment.length - 1, 0)
    if segment.length == 0:
        return first == 0 if window == 0 else 0 <= first < window
    return window > 0 and (0 <= first < window or 0 <= last < window)


def _reset_numbers(segment: Incoming, replies: Sequence[Reply]) -> list[Problem]:
    """A reset for a segment of no connection (RFC 9293, section 3.10.7.1)."""
    seq = segment.ack if segment.flags & ACK else 0
    ack = (segment.seq + segment.length) % MODULO
    return [
        Problem(
            "rst-numbers",
            f"RST has seq {got.seq}, ack {got.ack}; expected seq {seq}, and ack {ack} if ACK is set",
        )
        for got in (reply.segment for reply in replies if reply.kind == "rst")
        if got is not None and not _reset_right(segment, got, seq, ack)
    ]


def _reset_right(segment: Incoming, got: Segment, seq: int, ack: int) -> bool:
    if segment.flags & ACK:
        return got.seq == seq
    return (got.seq, got.ack) == (seq, ack) and bool(got.flags & ACK)


def _options_good(options: bytes) -> bool:
    """Whether a list of options is one (RFC 9293, section 3.1), with the lengths that the known ones have."""
    lengths = {2: 4, 3: 3, 4: 2, 8: 10}
    at = 0
    while at < len(options) and options[at] != 0:
        if options[at] == 1:
            at += 1
            continue
        size = options[at + 1] if at + 1 < len(options) else 0
        if size < 2 or at + size > len(options) or lengths.get(options[at], size) != size:
            return False
        at += size
    return True
