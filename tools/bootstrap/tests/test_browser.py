"""Chromium is installed where it can be; where it cannot, the set-up goes on."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from tools.bootstrap import project
from tools.bootstrap.browser import PROGRAMS, Browser
from tools.bootstrap.step import work_off
from tools.bootstrap.terminal import Terminal


@pytest.fixture
def screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    monkeypatch.setattr(project, "BUILD", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    return io.StringIO()


def test_another_user_than_root_is_told_what_root_would_do(
    screen: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    work_off([Browser()], Terminal(screen))
    assert "skipped: only root can install it (apt-get install" in screen.getvalue()


def test_without_apt_it_is_skipped(screen: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    work_off([Browser()], Terminal(screen))
    assert "skipped: programs are missing, and there is no apt-get" in screen.getvalue()


@pytest.mark.parametrize("name", PROGRAMS)
def test_one_that_is_there_is_left_alone(screen: io.StringIO, tmp_path: Path, name: str) -> None:
    program = tmp_path / name
    program.touch(mode=0o755)
    assert Browser().is_current()
