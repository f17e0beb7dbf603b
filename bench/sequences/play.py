"""Plays a sequence on a board, and asks whether the board has dealt with it as a receiver should."""

from __future__ import annotations

from collections.abc import Sequence

from bench.layers.tcpip import ACK, PSH, Segment, build
from bench.matrix.departures import departure
from bench.matrix.expectation import Problem
from bench.matrix.replies import Reply, sort_replies
from bench.oracle import QUIET, Oracle
from bench.sequences.case import OPTIONS, WINDOW, WINDOWS, Part, SequenceCase
from bench.sequences.judge import OPEN, Heard, judge, receiver
from bench.sequences.receiver import Receiver
from bench.sequences.scenes import End, SequenceScene
from bench.sequences.stream import complete_from, stream
from emulation.machine import TimedFrame

MSS = 536
"""Bytes of a segment in which the bench repeats the stream."""
ROUNDS = 40
"""How often it tries before it gives up; lwIP's answers need two or three."""
ROUND = 0.02
"""Virtual seconds between two tries."""
LAST = 0.3
"""Virtual seconds for the answers to the last of the stream."""


def play(oracle: Oracle, scene: SequenceScene, case: SequenceCase) -> list[Problem]:
    """Send the segments from the scene's snapshot; if the connections are open then, finish their streams.

    Returns what is wrong with what the board has sent. A fault of the guest is for the oracle to tell.
    """
    oracle.restore(scene.snapshot)
    oracle.board.wire.comment = case.id
    models = [receiver(end, _of(case, index)) for index, end in enumerate(scene.ends)]
    for part in case.parts:
        if part.pause:
            oracle.send(quiet=part.pause / 1000)
        oracle.send(_frame(oracle, scene.ends[part.second], part), quiet=0.0)
    oracle.send(quiet=QUIET)
    problems: list[Problem] = []
    for end, model in zip(scene.ends, models, strict=True):
        if oracle.board.health.fault is not None:
            break
        problems += judge(end, model, _replies(oracle.frames))
        goes_on = end.ends.state in OPEN and not (model.may_be_reset or model.may_have_ended)
        if goes_on and not problems:
            _finish(oracle, end, model)
            if oracle.board.health.fault is not None:
                break
            problems += judge(end, model, _replies(oracle.frames), settled=True)
    return [problem for problem in problems if departure(problem) is None]


def _of(case: SequenceCase, index: int) -> list[Part]:
    return [part for part in case.parts if part.second == bool(index)]


def _replies(frames: Sequence[TimedFrame]) -> list[Reply]:
    return sort_replies(frames)


def _frame(oracle: Oracle, end: End, part: Part) -> bytes:
    """The frame of a segment."""
    start, stop = part.span(end.connection.receive_window)
    ack = end.ends.ack
    if part.acknowledges:
        ack += len(Heard(end, _replies(oracle.frames)).stream)
    whole = stream(end.ends.state)
    payload = (bytes(max(0, -start)) + whole[max(0, start) : max(0, stop)])[: stop - start]
    segment = Segment(
        end.ends.seq + start,
        ack if part.bits & ACK else 0,
        part.bits,
        WINDOWS.get(part.window, WINDOW),
        payload,
        OPTIONS.get(part.option, b""),
    )
    return build(end.ends.source, end.ends.target, segment)


def _finish(oracle: Oracle, end: End, model: Receiver) -> None:
    """Repeat the stream from where the board has acknowledged it, as any client would, to a message's end.

    What the board sends is acknowledged meanwhile. From then on the model has all of it.
    """
    goal = complete_from(end.ends.state, max(model.end, model.high) + 1)
    whole = stream(end.ends.state)
    for _ in range(ROUNDS):
        heard = Heard(end, _replies(oracle.frames))
        edge = max([*heard.edges, end.connection.receive_window])
        stop = min(goal, heard.last + MSS, edge)
        segment = Segment(
            end.ends.seq + heard.last,
            end.ends.ack + len(heard.stream),
            ACK | PSH,
            WINDOW,
            whole[heard.last : stop],
        )
        oracle.send(build(end.ends.source, end.ends.target, segment), quiet=ROUND)
        if oracle.board.health.fault is not None:
            return
        if heard.last >= goal and len(Heard(end, _replies(oracle.frames)).stream) == len(heard.stream):
            break
    model.complete(goal)
    oracle.send(quiet=LAST)
