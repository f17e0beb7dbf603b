"""`bench run --watch`: what a change makes run, and how it ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bench.board import ROOT
from bench.cli.watch import Watched, arguments_again
from bench.file_changes import FileChanges
from bench.tests.test_robot import ECHO, HEAD
from emulation.paths import build_folder, default_firmware
from emulation.tests.processes import expect_end

WAITING = "waiting for a change"
FAILING = "Second\n    Fail    on purpose\n"


def test_files_that_change_come_and_go_are_told_once(tmp_path: Path) -> None:
    kept, changed, gone = (tmp_path / name for name in ("kept", "changed", "gone"))
    for path in (kept, changed, gone):
        path.write_text("before")
    changes = FileChanges(tmp_path.iterdir)
    assert changes.take() == set()
    changed.write_text("later")
    gone.unlink()
    (tmp_path / "new").touch()
    assert changes.take() == {changed, gone, tmp_path / "new"}
    assert changes.take() == set()


def test_a_file_that_is_replaced_by_one_of_the_same_size_and_age_has_changed(tmp_path: Path) -> None:
    path, other = tmp_path / "file", tmp_path / "other"
    path.write_text("before")
    changes = FileChanges(lambda: [path])
    other.write_text("beyond")
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    other.replace(path)
    assert changes.take() == {path}


def test_a_suite_that_changes_runs_alone_and_all_run_when_anything_else_changes(tmp_path: Path) -> None:
    one, two, keywords = (tmp_path / name for name in ("one.robot", "two.robot", "keywords.py"))
    for path in (one, two, keywords):
        path.touch()
    watched = Watched((one, two), ())
    assert watched.affected({two}) == [two]
    assert watched.affected({keywords}) == [one, two]
    assert watched.affected({two, keywords}) == [one, two]
    assert watched.affected({two}, left=[one]) == [one, two]
    two.unlink()
    assert watched.affected({two}) == []


def test_a_new_suite_in_a_watched_folder_runs(tmp_path: Path) -> None:
    watched = Watched((tmp_path,), ())
    (tmp_path / "deep").mkdir()
    new = tmp_path / "deep" / "new.robot"
    new.touch()
    assert new in set(watched.files())
    assert watched.affected({new}) == [new]


def test_what_matters_is_looked_at_and_nothing_else(tmp_path: Path) -> None:
    wanted = ["suites/a.robot", "suites/keywords.resource", "suites/library.py", "server/codec.py", "my.elf"]
    unwanted = ["suites/deep/other.py", "suites/notes.txt", "server/tests/test_codec.py", "server/build/x.py"]
    for name in wanted + unwanted:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    watched = Watched((tmp_path / "suites" / "a.robot",), (tmp_path / "server", tmp_path / "my.elf"))
    seen = set(watched.files())
    assert {path for path in seen if path.is_relative_to(tmp_path)} == {tmp_path / name for name in wanted}
    assert ROOT / "bench" / "robot" / "keywords" / "base.py" in seen
    assert Path(__file__) not in seen


def test_the_options_of_the_command_line_are_those_of_every_run() -> None:
    said: list[str] = []

    @click.command
    @click.argument("names", nargs=-1)
    @click.option("--seed", type=int, default=1)
    @click.option("--engine", default="quark")
    @click.option("--tag", multiple=True)
    @click.option("--loud", is_flag=True)
    @click.option("--watch", is_flag=True)
    @click.pass_context
    def command(ctx: click.Context, /, **_values: object) -> None:
        said.extend(arguments_again(ctx, without=("watch",)))

    CliRunner().invoke(command, ["--seed", "7", "x", "--tag=a", "--tag", "b c", "--loud", "--watch"])
    assert said == ["--seed=7", "--tag=a", "--tag=b c", "--loud"]


class Watching:
    """A `bench run --watch` and its output."""

    def __init__(self, *arguments: str | Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench", "run", "--watch", *map(str, arguments)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def read_until(self, wanted: str) -> str:
        """What is printed up to the line with these words."""
        assert self.process.stdout is not None
        text = ""
        for line in self.process.stdout:
            text += line
            if wanted in line:
                return text
        raise AssertionError(f"ended without {wanted!r}: {text}")


def test_saving_the_server_or_a_suite_brings_a_new_verdict(tmp_path: Path) -> None:
    server = shutil.copytree(
        ROOT / "ws_server", tmp_path / "ws_server", ignore=shutil.ignore_patterns("tests", "__pycache__")
    )
    one, two = tmp_path / "one.robot", tmp_path / "two.robot"
    one.write_text(HEAD + ECHO.format(name="First"))
    two.write_text(HEAD + "Endless\n    Run Board For    365 days\n")
    places = set((build_folder() / "servers").glob("*"))
    options = ("--ws-server", server, "--report", tmp_path / "report", one, two)
    run = Watching(*options)
    try:
        run.read_until("Two")
        # A change while a suite runs: its verdict would be on the past.
        two.write_text(HEAD + FAILING)
        assert "two.robot; this run is cut short" in run.read_until("interrupted")
        assert "2 tests: 1 passed, 1 failed" in run.read_until(WAITING)

        handshake = server / "__init__.py"
        good = handshake.read_text()
        handshake.write_text(good + "\ndef broken(:\n")
        broken = run.read_until(WAITING)
        assert "changed: __init__.py" in broken
        assert f"line {good.count(chr(10)) + 2}: SyntaxError" in broken
        assert "Traceback" not in broken

        handshake.write_text(good + "\nprint('changed')\n")
        again = run.read_until(WAITING)
        assert again.index("Two") < again.index("One"), "the suite that failed comes first"

        two.write_text(HEAD + ECHO.format(name="Second"))
        alone = run.read_until(WAITING)
        assert "1 tests: 1 passed" in alone
        assert "One" not in alone
        run.process.send_signal(signal.SIGINT)
        assert run.process.wait(60) == 0
    finally:
        run.process.kill()
        run.process.communicate()
        for place in set((build_folder() / "servers").glob("*")) - places:
            shutil.rmtree(place)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_goes_on_ends_with_its_reports(tmp_path: Path, number: signal.Signals) -> None:
    suite = tmp_path / "own.robot"
    suite.write_text(HEAD + "Endless\n    Run Board For    365 days\n")
    run = Watching(suite, "--report", tmp_path / "report", "--firmware", default_firmware())
    try:
        run.read_until("Own")
        run.process.send_signal(number)
        text = run.read_until("summary:")
        assert "interrupted" in text
        assert run.process.wait(60) == 253
    finally:
        run.process.kill()
        run.process.communicate()
    assert (tmp_path / "report" / "log.html").exists()


def test_a_watch_that_is_killed_takes_its_run_along(tmp_path: Path) -> None:
    suite = tmp_path / "own.robot"
    suite.write_text(HEAD + "Endless\n    Run Board For    365 days\n")
    watch = Watching(suite, "--report", tmp_path / "report", "--firmware", default_firmware())
    watch.read_until("Own")
    children = Path(f"/proc/{watch.process.pid}/task/{watch.process.pid}/children").read_text().split()
    assert len(children) == 1
    watch.process.kill()
    watch.process.communicate()
    expect_end([int(children[0])])
    assert (tmp_path / "report" / "log.html").exists()
