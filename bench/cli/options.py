"""Options that commands share, and what completes their values in a shell."""

from __future__ import annotations

import contextlib
import functools
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem
from rich.console import Console
from rich.text import Text

from bench.addresses import BOARD, Station
from bench.board import DEFAULT_SEED
from bench.engines import DEFAULT_ENGINE, ENGINES, load_engine
from emulation.paths import reports_folder

if TYPE_CHECKING:
    from bench.board import Board
    from bench.matrix.workers import Setup
    from bench.robot.session import Settings
    from bench.target import Target


def offer(names: dict[str, str], incomplete: str) -> list[CompletionItem]:
    """The names that begin like what was typed, with a word on each."""
    return [
        CompletionItem(name, help=help or None)
        for name, help in names.items()
        if name.lower().startswith(incomplete.lower())
    ]


def complete_engines(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of engines."""
    return offer(dict.fromkeys(ENGINES, ""), incomplete)


def complete_cases(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of groups of the catalogue, and of single cases once a group has been typed."""
    from bench.cases import all_cases

    cases = all_cases()
    groups = {case.group: case.title for case in cases}
    if any(incomplete.startswith(group) for group in groups):
        return offer({case.id: case.title for case in cases}, incomplete)
    return offer(groups, incomplete)


def complete_case_layers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Layers of the catalogue."""
    from bench.cases import all_cases

    return offer(dict.fromkeys((case.layer for case in all_cases()), ""), incomplete)


def complete_suites(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The project's own suites, then files."""
    from bench.robot.suites import own_suites

    found = offer(dict.fromkeys(own_suites(), ""), incomplete)
    return found or [CompletionItem(incomplete, type="file")]


def complete_sides(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Engines, then firmware files."""
    found = complete_engines(ctx, param, incomplete)
    return found or [CompletionItem(incomplete, type="file")]


def complete_mutants(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of mutants."""
    from bench.mutants.catalogue import all_mutants

    return offer({mutant.name: mutant.wrong for mutant in all_mutants()}, incomplete)


engine_option = click.option(
    "--engine",
    default=DEFAULT_ENGINE,
    show_default=True,
    help="Engine that runs the board.",
    shell_complete=complete_engines,
)
firmware_option = click.option(
    "--firmware",
    type=click.Path(path_type=Path),
    metavar="ELF",
    help="ELF to run instead of the bench's own, or the project's application.",
)
stack_option = click.option(
    "--stack",
    type=click.Choice(["lwip", "zephyr"]),
    help="Build the bench's own firmware on this network stack, and run it.",
)
seed_option = click.option(
    "--seed", type=int, default=DEFAULT_SEED, show_default=True, help="Where all randomness comes from."
)
platform_option = click.option(
    "--platform", type=click.Path(path_type=Path), metavar="REPL", help="Another platform file (.repl)."
)
ready_option = click.option(
    "--ready",
    metavar="TEXT",
    help="What the firmware prints when it is ready. [default: listening, if anything]",
)
ip_option = click.option(
    "--ip", metavar="ADDRESS[/PREFIX]", help="The board's IPv4 address. [default: 192.0.2.1/24]"
)
mac_option = click.option(
    "--mac", metavar="ADDRESS", help="The board's MAC address. [default: what it answers to ARP]"
)
spin_limit_option = click.option(
    "--spin-limit",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Virtual seconds of computing without a halt, a frame or output that count as hung. [default: 5]",
)


@dataclass(frozen=True)
class BoardOptions:
    """How the command line wants the board; what it wants tested has been built or put together."""

    target: Target
    engine: str = DEFAULT_ENGINE
    seed: int = DEFAULT_SEED
    platform: Path | None = None
    ready: str | None = None
    station: Station = BOARD
    spin_limit: float | None = None

    def boot(self, host: Station | None = None) -> Board:
        """A board at reset; `host` as for `Board.boot`. Raises UserError."""
        from bench.board import Board

        return Board.boot(self.engine, self.target.firmware, host=host, **self.for_boot)

    @property
    def for_boot(self) -> dict[str, Any]:
        """The arguments of `Board.boot` beside engine and firmware."""
        return {
            "seed": self.seed,
            "platform": self.platform,
            "station": self.station,
            "spin_limit": self.spin_limit,
        }

    @property
    def wanted(self) -> str | None:
        """What the firmware has to print before tests begin, for `bench.readiness.await_ready`."""
        from bench.readiness import wanted_line

        return wanted_line(self.ready, self.target.firmware)

    def matrix_setup(self) -> Setup:
        """The same for `bench.matrix.workers`."""
        from bench.matrix.workers import Setup

        return Setup(
            self.engine,
            self.target.firmware,
            self.seed,
            self.platform,
            self.station,
            self.spin_limit,
            self.ready,
        )

    def settings(self, require: tuple[str, ...] = ()) -> Settings:
        """The same for `bench.robot.session`."""
        from bench.robot.session import Settings

        return Settings(
            engine=self.engine,
            firmware=self.target.firmware,
            seed=self.seed,
            platform=self.platform,
            ready=self.ready,
            station=self.station,
            spin_limit=self.spin_limit,
            require=require,
            application=self.target.application,
        )


class BoardChoice:
    """The options of the board as they were given; `choose` makes the target of them."""

    def __init__(self, **given: Any) -> None:
        self.given = given
        self.seed: int = given["seed"]
        self.engine: str = given["engine"]

    def choose(self, console: Console) -> BoardOptions:
        """Check the options, then build what is to be tested if need be, and say what is to be said of it.

        Raises UserError.
        """
        from bench.addresses import station_at

        given = self.given
        load_engine(given["engine"])
        station = station_at(given["ip"], given["mac"])
        return BoardOptions(
            chosen_target(console, given["firmware"], given["stack"]),
            given["engine"],
            given["seed"],
            given["platform"],
            given["ready"],
            station,
            given["spin_limit"],
        )


def chosen_target(
    console: Console, firmware: Path | None, stack: str | None = None, ws_server: Path | None = None
) -> Target:
    """What to test, in the project of the current folder if it lies in one. Raises UserError."""
    from bench.cli.progress import phase
    from bench.project import find_project
    from bench.target import choose

    project = find_project()
    what = "application" if project and project.application and firmware is None else "firmware"
    with contextlib.ExitStack() as building:
        tell: Callable[[str], None] | None = None

        def progress(text: str) -> None:  # nothing is said where nothing is to be built
            nonlocal tell
            tell = tell or building.enter_context(phase(console, f"building the {what}"))
            tell(text)

        target = choose(firmware, stack=stack, ws_server=ws_server, project=project, progress=progress)
    if target.note:
        console.print(Text(target.note, style="yellow"))
    return target


BOARD_OPTIONS = (
    engine_option,
    firmware_option,
    stack_option,
    seed_option,
    platform_option,
    ready_option,
    ip_option,
    mac_option,
    spin_limit_option,
)
"""Every command that boots a board has these, by these names."""
_BOARD_NAMES = ("engine", "firmware", "stack", "seed", "platform", "ready", "ip", "mac", "spin_limit")


def board_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command all options of the board; it gets them as one argument, `board`, a `BoardChoice`."""

    @functools.wraps(command)
    def gathered(*args: Any, **values: Any) -> None:
        board = BoardChoice(**{name: values.pop(name) for name in _BOARD_NAMES})
        command(*args, board=board, **values)

    wrapped: Callable[..., None] = gathered
    for option in reversed(BOARD_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


class Folder(click.Path):
    """A folder; an empty name, which stands for the current one, is most often a variable that is not set."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path. Fails for an empty name."""
        if value == "":
            self.fail("the name of the folder is empty.", param, ctx)
        return super().convert(value, param, ctx)


def report_option(kind: str, what: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The folder that a command reports to, which it says at its end."""
    return click.option(
        "--report",
        type=Folder(path_type=Path),
        metavar="FOLDER",
        default=reports_folder() / kind,
        help=f"Folder for {what}. [default: reports/{kind}, in a project its report folder]",
    )


json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as JSON, and all else on standard error."
)


def console_beside(as_json: bool, **options: Any) -> Console:
    """Where people read: standard output, which with --json is for programs alone."""
    return Console(stderr=as_json, highlight=False, **options)


def print_json(value: Any) -> None:
    """The result for programs, which is JSON on a stream that lacks characters as well."""
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    click.echo(json.dumps(value, indent=2, ensure_ascii=not unicode))


def print_about(console: Console, about: Mapping[str, str]) -> None:
    """What a run is made with, a line for each: the same again gives the same captures."""
    for name, value in about.items():
        console.print(Text(f"{name + ':':<10}{value}"))
