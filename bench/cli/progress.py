"""One line for each test while a run goes on."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rich.console import Console
from rich.text import Text

STYLES = {"PASS": "green", "FAIL": "bold red", "SKIP": "yellow", "NOT RUN": "yellow"}

STOPPED = "Execution terminated by signal"
"""Robot's message for the test that Ctrl-C hit."""


class Progress:
    """A Robot listener that prints suites and tests, and counts how tests end."""

    ROBOT_LISTENER_API_VERSION = 3
    ROBOT_LISTENER_PRIORITY = -10  # after the listeners that judge a test

    def __init__(self, console: Console) -> None:
        self._console = console
        self.passed = self.failed = self.skipped = 0
        self.skips: Counter[str] = Counter()
        """Why tests were skipped, and how many for each reason."""
        self.interrupted = False
        """Whether somebody stopped the run (Ctrl-C)."""

    def start_suite(self, data: Any, result: Any) -> None:
        """Print the name of a suite that has tests."""
        if data.tests:
            self._console.print(Text(f"\n{result.name}", style="bold"))

    def end_test(self, data: Any, result: Any) -> None:
        """Print how a test ended, and why if it failed."""
        if result.failed:
            self.failed += 1
            self.interrupted = self.interrupted or STOPPED in result.message
        elif result.passed:
            self.passed += 1
        else:
            self.skipped += 1
            self.skips[result.message] += 1
        self._console.print(Text.assemble("  ", (result.status, STYLES[result.status]), "  ", result.name))
        if not result.passed and result.message:
            for line in result.message.splitlines():
                self._console.print(Text(f"        {line}"))
