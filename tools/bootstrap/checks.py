"""Everything `make test` looks at: each check runs even if one before it failed, a summary closes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tools.bootstrap import project
from tools.bootstrap.process import Result, run
from tools.bootstrap.step import log_file
from tools.bootstrap.terminal import Terminal, duration

PACKAGES = ("ws_server", "emulation", "bench", "packet_tests", "tools")

TIMEOUT = 1800.0
"""Seconds after which a check is ended: no check may hang a CI job."""


def _last_line(result: Result) -> str:
    return next((line.strip() for line in reversed(result.lines) if line.strip()), "")


def _found(result: Result) -> str:
    """Ruff's count of errors, which a list of what it can mend follows."""
    found = [line.strip() for line in result.lines if line.startswith("Found ")]
    return found[-1] if found else _last_line(result)


def pytest_closing_line(result: Result) -> str:
    """The line pytest ends with, without its frame: `12 passed, 1 skipped in 3.21s`."""
    for line in reversed(result.lines):
        text = line.strip("= ").strip()
        if re.search(r"\bin [\d.]+s\b", text):
            return text
    return ""


def robot_total(result: Result) -> str:
    """The line of the Robot run that counts its tests."""
    counted = [line.strip() for line in result.lines if re.search(r"\d+ passed", line)]
    return counted[-1] if counted else ""


@dataclass(frozen=True)
class Check:
    """A command, and how to say in a few words what it found."""

    name: str
    command: tuple[str, ...]
    """Words after `build/venv/bin/`."""
    summary: Callable[[Result], str] = _last_line
    streamed: bool = False
    """Whether its lines are worth reading while it runs (in a log; a terminal shows the last one)."""


def _venv(program: str, *words: str) -> tuple[str, ...]:
    return (str(project.VENV / "bin" / program), *words)


def _schema(name: str, file: str) -> tuple[str, ...]:
    return _venv("check-jsonschema", "--builtin-schema", name, file)


LINT: tuple[Check, ...] = (
    Check("ruff check", _venv("ruff", "check", "."), _found),
    Check("ruff format", _venv("ruff", "format", "--check", ".")),
    Check("mypy", _venv("mypy", *PACKAGES)),
    Check("robocop", _venv("robocop", "check", "bench/robot")),
    # Their schemas come with the program: nothing is fetched.
    Check("yamllint", _venv("yamllint", "--strict", ".github", ".gitlab-ci.yml")),
    Check("github workflow", _schema("vendor.github-workflows", ".github/workflows/bench.yml")),
    Check("gitlab ci", _schema("vendor.gitlab-ci", ".gitlab-ci.yml")),
)

TESTS: tuple[Check, ...] = (
    Check("documentation", _venv("python", "-m", "tools.docs")),
    Check(
        "pytest",
        _venv(
            *("python", "-m", "pytest", "-n", "auto", "--dist", "worksteal"),
            *("--junitxml", "reports/pytest/xunit.xml"),
        ),
        pytest_closing_line,
        streamed=True,
    ),
    Check("robot suites", _venv("bench", "run"), robot_total, streamed=True),
)


@dataclass
class Outcome:
    """How one check ended."""

    check: Check
    result: Result
    summary: str = field(init=False)

    def __post_init__(self) -> None:
        self.summary = self.check.summary(self.result)


def run_checks(checks: Sequence[Check], terminal: Terminal) -> list[Outcome]:
    """Run all checks, show each as a step, print what the failed ones said."""
    outcomes: list[Outcome] = []
    for number, check in enumerate(checks, 1):
        log = log_file(check.name)
        with terminal.step(check.name, number, len(checks)) as line:

            def show(text: str, check: Check = check, tail: Callable[[str], None] = line.tail) -> None:
                if check.streamed and not terminal.live:
                    terminal.line(text)
                else:
                    tail(text)

            if check.streamed:
                line.note("running")
            result = run(check.command, log=log, cwd=project.ROOT, on_line=show, timeout=TIMEOUT)
            outcome = Outcome(check, result)
            outcomes.append(outcome)
            word, colour = ("passed", "32") if result.ok else ("FAILED", "1;31")
            line.done(f"{word}  {outcome.summary}".rstrip(), colour)
        if not result.ok and not (check.streamed and not terminal.live):
            for text in result.lines[-60:]:
                terminal.line(f"      | {text}")
        if not result.ok:
            terminal.line(f"      full output: {log.relative_to(project.ROOT)}")
    return outcomes


def summarise(outcomes: Sequence[Outcome], terminal: Terminal) -> int:
    """Print the table of outcomes; returns the exit status."""
    terminal.line()
    terminal.heading("Summary")
    for outcome in outcomes:
        word = terminal.paint("passed", "32") if outcome.result.ok else terminal.paint("FAILED", "1;31")
        terminal.line(
            f"  {outcome.check.name:<14} {word}  {duration(outcome.result.seconds):>12}   {outcome.summary}"
        )
    failed = [outcome.check.name for outcome in outcomes if not outcome.result.ok]
    total = duration(sum(outcome.result.seconds for outcome in outcomes))
    if failed:
        terminal.line(f"{terminal.paint('failed', '1;31')}: {', '.join(failed)} ({total})")
    else:
        terminal.line(f"everything passed ({total})")
    # Last of all, in pytest's own words: what CI systems read.
    closing = next((o.summary for o in outcomes if o.check.name == "pytest" and o.summary), "")
    if closing:
        terminal.line(f"{f' {closing} ':=^80}")
    return 1 if failed else 0
