"""What a failed check objected to, found in the capture; and the evidence of a test as HTML for a log."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from bench.console_text import printable
from bench.report.conversation import Step
from bench.report.ladder import Deviation, Ladder, svg
from bench.report.narrator import Kind


class Figure(NamedTuple):
    """A number of a test, as text, and what it means."""

    name: str
    value: str
    meaning: str


EXPECTED = re.compile(r"expected (?P<expected>.*)\n\s*came: (?P<came>.*)")
"""How the bench's own checks word it (`PeerError`)."""


def find_deviation(steps: Sequence[Step], mark: int, time: float, message: str) -> Deviation | None:
    """The frame a failed check objected to.

    `mark` is how many frames had crossed the wire when the check failed, at `time`; `message` is the check's.
    It is the newest frame from the board which says what `message` says has come; else the newest one that is
    more than an acknowledgement, else the newest. None for a message that is not about frames.
    """
    found = EXPECTED.search(message)
    if found is None:
        return None
    words = f"expected {found['expected']}"
    came = found["came"]
    if came.startswith("nothing"):
        return Deviation(words, None, time)
    from_board = [step for step in steps[:mark] if not step.to_right]
    said = [step for step in from_board if came in step.text]
    told = said or [step for step in from_board if step.kind is not Kind.ACK] or from_board
    return Deviation(words, told[-1].number, time) if told else Deviation(words, None, time)


def evidence(ladder: Ladder, figures: Sequence[Figure], capture: str, console: str) -> str:
    """HTML: the figures, the ladder, a link to the capture, the console's lines."""
    rows = "".join(
        f'<td title="{escape(meaning)}" style="padding:2px 1.5em 2px 0"><b>{escape(value)}</b><br>'
        f'<span style="opacity:.75">{escape(name)}</span></td>'
        for name, value, meaning in figures
    )
    table = f'<table style="table-layout:auto"><tr>{rows}</tr></table>' if rows else ""
    link = _link(capture)
    printed = escape(printable(console.rstrip("\n"))) or "nothing"
    return (
        f'{table}<div style="overflow-x:auto">{svg(ladder)}</div>{link}'
        f"<details><summary>Console during the test</summary><pre>{printed}</pre></details>"
    )


def told_case(words: str, ladder: Ladder, capture: str, *, unfolded: bool) -> str:
    """HTML: a case of several in one test, its ladder folded away unless it is to be seen at once."""
    opened = " open" if unfolded else ""
    return (
        f"<details{opened}><summary>{escape(words)}</summary>"
        f'<div style="overflow-x:auto">{svg(ladder)}</div>{_link(capture)}</details>'
    )


def _link(capture: str) -> str:
    return f'<p>Capture: <a href="{escape(capture)}">{escape(capture)}</a></p>' if capture else ""
