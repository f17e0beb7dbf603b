"""A ladder diagram as SVG: two ends, a row for each frame, time downwards.

Good inside a page (Robot's log) and as a file. Text stays text: it can be selected, searched and read aloud.
"""

from __future__ import annotations

import hashlib
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from bench.report.colours import variables
from bench.report.conversation import Fold, Row, Step, arrange
from bench.report.narrator import Kind

WIDTH = 1060
NUMBER, TIME, LEFT, RIGHT, TEXT = 36, 116, 138, 390, 408
LINE, ROW, THIN, HEAD = 15, 26, 18, 34
COLUMNS = 88
"""Characters in a line of the text column."""
LINES = 3
LABEL_CHARACTER = 6.4
"""Width of a character on an arrow."""
END_CHARACTER = 8
"""Width of a character in the name of an end."""

COLOURS = {
    Kind.CONTROL: "ink",
    Kind.RESET: "red",
    Kind.ACK: "soft",
    Kind.HTTP: "purple",
    Kind.WEBSOCKET: "blue",
    Kind.PART: "blue",
    Kind.DATA: "green",
    Kind.OTHER: "amber",
}
DASHES = {Kind.ACK: "2 3", Kind.RESET: "7 3", Kind.OTHER: "9 3 2 3", Kind.PART: "12 3"}

STYLE = (
    variables("svg.ladder")
    # A narrow window shows it smaller, as long as it can be read.
    + "svg.ladder{max-width:100%;min-width:720px;height:auto}"
    "svg.ladder{font:12px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;color-scheme:light dark}"
    "svg.ladder text{fill:var(--ink)}svg.ladder .soft{fill:var(--soft)}svg.ladder .small{font-size:10.5px}"
    "svg.ladder .end{font-weight:bold;font-size:13px}svg.ladder .rail{stroke:var(--rule);stroke-width:2}"
    "svg.ladder .fold{stroke:var(--soft);stroke-dasharray:1 4;stroke-width:2;stroke-linecap:round}"
    "svg.ladder .plate{fill:var(--paper)}svg.ladder .deviates .plate{fill:var(--alarm);stroke:none}"
    "svg.ladder .deviates .alarm{fill:var(--alarm);stroke:var(--red);stroke-width:1.5}"
    "svg.ladder .deviates .sign{fill:var(--red);font-weight:bold}"
)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Deviation:
    """What a failed check objected to: a frame, or the absence of one."""

    message: str
    """Expected and came, in one line or several."""
    number: int | None = None
    """The frame that deviates; None if nothing came."""
    time: float = 0.0
    """When the check failed, in virtual seconds."""


@dataclass(frozen=True)
class Ladder:
    """What is to be drawn. Times are shown from the first frame on."""

    left: str
    right: str
    steps: Sequence[Step]
    title: str = "Frames on the wire"
    deviation: Deviation | None = None
    note: str = ""
    """A last line, for what is not drawn."""

    def rows(self) -> list[Row]:
        """The rows, folded and cut."""
        return arrange(self.steps, self.deviation.number if self.deviation else None)


def svg(ladder: Ladder, *, document: bool = False) -> str:
    """The picture: for a page, or with `document` as a file of its own that has a background."""
    start = ladder.steps[0].time if ladder.steps else 0.0
    ends, top = _ends(ladder)
    body: list[str] = []
    y = top + HEAD
    failed = ladder.deviation
    for row in ladder.rows():
        if isinstance(row, Fold):
            drawn, height = _fold(row, y, start)
        else:
            drawn, height = _step(row, y, start, failed if failed and failed.number == row.number else None)
        body.append(drawn)
        y += height
    if failed is not None and failed.number is None:
        drawn, height = _absence(failed, y, start)
        body.append(drawn)
        y += height
    if not ladder.steps:
        body.append(_text(LEFT, y + 12, "No frame crossed the wire."))
        y += ROW
    rails = "".join(
        f'<line class="rail" x1="{x}" y1="{top + 26}" x2="{x}" y2="{y + 4}"/>' for x in (LEFT, RIGHT)
    )
    y += 10
    if ladder.note:
        body.append(_text(NUMBER - 30, y + 14, ladder.note, "soft"))
        y += 22
    description = _describe(ladder, start)
    key = hashlib.sha256("".join([ladder.title, *body]).encode()).hexdigest()[:10]
    background = '<rect width="100%" height="100%" style="fill:var(--paper)"/>' if document else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="ladder" width="{WIDTH}" height="{y}" '
        f'viewBox="0 0 {WIDTH} {y}" role="group" aria-labelledby="t{key} d{key}">'
        f'<title id="t{key}">{_xml(ladder.title)}</title><desc id="d{key}">{_xml(description)}</desc>'
        f"<style>{STYLE}</style>{background}{rails}"
        + _text(NUMBER, top + 18, "No.", "soft small", "end")
        + _text(TIME, top + 18, "ms", "soft small", "end")
        + ends
        + "".join(body)
        + "</svg>\n"
    )


def _ends(ladder: Ladder) -> tuple[str, int]:
    """The names of the ends above their rails, and how much further down everything begins for long ones."""
    left = LEFT - 8
    if left + END_CHARACTER * len(ladder.left) < RIGHT - END_CHARACTER * (len(ladder.right) / 2 + 1):
        return _text(left, 18, ladder.left, "end") + _text(RIGHT, 18, ladder.right, "end", "middle"), 0
    # IPv6 addresses want a line each.
    return _text(left, 18, ladder.left, "end") + _text(RIGHT - 8, 18 + ROW, ladder.right, "end"), ROW


