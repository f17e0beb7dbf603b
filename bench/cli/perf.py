"""`bench perf`: speed and memory, as a table and as JSON."""

from __future__ import annotations

import json
import os
import platform
import re
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from bench.engines import DEFAULT_ENGINE
from emulation.errors import UserError


@click.command()
@click.option(
    "--json", "output", type=click.Path(path_type=Path), help="Also write the figures to this file."
)
@click.option(
    "--runs", type=click.IntRange(min=1), default=5, show_default=True, help="Runs of the slow figures."
)
@click.option("--engine", default=DEFAULT_ENGINE, show_default=True, help="Engine that runs the board.")
@click.option(
    "--firmware", type=click.Path(path_type=Path), help="ELF to measure instead of the project's own."
)
def command(output: Path | None, runs: int, engine: str, firmware: Path | None) -> None:
    """Measure speed and memory, each beside its target.

    The targets are for an otherwise idle core; the column CPU shows what this process itself took.
    """
    from bench.perf import Figure, measure

    # A table that wraps its names is no table; 110 columns also hold where there is no terminal.
    console = Console(highlight=False, width=max(Console().width, 110))
    with console.status("measuring") as status:
        figures = measure(firmware, engine, runs, tell=lambda what: status.update(f"measuring: {what}"))
    result = {"environment": environment(), "engine": engine, "figures": [f.as_dict() for f in figures]}
    if output is not None:
        write(output, result)

    table = Table("figure", "unit", "target", "min", "median", "max", "CPU", "", title="Speed and memory")
    table.columns[0].no_wrap = True
    for column in table.columns[2:7]:
        column.justify = "right"

    def row(figure: Figure) -> None:
        sign = "≥" if figure.at_least else "≤"
        cpu = "" if figure.cpu_median is None else f"{figure.cpu_median:.2f}"
        judged = figure.median if figure.cpu_median is None else figure.cpu_median
        if figure.keeps(figure.median):
            verdict = "[green]kept[/green]"
        elif figure.keeps(judged):
            verdict = "[yellow]kept by CPU time[/yellow]"
        else:
            verdict = "[red]missed[/red]"
        numbers = [f"{v:.2f}" for v in (min(figure.values), figure.median, max(figure.values))]
        table.add_row(figure.name, figure.unit, f"{sign} {figure.target:g}", *numbers, cpu, verdict)

    for figure in figures:
        row(figure)
    console.print(table)
    for figure in figures:
        if figure.note:
            console.print(f"{figure.name}: {figure.note}")
    if output is not None:
        console.print(f"figures: {output.resolve()}")


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


def write(path: Path, result: dict[str, Any]) -> None:
    """Write the figures. Raises UserError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=2) + "\n")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}", "name another file with --json") from None
