"""The figures of several engines side by side, for `bench perf --engines`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from bench.perf import Figure
    from bench.perf.engines import EngineFigures


def show(console: Console, engines: Sequence[EngineFigures]) -> None:
    """Print a row a figure and two columns an engine: the medians of wall and of CPU time."""
    table = Table("figure", "unit", title="Engines side by side")
    for one in engines:
        table.add_column(one.engine, justify="right", no_wrap=True)
        table.add_column("from CPU time", justify="right")
    rows: dict[tuple[str, str], None] = dict.fromkeys(
        (figure.name, figure.unit) for one in engines for figure in one.figures
    )
    for name, unit in rows:
        cells: list[str] = []
        for one in engines:
            cells += cell(next((figure for figure in one.figures if figure.name == name), None))
        table.add_row(name, unit, *cells)
    console.print(table)
    for one in engines:
        console.print(f"{one.engine}: {one.description}", markup=False)
        for figure in one.figures:
            if remark := (figure.skipped and f"skipped, {figure.skipped}") or figure.note:
                console.print(f"  {figure.name}: {remark}", markup=False)


def cell(figure: Figure | None) -> tuple[str, str]:
    """Both medians, to three digits."""
    if figure is None or not figure.values:
        return "skipped" if figure else "", ""
    return number(figure.median), "" if figure.cpu_median is None else number(figure.cpu_median)


def number(value: float) -> str:
    """Three digits are more than such a figure has."""
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:,.{digits}f}".replace(",", " ")
