"""The commands behind the Makefile's targets."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence

from emulation.errors import UserError
from tools.bootstrap import project
from tools.bootstrap.browser import Browser
from tools.bootstrap.checks import LINT, PACKAGES, TESTS, Check, run_checks, summarise
from tools.bootstrap.environment import VirtualEnvironment
from tools.bootstrap.firmware import FIRMWARE, MICROPYTHON, NATIVE_CLOCK, SOURCES
from tools.bootstrap.locking import relock
from tools.bootstrap.node import NodeClient
from tools.bootstrap.step import Step, report, work_off
from tools.bootstrap.system import RUN, TEST, SystemPackages
from tools.bootstrap.terminal import Terminal

GOALS = ("environment", "docs", "lint", "firmware", "run", "test")


def steps_for(goal: str) -> list[Step]:
    """The set-up steps a goal needs."""
    section = {"test": "test", "lint": "test", "docs": "docs"}.get(goal, "run")
    first: list[Step] = [SystemPackages(TEST if goal == "test" else RUN), VirtualEnvironment(section)]
    if goal in ("environment", "docs", "lint"):
        return first
    steps = [*first, SOURCES, FIRMWARE]
    if goal != "firmware":
        steps.append(NATIVE_CLOCK)
    if goal == "test":
        steps += [MICROPYTHON, NodeClient(), Browser()]
    return steps


def set_up(goal: str, terminal: Terminal) -> None:
    """Do the steps of a goal. Raises UserError."""
    project.check_place()
    terminal.heading("Set-up")
    work_off(steps_for(goal), terminal)


def check(checks: Sequence[Check], title: str, terminal: Terminal) -> int:
    """Run checks; returns the exit status."""
    terminal.line()
    terminal.heading(title)
    return summarise(run_checks(checks, terminal), terminal)


def clean(everything: bool, terminal: Terminal) -> None:
    """Remove what was built, or `everything` a fresh clone does not have. Raises UserError."""
    kept = () if everything else ("venv", "sources", "setup.lock")
    caches = (".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".robocop_cache")
    doomed = [project.ROOT / name for name in (*caches, "dist")]
    if project.BUILD.is_dir():
        doomed += [path for path in project.BUILD.iterdir() if path.name not in kept]
    if everything:
        doomed += [project.BUILD, project.REPORTS, *project.ROOT.glob("*.egg-info")]
        doomed += [path for top in PACKAGES for path in (project.ROOT / top).rglob("__pycache__")]
        doomed.append(project.ROOT / "__pycache__")
    for path in doomed:
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise UserError(
                f"cannot remove {path}: {error.strerror}", "remove it as the user it belongs to"
            ) from None
    left = "nothing but the sources" if everything else "the environment and the fetched sources stay"
    terminal.line(f"removed what was built; {left}")


def main(arguments: Sequence[str]) -> int:
    """Do what the Makefile asks; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.bootstrap", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    setup = commands.add_parser("setup", help="do the set-up steps of a goal")
    setup.add_argument("goal", choices=GOALS, nargs="?", default="run")
    commands.add_parser("test", help="set up, then run every check there is")
    commands.add_parser("lint", help="set up, then run the linters")
    commands.add_parser("lock", help="write a new requirements.lock")
    cleaning = commands.add_parser("clean", help="remove what was built")
    cleaning.add_argument("--all", action="store_true", help="also environment, fetched sources and reports")
    options = parser.parse_args(arguments)
    terminal = Terminal()
    try:
        match options.command:
            case "setup":
                set_up(options.goal, terminal)
            case "test":
                set_up("test", terminal)
                return check((*LINT, *TESTS), "Tests", terminal)
            case "lint":
                set_up("lint", terminal)
                return check(LINT, "Linters", terminal)
            case "lock":
                relock(terminal)
            case "clean":
                clean(options.all, terminal)
    except UserError as error:
        report(error, terminal)
        return 1
    except KeyboardInterrupt:
        terminal.line("interrupted; steps that are done are not repeated")
        return 130
    except BrokenPipeError:  # the reader of our output has gone, as in `make test | head`
        sys.stderr.close()
        return 1
    return 0
