"""Commands end, are logged in full, and do not inherit what would disturb them."""

from __future__ import annotations

import os
import select
import sys
from pathlib import Path

import pytest

from tools.bootstrap.process import clean_environment, run


def test_lines_go_to_the_log_and_to_the_listener(tmp_path: Path) -> None:
    heard: list[str] = []
    log = tmp_path / "log"
    script = "import sys; print('one'); print('two', file=sys.stderr)"
    result = run([sys.executable, "-u", "-c", script], log=log, cwd=tmp_path, on_line=heard.append)
    assert result.ok
    assert heard == result.lines == ["one", "two"]
    assert log.read_text().splitlines()[1:] == ["one", "two"]


def test_the_exit_status_is_passed_on(tmp_path: Path) -> None:
    result = run([sys.executable, "-c", "raise SystemExit(7)"], log=tmp_path / "log", cwd=tmp_path)
    assert (result.ok, result.returncode) == (False, 7)


def test_a_missing_program_is_a_failure_and_not_an_exception(tmp_path: Path) -> None:
    result = run(["/nonexistent/program"], log=tmp_path / "log", cwd=tmp_path)
    assert result.returncode == 127
    assert "No such file" in result.lines[0]


def test_a_command_that_never_ends_is_ended_with_its_children(tmp_path: Path) -> None:
    # A pipe is at its end when the last process that can write to it is gone.
    os.mkfifo(tmp_path / "pipe")
    pipe = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    child = "import signal; pipe = open('pipe', 'w'); print('waiting', flush=True); signal.pause()"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    result = run([sys.executable, "-c", script], log=tmp_path / "log", cwd=tmp_path, timeout=3)
    assert result.timed_out and not result.ok
    assert result.lines[0] == "waiting"
    assert select.select([pipe], [], [], 30)[0] == [pipe]
    assert os.read(pipe, 1) == b""


def test_progress_bars_count_as_lines_and_lose_their_escapes(tmp_path: Path) -> None:
    script = r"print('10%\r\x1b[32m100%\x1b[0m\r', end='')"
    result = run([sys.executable, "-c", script], log=tmp_path / "log", cwd=tmp_path)
    assert result.lines == ["10%", "100%"]


def test_makes_job_server_and_foreign_python_paths_are_not_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MAKEFLAGS", "PYTHONPATH", "PYTHONHOME"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:1")
    env = clean_environment({"DEBIAN_FRONTEND": "noninteractive"})
    assert not {"MAKEFLAGS", "PYTHONPATH", "PYTHONHOME"} & env.keys()
    assert (env["HTTP_PROXY"], env["DEBIAN_FRONTEND"]) == ("http://proxy:1", "noninteractive")
