"""Judges what a board sends for a sequence, by the model of a receiver and the rules of the streams."""

from __future__ import annotations

from collections.abc import Sequence

from bench.layers.reassembly import distance
from bench.layers.tcpip import ACK
from bench.matrix import rules_stream
from bench.matrix.expectation import Problem
from bench.matrix.replies import Reply
from bench.matrix.states import QUEUED, REQUEST_BEGUN, WAITING
from bench.sequences.case import Part
from bench.sequences.receiver import Receiver
from bench.sequences.scenes import End, joined
from bench.sequences.stream import stream

LARGEST = 1072
"""Bytes of the largest window that the board offers (net/lwipopts.h)."""
OPEN = ("syn-received", "established", "requesting", "upgraded", "queued")
"""States in which the board's program takes data."""


def receiver(end: End, parts: Sequence[Part]) -> Receiver:
    """The model, fed with the segments of one connection."""
    model = Receiver(end.connection.receive_window, LARGEST, accepted=end.ends.state != "syn-received")
    for part in parts:
        model.feed(part)
    return model


class Heard:
    """What the board has sent on one connection, in relation to what both ends have numbered at the start."""

    def __init__(self, end: End, replies: Sequence[Reply]) -> None:
        ports = end.ends.target.port, end.ends.source.port
        self.replies = [reply for reply in replies if reply.segment is not None and reply.ports == ports]
        self.acknowledged: list[int] = []
        """Each acknowledgement, as an offset from RCV.NXT at the start."""
        self.edges: list[int] = []
        """Each right edge of the window, by the same measure."""
        pieces: list[tuple[int, bytes]] = []
        for reply in self.replies:
            segment = reply.segment
            assert segment is not None
            if segment.flags & ACK and reply.kind != "rst":
                self.acknowledged.append(distance(segment.ack, end.ends.seq))
                self.edges.append(self.acknowledged[-1] + segment.window)
            if segment.payload:
                pieces.append((distance(segment.seq, end.ends.ack), segment.payload))
        self.stream = joined(pieces, end.sent)
        """The bytes that the board has sent, from the first that had not been acknowledged."""
        self.kinds = {reply.kind for reply in self.replies}

    @property
    def last(self) -> int:
        """How far the board has acknowledged."""
        return max(self.acknowledged, default=0)


def judge(end: End, model: Receiver, replies: Sequence[Reply], *, settled: bool = False) -> list[Problem]:
    """What is wrong with the board's side of a connection. `settled`: the whole stream has been repeated."""
    heard, state = Heard(end, replies), end.ends.state
    problems = [
        Problem(f"malformed-{reply.kind}", text) for reply in heard.replies for text in reply.problems
    ]
    if model.may_be_reset and "syn-ack" in heard.kinds:
        return problems  # a SYN after the reset has begun another connection, with numbers of its own
    problems += _numbers(heard, model)
    if state not in OPEN:
        return problems
    if "rst" in heard.kinds and not (model.may_be_reset or model.may_have_ended):
        problems.append(Problem("sequence-rst", "the board resets a connection that has a right to go on"))
    if "fin" in heard.kinds and not (model.may_be_reset or model.may_have_ended):
        problems.append(Problem("sequence-fin", "the board ends a connection that goes on"))
    if "syn-ack" in heard.kinds and state != "syn-received":
        problems.append(Problem("sequence-syn-ack", "a SYN+ACK within a connection"))
    if model.must_answer and not heard.replies:
        problems.append(
            Problem("sequence-silence", "none of the segments is acknowledged (RFC 9293, section 3.10.7.4)")
        )
    if model.must_answer and not model.may_be_reset and heard.replies and heard.last < model.acknowledged[0]:
        problems.append(
            Problem(
                "sequence-not-taken",
                f"bytes up to {heard.last} are acknowledged, but {model.acknowledged[0]} have come in order"
                " (RFC 9293, section 3.10.7.4)",
            )
        )
    if not problems:
        problems += _delivered(state, heard, model, settled)
    return problems


def _numbers(heard: Heard, model: Receiver) -> list[Problem]:
    """Acknowledgements and windows: what never came is not acknowledged, and nothing is taken back."""
    problems = []
    first, last = 0, model.acknowledged[1]
    wrong = [number for number in heard.acknowledged if not first <= number <= last]
    if wrong:
        problems.append(
            Problem("sequence-ack-of-unsent", f"{wrong[0]} is acknowledged; at most {last} bytes have come")
        )
    if any(after < before for before, after in zip(heard.acknowledged, heard.acknowledged[1:], strict=False)):
        problems.append(Problem("sequence-ack-backward", f"acknowledgements go back: {heard.acknowledged}"))
    if any(after < before for before, after in zip(heard.edges, heard.edges[1:], strict=False)):
        problems.append(
            Problem(
                "sequence-window-shrinks",
                f"the window's right edge goes back: {heard.edges} (RFC 9293, section 3.8.6)",
            )
        )
    if any(edge > model.edge + 1 for edge in heard.edges):
        problems.append(
            Problem("sequence-window", f"the right edge is at {max(heard.edges)}, beyond {model.edge}")
        )
    return problems


def _delivered(state: str, heard: Heard, model: Receiver, settled: bool) -> list[Problem]:
    """Whatever the board acknowledges it has to deliver, byte by byte: its program's answers show it."""
    ended = not settled
    data = stream(state)[: heard.last - (heard.last > model.high)]
    if model.may_be_reset or model.may_have_ended:
        # The last byte acknowledged may be the FIN, and answers may be lost with the connection.
        options = [data, data[: max(0, len(data) - 1)]]
        found = [_answered(state, option, heard.stream, ended=True) for option in options]
        return min(found, key=len)
    return _answered(state, data, heard.stream, ended=ended)


def _answered(state: str, data: bytes, sent: bytes, *, ended: bool) -> list[Problem]:
    if state in ("upgraded", "queued"):
        expected = rules_stream.answers(data, fragmented=False)
        if state == "queued":
            expected = [rules_stream.Answer(2, WAITING)] * QUEUED + expected
        return rules_stream.compare(expected, sent, ended)
    begun = REQUEST_BEGUN if state == "requesting" else b""
    if ended and not sent:
        return []
    return rules_stream.check_request(begun + data, sent, ended)