def _step(step: Step, y: int, start: float, deviation: Deviation | None) -> tuple[str, int]:
    lines = _wrap(step.text)
    signs = [] if deviation is None else ["✗ " + lines_of for lines_of in _wrap(_one_line(deviation.message))]
    thin = step.kind is Kind.ACK and deviation is None
    height = max(THIN if thin else ROW, LINE * (len(lines) + len(signs)) + (3 if thin else 9))
    middle = y + (9 if thin else 13)
    tail, head = (LEFT, RIGHT) if step.to_right else (RIGHT, LEFT)
    back = head - 8 if step.to_right else head + 8
    colour, dash = COLOURS[step.kind], DASHES.get(step.kind)
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    width = "1" if thin else "1.8"
    tip = f"Frame {step.number}, {step.time:.9f} s, {step.size} bytes: {step.label}\n{step.text}"
    if step.comment:
        tip += f"\n{step.comment}"
    parts = [f'<g class="frame{" deviates" if deviation else ""}"><title>{_xml(tip)}</title>']
    if deviation is not None:
        parts.append(f'<rect class="alarm" x="2" y="{y}" width="{WIDTH - 4}" height="{height - 2}" rx="4"/>')
    parts += [
        _text(NUMBER, middle + 4, str(step.number), "soft small", "end"),
        _text(TIME, middle + 4, f"{(step.time - start) * 1000:.3f}", "soft" if thin else "", "end"),
        f'<line x1="{tail}" y1="{middle}" x2="{back}" y2="{middle}" '
        f'style="stroke:var(--{colour})" stroke-width="{width}"{dashed}/>'
        f'<polygon points="{head},{middle} {back},{middle - 4} {back},{middle + 4}" '
        f'style="fill:var(--{colour})"/>',
        _label(step.label, middle),
    ]
    for number, line in enumerate(lines):
        parts.append(_text(TEXT, middle + 4 + LINE * number, line, "soft" if thin else ""))
    for number, line in enumerate(signs, len(lines)):
        parts.append(_text(TEXT, middle + 4 + LINE * number, line, "sign"))
    return "".join(parts) + "</g>", height


def _fold(fold: Fold, y: int, start: float) -> tuple[str, int]:
    first, last = fold.steps[0], fold.steps[-1]
    middle = y + 9
    tip = f"Frames {first.number} to {last.number}, until {(last.time - start) * 1000:.3f} ms"
    right = sum(step.to_right for step in fold.steps)
    text = f"{fold.text} ({right} →, {len(fold.steps) - right} ←), frames {first.number} to {last.number}"
    return (
        f'<g class="folded"><title>{tip}</title>'
        + _text(NUMBER, middle + 4, "⋮", "soft", "end")
        + _text(TIME, middle + 4, f"{(first.time - start) * 1000:.3f}", "soft", "end")
        + f'<line class="fold" x1="{LEFT + 6}" y1="{middle}" x2="{RIGHT - 6}" y2="{middle}"/>'
        + _text(TEXT, middle + 4, text, "soft")
        + "</g>",
        THIN,
    )


def _absence(deviation: Deviation, y: int, start: float) -> tuple[str, int]:
    lines = _wrap(_one_line(deviation.message))
    height = max(ROW, LINE * len(lines) + 9)
    middle = y + 13
    parts = [
        f'<g class="deviates"><title>Here the check failed</title>'
        f'<rect class="alarm" x="2" y="{y}" width="{WIDTH - 4}" height="{height - 2}" rx="4"/>',
        _text(TIME, middle + 4, f"{(deviation.time - start) * 1000:.3f}", "", "end"),
        _text((LEFT + RIGHT) // 2, middle + 4, "✗ nothing came", "sign", "middle"),
    ]
    parts += [_text(TEXT, middle + 4 + LINE * n, line, "sign") for n, line in enumerate(lines)]
    return "".join(parts) + "</g>", height


def _describe(ladder: Ladder, start: float) -> str:
    """The picture in a sentence or two, for those who do not see it."""
    if not ladder.steps:
        return "No frame crossed the wire."
    right = sum(step.to_right for step in ladder.steps)
    last = (ladder.steps[-1].time - start) * 1000
    words = (
        f"{len(ladder.steps)} frames in {last:.3f} ms from {start:.6f} s on: {right} from {ladder.left} to "
        f"{ladder.right}, {len(ladder.steps) - right} back."
    )
    if ladder.deviation is not None:
        which = "nothing came" if ladder.deviation.number is None else f"frame {ladder.deviation.number}"
        words += f" What deviates: {which}. {_one_line(ladder.deviation.message)}"
    return words


def _text(x: int, y: int, text: str, style: str = "", anchor: str = "") -> str:
    klass = f' class="{style}"' if style else ""
    place = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{x}" y="{y}"{klass}{place}>{_xml(text)}</text>'


def _label(text: str, middle: int) -> str:
    """Words on an arrow, on a plate that interrupts it."""
    width = round(len(text) * LABEL_CHARACTER) + 8
    left = (LEFT + RIGHT - width) // 2
    plate = f'<rect class="plate" x="{left}" y="{middle - 6}" width="{width}" height="12"/>'
    return plate + _text((LEFT + RIGHT) // 2, middle + 4, text, "small", "middle")


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(text, COLUMNS, max_lines=LINES, placeholder=" ...") or [""]


def _one_line(text: str) -> str:
    return "; ".join(" ".join(line.split()) for line in text.splitlines() if line.strip())


def _xml(text: str) -> str:
    """Escaped, without what XML has no way to say."""
    return escape(_NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text))
