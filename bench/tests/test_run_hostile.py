"""Whatever a user's library or listener does, and however little room there is, reports say what ran."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bench.cli import robot_reports, robot_run
from bench.cli.robot_status import INTERRUPTED, UNEXPECTED
from bench.tests.test_cli import bench
from bench.tests.test_robot import ECHO, HEAD, command
from emulation.errors import UserError

LIBRARY = """\
import os
import sys


class Hostile:
    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, ends=""):
        self.ROBOT_LIBRARY_LISTENER = self
        self.ends = ends

    def act(self, what):
        exec(what)

    def end_test(self, data, result):
        if self.ends == "a test":
            raise RuntimeError("the listener is broken")

    def close(self):
        if self.ends == "it all":
            sys.exit(3)
"""
SUITE = HEAD.replace("BoardLibrary\n", "BoardLibrary\nLibrary             Hostile.py    {ends}\n", 1) + (
    ECHO.format(name="First") + "Second\n    Act    {what}\n"
)
REPORTS = {"log.html", "report.html", "summary.html", "output.xml", "xunit.xml"}


def hostile(folder: Path, what: str, ends: str = "") -> subprocess.CompletedProcess[str]:
    """A run whose library does something; it is called from a folder of its own, and reports below that."""
    (folder / "Hostile.py").write_text(LIBRARY)
    (folder / "own.robot").write_text(SUITE.format(what=what, ends=ends or "${EMPTY}"))
    environment = {**os.environ, "PYTHONPATH": str(Path(robot_run.__file__).parents[2])}
    return subprocess.run(
        command("own.robot", "--report", "report"),
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize(
    ("what", "ends", "status"),
    [
        ("sys.exit(4)", "", INTERRUPTED),
        ("raise MemoryError", "", UNEXPECTED),
        ("os.chdir('/')", "", 0),
        ("sys.__stdout__.close()", "", 0),
        ("pass", "a test", 0),
        ("pass", "it all", UNEXPECTED),
    ],
)
def test_a_hostile_library_does_not_lose_the_reports(
    tmp_path: Path, what: str, ends: str, status: int
) -> None:
    done = hostile(tmp_path, what, ends)
    assert done.returncode == status, done.stdout + done.stderr
    assert {path.name for path in (tmp_path / "report").iterdir()} >= REPORTS
    assert "First" in (tmp_path / "report" / "output.xml").read_text()
    assert ("could not go on" in done.stderr) == (status == UNEXPECTED)


def full(*_arguments: Any, **_options: Any) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_disk_that_fills_up_while_tests_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Robot's output ends where it is; what it has is made into reports as far as there is room."""
    fills = "import robot.output.xmllogger as x\n\ndef fill():\n    x.XmlLogger.start_test = full\n\n"
    (tmp_path / "fills.py").write_text(
        fills + f"def full(*_):\n    raise OSError({errno.ENOSPC}, 'No space left on device')\n"
    )
    suite = HEAD.replace("BoardLibrary\n", "BoardLibrary\nLibrary             fills.py\n", 1)
    (tmp_path / "own.robot").write_text(suite + "One\n    Fill\n\nTwo\n    No Operation\n")
    done = subprocess.run(
        command(tmp_path / "own.robot", "--report", tmp_path / "report"),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == UNEXPECTED, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "error: the run could not go on: No space left on device\n" in done.stderr
    assert "bench report" in done.stderr
    assert {path.name for path in (tmp_path / "report").iterdir()} >= REPORTS


def test_a_disk_that_is_full_when_the_reports_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from robot.reporting import resultwriter

    (tmp_path / "own.robot").write_text(HEAD + "One\n    No Operation\n")
    with monkeypatch.context() as patched:
        patched.setattr(resultwriter.ReportWriter, "write", full)
        result = bench("run", tmp_path / "own.robot", "--report", tmp_path / "report")
    assert result.exit_code == UNEXPECTED
    error, hint = result.stderr.splitlines()
    assert error == f"error: cannot write the reports to {tmp_path / 'report'}: No space left on device"
    assert f"`bench report {tmp_path / 'report'}`" in hint
    assert bench("report", tmp_path / "report").exit_code == 0
    assert {path.name for path in (tmp_path / "report").iterdir()} >= REPORTS


def test_a_page_that_was_not_written_to_its_end_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from robot.reporting import logreportwriters

    (tmp_path / "own.robot").write_text(HEAD + "One\n    No Operation\n")
    assert bench("run", tmp_path / "own.robot", "--report", tmp_path / "report").exit_code == 0
    monkeypatch.setattr(logreportwriters.JsResultWriter, "write", full)
    with pytest.raises(UserError, match="No space left"):
        robot_reports.write_reports(tmp_path / "report")
    assert not (tmp_path / "report" / "log.html").exists()
    assert (tmp_path / "report" / "report.html").exists()  # still the whole one of before
