"""The plots of a run: what an echo takes, how full the heap is, what operations cost. All of it virtual.

Each comes as a picture, as a sentence and as a table; without Matplotlib the picture is left out.
"""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.report.colours import LIGHT
from bench.report.drawing import can_draw, figure, inline
from bench.report.figures import Operation, TestFigures

ECHOES = ("text", "binary")
CLASSES = ((125, "up to 125 B"), (1000, "126 to 1000 B"), (1 << 63, "beyond 1000 B"))
"""Sizes of echoed messages in the plot of instructions; 125 bytes is the end of the shortest header."""
HEAPS = 3
"""So many tests are shown in the plot of the heap: those that left least of it."""


@dataclass(frozen=True)
class Plot:
    """One picture and what stands beside it."""

    title: str
    words: str
    """What it shows, in a sentence or two."""
    picture: str
    """An `svg` element, or nothing."""
    head: tuple[str, ...]
    """Of the table."""
    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True)
class _Spread:
    """The least, the median and the most of some values."""

    least: float
    middle: float
    most: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> _Spread:
        return cls(min(values), median(values), max(values), len(values))


def plots(run: Sequence[TestFigures], earlier: Sequence[TestFigures] = ()) -> list[Plot]:
    """The plots for which this run has the data; what an earlier run measured stands beside it."""
    return [plot for make in (_latency, _heap, _instructions) if (plot := make(run, earlier)) is not None]


def _latency(run: Sequence[TestFigures], earlier: Sequence[TestFigures]) -> Plot | None:
    now, before = (_by(_echoes(tests), lambda op: op.size, _milliseconds) for tests in (run, earlier))
    if len(now) < 2:
        return None
    title = "Time of an echo by payload"
    least, most = min(now), max(now)
    words = (
        f"A message of {least} bytes is back after {now[least].middle:.2f} ms of virtual time, one of {most} "
        f"bytes after {now[most].middle:.2f} ms (medians; {sum(s.count for s in now.values())} echoes)."
    )

    def draw(axes: Any) -> None:
        points = [(op.size, op.microseconds / 1000) for op in _echoes(run)]
        axes.scatter(*zip(*points, strict=True), s=16, color=LIGHT["blue"], alpha=0.35, clip_on=False)
        for spreads, style in ((before, _BEFORE), (now, _NOW)):
            if spreads:
                sizes = sorted(spreads)
                axes.plot(sizes, [spreads[size].middle for size in sizes], **style, clip_on=False)
        axes.set_xscale("symlog", base=2, linthresh=1, linscale=0.5)
        axes.set_xticks(ticks := [0, 1, 8, 32, 125, 512, 1024, 4096], list(map(str, ticks)))
        axes.set_xlim(0, max(most, 1) * 1.1)
        axes.minorticks_off()
        axes.set_ylim(bottom=0)
        axes.set_xlabel("payload, bytes")
        axes.set_ylabel("virtual ms")
        if before:
            axes.legend(loc="upper left")

    head = ("Payload, bytes", "Echoes", "Least, ms", "Median, ms", "Most, ms")
    rows = [(f"{size}", f"{s.count}", *_three(s, ".2f")) for size, s in sorted(now.items())]
    return _finish("latency", title, words, 2.9, draw, _with_earlier(head, rows, now, before, ".2f"))


def _instructions(run: Sequence[TestFigures], earlier: Sequence[TestFigures]) -> Plot | None:
    now, before = (_by(_operations(tests), _group, _thousands) for tests in (run, earlier))
    if not now or not any(spread.most for spread in now.values()):
        return None
    names = [name for name in _groups() if name in now]
    title = "Instructions by operation"
    dearest = max(names, key=lambda name: now[name].middle)
    cheapest = min(names, key=lambda name: now[name].middle)
    words = (
        f"Thousands of instructions of the board's CPU, medians: least for '{cheapest}' "
        f"({now[cheapest].middle:.0f}), most for '{dearest}' ({now[dearest].middle:.0f})."
    )

    def draw(axes: Any) -> None:
        places = range(len(names))
        middles = [now[name].middle for name in names]
        ends = (
            [now[name].middle - now[name].least for name in names],
            [now[name].most - now[name].middle for name in names],
        )
        axes.barh(places, middles, height=0.6, color=LIGHT["blue"], alpha=0.75)
        axes.errorbar(middles, places, xerr=ends, fmt="none", ecolor=LIGHT["ink"], capsize=3, linewidth=1)
        for place, name in zip(places, names, strict=True):
            axes.annotate(
                f"{now[name].middle:.0f}", (now[name].most, place), (6, 0), textcoords="offset points",
                va="center",
            )  # fmt: skip
        known = [(before[name].middle, place) for place, name in enumerate(names) if name in before]
        if known:
            axes.plot(*zip(*known, strict=True), **_BEFORE_POINT)
            axes.legend(loc="lower right")
        axes.set_yticks(list(places), names)
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set_xlim(0, max(now[name].most for name in names) * 1.12)
        axes.set_xlabel("thousands of instructions: median, from least to most")

    head = ("Operation", "Times", "Least, thousands", "Median, thousands", "Most, thousands")
    rows = [(name, f"{now[name].count}", *_three(now[name], ".1f")) for name in names]
    told = {name: now[name] for name in names}
    height = 0.9 + 0.34 * len(names)
    return _finish("instructions", title, words, height, draw, _with_earlier(head, rows, told, before, ".1f"))


