"""`bench cases`: the catalogue of malformed frames, listed, shown, run."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.cli.options import (
    BoardChoice,
    board_options,
    complete_case_layers,
    complete_cases,
    console_beside,
    json_option,
    print_about,
    print_json,
    report_option,
)
from bench.cli.progress import counting
from bench.project import find_project
from emulation.errors import UserError

if TYPE_CHECKING:
    from bench.cases import Result

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130

ids = click.argument("patterns", nargs=-1, metavar="[ID...]", shell_complete=complete_cases)
of_layer = click.option("--layer", help="Only cases of this layer.", shell_complete=complete_case_layers)


@click.group()
def command() -> None:
    """List, show and run the catalogue of malformed frames.

    ID is the id of a case, of a group of variants, or a pattern with * and ?.
    """


@command.command("list")
@ids
@of_layer
@json_option
@click.option("--markdown", is_flag=True, help="As the page docs/cases.md.")
def list_cases(patterns: tuple[str, ...], layer: str | None, as_json: bool, markdown: bool) -> None:
    """List the cases with what each has to bring about."""
    from bench.cases import document, find

    cases = find(patterns, layer)
    if markdown:
        click.echo(document.render(cases), nl=False)
        return
    if as_json:
        listed = [
            {
                "id": case.id,
                "number": case.number,
                "layer": case.layer,
                "state": case.start.value,
                "title": case.title,
                "expected": case.expected,
                "source": case.source,
                "judged": [[str(line) for line in choice] for choice in case.expect],
                "departure": case.departure and case.departure.reason,
            }
            for case in cases
        ]
        print_json(listed)
        return
    console = Console(soft_wrap=True, highlight=False)
    group = ""
    for case in cases:
        if case.group != group:
            group = case.group
            console.print(Text(f"\n{case.number:2} {case.title}", style="bold"))
            console.print(Text(f"   {case.expected} ({case.source})"))
        mark = " (known departure)" if case.departure is not None else ""
        console.print(Text(f"     {case.id}{mark}"))
    console.print(f"\n{len(cases)} cases")


@command.command("show")
@click.argument("patterns", nargs=-1, required=True, metavar="ID...", shell_complete=complete_cases)
def show_case(patterns: tuple[str, ...]) -> None:
    """Show what a case sends, byte by byte and as Scapy sees it, and how it is judged."""
    from bench.cases import find
    from bench.cases.showing import show

    click.echo("\n".join(show(case) for case in find(patterns)), nl=False)


@command.command("run")
@ids
@of_layer
@click.option("--all", "every", is_flag=True, help="All cases.")
@json_option
@report_option("cases", "results.json and captures")
@board_options
@click.pass_context
def run_cases(
    ctx: click.Context,
    patterns: tuple[str, ...],
    layer: str | None,
    every: bool,
    as_json: bool,
    report: Path,
    board: BoardChoice,
) -> None:
    """Run cases on an emulated board; the exit status is 0 if none fails.

    The results so far are also written when the run is interrupted (Ctrl-C, exit status 130).
    """
    from bench.cases import find
    from bench.cases.results import as_dict, write_results
    from bench.cases.start import start

    if not patterns and not every and layer is None:
        raise UserError("no case is named", "name cases or patterns, or give --layer or --all")
    if every and patterns:
        raise UserError("--all and the name of a case are given", "give one of them")
    cases = find(patterns, layer)
    path = report / "results.json"
    prepare(report)
    console = console_beside(as_json, soft_wrap=True)
    chosen = board.choose(console)
    results: list[Result] = []
    learned: dict[str, str] = {}
    interrupted = False
    wall, cpu = time.perf_counter(), time.process_time()
    with chosen.boot() as booted:
        about = {"Engine": f"{booted.engine} ({booted.machine.description})", "Seed": str(booted.seed)}
        print_about(console, about | chosen.target.about())
        try:
            runner, learned = start(booted, chosen.wanted, find_project())
            print_about(console, learned)
            wall, cpu = time.perf_counter(), time.process_time()
            failed = 0
            with counting(console, "cases", len(cases)) as advance:
                for case in cases:
                    advance(0, f"{failed} failed; {case.id}")
                    result = runner.run(case)
                    results.append(result)
                    keep(result, report, booted.origin)
                    failed += bool(result.problems)
                    advance(1, f"{failed} failed")
        except KeyboardInterrupt:
            interrupted = True
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    made_with: dict[str, object] = {"engine": chosen.engine, "seed": chosen.seed, **chosen.target.as_dict()}
    made_with |= {"server": learned.get("Server"), "complete": not interrupted, "seconds": round(wall, 3)}
    content = as_dict(results, made_with)
    if results:  # else those of the last run stay
        write_results(path, content)
    if as_json:
        print_json(content)
    summarise(console, results, wall, cpu)
    console.print(f"  results:  {path.resolve()}\n  captures: {report.resolve()}")
    if interrupted:
        console.print(
            Text(f"interrupted: {len(cases) - len(results)} cases were not run", style="bold yellow")
        )
        ctx.exit(EXIT_INTERRUPTED)
    ctx.exit(EXIT_FAILED if any(result.problems for result in results) else 0)


def prepare(folder: Path) -> None:
    """Make the folder for results and captures. Raises UserError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot write results to {folder}: {error.strerror}",
            "choose a folder you can write to with --report",
        ) from None


def keep(result: Result, folder: Path, origin: str) -> None:
    """Write the capture of a case, all or nothing. Raises UserError."""
    from bench.capture import BEGUN_LATER, Capture

    capture = Capture()
    capture.frames.extend(result.frames)
    case = result.case
    path = folder / f"{case.id}.pcapng"
    partial = path.with_suffix(".partial")
    try:
        capture.write(
            partial, f"{case.id}: {case.title}; {result.verdict.value}; {origin}; {BEGUN_LATER}"
        ).replace(path)
    finally:
        partial.unlink(missing_ok=True)


def summarise(console: Console, results: list[Result], wall: float, cpu: float) -> None:
    """What failed, the counts by layer, the speed."""
    from bench.cases.results import Count, Verdict, by_layer

    for result in results:
        if result.problems:
            console.print(Text(f"\n{result.case.id}", style="bold red"))
            console.print(Text(f"  {result.case.title}: {result.case.expected}"))
            for problem in result.problems:
                console.print(Text(f"  {problem}"))
    any_skipped = any(result.verdict is Verdict.SKIPPED for result in results)
    columns = ["passed", "departures", "failed", *(["skipped"] if any_skipped else [])]
    table = Table("layer", *columns, title="Cases")
    for column in table.columns[1:]:
        column.justify = "right"
    total = Count()
    for layer, count in by_layer(results).items():
        table.add_row(layer, *(str(getattr(count, column)) for column in columns))
        total += count
    console.print(table)
    speed = (
        f"{len(results) / wall:.0f} cases/s, {len(results) / cpu:.0f} for each second of CPU"
        if results
        else ""
    )
    reasons = Counter(result.came[0] for result in results if result.verdict is Verdict.SKIPPED)
    for reason, number in reasons.most_common():
        console.print(Text(f"  {number} skipped: {reason}", style="yellow"))
    style = "bold red" if total.failed else "bold green" if total.passed else "bold yellow"
    console.print(Text(f"{total} in {wall:.1f} s ({speed})" if speed else str(total), style=style))
