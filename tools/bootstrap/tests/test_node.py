"""Node's `ws` is installed as pinned, where it can be; where it cannot, the set-up goes on."""

from __future__ import annotations

import io
import json
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


def test_one_exact_version_is_pinned_with_its_digest_and_no_registry() -> None:
    wanted = json.loads((PINNED / "package.json").read_text())["dependencies"]["ws"]
    locked = json.loads((PINNED / "package-lock.json").read_text())["packages"]["node_modules/ws"]
    assert locked["version"] == wanted
    assert locked["integrity"].startswith("sha512-")
    assert "resolved" not in locked


def test_without_npm_it_is_skipped(
    screen: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    work_off([NodeClient(tmp_path / "node")], Terminal(screen))
    assert "skipped: there is no npm" in screen.getvalue()


def test_it_is_current_only_as_long_as_the_pinned_version_is_there(tmp_path: Path) -> None:
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
