"""`bench run` is stopped by each signal at each stage: nothing goes on, the reports say what ran."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest
from robot.api import ExecutionResult
from scapy.utils import rdpcap

from bench.board import ROOT
from bench.cli.robot_status import INTERRUPTED
from bench.report.figures import read_figures
from bench.robot.salvage import CUT_OFF
from bench.tests.elf import JUMP_TO_SELF, with_code_at
from bench.tests.test_robot import ECHO, HEAD, command
from emulation.paths import build_folder
from emulation.tests.processes import expect_end, started_with

TIMEOUT = 120.0
GLANCE = 0.01
"""Seconds between two looks at whether it is time to send the signal."""
REPORTS = [
    "figures.jsonl",
    "log.html",
    "output.xml",
    "report.html",
    "summary.html",
    "summary.md",
    "xunit.xml",
]

ENDLESS = "Endless\n    Run Board For    365 days\n\n"
THREE_TESTS = HEAD + ECHO.format(name="Before") + ENDLESS + ECHO.format(name="After")


@dataclass
class Stopped:
    """What a run left that got signals."""

    status: int
    out: str
    err: str
    report: Path

    def files(self) -> list[str]:
        """In the report folder."""
        return sorted(path.name for path in self.report.iterdir() if path.is_file())

    def tests(self) -> dict[str, str]:
        """Status of each test, as Robot reads it."""
        result = ExecutionResult(str(self.report / "output.xml"))
        return {test.name: test.status for test in result.suite.all_tests}


class Running:
    """A run, to be stopped at the right moment."""

    def __init__(self, folder: Path, suite: str, *arguments: str | Path) -> None:
        self.report = folder / "report"
        self._scratch = folder / "scratch"
        self._scratch.mkdir()
        (folder / "own.robot").write_text(suite)
        self._out = ""
        self._process = subprocess.Popen(
            command(folder / "own.robot", "--report", self.report, *arguments),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(self._scratch)},
        )

    def wait_for_line(self, wanted: str) -> None:
        """Wait until this is printed."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._out += line
            if wanted in line:
                return
        raise AssertionError(f"it has not printed {wanted!r}: {self._out}{self._process.communicate()[1]}")

    def wait_for(self, there: Callable[[], bool]) -> None:
        """Wait until this is the case."""
        deadline = time.monotonic() + TIMEOUT
        ended = os.pidfd_open(self._process.pid)
        while not there() and time.monotonic() < deadline:
            if select.select([ended], [], [], GLANCE)[0]:
                raise AssertionError(f"it has ended: {self._process.communicate()}")
        os.close(ended)

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def read_complaint(self) -> str:
        """A line from standard error."""
        assert self._process.stderr is not None
        return self._process.stderr.readline()

    def stop(self, number: signal.Signals) -> Stopped:
        """Send a signal that ends it; nothing may go on or be left."""
        self.send(number)
        out, err = self._process.communicate(timeout=TIMEOUT)
        expect_end(started_with("TMPDIR", self._scratch))
        assert not list(self._scratch.iterdir())
        assert not list(self.report.glob("**/.*"))
        assert "Traceback" not in err
        return Stopped(self._process.returncode, self._out + out, err, self.report)

    def kill(self) -> None:
        """End it, if a test has not."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a run of a suite, with options, in the test's folder."""
    started: list[Running] = []

    def start(suite: str, *arguments: str | Path) -> Running:
        started.append(Running(tmp_path, suite, *arguments))
        return started[-1]

    yield start
    for run in started:
        run.kill()


BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


def in_the_second_test(start: Start) -> Running:
    """A run whose second of three tests would take for ever."""
    run = start(THREE_TESTS)
    run.wait_for((run.report / "captures" / "own" / "endless.pcapng").exists)
    return run


