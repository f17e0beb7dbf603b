"""The examples of docs/your_elf.md work as printed, with a program in C in place of `zephyr.elf`."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from bench.capabilities import Capability
from bench.cli import main
from emulation.paths import ROOT
from emulation.quark.tests.foreign import foreign_elf

PAGE = (ROOT / "docs" / "your_elf.md").read_text(encoding="utf-8")


def block(language: str, containing: str) -> str:
    """The one block of the page in this language that contains a text."""
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    (found,) = [text for text in blocks if containing in text]
    return found


def line(beginning: str) -> list[str]:
    """The words of the one command line of the page that begins like this."""
    (found,) = [text for text in PAGE.splitlines() if text.startswith(beginning)]
    return shlex.split(found)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the ELF."""
    shutil.copy(foreign_elf(), tmp_path / "zephyr.elf")
    return tmp_path


def run(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("code", "printed"), [("describe()", "console, arp, ping, tcp"), ("GuestFault", "crash_here")]
)
def test_a_script_prints_what_the_page_says(folder: Path, code: str, printed: str) -> None:
    (folder / "script.py").write_text(block("python", code))
    assert run(folder, "script.py") == block("text", printed)


def test_the_suite_passes_and_skips_as_the_page_says(folder: Path) -> None:
    (folder / "own.robot").write_text(block("robot", "Ping Is Answered"))
    command = line("bench run own.robot")
    out = run(folder, "-m", *command, "--report", "reports")
    assert block("text", "SKIP") in out
    assert "3 tests: 2 passed, 0 failed, 1 skipped" in out


def test_the_tests_pass_and_skip(folder: Path) -> None:
    (folder / "test_own.py").write_text(block("python", "@pytest.mark.needs"))
    command = line("pytest --firmware")
    out = run(folder, "-m", *command, "-p", "no:cacheprovider")
    assert "2 passed, 1 skipped" in out


def commands() -> list[list[str]]:
    lines = re.findall(r"^bench (.*)$", PAGE, re.MULTILINE)
    return [shlex.split(line) for line in lines]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_of_the_page_has_its_options(words: list[str]) -> None:
    context = click.Context(main)
    command = main.get_command(context, words[0])
    assert command is not None
    command.make_context(words[0], words[1:], parent=context)


def test_every_capability_is_in_the_table() -> None:
    named = set(re.findall(r"`([\w:]+)`", "".join(re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE))))
    assert named == {*Capability, "tcp:PORT", "websocket:PORT"}
