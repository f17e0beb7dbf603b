"""`bench matrix`: modified packets, and sequences of segments, in every protocol state, judged by rules."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.cli import EXIT_INTERRUPTED
from bench.cli.options import (
    BoardChoice,
    BoardOptions,
    board_options,
    console_beside,
    json_option,
    print_about,
    print_json,
    report_option,
)
from bench.cli.progress import counting
from emulation.errors import UserError

if TYPE_CHECKING:
    from bench.matrix.cases import AnyCase
    from bench.matrix.results import Results
    from bench.matrix.runner import Result, Runner
    from bench.matrix.workers import Setup

MANY = 10
"""Failing cases that are reduced, saved and shown; of more only the number is said."""


@click.command()
@click.option("--layer", "layers", multiple=True, help="Only this layer (several: any of them).")
@click.option("--state", "states", multiple=True, help="Only this protocol state (several: any of them).")
@click.option("--case", "ids", multiple=True, metavar="ID", help="Only this case (several: all of them).")
@click.option(
    "--depth", type=click.IntRange(1, 2), default=1, show_default=True, help="Modifications a case."
)
@click.option(
    "--fuzz",
    type=click.IntRange(min=1),
    metavar="N",
    help="Instead: N random sequences of two to eight segments, drawn with the seed.",
)
@click.option("--shard", default="1/1", metavar="I/N", help="Only the I-th of N parts.")
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Only N cases, chosen with the seed.")
@click.option("--jobs", type=click.IntRange(min=1), help="Boards at the same time. [default: one a core]")
@click.option("--resume", is_flag=True, help="Go on where a run that was stopped has left off.")
@click.option("--list", "listing", is_flag=True, help="Print the IDs of the cases and run nothing.")
@click.option(
    "--rules", is_flag=True, help="Print how many packets meet each rule and run nothing; none is an error."
)
@json_option
@report_option("matrix", "results and failing cases")
@board_options
@click.pass_context
def command(
    ctx: click.Context,
    layers: tuple[str, ...],
    states: tuple[str, ...],
    ids: tuple[str, ...],
    depth: int,
    fuzz: int | None,
    shard: str,
    sample: int | None,
    jobs: int | None,
    resume: bool,
    listing: bool,
    rules: bool,
    as_json: bool,
    report: Path,
    board: BoardChoice,
) -> None:
    """Try every packet with one or two modifications, and sequences of segments, in every protocol state.

    Results go to results.jsonl in the report folder as they come; failing cases are reduced and saved as
    pcapng and as a test, ready to run. See docs/matrix.md.
    """
    from bench.matrix import shards

    part = shards.Shard.parse(shard)
    selected = bool(ids or layers or states or depth != 1)
    if fuzz is not None and selected:
        raise UserError(
            "--fuzz draws its own states and segments", "leave out --layer, --state, --case and --depth"
        )
    if rules:
        ctx.exit(_show_rules(as_json))
    cases = _cases(layers, states, ids, depth, fuzz, board.seed)
    if sample is not None:
        cases = shards.sample(cases, sample, board.seed)
    complete = part.count == 1 and sample is None and fuzz is None and not selected
    cases = part.of(cases)
    if listing:
        names = [case.id for case in cases]
        print_json(names) if as_json else click.echo("\n".join(names))
        return

    from bench.matrix.results import Results

    console = console_beside(as_json, soft_wrap=True)
    chosen = board.choose(console)
    made_with = {"engine": chosen.engine, "seed": chosen.seed, **chosen.target.as_dict()}
    print_about(console, {"Engine": chosen.engine, "Seed": str(chosen.seed)} | chosen.target.about())
    check_target(chosen)
    setup = chosen.matrix_setup()
    with Results(report / "results.jsonl", str(made_with["sha256"]), resume=resume) as results:
        left = [case for case in cases if case.id not in results.done]
        if len(left) < len(cases):
            console.print(f"{len(cases) - len(left)} of {len(cases)} cases have been run already")
        interrupted = _run(console, left, setup, jobs or os.cpu_count() or 1, results)
        by_id = {case.id: case for case in cases}
        summary = made_with | summarise(cases, results, complete=complete and not interrupted)
        failed = [by_id[name] for name in summary["failed"]]
        if failed and not interrupted:
            summary["saved"] = _save(console, failed[:MANY], setup, report)
    if as_json:
        print_json(summary)
    else:
        _show(console, cases, results, summary)
    if interrupted:
        console.print("interrupted: what has run is kept; go on with --resume", style="bold yellow")
        ctx.exit(EXIT_INTERRUPTED)
    ctx.exit(1 if failed or summary["departures not met"] else 0)


def check_target(chosen: BoardOptions) -> None:
    """See that what is tested has what the rules are about: the bench's own servers. Raises UserError."""
    if chosen.target.firmware is None:
        return
    from bench.capabilities import Capabilities, Capability
    from bench.readiness import await_ready

    needs = (Capability.LWIP, Capability.PYTHON, Capability.WEBSOCKET, Capability.SERVERS)
    with chosen.boot() as booted:
        await_ready(booted, chosen.wanted)
        if missing := Capabilities(booted).lacking(needs):
            what = chosen.target.application or chosen.target.elf.name
            raise UserError(
                f"the matrix cannot judge {what}: {missing[0]}",
                "its rules are of the bench's own servers; `bench cases run --all` judges other firmware",
            )


