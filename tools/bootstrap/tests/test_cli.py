"""Cleaning removes what can be made again, and nothing else; goals need what they need."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tools.bootstrap import project
from tools.bootstrap.cli import GOALS, clean, steps_for
from tools.bootstrap.terminal import Terminal

FILES = (
    "bench/board.py",
    "bench/__pycache__/board.pyc",
    "build/venv/bin/python",
    "build/sources/lwip/tcp.c",
    "build/firmware/ws_bench.elf",
    "build/logs/firmware.log",
    "reports/robot/log.html",
    ".mypy_cache/cache",
    "mine.txt",
)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.setattr(project, "ROOT", tmp_path)
    monkeypatch.setattr(project, "BUILD", tmp_path / "build")
    monkeypatch.setattr(project, "REPORTS", tmp_path / "reports")
    return tmp_path


def left(tree: Path) -> set[str]:
    return {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()}


def test_clean_keeps_environment_sources_and_reports(tree: Path) -> None:
    clean(False, Terminal(io.StringIO()))
    assert left(tree) == set(FILES) - {
        "build/firmware/ws_bench.elf",
        "build/logs/firmware.log",
        ".mypy_cache/cache",
    }


def test_distclean_leaves_what_a_clone_has_and_the_users_own_files(tree: Path) -> None:
    clean(True, Terminal(io.StringIO()))
    assert left(tree) == {"bench/board.py", "mine.txt"}


def test_cleaning_twice_is_no_mistake(tree: Path) -> None:
    clean(True, Terminal(io.StringIO()))
    clean(True, Terminal(io.StringIO()))


def test_every_goal_begins_with_system_packages_and_the_environment() -> None:
    assert {tuple(step.name for step in steps_for(goal))[:2] for goal in GOALS} == {
        ("system packages", "virtual environment")
    }


def test_testing_does_all_that_running_does() -> None:
    running, testing = ([step.name for step in steps_for(goal)] for goal in ("run", "test"))
    assert testing[: len(running)] == running
