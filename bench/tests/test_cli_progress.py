"""Who watches at a terminal sees what is going on; elsewhere there are plain lines, and few of them."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from bench.cli import main
from bench.cli.progress import counting, phase
from bench.tests.test_robot import ECHO, HEAD

CURSOR_OR_ERASE = re.compile(r"\x1b\[[0-9;?]*[A-KSTfhlsu]")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Screen(io.StringIO):
    """Somebody watches it."""

    def isatty(self) -> bool:
        return True


def consoles() -> tuple[Console, Console]:
    """One at a terminal, and one whose colours are forced where there is none."""
    return Console(file=Screen(), force_terminal=True, width=100), Console(
        file=io.StringIO(), force_terminal=True
    )


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_phase_moves_at_a_terminal_and_is_a_line_elsewhere() -> None:
    terminal, plain = consoles()
    for console in (terminal, plain):
        with phase(console, "building [x]") as tell:
            tell("main.c")
    assert CURSOR_OR_ERASE.search(written(terminal))
    assert COLOUR.sub("", written(plain)) == "building [x]\n"


def test_many_are_counted_by_a_bar_at_a_terminal_and_by_tenths_elsewhere() -> None:
    terminal, plain = consoles()
    for console in (terminal, plain):
        with counting(console, "cases", 1000) as advance:
            for number in range(1000):
                advance(1, f"{number // 500} failed")
    assert CURSOR_OR_ERASE.search(written(terminal))
    lines = COLOUR.sub("", written(plain)).splitlines()
    assert lines[0] == "cases: 100 of 1000, 0 failed"
    assert lines[-1] == "cases: 1000 of 1000, 1 failed"
    assert len(lines) == 10


def test_of_few_nothing_is_said_on_the_way() -> None:
    plain = Console(file=io.StringIO())
    with counting(plain, "cases", 5) as advance:
        for _ in range(5):
            advance(1, "")
    assert written(plain) == ""


@pytest.mark.parametrize("no_colour", [False, True])
def test_a_run_at_a_terminal_shows_the_test_that_runs(tmp_path: Path, no_colour: bool) -> None:
    suite = tmp_path / "own.robot"
    suite.write_text(HEAD + ECHO.format(name="First") + ECHO.format(name="Second"))
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "CI")}
    environment |= {"TERM": "xterm-256color"} | ({"NO_COLOR": "1"} if no_colour else {})
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (50, 200))
    command = [sys.executable, "-m", "bench", "run", str(suite), "--report", str(tmp_path / "report")]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        text = ""
        try:
            while more := os.read(ours, 4096):
                text += more.decode()
        except OSError:  # the other end is closed
            pass
        assert process.wait(60) == 0
    os.close(ours)
    assert "2/2  Second" in text
    assert "PASS" in text
    assert CURSOR_OR_ERASE.search(text)
    coloured = [code for code in COLOUR.findall(text) if re.search(r"[34]\d", code)]
    assert bool(coloured) is not no_colour


def test_what_does_not_go_to_a_terminal_has_no_escape_sequences(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        main, ["cases", "run", "7", "--report", str(tmp_path)], catch_exceptions=False
    )
    assert result.exit_code == 0
    assert "\x1b" not in result.output
