"""`bench mutants`: firmware that is wrong on purpose, to see that the tests catch it."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from bench.board import ROOT
from bench.cli import EXIT_INTERRUPTED
from bench.cli.options import complete_mutants, console_beside, json_option, print_about, print_json
from bench.cli.progress import phase
from bench.mutants.catalogue import FAMILIES, all_mutants, find_mutants
from bench.mutants.mutant import Mutant
from bench.mutants.report import STYLES, results, short, summary, table, write_json, write_page
from bench.mutants.suites import WITNESSES
from bench.mutants.trial import Catch, Fate, Trials, Verdict
from bench.target import Target
from emulation.errors import UserError
from emulation.firmware.build import build

FOLDER = ROOT / "build" / "mutants"
PAGE = ROOT / "docs" / "mutants.md"


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME...]", shell_complete=complete_mutants)
@click.option("--list", "listing", is_flag=True, help="Only say what mutants there are.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=lambda: os.cpu_count() or 1,
    show_default="one a core",
    help="Mutants tried at the same time.",
)
@click.option(
    "--all-tests",
    is_flag=True,
    help="Run every test and Robot suite against each mutant; name all that fail.",
)
@json_option
@click.option("--output", type=click.Path(path_type=Path), help="Also write the JSON to this file.")
@click.option("--keep", is_flag=True, help="Leave firmware, captures and output in build/mutants/.")
@click.option(
    "--suites",
    is_flag=True,
    help="Try each Robot suite (NAME: one of them) with a mutant that it has to notice.",
)
@click.option("--write-docs", is_flag=True, help="Write docs/mutants.md from the results; all mutants only.")
@click.pass_context
def command(
    ctx: click.Context,
    names: tuple[str, ...],
    listing: bool,
    jobs: int,
    all_tests: bool,
    as_json: bool,
    output: Path | None,
    keep: bool,
    suites: bool,
    write_docs: bool,
) -> None:
    """Build firmware that is wrong on purpose and see whether the tests catch it.

    NAME is a mutant; all are tried if none is named. The exit code is 0 only if every one is caught.
    """
    console = console_beside(as_json, soft_wrap=True)
    if suites:
        check_place()
        ctx.exit(0 if try_suites(console, Trials(FOLDER, keep=keep), names, jobs) else 1)
    if listing:
        show_list(console)
        return
    mutants = find_mutants(names)
    if write_docs and len(mutants) < len(all_mutants()):
        raise UserError(
            "the page lists all mutants, only some are named", "leave away the names, or --write-docs"
        )
    check_place()
    with phase(console, "building the firmware") as tell:
        build(progress=tell)
    own = Target()
    print_about(console, own.about())
    verdicts, interrupted = hold(console, Trials(FOLDER, keep=keep, everything=all_tests), mutants, jobs)
    caught = [verdict for verdict in verdicts if verdict.fate is Fate.CAUGHT]
    # Names and sentences side by side need room, which a log has.
    console_beside(as_json, width=max(Console().width, 170)).print(table(verdicts))
    for verdict in caught:
        if not verdict.expected:
            console.print(Text(f"{verdict.name}: caught, but not by the test that is to", style="yellow"))
    if as_json:
        print_json(results(verdicts, len(mutants), own.as_dict()))
    if output is not None and verdicts:  # else what was found last time stays
        write_json(output, verdicts, len(mutants), own.as_dict())
        console.print(f"results: {output.resolve()}")
    if write_docs and len(caught) == len(mutants):
        write_page(PAGE, verdicts)
        console.print(f"page: {PAGE}")
    if interrupted:
        console.print(Text("interrupted: the table shows what had been tried by then", style="bold yellow"))
    complete = len(caught) == len(mutants)
    console.print(Text(summary(verdicts, len(mutants)), style="bold green" if complete else "bold red"))
    for verdict in verdicts:
        if verdict.fate is not Fate.CAUGHT:
            console.print(Text(f"  {verdict.name}: {verdict.fate}. {verdict.detail or verdict.wrong}"))
    ctx.exit(EXIT_INTERRUPTED if interrupted else 0 if complete else 1)


def try_suites(console: Console, trials: Trials, names: Sequence[str], jobs: int) -> bool:
    """Whether each of the Robot suites notices its mutant, a line for each. Raises UserError."""
    unknown = [name for name in names if name not in WITNESSES]
    if unknown:
        raise UserError(f"there is no suite {unknown[0]!r}", f"the suites are: {', '.join(WITNESSES)}")
    pairs = {suite: find_mutants([WITNESSES[suite]])[0] for suite in names or WITNESSES}
    with ThreadPoolExecutor(jobs) as pool:
        pending = {pool.submit(trials.try_suite, suite, mutant): suite for suite, mutant in pairs.items()}
        fates = []
        try:
            for future in as_completed(pending):
                console.print(f"{pending[future]:<22}", end="")
                show(console, future.result())
                fates.append(future.result().fate)
        finally:
            trials.cancel()
            pool.shutdown(cancel_futures=True)
    caught = sum(fate is Fate.CAUGHT for fate in fates)
    good = caught == len(pairs)
    console.print(
        Text(f"{caught} of {len(pairs)} suites notice their mutant", "bold green" if good else "bold red")
    )
    return good


def show_list(console: Console) -> None:
    """Every mutant with what is wrong, family by family."""
    width = max(len(mutant.name) for mutant in all_mutants())
    for family in FAMILIES:
        console.print(Text(family.title, style="bold"))
        for mutant in family.mutants:
            console.print(Text(f"  {mutant.name:<{width}}  {mutant.wrong}"))


def check_place() -> None:
    """Raises UserError where the tests are not at hand."""
    if not (ROOT / "packet_tests").is_dir():
        raise UserError(f"there are no tests in {ROOT}", "run from a complete checkout")
    if importlib.util.find_spec("pytest") is None:
        raise UserError(
            "pytest, which runs the tests, is not installed", "run `make mutants`, or `make test`"
        )


def hold(
    console: Console, trials: Trials, mutants: Sequence[Mutant], jobs: int
) -> tuple[list[Verdict], bool]:
    """Try mutants, `jobs` at a time: the verdicts, in the order of `mutants`, and whether Ctrl-C came.

    Raises UserError if the tests fail on the firmware as it should be.
    """
    verdicts: dict[str, Verdict] = {}
    interrupted = False
    tests = list(dict.fromkeys(test for mutant in mutants for test in mutant.tests))
    with ThreadPoolExecutor(jobs) as pool:
        pending: list[Future[Verdict | list[Catch]]] = [pool.submit(trials.control, tests)]
        pending += [pool.submit(trials.try_out, mutant) for mutant in mutants]
        try:
            with console.status(f"trying {len(mutants)} mutants") as status:
                for future in as_completed(pending):
                    result = future.result()
                    if not isinstance(result, Verdict):
                        expect_none(result)
                        continue
                    verdicts[result.name] = result
                    show(console, result)
                    status.update(f"tried {len(verdicts)} of {len(mutants)} mutants")
        except KeyboardInterrupt:
            interrupted = True
        finally:
            trials.cancel()
            pool.shutdown(cancel_futures=True)
    return [verdicts[mutant.name] for mutant in mutants if mutant.name in verdicts], interrupted


def expect_none(failed: list[Catch]) -> None:
    """Raises UserError if a test fails where nothing is wrong."""
    if failed:
        names = ", ".join(short(catch.test) for catch in failed[:5])
        raise UserError(
            f"tests that are to catch mutants fail on the firmware as it should be: {names}",
            "mend them first: as it is, they prove nothing",
        )


def show(console: Console, verdict: Verdict) -> None:
    """One line for a verdict, when it comes."""
    style = STYLES.get(verdict.fate, "bold yellow")
    first = short(verdict.catches[0].test) if verdict.catches else verdict.detail
    line = Text.assemble(
        (f"{verdict.fate:<10}", style), f"{verdict.name:<30}", f"{verdict.seconds:5.1f} s  ", first
    )
    console.print(line)
