"""The tests against one firmware, in a process of their own: `python -m bench.mutants.judge`.

Writes what happened as JSON: whether the board got ready, how many tests passed, and each that failed with
its message in one line. One board is booted before any test runs: a firmware that does not get ready is no
catch of the tests.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.board import ROOT, Board
from bench.readiness import await_ready
from emulation.errors import GuestFault, UserError

MESSAGE = 200
"""Characters kept of a message."""


class Recorder:
    """A pytest plugin that notes how tests end."""

    def __init__(self) -> None:
        self.passed = 0
        self.failures: list[dict[str, str]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count what passed, keep what failed: the test itself, or what surrounds it."""
        if report.failed and all(failure["test"] != report.nodeid for failure in self.failures):
            self.failures.append({"test": report.nodeid, "message": one_line(report)})
        elif report.when == "call" and report.passed:
            self.passed += 1


def one_line(report: pytest.TestReport) -> str:
    """What the failure says, in one line."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else str(report.longrepr)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    line = re.sub(r"\s+", " ", " | ".join(lines[:3])) or "no message"
    line = re.sub(r"^(?:[\w.]+\.)?(\w+(?:Error|Fault)): (?=\S)", r"\1: ", line).removeprefix(
        "AssertionError: "
    )
    line = re.sub(r" (?:object )?at 0x[0-9a-f]+>", ">", line)  # differs from run to run
    return line if len(line) <= MESSAGE else line[: MESSAGE - 1] + "…"


def boot(elf: Path) -> str:
    """Why a board with this firmware does not get ready; empty if it does."""
    try:
        with Board.boot(firmware=elf) as board:
            try:
                await_ready(board)
            except TimeoutError:
                board.health.check()  # a traceback tells more
                raise
    except (GuestFault, UserError, TimeoutError) as error:
        return str(error).splitlines()[0]
    return ""


def judge(elf: Path, captures: Path, tests: list[str], first: bool) -> dict[str, Any]:
    """Run tests against a firmware, up to the `first` failure if that is enough."""
    trouble = boot(elf)
    if trouble:
        return {"ready": False, "message": trouble}
    recorder = Recorder()
    options = ["-q", "--tb=short", "-c", str(ROOT / "pyproject.toml"), *(["-x"] if first else [])]
    options += ["-p", "no:cacheprovider", "-p", "no:xdist", "-p", "bench.pytest_plugin"]
    code = pytest.main(
        [*options, f"--firmware={elf}", f"--board-report={captures}", *tests], plugins=[recorder]
    )
    return {"ready": True, "exit": int(code), "passed": recorder.passed, "failures": recorder.failures}


def main(arguments: list[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.mutants.judge", description=__doc__)
    parser.add_argument("--firmware", type=Path, required=True)
    parser.add_argument("--captures", type=Path, required=True)
    parser.add_argument("--result", type=Path, required=True)
    parser.add_argument("--first", action="store_true", help="stop at the first test that fails")
    parser.add_argument("tests", nargs="+")
    options = parser.parse_args(arguments)
    result = judge(options.firmware, options.captures, options.tests, options.first)
    partial = options.result.with_suffix(".partial")
    partial.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    partial.replace(options.result)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
