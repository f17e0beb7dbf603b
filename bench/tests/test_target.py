"""What is tested: the firmware that is named, the project's application, or the bench's own, up to date."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench import board, target
from bench.project import Project
from bench.target import Target, choose, describe, refresh
from bench.tests.elf import real_firmware
from emulation.errors import UserError
from emulation.firmware import application
from emulation.firmware.sources import sha256_of
from emulation.quark.tests.foreign import foreign_elf


def test_a_firmware_is_told_by_name_hash_and_stack() -> None:
    elf = real_firmware()
    digest = sha256_of(elf)
    assert describe(elf) == {"Firmware": f"ws_bench.elf, SHA-256 {digest[:16]}", "Stack": "lwip"}
    assert Target(elf).as_dict() == {
        "program": None,
        "firmware": str(elf.resolve()),
        "sha256": digest,
        "stack": "lwip",
    }


def test_of_a_stack_that_is_not_known_nothing_is_said() -> None:
    assert "Stack" not in describe(foreign_elf())
    assert Target(foreign_elf()).as_dict()["stack"] is None


def test_what_is_named_wins_over_the_project(tmp_path: Path) -> None:
    project = Project(tmp_path, application=tmp_path / "missing.py")
    assert choose(foreign_elf(), project=project) == Target(foreign_elf())
    with pytest.raises(UserError, match=r"no application at .*missing\.py"):
        choose(project=project)
    with pytest.raises(UserError, match="--firmware and --stack each name a firmware"):
        choose(foreign_elf(), stack="lwip", project=project)


def test_a_division_is_told_of_before_the_board_runs_into_it(tmp_path: Path) -> None:
    app = tmp_path / "main.py"
    app.write_text("half = 1\nhalf = 7 / 2\n")
    assert target.warning(app).startswith("main.py, line 2: `/` of numbers")
    app.write_text("half = 7 // 2\n")
    assert target.warning(app) == ""


class Builds:
    """Stands in for the compiler: what was asked of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, current: bool, can: bool) -> None:
        self.count = 0
        monkeypatch.setattr(target, "up_to_date", lambda: current)
        monkeypatch.setattr(application, "can_freeze", lambda: can)
        monkeypatch.setattr(target, "build", self)

    def __call__(self, **_options: object) -> None:
        self.count += 1


def test_nothing_is_built_or_said_where_nothing_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    real_firmware()
    builds = Builds(monkeypatch, current=True, can=True)
    assert (refresh(), builds.count) == ("", 0)


def test_firmware_of_changed_sources_is_built_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    real_firmware()
    builds = Builds(monkeypatch, current=False, can=True)
    assert "has been built anew" in choose().note
    assert builds.count == 1


def test_where_it_cannot_be_built_it_is_said_once_a_source_is_newer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real_firmware()
    builds = Builds(monkeypatch, current=False, can=False)
    source = tmp_path / "server.py"
    source.write_text("")
    monkeypatch.setattr(target, "inputs", lambda: iter([source]))
    assert "older than its sources" in refresh()

    os.utime(source, (1, 1))
    assert (refresh(), builds.count) == ("", 0)


def test_another_firmware_than_the_one_that_is_built_here_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    builds = Builds(monkeypatch, current=False, can=True)
    monkeypatch.setattr(board, "DEFAULT_FIRMWARE", tmp_path / "carried.elf")
    assert (refresh(), builds.count) == ("", 0)
