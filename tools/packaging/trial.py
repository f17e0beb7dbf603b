"""Tries wheel and sdist as a user gets them: in a fresh environment, with neither checkout nor compiler."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from emulation.errors import UserError
from tools.bootstrap import project
from tools.bootstrap.environment import PIP_ENV
from tools.bootstrap.process import clean_environment

TIMEOUT = 600.0
"""Wall seconds after which a step counts as failed."""

GUARD = """\
import os, sys

def refuse(event, arguments, place={place!r}):
    if event in ("open", "os.listdir", "os.scandir", "os.chdir") and isinstance(arguments[0], str):
        if os.path.abspath(arguments[0]).startswith(place + os.sep):
            raise PermissionError(13, "the trial has no access to the checkout", arguments[0])

sys.addaudithook(refuse)
"""
"""sitecustomize.py of the environment: whoever reads a file of the checkout fails."""

SUITE = """\
*** Settings ***
Library           bench.robot.BoardLibrary
Test Teardown     Conclude Test

*** Test Cases ***
A Message Comes Back
    Open WebSocket
    Send Masked Text    Hello
    Text Should Arrive    Hello
"""

PYTEST = """\
from scapy.layers.inet import ICMP, IP

def test_a_ping_is_answered(board, wire):
    reply = wire.sr1(IP(dst=board.ip) / ICMP(id=7) / b"hello", timeout=1)
    assert reply is not None and reply[ICMP].type == 0
"""


@dataclass(frozen=True)
class Trial:
    """A command, where it runs and what it has to say."""

    words: str
    says: str
    folder: str = "."
    status: int = 0
    defect: tuple[str, str, str] | None = None
    """A file, a text in it, and what that is replaced by beforehand."""


TRIALS = (
    Trial("bench --version", "bench, version"),
    Trial("bench doctor", "`bench run` can run"),
    Trial("bench run masking", "0 failed"),
    Trial("bench run own.robot --report reports/own", "1 passed, 0 failed"),
    Trial("robot --outputdir reports/plain own.robot", "1 test, 1 passed"),
    Trial("pytest -q test_own.py --engine quark", "1 passed"),
    Trial("bench new demo", "cd demo"),
    Trial("bench run", "4 passed, 0 failed", folder="demo"),
    Trial("pytest -q", "3 passed", folder="demo"),
    Trial(
        "bench run",
        "expected WebSocket text [FIN] b'HELLO, BOARD!'",
        folder="demo",
        status=1,
        defect=("demo/main.py", "data.upper()", "data.lower()"),
    ),
)

FROM_SDIST = (
    Trial("bench --version", "bench, version"),
    Trial("bench doctor", "run `bench firmware`", status=1),
    Trial("bench run masking", "build it with `bench firmware`", status=252),
)
"""What is built from the sdist alone has no firmware yet, and says how to get it."""

FORBIDDEN = Trial(f"python -c open({str(project.PYPROJECT)!r})", "the trial has no access", status=1)
"""Shows that the guard is on guard."""


def try_distributions(wheel: Path, sdist: Path, python: str = sys.executable) -> None:
    """Install the wheel, then the sdist, and run the trials of each. Raises UserError if one fails."""
    with environment(wheel, python) as home:
        _try(FORBIDDEN, home)
        (home / "own.robot").write_text(SUITE)
        (home / "test_own.py").write_text(PYTEST)
        _try_all(TRIALS, home)
        print(f"trying {sdist.name} there", flush=True)
        pip = [str(home / "venv" / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        _must([*pip, "--no-deps", "--force-reinstall", str(shutil.copy2(str(sdist), str(home)))], home)
        _try_all(FROM_SDIST, home)


def _try_all(trials: Iterable[Trial], home: Path) -> None:
    for trial in trials:
        began = time.monotonic()
        _try(trial, home)
        print(f"  {trial.words:<42} {time.monotonic() - began:6.1f} s", flush=True)


@contextmanager
def environment(wheel: Path, python: str) -> Iterator[Path]:
    """A folder with `venv`, into which the wheel was installed."""
    home = Path(tempfile.mkdtemp(prefix="trial-"))
    try:
        print(f"trying {wheel.name} in {home}", flush=True)
        _must([python, "-m", "venv", str(home / "venv")], home)
        pip = [str(home / "venv" / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        # Of the dependencies the versions that everything else is tested with.
        pins = home / "constraints.txt"
        shutil.copyfile(project.LOCK, pins)
        _must([*pip, "--constraint", str(pins), str(wheel), "pytest"], home)
        (site,) = (home / "venv" / "lib").glob("python*/site-packages")
        (site / "sitecustomize.py").write_text(GUARD.format(place=str(project.ROOT)))
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _environment(home: Path) -> dict[str, str]:
    alone = {"PATH": str(home / "venv" / "bin"), "HOME": str(home), "PYTHONPATH": "", "XDG_CACHE_HOME": ""}
    return clean_environment(PIP_ENV) | alone


def _must(words: list[str], folder: Path) -> None:
    done = subprocess.run(
        words, cwd=folder, env=clean_environment(PIP_ENV), capture_output=True, text=True, timeout=TIMEOUT
    )
    if done.returncode:
        raise UserError(f"{' '.join(words[:4])} failed", (done.stderr or done.stdout).strip()[-2000:])


def _try(trial: Trial, home: Path) -> None:
    if trial.defect:
        name, old, new = trial.defect
        text = (home / name).read_text(encoding="utf-8")
        (home / name).write_text(text.replace(old, new), encoding="utf-8")
    program, *rest = trial.words.split()
    done = subprocess.run(
        [str(home / "venv" / "bin" / program), *rest],
        cwd=home / trial.folder,
        env=_environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    if done.returncode != trial.status or trial.says not in done.stdout:
        raise UserError(
            f"`{trial.words}` ended with {done.returncode}, expected {trial.status} and {trial.says!r}",
            f"it said:\n{done.stdout[-4000:]}",
        )
