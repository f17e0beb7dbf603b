"""The reports of an earlier run are replaced by a run that runs something, and by nothing else."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from bench.capture import Capture
from bench.cli import run_folder
from bench.cli.robot_status import INVALID
from bench.cli.run_folder import clear, prove
from bench.tests.test_cli import bench, refused
from bench.tests.test_robot import HEAD
from emulation.errors import UserError

SUITE = HEAD + "One\n    [Tags]    only\n    No Operation\n\nTwo\n    No Operation\n"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite and the reports of a run of it, for all tests of this file."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "own.robot").write_text(SUITE)
    assert bench("run", folder / "own.robot", "--report", folder / "report").exit_code == 0
    return folder


@pytest.fixture
def earlier(finished: Path, tmp_path: Path) -> Path:
    """A copy of them for one test."""
    return Path(shutil.copytree(finished, tmp_path / "work"))


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.glob("**/*") if p.is_file()}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--test", "nope"),
        ("--include", "nope"),
        ("--include", "only", "--exclude", "only"),
        ("--engine", "foo"),
        ("--firmware", "/nope.elf"),
        ("--platform", "/nope.repl"),
        ("--require", "tcp:77"),
        ("--ready", "never"),
        ("--mac", "zz"),
        ("--ip", "zz"),
    ],
    ids=" ".join,
)
def test_a_run_that_runs_nothing_leaves_the_reports_of_the_last_one(
    earlier: Path, arguments: tuple[str, ...]
) -> None:
    before = content(earlier / "report")
    assert len(before) > 8
    result = bench("run", earlier / "own.robot", "--report", earlier / "report", *arguments)
    assert result.exit_code == INVALID
    assert "what to do: " in result.stderr
    assert content(earlier / "report") == before


def test_a_suite_that_cannot_be_read_leaves_them_as_well(earlier: Path) -> None:
    before = content(earlier / "report")
    (earlier / "own.robot").write_text("*** Test Cases ***\n")
    assert bench("run", earlier / "own.robot", "--report", earlier / "report").exit_code == INVALID
    assert content(earlier / "report") == before


def test_a_run_that_runs_something_leaves_nothing_of_the_last_one(earlier: Path) -> None:
    old = earlier / "report" / "captures" / "other" / "old.pcapng"
    old.parent.mkdir()
    old.touch()
    result = bench("run", earlier / "own.robot", "--report", earlier / "report", "--include", "only")
    assert result.exit_code == 0, result.output
    captures = sorted(path.name for path in (earlier / "report").glob("captures/**/*.pcapng"))
    assert captures == ["one.pcapng"]
    assert "Two" not in (earlier / "report" / "output.xml").read_text()
    assert "Two" not in (earlier / "report" / "figures.jsonl").read_text()


def test_a_disk_without_room_is_noticed_before_anything_is_lost(
    earlier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(earlier / "report")
    monkeypatch.setattr(run_folder, "ROOM", shutil.disk_usage(earlier).free + (1 << 30))
    said = refused("run", earlier / "own.robot", "--report", earlier / "report")
    assert "cannot write reports" in said and ("space" in said or "File too large" in said)
    assert content(earlier / "report") == before


@pytest.mark.parametrize("name", ["captures", "engines", "output.xml", "summary.html"])
def test_what_lies_behind_a_link_in_the_report_folder_is_left_alone(earlier: Path, name: str) -> None:
    precious = earlier / "precious"
    (earlier / "report" / name).rename(precious)
    (earlier / "report" / name).symlink_to(precious)
    before = content(earlier)
    said = refused("run", earlier / "own.robot", "--report", earlier / "report")
    assert f"{name} is a symbolic link to {precious}" in said
    assert content(earlier) == before


def test_a_link_among_the_captures_is_replaced_by_a_folder(earlier: Path) -> None:
    precious = earlier / "precious"
    (earlier / "report" / "captures" / "own").rename(precious)
    (earlier / "report" / "captures" / "own").symlink_to(precious)
    before = content(precious)
    assert bench("run", earlier / "own.robot", "--report", earlier / "report").exit_code == 0
    assert content(precious) == before
    assert not (earlier / "report" / "captures" / "own").is_symlink()
    assert (earlier / "report" / "captures" / "own" / "one.pcapng").is_file()


def test_the_report_folder_itself_may_be_a_link(earlier: Path) -> None:
    (earlier / "link").symlink_to(earlier / "report")
    result = bench("run", earlier / "own.robot", "--report", earlier / "link", "--include", "only")
    assert result.exit_code == 0
    assert "Two" not in (earlier / "report" / "output.xml").read_text()


def test_captures_that_no_run_has_left_stay(tmp_path: Path) -> None:
    captures = tmp_path / "captures"
    captures.mkdir()
    (captures / "field.pcapng").write_bytes(b"\x0a\x0d\x0d\x0a somebody's own")
    Capture().write(
        captures / "masking" / "old.pcapng", "masking: a test; engine quark, seed 1, firmware none"
    )
    clear(tmp_path, "quark")
    assert [path.name for path in captures.rglob("*.pcapng")] == ["field.pcapng"]


def test_a_pipe_in_the_place_of_a_report_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "output.xml")
    with pytest.raises(UserError, match=r"output\.xml is neither a file nor a folder"):
        prove(tmp_path)


def test_an_empty_name_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "the name of the folder is empty" in refused("run", "--report", "")
    assert list(tmp_path.iterdir()) == []
