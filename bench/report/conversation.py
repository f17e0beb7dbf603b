"""The frames between two ends as the rows of a picture: what is alike is folded, what is too much is cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from bench.capture import CapturedFrame
from bench.report.narrator import Kind, Narrator

MAX_ROWS = 120
"""Rows of a picture; a longer conversation is cut, and the capture has all of it."""
FOLD_ACKS = 2
"""So many acknowledgements in a row become one row."""
FOLD_PARTS = 3
"""So many segments from the middle of one WebSocket frame become one row."""


@dataclass(frozen=True)
class Step:
    """A frame that crossed the wire."""

    number: int
    """From 1 on, as in Wireshark."""
    time: float
    """Virtual seconds."""
    to_right: bool
    kind: Kind
    label: str
    text: str
    size: int
    """Bytes of the Ethernet frame."""
    comment: str = ""


@dataclass(frozen=True)
class Fold:
    """Frames that share one row."""

    steps: Sequence[Step]
    text: str


Row = Step | Fold


def tell(frames: Iterable[CapturedFrame], numbers: Iterable[int] | None = None) -> list[Step]:
    """The frames of a capture in words; what goes to the board goes to the right.

    `numbers` are the frames' own in their capture, for those that are not all of it.
    """
    narrator = Narrator()
    steps = []
    for number, frame in zip(count(1) if numbers is None else numbers, frames, strict=False):
        told = narrator.tell(frame.data)
        inbound = frame.direction == "to-board"
        # What the bench notes of a frame of the board is what is wrong with it: that is not folded away.
        wrong = "" if inbound else frame.comment
        steps.append(
            Step(
                number,
                frame.time,
                inbound,
                Kind.OTHER if wrong else told.kind,
                told.label,
                f"{told.text} ({wrong})" if wrong else told.text,
                len(frame.data),
                frame.comment,
            )
        )
    return steps


def arrange(steps: Sequence[Step], marked: int | None = None, limit: int = MAX_ROWS) -> list[Row]:
    """Rows for a picture of at most `limit` rows. The frame with the number `marked` has a row of its own."""
    rows = _fold(steps, marked)
    if len(rows) <= limit:
        return rows
    # Where a conversation begins and where it ends says most; what lies before the marked frame more still.
    place = next((i for i, row in enumerate(rows) if isinstance(row, Step) and row.number == marked), None)
    head, tail = limit // 3, limit - limit // 3 - 2
    end = len(rows) if place is None else min(max(place + limit // 6, head + tail), len(rows))
    shown = [*rows[:head], *_cut(rows[head : end - tail]), *rows[end - tail : end]]
    return shown + _cut(rows[end:])


def _cut(rows: Sequence[Row]) -> list[Row]:
    steps = [step for row in rows for step in ([row] if isinstance(row, Step) else row.steps)]
    return [Fold(steps, f"{_count(len(steps), 'frame')} not drawn; all are in the capture")] if steps else []


def _fold(steps: Sequence[Step], marked: int | None) -> list[Row]:
    rows: list[Row] = []
    run: list[Step] = []
    for step in steps:
        if step.kind in (Kind.ACK, Kind.PART) and step.number != marked:
            run.append(step)
            continue
        rows += _folded(run)
        run = []
        rows.append(step)
    return rows + _folded(run)


def _folded(run: list[Step]) -> list[Row]:
    """The rows of a run of acknowledgements and middles of frames."""
    parts = [step for step in run if step.kind is Kind.PART]
    if len(parts) < FOLD_PARTS:
        rows: list[Row] = []
        acks: list[Step] = []
        for step in run:
            if step.kind is Kind.ACK:
                acks.append(step)
                continue
            rows += [*_folded_acks(acks), step]
            acks = []
        return rows + _folded_acks(acks)
    text = f"{_count(len(parts), 'segment')} of the same frame"
    if acknowledged := len(run) - len(parts):
        text += f", {_count(acknowledged, 'acknowledgement')}"
    return [Fold(run, text)]


def _folded_acks(acks: list[Step]) -> list[Row]:
    if len(acks) < FOLD_ACKS:
        return list(acks)
    return [Fold(acks, _count(len(acks), "acknowledgement"))]


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}".replace(",", " ")
