"""`bench renode` and `bench doctor` where there is no Renode: how to get it, in so many words."""

from __future__ import annotations

import shlex
import sys
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.cli import doctor, main
from bench.cli.robot_status import INVALID, UNEXPECTED
from bench.engines import full_name

FAKE = Path(__file__).parents[2] / "emulation" / "renode" / "tests" / "fake_renode.py"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Renode that fails as FAKE_RENODE says."""
    monkeypatch.setenv("RENODE", shlex.join([sys.executable, str(FAKE)]))


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without Renode."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("RENODE", raising=False)


def test_it_says_how_to_get_renode(bare: None) -> None:
    result = CliRunner().invoke(main, ["renode"])
    assert result.exit_code == 2
    assert "renode-run download" in result.output
    assert "there is no Renode on this machine" in result.stderr


def test_the_suites_do_not_run_without_one(bare: None, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["run", "--engine", "renode", "--report", str(tmp_path / "report")])
    assert result.exit_code == INVALID
    assert result.stderr.startswith("error: there is no Renode on this machine\n  what to do: name one with")


def test_the_doctor_tells_an_unusable_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "renode"
    old.write_text("#!/bin/sh\necho 'Renode, version 1.9.0.1 (0-0)'\n")
    old.chmod(0o755)
    monkeypatch.setenv("RENODE", str(old))
    finding = doctor.renode()
    assert (finding.present, finding.need) == (False, "option")
    assert "Renode 1.9.0 is too old for the board" in finding.detail
    assert "bench renode" in finding.remedy


def test_the_doctor_names_the_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "renode"
    program.write_text("#!/bin/sh\necho 'Renode, version 1.16.1.1 (0-0)'\n")
    program.chmod(0o755)
    monkeypatch.setenv("RENODE", str(program))
    assert doctor.renode().detail == f"1.16.1.1 (0-0), {program}"


@pytest.mark.parametrize(
    ("trap", "status", "complaint"),
    [
        ("exit", INVALID, "did not start: it ended by itself (exit status 3): cannot open the display\n"),
        ("script error", INVALID, "did not start: no module named Network\n"),
        ("no core", INVALID, "arduino_101-1.12.repl: translate-i386-le.so: cannot open shared object file\n"),
        (
            "crash",
            UNEXPECTED,
            "guest fault (engine): Renode 1.16.0.1 (0-0): it ended by itself (signal 6): Not set\n",
        ),
    ],
)
def test_one_that_fails_is_one_line_and_leaves_nothing(
    fake: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, trap: str, status: int, complaint: str
) -> None:
    monkeypatch.setenv("FAKE_RENODE", trap)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    result = CliRunner().invoke(
        main, ["run", "ping_pong", "--engine", "renode", "--report", str(tmp_path / "report")]
    )
    assert result.exit_code == status
    first, *_ = result.stderr.splitlines(keepends=True)
    assert first.startswith("error: ")
    assert first.endswith(complaint)
    assert "Traceback" not in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_headers_name_the_version(fake: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert full_name("renode") == "renode (Renode 1.16.0.1 (0-0))"
    monkeypatch.setenv("RENODE", "/nowhere/renode")
    assert full_name("renode") == "renode"
