"""Node's `ws` is installed as pinned, where it can be; where it cannot, the set-up goes on."""

from __future__ import annotations

import io
import json
import os
import shutil
from pathlib import Path

import pytest

from tools.bootstrap import project
from tools.bootstrap.node import FILES, PINNED, NodeClient
from tools.bootstrap.step import work_off
from tools.bootstrap.terminal import Terminal


@pytest.fixture
def screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    monkeypatch.setattr(project, "BUILD", tmp_path)
    return io.StringIO()


def said(screen: io.StringIO) -> str:
    return " ".join(screen.getvalue().split())


def test_one_exact_version_is_pinned_with_its_digest_and_no_registry() -> None:
    wanted = json.loads((PINNED / "package.json").read_text())["dependencies"]["ws"]
    locked = json.loads((PINNED / "package-lock.json").read_text())["packages"]["node_modules/ws"]
    assert locked["version"] == wanted
    assert locked["integrity"].startswith("sha512-")
    assert "resolved" not in locked


def program(folder: Path, name: str) -> None:
    (folder / name).touch(mode=0o755)


def debians_ws(folder: Path) -> Path:
    folder.mkdir()
    (folder / "package.json").write_text('{"version": "8.18.1"}')
    return folder


def test_another_user_than_root_is_told_what_root_would_do(
    screen: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    work_off([NodeClient(tmp_path / "node", tmp_path / "none")], Terminal(screen))
    assert "only root can install it (apt-get install --no-install-recommends nodejs node-ws)" in said(screen)


def test_without_apt_it_is_skipped(
    screen: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    work_off([NodeClient(tmp_path / "node", tmp_path / "none")], Terminal(screen))
    assert "skipped: programs are missing, and there is no apt-get" in said(screen)


def test_without_npm_debians_ws_does(
    screen: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    program(tmp_path, "node")
    step = NodeClient(tmp_path / "build", debians_ws(tmp_path / "ws"))
    for _ in range(2):  # again: what was laid before is no obstacle
        step.work(Terminal(screen).step("x"))
        assert (tmp_path / "build" / "node_modules" / "ws" / "package.json").is_file()
        assert step.is_current()
    work_off([NodeClient(tmp_path / "other", tmp_path / "ws")], Terminal(screen))
    assert "Debian's ws 8.18.1" in said(screen)


def test_debians_ws_makes_room_for_the_pinned_one_where_npm_came_later(
    screen: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    program(tmp_path, "node")
    debian = debians_ws(tmp_path / "ws")
    step = NodeClient(tmp_path / "build", debian)
    step.work(Terminal(screen).step("x"))
    program(tmp_path, "npm")
    assert not step.is_current()
    step.work(Terminal(screen).step("x"))  # an npm that cannot even start
    assert (debian / "package.json").is_file()
    assert not (tmp_path / "build").exists()


def test_it_is_current_only_as_long_as_the_pinned_version_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    step = NodeClient(tmp_path)
    assert not step.is_current()
    installed = tmp_path / "node_modules" / "ws" / "package.json"
    installed.parent.mkdir(parents=True)
    installed.write_text("{}")
    assert not step.is_current()
    for name in FILES:
        shutil.copyfile(PINNED / name, tmp_path / name)
    assert step.is_current()
    (tmp_path / "package-lock.json").write_text("{}")
    assert not step.is_current()