def _test(measured: TestFigures) -> tuple[str, str]:
    """What the same test is known by in every run: folders stand before the suite's name in some."""
    return measured.suite.rpartition(".")[2], measured.name


def _heap(run: Sequence[TestFigures], earlier: Sequence[TestFigures]) -> Plot | None:
    # Where time goes back, a test has restored states of its own: no course to draw.
    courses = [test for test in run if len(test.heap) > 2 and test.heap == sorted(test.heap)]
    fullest = sorted(courses, key=_least_free)[:HEAPS]
    if not fullest:
        return None
    before = {_test(test): test for test in earlier if test.heap}
    title = "Free heap over time"
    words = (
        f"The tests that left least of the Python heap; the least was {_least_free(fullest[0]) / 1024:.1f} "
        f"KiB, in '{fullest[0].name}'. Garbage counts as used until it is collected."
    )

    def draw(*panels: Any) -> None:
        for axes, test in zip(panels, fullest, strict=True):
            for measured, style in ((before.get(_test(test)), _BEFORE), (test, _NOW)):
                if measured is not None:
                    times = [sample.milliseconds / 1000 for sample in measured.heap]
                    free = [sample.free / 1024 for sample in measured.heap]
                    axes.plot(times, free, **style | {"marker": ""}, clip_on=False)
            axes.axhline(_least_free(test) / 1024, color=LIGHT["red"], linestyle=(0, (1, 3)), linewidth=1.2)
            axes.set_title("\n".join(textwrap.wrap(test.name, 30)), loc="left")
            axes.set_xlabel("virtual s")
            axes.set_ylim(bottom=0)
            axes.set_xlim(left=0)
        panels[0].set_ylabel("KiB free")

    head = ("Test", "Virtual s", "At the beginning, bytes", "At least, bytes", "At the end, bytes")
    rows = [
        (
            f"{test.suite}: {test.name}",
            f"{test.milliseconds / 1000:.2f}",
            *(f"{value}" for value in (test.heap[0].free, _least_free(test), test.heap[-1].free)),
        )
        for test in fullest
    ]
    return _finish("heap", title, words, 2.7, draw, (head, rows), panels=len(fullest))


_NOW = {"color": LIGHT["blue"], "linewidth": 1.8, "label": "this run", "marker": "o", "markersize": 3}
_BEFORE: dict[str, Any] = {
    "color": LIGHT["amber"], "linewidth": 1.4, "linestyle": (0, (5, 3)), "label": "baseline", "marker": "",
}  # fmt: skip
_BEFORE_POINT: dict[str, Any] = {
    "color": LIGHT["amber"], "marker": "D", "markersize": 6, "fillstyle": "none", "linestyle": "",
    "label": "baseline",
}  # fmt: skip

_Table = tuple[tuple[str, ...], Sequence[tuple[str, ...]]]


def _finish(
    key: str, title: str, words: str, height: float, draw: Callable[..., None], table: _Table, panels: int = 1
) -> Plot:
    picture = ""
    if can_draw():
        with figure(height) as drawn:
            axes = drawn.subplots(1, panels, sharey=True, squeeze=False)[0]
            draw(*axes)
            picture = inline(drawn, key, title, words)
    return Plot(title, words, picture, *table)


def _with_earlier(
    head: tuple[str, ...],
    rows: Sequence[tuple[str, ...]],
    now: dict[Any, _Spread],
    before: dict[Any, _Spread],
    form: str,
) -> _Table:
    """The table with a column for the medians of an earlier run, if there was one."""
    if not before:
        return head, rows
    keys = list(now) if isinstance(next(iter(now)), str) else sorted(now)
    cells = [f"{before[key].middle:{form}}" if key in before else "" for key in keys]
    return (*head, "Baseline, median"), [(*row, cell) for row, cell in zip(rows, cells, strict=True)]


def _by(
    operations: Iterable[Operation], key: Callable[[Operation], Any], value: Callable[[Operation], float]
) -> dict[Any, _Spread]:
    values: dict[Any, list[float]] = defaultdict(list)
    for operation in operations:
        values[key(operation)].append(value(operation))
    return {name: _Spread.of(found) for name, found in values.items()}


def _operations(tests: Iterable[TestFigures]) -> Iterable[Operation]:
    return (operation for test in tests for operation in test.operations)


def _echoes(tests: Iterable[TestFigures]) -> Iterable[Operation]:
    return (operation for operation in _operations(tests) if operation.name in ECHOES)


def _group(operation: Operation) -> str:
    """What an operation is in the plot of instructions."""
    if operation.name in ECHOES:
        return "echo, " + next(name for limit, name in CLASSES if operation.size <= limit)
    return _NAMES.get(operation.name, operation.name)


_NAMES = {"open": "connect and upgrade", "ping": "ping and pong", "close": "close"}


def _groups() -> list[str]:
    echoes = [f"echo, {name}" for _, name in CLASSES]
    return [_NAMES["open"], _NAMES["ping"], *echoes, _NAMES["close"]]


def _least_free(test: TestFigures) -> int:
    return min(sample.free for sample in test.heap)


def _milliseconds(operation: Operation) -> float:
    return operation.microseconds / 1000


def _thousands(operation: Operation) -> float:
    return operation.instructions / 1000


def _three(spread: _Spread, form: str) -> tuple[str, str, str]:
    return f"{spread.least:{form}}", f"{spread.middle:{form}}", f"{spread.most:{form}}"
