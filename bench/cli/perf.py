"""`bench perf`: the figures, as a table and as JSON."""

from __future__ import annotations

import json
import os
import platform
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from bench.cli.options import (
    BoardChoice,
    BoardOptions,
    board_options,
    console_beside,
    json_option,
    print_about,
    print_json,
)
from bench.cli.progress import phase
from bench.files import write_whole
from emulation.errors import UserError

if TYPE_CHECKING:
    from bench.perf import Figure

WIDTH = 130
"""Columns: a table that wraps its names is no table, and there may be no terminal."""


@click.command()
@json_option
@click.option("--output", type=click.Path(path_type=Path), help="Also write the JSON to this file.")
@click.option(
    "--runs", type=click.IntRange(min=1), default=5, show_default=True, help="Runs of the slow figures."
)
@click.option(
    "--only", multiple=True, metavar="PATTERN", help="Only figures whose name contains this (* and ? match)."
)
@click.option(
    "--engines", metavar="A,B", help="What engines differ in instead, side by side: for example quark,renode."
)
@board_options
def command(
    as_json: bool,
    output: Path | None,
    runs: int,
    only: tuple[str, ...],
    engines: str | None,
    board: BoardChoice,
) -> None:
    """Measure speed and memory, each beside its target.

    The targets are for an otherwise idle core; the column CPU shows what this process and those
    it has started took. What each figure means is in docs/performance.md.
    """
    from bench.perf import measure, select

    measurements = select(only)
    if output is not None:
        prepare(output)
    console = console_beside(as_json, width=max(Console().width, WIDTH))
    chosen = board.choose(console)
    print_about(console, {"Engine": engines or chosen.engine} | chosen.target.about())
    if engines is not None:
        side_by_side(console, as_json, output, engines.split(","), chosen, runs)
        return
    figures: list[Figure] = []
    try:
        with phase(console, "measuring") as tell:
            figures.extend(
                measure(
                    measurements,
                    chosen.target.firmware,
                    chosen.engine,
                    runs,
                    tell,
                    ready=chosen.ready,
                    board_options=chosen.for_boot,
                )
            )
    finally:
        # What was measured before a Ctrl-C or a fault is shown and written all the same.
        if figures:
            show(console, figures)
            told = [figure.as_dict() for figure in figures]
            made_with = {"environment": environment(), "engine": chosen.engine, **chosen.target.as_dict()}
            write(console, as_json, output, made_with | {"figures": told})


def side_by_side(
    console: Console,
    as_json: bool,
    output: Path | None,
    engines: list[str],
    chosen: BoardOptions,
    runs: int,
) -> None:
    """Measure several engines, show them beside each other, write what was had. Raises UserError."""
    from bench.cli import engine_table
    from bench.perf.engines import EngineFigures, measure

    told: list[EngineFigures] = []
    try:
        with phase(console, "measuring") as tell:
            told.extend(
                measure(
                    engines,
                    chosen.target.firmware,
                    runs,
                    tell=tell,
                    ready=chosen.ready,
                    board_options=chosen.for_boot,
                )
            )
    finally:
        if told:
            engine_table.show(console, told)
            made_with = {"environment": environment(), **chosen.target.as_dict()}
            write(console, as_json, output, made_with | {"engines": [one.as_dict() for one in told]})


def show(console: Console, figures: list[Figure]) -> None:
    """Print the table, and below it what there is to say about single figures."""
    table = Table("figure", "unit", "target", "min", "median", "max", "CPU", "", title="Speed and memory")
    for column in table.columns[:7]:
        column.no_wrap = True
    for column in table.columns[2:7]:
        column.justify = "right"
    for figure in figures:
        table.add_row(*row(figure))
    console.print(table)
    for figure in figures:
        if figure.skipped:
            console.print(f"{figure.name}: skipped, {figure.skipped}", markup=False)
        elif figure.note:
            console.print(f"{figure.name}: {figure.note}", markup=False)


def row(figure: Figure) -> list[str]:
    """The cells of a figure."""
    target = "" if figure.target is None else f"{'≥' if figure.at_least else '≤'} {figure.target:g}"
    if not figure.values:
        return [
            figure.name,
            figure.unit,
            target,
            "",
            "",
            "",
            "",
            f"[yellow]skipped: {figure.skipped}[/yellow]",
        ]
    cpu = "" if figure.cpu_median is None else f"{figure.cpu_median:.2f}"
    judged = figure.median if figure.cpu_median is None else figure.cpu_median
    if figure.target is None:
        verdict = ""
    elif figure.keeps(figure.median):
        verdict = "[green]kept[/green]"
    elif figure.keeps(judged):
        verdict = "[yellow]kept (CPU)[/yellow]"
    else:
        verdict = "[red]missed[/red]"
    whole = all(value == int(value) for value in figure.values)
    numbers = [
        f"{value:.0f}" if whole else f"{value:.2f}"
        for value in (min(figure.values), figure.median, max(figure.values))
    ]
    return [figure.name, figure.unit, target, *numbers, cpu, verdict]


def environment() -> dict[str, Any]:
    """The host the figures hold for."""
    try:
        found = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        model = found[1] if found else ""
        load = os.getloadavg()[0]
    except OSError:
        model, load = "", -1.0
    return {
        "cpu": model or platform.processor(),
        "cores": os.cpu_count(),
        "load": load,
        "python": platform.python_version(),
        "system": platform.platform(),
    }


_HINT = "name another file with --output"


def prepare(path: Path) -> None:
    """Make sure, before anything is measured, that the figures can be written. Raises UserError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}", _HINT) from None


def write(console: Console, as_json: bool, path: Path | None, result: dict[str, Any]) -> None:
    """Write the figures where they were asked for. Raises UserError."""
    if as_json:
        print_json(result)
    if path is not None:
        write_whole(path, json.dumps(result, indent=2) + "\n", _HINT)
        console.print(f"figures: {path.resolve()}")
