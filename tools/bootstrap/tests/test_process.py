"""Commands end, are logged in full, and do not inherit what would disturb them."""

from __future__ import annotations

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
    script = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\n"
        "print(child.pid, flush=True)\n"
        "child.wait()\n"
    )
    result = run([sys.executable, "-c", script], log=tmp_path / "log", cwd=tmp_path, timeout=1)
    assert result.timed_out and not result.ok
    state = Path(f"/proc/{result.lines[0]}/stat")
    # Gone, or at most waiting to be collected by init.
    assert not state.exists() or state.read_text().split()[2] == "Z"


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
