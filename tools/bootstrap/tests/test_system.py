"""System packages: only what is missing, installed by root alone, and said plainly otherwise."""

from __future__ import annotations

import io
import os
import shutil

import pytest

from emulation.errors import UserError
from tools.bootstrap import system
from tools.bootstrap.system import Need, SystemPackages
from tools.bootstrap.terminal import Terminal

THERE = Need("present", "is here", lambda: True)
MISSING = Need("absent", "does something", lambda: False)


def refusal(*needs: Need) -> UserError:
    with pytest.raises(UserError) as caught:
        SystemPackages(needs).work(Terminal(io.StringIO()).step("x"))
    return caught.value


def test_nothing_missing_means_nothing_to_do() -> None:
    assert SystemPackages([THERE]).is_current()
    assert not SystemPackages([THERE, MISSING]).is_current()


def test_a_user_is_told_exactly_what_root_must_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    error = refusal(THERE, MISSING)
    assert "apt-get install --no-install-recommends absent\n" in error.hint
    assert "does something" in error.hint and "present" not in error.hint


def test_a_system_without_apt_is_told_what_to_find(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    error = refusal(MISSING)
    assert "no apt-get" in error.message
    assert "absent" in error.hint and "does something" in error.hint


def test_every_need_of_a_run_is_a_need_of_the_tests() -> None:
    assert set(system.RUN) < set(system.TEST)
