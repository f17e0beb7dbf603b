"""`bench run --watch`: runs again whenever a file changes that the run depends on.

Every run is a process of its own: it sees Python files as they are now.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from click.core import ParameterSource
from rich.console import Console
from rich.text import Text
from robot.api import ExecutionResult
from robot.errors import DataError

from bench.board import ROOT
from bench.cli.robot_reports import OUTPUT
from bench.cli.robot_status import MOST_FAILED
from bench.file_changes import POLL, FileChanges
from bench.project import FILE, Project
from emulation.errors import UserError
from emulation.firmware.build import DEFAULT_WS_SERVER
from emulation.leash import end_with_parent
from emulation.paths import IS_CHECKOUT

SUITE = ".robot"
SUPPORT = (".py", ".resource", ".toml")
"""Endings of what suites use."""
IGNORED = {"tests", "__pycache__", "build", "reports", ".git"}
SHOWN = 5
"""Names of changed files that are told."""


@dataclass(frozen=True)
class Watched:
    """What a run depends on."""

    suites: tuple[Path, ...]
    """The suite files and folders chosen."""
    code: tuple[Path, ...]
    """Other files and folders: the server, the application, the firmware."""

    def suite_files(self) -> set[Path]:
        """The suites there are now."""
        found: set[Path] = set()
        for path in self.suites:
            found |= set(_below(path, (SUITE,))) if path.is_dir() else {path} if path.is_file() else set()
        return found

    def files(self) -> Iterator[Path]:
        """All files to look at."""
        yield from self.suite_files()
        for folder in {path.parent for path in self.suites if not path.is_dir()}:
            # Not what is below it: the suite may lie in somebody's home.
            yield from (path for path in folder.iterdir() if path.suffix in SUPPORT)
        for path in {*self.code, *self.suites, ROOT / "bench"}:
            if path.is_dir():
                yield from _below(path, SUPPORT)
            else:
                yield path

    def affected(self, changed: Iterable[Path], left: Sequence[Path] = ()) -> list[Path]:
        """The suites to run after these changes: those that changed if nothing else did, else all.

        `left` are suites that are to run anyhow.
        """
        if any(path.suffix != SUITE for path in changed) or set(left) == set(self.suites):
            return list(self.suites)
        return sorted({*left, *self.suite_files().intersection(changed)})


def _below(folder: Path, endings: tuple[str, ...]) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.suffix in endings and not IGNORED.intersection(path.relative_to(folder).parts):
            yield path


def keep_running(ctx: click.Context, console: Console, paths: Sequence[Path], project: Project | None) -> int:
    """Run, and run again after every change of what the run depends on; returns the last exit code."""
    options = ctx.params
    if options["as_json"]:
        raise UserError("--json tells of one run, and --watch makes many", "leave one of them away")
    arguments = arguments_again(ctx, without=("watching", "suites"))
    code = [path for path in (options["firmware"], options["ws_server"], options["platform"]) if path]
    if options["firmware"] is None and project:
        code += [project.folder / FILE, *([project.application] if project.application else [])]
    elif options["firmware"] is None and options["ws_server"] is None and IS_CHECKOUT:
        code.append(DEFAULT_WS_SERVER)
        arguments.append(f"--ws-server={DEFAULT_WS_SERVER}")
    watched = Watched(tuple(path.resolve() for path in paths), tuple(path.resolve() for path in code))
    return watch(console, watched, arguments, options["report"])


def watch(console: Console, watched: Watched, arguments: Sequence[str], report: Path) -> int:
    """Run `bench run` with these arguments and the suites, and again after every change, until Ctrl-C.

    Returns the exit code of the last run.
    """
    changes = FileChanges(watched.files)
    failing: set[Path] = set()
    todo, since = list(watched.suites), time.monotonic()
    child = _start([*arguments, "--", *map(str, todo)])
    try:
        while True:
            changed = _wait(child, changes, console)
            _note_failing(report / OUTPUT, failing)
            if not changed:
                took = f"{time.monotonic() - since:.1f} s"
                console.print(Text(f"\n{took}; waiting for a change, Ctrl-C ends", style="bold"))
            # What could not run, or was cut short, is still to be done.
            left = [] if 0 <= child.returncode <= MOST_FAILED else todo
            todo = []
            while not todo:
                changed = changed or changes.wait()
                since = time.monotonic()
                changed |= changes.settle()
                todo = watched.affected(changed, left)
                console.print(Text(f"\nchanged: {_names(changed)}", style="bold"))
                changed = set()
            todo.sort(key=lambda path: not any(bad == path or path in bad.parents for bad in failing))
            child = _start([*arguments, "--", *map(str, todo)])
    except KeyboardInterrupt:
        return _end(child)


def _start(arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    """A run, out of reach of the terminal's Ctrl-C, which comes to it through this process."""
    parent = os.getpid()
    return subprocess.Popen(
        [sys.executable, "-m", "bench", "run", *arguments],
        stdin=subprocess.DEVNULL,
        process_group=0,
        # Should this process be killed, the run ends with its reports.
        preexec_fn=lambda: end_with_parent(signal.SIGTERM, parent),
    )


def _wait(child: subprocess.Popen[bytes], changes: FileChanges, console: Console) -> set[Path]:
    """Wait for the end of a run; cut it short if files change, as its verdict is on those before."""
    changed: set[Path] = set()
    while child.poll() is None:
        time.sleep(POLL)
        more = changes.take()
        if more and not changed:
            console.print(Text(f"changed: {_names(more)}; this run is cut short", style="bold yellow"))
            child.send_signal(signal.SIGINT)
        changed |= more
    return changed


def _end(child: subprocess.Popen[bytes]) -> int:
    """Hand Ctrl-C on, each time it comes; returns the exit code of the run, which writes its reports."""
    while True:
        try:
            child.send_signal(signal.SIGINT)  # does nothing to one that has ended
            return child.wait()
        except KeyboardInterrupt:
            continue


def _note_failing(output: Path, failing: set[Path]) -> None:
    """Bring the set of failing suites up to date with the last run."""
    try:
        result = ExecutionResult(str(output), include_keywords=False)
    except DataError:
        return  # nothing has run
    for test in result.suite.all_tests:
        failing.discard(Path(test.source))
    failing |= {Path(test.source) for test in result.suite.all_tests if test.failed}


def _names(paths: Iterable[Path]) -> str:
    names = sorted(path.name for path in paths)
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if names[SHOWN:] else "")


def arguments_again(ctx: click.Context, without: Iterable[str]) -> list[str]:
    """The options that this command was called with, for calling it again, but for those of these names."""
    words: list[str] = []
    for option in ctx.command.params:
        name = option.name or ""
        given = ctx.get_parameter_source(name) == ParameterSource.COMMANDLINE
        if not given or not isinstance(option, click.Option) or name in without:
            continue
        value = ctx.params[name]
        if option.is_flag:
            words += option.opts[:1] if value else option.secondary_opts[:1]
        else:
            for item in value if option.multiple else (value,):
                words += [f"{option.opts[0]}={item}"]
    return words