@BOTH
def test_while_a_test_runs(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    result = in_the_second_test(start).stop(number)
    assert result.status == INTERRUPTED
    assert result.tests() == {"Before": "PASS", "Endless": "FAIL", "After": "SKIP"}
    assert "1 skipped: not run: the run was interrupted before" in result.out
    assert not (result.report / "captures" / "own" / "after.pcapng").exists()
    assert "interrupted" in result.out
    assert result.files() == REPORTS
    assert "Interrupted" in (result.report / "summary.html").read_text()
    xunit = ElementTree.parse(result.report / "xunit.xml").getroot()
    assert [xunit.attrib[name] for name in ("tests", "failures", "skipped")] == ["3", "1", "1"]
    assert "**Interrupted:**" in (result.report / "summary.md").read_text()


def test_twice_while_a_test_runs(start: Start, tmp_path: Path) -> None:
    """The second signal makes Robot drop everything: its output ends in the middle."""
    suite = THREE_TESTS.replace("365 days\n", "365 days\n    [Teardown]    Run Board For    365 days\n")
    run = start(suite)
    run.wait_for((run.report / "captures" / "own" / "endless.pcapng").exists)
    run.send(signal.SIGINT)
    assert "Second signal" in run.read_complaint()
    result = run.stop(signal.SIGINT)
    assert result.status == INTERRUPTED
    assert result.tests() == {"Before": "PASS", "Endless": "FAIL"}
    assert result.files() == REPORTS
    assert "Interrupted" in (result.report / "summary.html").read_text()


def test_killed_while_a_test_runs(start: Start, tmp_path: Path) -> None:
    result = in_the_second_test(start).stop(signal.SIGKILL)
    assert result.status == -signal.SIGKILL
    assert result.files() == ["figures.jsonl", "output.xml"]
    assert [figures.name for figures in read_figures(result.report / "figures.jsonl")] == ["Before"]
    assert len(rdpcap(str(result.report / "captures" / "own" / "before.pcapng"))) > 0
    done = subprocess.run(
        [sys.executable, "-m", "bench", "report", result.report],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert result.files() == REPORTS
    assert result.tests()["Before"] == "PASS"
    assert set(result.tests().values()) <= {"PASS", "FAIL"}
    assert CUT_OFF in (result.report / "output.xml").read_text()
    assert "Interrupted" in (result.report / "summary.html").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_while_the_board_boots(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    elf = with_code_at("lwip_init", JUMP_TO_SELF, tmp_path / "never.elf")
    run = start(THREE_TESTS, "--firmware", elf)
    run.wait_for_line("booting the board")
    result = run.stop(number)
    assert result.status == (INTERRUPTED if number == signal.SIGINT else -number)
    assert result.files() == []
    assert result.err == ("error: interrupted\n" if number == signal.SIGINT else "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_while_a_firmware_is_built(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    app = tmp_path / f"app_{number.name.lower()}_{os.getpid()}.py"
    app.write_text("print('listening')\n")
    applications = build_folder() / "applications"
    suite = HEAD + ECHO.format(name="Before") + f"Builds\n    Boot Application    {app}\n\n"
    try:
        run = start(suite)
        run.wait_for(lambda: any(applications.glob(f"{app.stem}-*/build.log")))
        result = run.stop(number)
        assert not any(applications.glob(f"{app.stem}-*/stamp.json")), "the signal came after the build"
    finally:
        for out in applications.glob(f"{app.stem}-*"):
            shutil.rmtree(out)
    if number == signal.SIGKILL:
        assert result.files() == ["figures.jsonl", "output.xml"]
        return
    assert result.status == INTERRUPTED
    assert result.tests() == {"Before": "PASS", "Builds": "FAIL"}
    assert result.files() == REPORTS


@BOTH
def test_while_the_reports_are_written(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    run = start(HEAD + ECHO.format(name="One"))
    run.wait_for_line("writing the reports")
    result = run.stop(number)
    assert result.status == INTERRUPTED
    assert result.tests() == {"One": "PASS"}
    assert result.files() == REPORTS
    assert all(
        (result.report / name).read_text().rstrip().endswith(">") for name in REPORTS if name.endswith("ml")
    )


def test_killed_while_the_reports_are_written(start: Start, tmp_path: Path) -> None:
    run = start(HEAD + ECHO.format(name="One"))
    run.wait_for_line("writing the reports")
    assert run.stop(signal.SIGKILL).tests() == {"One": "PASS"}
