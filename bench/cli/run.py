"""`bench run`: the Robot suites on an emulated board, with reports and captures."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from bench.addresses import station_at
from bench.capabilities import check as check_capability
from bench.cli import print_error
from bench.cli.options import (
    chosen_target,
    complete_suites,
    console_beside,
    engine_option,
    firmware_option,
    ip_option,
    json_option,
    mac_option,
    platform_option,
    print_json,
    ready_option,
    report_option,
    seed_option,
    spin_limit_option,
    stack_option,
)
from bench.cli.progress import Progress, phase
from bench.cli.robot_reports import LOG, OUTPUT, REPORT, XUNIT, as_dict, write_reports
from bench.cli.robot_run import run_robot
from bench.cli.robot_status import EPILOG, INTERRUPTED, UNEXPECTED, RobotCommand
from bench.cli.run_folder import CAPTURES, Clearing, prove
from bench.cli.run_summary import PAGES, read_baseline
from bench.engines import load_engine
from bench.loop import holding_signals_back
from bench.project import find_project
from bench.robot.interruption import Interruption
from bench.robot.suites import find_suites, suite_name
from emulation.console_text import printable
from emulation.errors import UserError


@click.command(cls=RobotCommand, epilog=EPILOG)
@click.argument("suites", nargs=-1, metavar="[SUITE...]", shell_complete=complete_suites)
@engine_option
@firmware_option
@stack_option
@seed_option
@platform_option
@ready_option
@ip_option
@mac_option
@spin_limit_option
@click.option(
    "--require",
    multiple=True,
    metavar="CAPABILITY",
    help="What the firmware has to offer, as in ping or tcp:4242 (several: all of them): without it nothing"
    " runs, where tests would be skipped.",
)
@report_option("robot", "reports and captures")
@click.option(
    "--include", multiple=True, metavar="TAG", help="Only tests with this tag (several: any of them)."
)
@click.option("--exclude", multiple=True, metavar="TAG", help="No tests with this tag.")
@click.option(
    "--test", "tests", multiple=True, metavar="NAME", help="Only tests of this name (* and ? match)."
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    metavar="FILE_OR_DIR",
    help="output.xml, or report folder, of an earlier run: the summary says what has changed since.",
)
@click.option(
    "--ws-server",
    type=click.Path(path_type=Path),
    help="Build the firmware with this folder's ws_server package first, and test it.",
)
@json_option
@click.option(
    "--watch", "watching", is_flag=True, help="Run again whenever a suite or what it tests changes."
)
@click.pass_context
def command(
    ctx: click.Context,
    suites: tuple[str, ...],
    engine: str,
    firmware: Path | None,
    stack: str | None,
    seed: int,
    platform: Path | None,
    ready: str | None,
    ip: str | None,
    mac: str | None,
    spin_limit: float | None,
    require: tuple[str, ...],
    report: Path,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    tests: tuple[str, ...],
    baseline: Path | None,
    ws_server: Path | None,
    as_json: bool,
    watching: bool,
) -> None:
    """Run the Robot suites on an emulated board and write the reports.

    SUITE is the name of one of the project's suites, or the path of a suite file or folder of your own; all
    of the project's suites run if none is named.
    """
    from bench.robot import session

    project = find_project()
    paths = find_suites(suites or (map(str, project.suites) if project else ()))
    console = console_beside(as_json, soft_wrap=True)
    some = bool(include or exclude or tests)
    # It may lie where this run reports to.
    earlier = None if baseline is None else read_baseline(baseline, partial=some)
    if baseline is not None and earlier is None:
        console.print(Text(f"there is no earlier run at {baseline} yet to compare with", style="yellow"))
    if watching:
        from bench.cli.watch import keep_running

        ctx.exit(keep_running(ctx, console, paths, project))
    load_engine(engine)
    for need in require:
        check_capability(need)
    station = station_at(ip, mac)
    report = report.resolve()  # a library of the user's may go to another folder
    prove(report)
    target = chosen_target(console, firmware, stack, ws_server)
    progress = Progress(console)
    interruption = Interruption()
    settings = session.Settings(
        engine=engine,
        firmware=target.firmware,
        seed=seed,
        platform=platform,
        ready=ready,
        station=station,
        spin_limit=spin_limit,
        require=require,
        application=target.application,
    )
    try:
        with phase(console, "booting the board"):
            running = session.configure(settings)
        about = running.describe()
        for name, value in about.items():
            console.print(f"{name + ':':<10}{value}")
        clearing = Clearing(report, running.board.engine)
        status, complaints, problem = run_robot(
            paths,
            (clearing, interruption, progress),
            name=project.folder.name if project and not suites else suite_name(paths),
            metadata=[f"{name}:{value}" for name, value in about.items()],
            outputdir=str(report),
            output=OUTPUT,
            log="NONE",  # the reports are written below, where Ctrl-C cannot spoil them
            report="NONE",
            include=list(include),
            exclude=list(exclude),
            test=list(tests),
        )
    finally:
        progress.close()
        session.close()
    if complaints:
        console.print(Text(printable(complaints), style="yellow"))
    if problem:
        print_error(
            f"the run could not go on: {problem}", f"`bench report {report}` makes reports of what had run"
        )
    if interruption.happened:
        status = INTERRUPTED
    if status == INTERRUPTED and not clearing.begun:
        raise KeyboardInterrupt
    remarks: list[str] = []
    cut_short = status in (INTERRUPTED, UNEXPECTED)
    try:
        with holding_signals_back():
            tell_verdict(console, progress)
            with phase(console, "writing the reports"):
                remarks = write_reports(report, interrupted=cut_short, earlier=earlier)
    except KeyboardInterrupt:  # it came meanwhile: raised when all is written
        status = INTERRUPTED
    except UserError as error:
        if not problem:  # else that was it
            print_error(error.message, error.hint)
        ctx.exit(UNEXPECTED)
    for remark in remarks:
        console.print(Text(printable(remark), style="yellow"))
    if status == INTERRUPTED:
        console.print(Text("interrupted: the reports show what had run by then", style="bold yellow"))
    tell_places(console, report)
    if as_json:
        print_json(as_dict(report, status))
    ctx.exit(status)


def tell_verdict(console: Console, progress: Progress) -> None:
    """How many tests passed; this does not wait for the reports."""
    passed, failed, skipped = progress.passed, progress.failed, progress.skipped
    style = "bold red" if failed else "bold green" if passed else "bold yellow"
    console.print()
    console.print(
        Text(
            f"{progress.ended} tests: {passed} passed, {failed} failed, {skipped} skipped",
            style=style,
        )
    )
    for reason, count in progress.skips.most_common():
        console.print(Text(f"  {count} skipped: {' '.join(printable(reason).split())}", style="yellow"))


def tell_places(console: Console, report: Path) -> None:
    """Where everything lies."""
    names = {
        "summary": PAGES[0],
        "report": REPORT,
        "log": LOG,
        "output": OUTPUT,
        "xunit": XUNIT,
        "captures": CAPTURES,
    }
    for label, name in names.items():
        path = report.resolve() / name
        if path.exists():
            console.print(f"  {label + ':':<10}{path}")