def _cases(
    layers: Sequence[str],
    states: Sequence[str],
    ids: Sequence[str],
    depth: int,
    fuzz: int | None,
    seed: int,
) -> list[AnyCase]:
    """The cases that are asked for. Raises UserError."""
    from bench.matrix.cases import all_cases, find_any
    from bench.sequences.fuzz import sequences

    if fuzz is not None:
        return list(dict.fromkeys(sequences(seed, fuzz)))
    return [find_any(name) for name in ids] if ids else list(all_cases(layers, states, depth))


def _run(console: Console, cases: Sequence[AnyCase], setup: Setup, jobs: int, results: Results) -> bool:
    """Run the cases and keep their results; whether somebody stopped the run."""
    from bench.matrix import workers

    failed = 0
    with counting(console, "matrix", len(cases)) as advance:
        try:
            for some in workers.run(cases, setup, jobs):
                results.add(some)
                failed += sum(not result.passed for result in some)
                advance(len(some), f"{failed} failed")
        except KeyboardInterrupt:
            return True
    return False


def _save(console: Console, cases: Sequence[AnyCase], setup: Setup, folder: Path) -> dict[str, str]:
    from bench.matrix.reduction import reduce_any
    from bench.matrix.report import save

    saved = {}
    with setup.runner() as runner:
        for case in cases:
            smallest = reduce_any(case, _fails_like(runner, runner.run(case)))
            capture, test = save(smallest, setup, folder)
            saved[case.id] = str(capture)
            reduced = "" if smallest == case else f", reduced to {smallest.id}"
            # As text: `:b:` in a name is no picture.
            console.print(Text(f"{case.id}{reduced}: {capture}, {test}"))
    return saved


def _fails_like(runner: Runner, result: Result) -> Callable[[AnyCase], bool]:
    """Whether a smaller case fails in the same question: what stops the board is not reduced to less."""
    questions = {problem[:3] for problem in result.problems}
    worst = {"(b)"} & questions or questions

    def fails(smaller: AnyCase) -> bool:
        return bool(worst & {problem[:3] for problem in runner.run(smaller).problems})

    return fails


def _show_rules(as_json: bool) -> int:
    """How many packets with one modification meet each rule; the exit code."""
    from bench.matrix.cases import of_packets
    from bench.matrix.coverage import count

    counts = count(of_packets())
    if as_json:
        print_json(counts)
    else:
        for name, cases in counts.items():
            click.echo(f"{cases:7,}  {name}")
    unmet = [name for name, cases in counts.items() if not cases]
    if unmet:
        click.echo(f"no packet meets: {', '.join(unmet)}", err=True)
    return 1 if unmet else 0


def summarise(cases: Sequence[AnyCase], results: Results, *, complete: bool) -> dict[str, Any]:
    """Counts, failed cases and departures of these cases, as far as they have been run."""
    from bench.matrix.departures import missed

    done = [results.done[case.id] for case in cases if case.id in results.done]
    rules = Counter(rule for result in done for rule in result.departures)
    counts = Counter(f"{case.layer}/{case.state}" for case in cases if case.id in results.done)
    return {
        "cases": len(cases),
        "run": len(done),
        "failed": [result.case for result in done if not result.passed],
        "by layer and state": dict(counts),
        "departures": dict(sorted(rules.items())),
        "departures not met": missed(set(rules)) if complete else [],
    }


def _show(console: Console, cases: Sequence[AnyCase], results: Results, summary: dict[str, Any]) -> None:
    table = Table("layer", "state", "cases", "passed", "failed", title="Systematic matrix")
    for column in table.columns[2:]:
        column.justify = "right"
    groups: dict[tuple[str, str], list[bool]] = {}
    for case in cases:
        if case.id in results.done:
            groups.setdefault((case.layer, case.state), []).append(results.done[case.id].passed)
    for (layer, state), passed in groups.items():
        table.add_row(layer, state, str(len(passed)), str(sum(passed)), str(len(passed) - sum(passed)))
    console.print(table)
    for name in summary["failed"][:MANY]:
        console.print(Text(f"FAIL  {name}", style="bold red"))
        for problem in results.done[name].problems:
            console.print(Text(f"      {problem}"))
    if len(summary["failed"]) > MANY:
        console.print(f"... and {len(summary['failed']) - MANY} more, all in {results.path}")
    for rule, count in summary["departures"].items():
        console.print(f"known departure  {rule}: {count}")
    for entry in summary["departures not met"]:
        console.print(
            Text(f"no case departs like this any more, take it off the table: {entry}", style="red")
        )
    failed = len(summary["failed"])
    style = "bold red" if failed else "bold green"
    console.print(Text(f"{summary['run']} cases: {summary['run'] - failed} passed, {failed} failed", style))
    console.print(f"  results: {results.path}")
