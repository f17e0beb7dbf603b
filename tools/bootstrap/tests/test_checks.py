"""The summary is honest: one failed check fails everything, and no check hides another."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tools.bootstrap import project
from tools.bootstrap.checks import LINT, TESTS, Check, pytest_closing_line, run_checks, summarise
from tools.bootstrap.process import Result
from tools.bootstrap.terminal import Terminal


def python(name: str, script: str) -> Check:
    return Check(name, (sys.executable, "-c", script))


@pytest.fixture
def screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    monkeypatch.setattr(project, "ROOT", tmp_path)
    monkeypatch.setattr(project, "LOGS", tmp_path / "build" / "logs")
    return io.StringIO()


def test_a_failed_check_does_not_stop_the_ones_after_it(screen: io.StringIO) -> None:
    terminal = Terminal(screen)
    outcomes = run_checks(
        [python("bad", "print('why'); raise SystemExit(3)"), python("good", "print('fine')")], terminal
    )
    assert [outcome.result.returncode for outcome in outcomes] == [3, 0]
    assert "| why" in screen.getvalue()
    assert "build/logs/bad.log" in screen.getvalue()
    assert summarise(outcomes, terminal) == 1
    assert "failed: bad" in screen.getvalue()


def test_when_all_pass_the_last_line_is_pytests(screen: io.StringIO) -> None:
    terminal = Terminal(screen)
    suite = replace(python("pytest", "print('=== 3 passed in 0.12s ===')"), summary=pytest_closing_line)
    outcomes = run_checks([suite], terminal)
    assert summarise(outcomes, terminal) == 0
    assert screen.getvalue().splitlines()[-1].strip("= ") == "3 passed in 0.12s"


def test_pytests_closing_line_is_found_below_what_follows_it() -> None:
    lines = ["FAILED a.py::b", "==== 1 failed, 2 passed in 61.20s (0:01:01) ====", "a late warning"]
    assert pytest_closing_line(Result(1, lines, 0)) == "1 failed, 2 passed in 61.20s (0:01:01)"


def test_all_linters_documentation_pytest_and_robot_are_checked() -> None:
    assert [check.name for check in (*LINT, *TESTS)] == [
        *("ruff check", "ruff format", "mypy", "robocop", "yamllint", "github workflow", "gitlab ci"),
        *("documentation", "pytest", "robot suites"),
    ]
