"""Which Renode there is: each way to name one, and one clear line where there is none that is of use."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from emulation.errors import UserError
from emulation.renode import find
from emulation.renode.find import find_renode
from emulation.tests.processes import expect_end

FAKE = Path(__file__).with_name("fake_renode.py")


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH without Renode; programs can be put into the folder."""
    monkeypatch.delenv("RENODE", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def program(path: Path, script: str = f'exec {sys.executable} {FAKE} "$@"') -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_the_variable_names_a_command(fake: Callable[..., None]) -> None:
    found = find_renode()
    assert found.command == (sys.executable, str(FAKE))
    assert (found.version, found.number) == ("1.16.0.1 (0-0)", (1, 16, 0))
    assert [path.name for path in found.platforms] == ["arduino_101-1.12.repl"]


def test_the_variable_names_a_program_whose_path_has_spaces(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = program(bare / "my programs" / "renode")
    monkeypatch.setenv("RENODE", str(path))
    assert find_renode().command == (str(path),)


def test_the_variable_names_a_program_whose_path_has_an_apostrophe(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = program(bare / "ann's programs" / "renode")
    monkeypatch.setenv("RENODE", str(path))
    assert find_renode().command == (str(path),)
    monkeypatch.setenv("RENODE", "ann's renode")
    with pytest.raises(UserError, match="RENODE is no command: no closing quotation in ann's renode"):
        find_renode()


def test_a_nightly_is_told_from_the_release_by_its_build(fake: Callable[..., None]) -> None:
    build = "  build: 20ad06d9-202608030050\n  build type: Release\n  runtime: .NET 8.0.1"
    fake(version=f"Renode v1.16.1.12345\n{build}")
    found = find_renode()
    assert found.version == "1.16.1.12345 (20ad06d9-202608030050)"
    assert found.number == (1, 16, 1)


def test_the_variable_names_the_folder_of_a_portable_one(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = program(bare / "renode_portable" / "renode")
    monkeypatch.setenv("RENODE", str(path.parent))
    assert find_renode().command == (str(path),)


def test_it_is_on_the_path(bare: Path) -> None:
    path = program(bare / "renode")
    assert find_renode().command == (str(path),)


def test_renode_run_has_downloaded_it(bare: Path) -> None:
    path = program(bare / "downloads" / "renode")
    program(bare / "renode-run", f'[ "$1" = default ] && echo {shlex.quote(str(path.parent))}')
    assert find_renode().command == (str(path),)


def test_renode_run_has_none_yet(bare: Path) -> None:
    program(bare / "renode-run", 'echo "No default set for dotnet-portable"')
    with pytest.raises(UserError, match=r"no Renode yet \(run `renode-run download`\)"):
        find_renode()


def test_there_is_none(bare: Path) -> None:
    with pytest.raises(UserError, match=r"no Renode on this machine .*RENODE.*bench renode"):
        find_renode()


@pytest.mark.parametrize("named", ["/nowhere/renode", "no-such-program --flag"])
def test_the_variable_names_nothing(bare: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("RENODE", named)
    with pytest.raises(UserError, match=r"RENODE names .*, which is no program"):
        find_renode()


def test_the_variable_names_a_folder_without_one(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENODE", str(bare))
    with pytest.raises(UserError, match="where no `renode` can be run"):
        find_renode()


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("Renode, version 1.11.0.1 (0-0)", "too old"),
        ("mono: command not found", "names no version but says: mono: command not found"),
    ],
)
def test_one_that_is_of_no_use(fake: Callable[..., None], said: str, complaint: str) -> None:
    fake(version=said)
    with pytest.raises(UserError, match=complaint):
        find_renode()


def test_one_that_hangs(fake: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    fake("hang at version")
    monkeypatch.setattr(find, "VERSION_TIMEOUT", 0.3)
    with pytest.raises(UserError, match=r"did not end within 0.3 s"):
        find_renode()


def test_a_wrapper_that_hangs_leaves_no_child(
    fake: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    children = tmp_path / "children"
    monkeypatch.setenv("FAKE_CHILDREN", str(children))
    fake("wrapper that hangs")
    monkeypatch.setattr(find, "VERSION_TIMEOUT", 1.0)
    with pytest.raises(UserError, match=r"did not end within 1 s"):
        find_renode()
    expect_end([int(pid) for pid in children.read_text().split()[:2]])
