"""What is going on, while it goes on: a moving line at a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.status import Status
from rich.text import Text

from bench.robot.salvage import flush_output
from emulation.console_text import printable

STYLES = {"PASS": "green", "FAIL": "bold red", "SKIP": "yellow", "NOT RUN": "yellow"}

MANY = 50
"""Of fewer, no line is said on the way."""


def at_terminal(console: Console) -> bool:
    """Whether somebody watches: a line may be drawn over. Not if colours are only forced (FORCE_COLOR)."""
    return console.is_terminal and not console.is_dumb_terminal and console.file.isatty()


@contextmanager
def phase(console: Console, what: str) -> Iterator[Callable[[str], None]]:
    """Say what is being done, while it is; yields what tells details, which only a terminal shows."""
    if not at_terminal(console):
        console.print(what, markup=False)
        yield lambda _detail: None
        return
    with console.status(Text(what)) as status:
        yield lambda detail: status.update(Text(f"{what}: {detail}"))


Advance = Callable[[int, str], None]
"""Told how many more are done, and a few words on where that leaves things."""


@contextmanager
def counting(console: Console, what: str, total: int) -> Iterator[Advance]:
    """Show how many of `total` are done: a bar at a terminal, elsewhere a line for every tenth of many."""
    if not at_terminal(console):
        done = said = 0

        def advance(more: int, words: str) -> None:
            nonlocal done, said
            done += more
            if total >= MANY and done * 10 // total > said:
                said = done * 10 // total
                console.print(f"{what}: {done} of {total}, {words}", markup=False)

        yield advance
        return
    columns = (
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()),
        *(TextColumn("{task.fields[words]}", markup=False), TimeRemainingColumn()),
    )
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=total, words="")
        yield lambda more, words: bar.update(task, advance=more, words=words)


class Progress:
    """A Robot listener that prints suites and tests, and counts how tests end."""

    ROBOT_LISTENER_API_VERSION = 3
    ROBOT_LISTENER_PRIORITY = -10  # after the listeners that judge a test

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._total = 0
        self.passed = self.failed = self.skipped = 0
        self.skips: Counter[str] = Counter()
        """Why tests were skipped, and how many for each reason."""

    @property
    def ended(self) -> int:
        """Tests that have ended."""
        return self.passed + self.failed + self.skipped

    def start_suite(self, data: Any, result: Any) -> None:
        """Print the name of a suite that has tests."""
        self._total = self._total or data.test_count
        if data.tests:
            self._console.print(Text(f"\n{result.name}", style="bold"))

    def start_test(self, data: Any, result: Any) -> None:
        """Bring the tests before this one to the disk; show at a terminal which test is running."""
        flush_output()
        if at_terminal(self._console):
            self._status = self._console.status(Text(f"{self.ended + 1}/{self._total}  {result.name}"))
            self._status.start()

    def end_test(self, data: Any, result: Any) -> None:
        """Print how a test ended, and why if it failed."""
        if self._status is not None:
            self._status.stop()
            self._status = None
        if result.failed:
            self.failed += 1
        elif result.passed:
            self.passed += 1
        else:
            self.skipped += 1
            self.skips[result.message] += 1
        self._console.print(Text.assemble("  ", (result.status, STYLES[result.status]), "  ", result.name))
        if not result.passed and result.message:
            for line in printable(result.message).splitlines():
                self._console.print(Text(f"        {line}"))

    def close(self) -> None:
        """The run is over, however it ended."""
        if self._status is not None:
            self._status.stop()
