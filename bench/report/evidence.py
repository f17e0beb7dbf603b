"""What a failed check objected to, found in the capture; and the evidence of a test as HTML for a log."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from bench.report.conversation import Step
from bench.report.ladder import Deviation, Ladder, svg
from bench.report.narrator import Kind
from emulation.console_text import printable


class Figure(NamedTuple):
    """A number of a test, as text, and what it means."""

    name: str
    value: str
    meaning: str


NARROW = "@media(max-width:720px){tr:has(svg.ladder)>td{display:block;width:auto}}"
"""In a narrow window Robot's columns for time and level would leave a ladder the width of a thumb."""
OPEN_WHOLE = (
    "var s=this.parentNode.previousElementSibling.firstElementChild.cloneNode(true);"
    "s.style.background='var(--paper)';s.style.maxWidth='none';"
    "window.open(window.URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(s)],"
    "{type:'image/svg+xml'})));return false"
)
"""Robot's log is a single file and needs JavaScript anyway: no picture has to lie beside it."""
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
        f'<div title="{escape(meaning)}"><b>{escape(value)}</b><br>'
        f'<span style="opacity:.75">{escape(name)}</span></div>'
        for name, value, meaning in figures
    )
    table = f'<div style="display:flex;flex-wrap:wrap;gap:4px 1.5em">{rows}</div>' if rows else ""
    link = _link(capture)
    printed = escape(printable(console.rstrip("\n"))) or "nothing"
    return (
        f"{table}{_picture(ladder)}{link}"
        f"<details><summary>Console during the test</summary><pre>{printed}</pre></details>"
    )


def told_case(words: str, ladder: Ladder, capture: str, *, unfolded: bool) -> str:
    """HTML: a case of several in one test, its ladder folded away unless it is to be seen at once."""
    opened = " open" if unfolded else ""
    return f"<details{opened}><summary>{escape(words)}</summary>{_picture(ladder)}{_link(capture)}</details>"


def _picture(ladder: Ladder) -> str:
    """The ladder, to be scrolled where it is wider than its place, with a way to see all of it."""
    whole = f'<p><a href="#" onclick="{OPEN_WHOLE}">The ladder in a window of its own</a></p>'
    return f'<style>{NARROW}</style><div style="overflow-x:auto">{svg(ladder)}</div>{whole}'


def _link(capture: str) -> str:
    return f'<p>Capture: <a href="{escape(capture)}">{escape(capture)}</a></p>' if capture else ""
