"""Step 2: the virtual environment `build/venv`, filled with the exact versions of requirements.lock."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from emulation.errors import UserError
from tools.bootstrap import project, stamp
from tools.bootstrap.process import clean_environment
from tools.bootstrap.step import command, log_file
from tools.bootstrap.terminal import StepLine

SECTIONS = ("run", "docs", "test")
"""Sections of requirements.lock, in order; each needs the ones before it."""

NEEDED_BYTES = 600 * 2**20
"""Free space below which set-up does not begin: environment, firmware sources and objects together."""

_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")

PIP_ENV = {
    # A `--user` or `--target` in the configuration is meant for the system's Python, not for an environment.
    "PIP_USER": "0",
    "PIP_REQUIRE_VIRTUALENV": "0",
    "PIP_NO_INPUT": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
}


def read_lock(text: str) -> dict[str, list[str]]:
    """The pinned requirements of each section of a lock file. Raises UserError for a damaged one.

    A pin is one line here, with its environment marker and hashes.
    """
    sections: dict[str, list[str]] = {}
    pins: list[str] | None = None
    continued = False
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.removesuffix("\\").strip()
        if line.startswith("# --- "):
            pins = sections.setdefault(line.split()[2].rstrip(":"), [])
        elif line and not line.startswith("#"):
            if pins is None or not (_HASH.fullmatch(line) if continued else "==" in line):
                expected = "a SHA-256" if continued else "`name==version` in a section"
                raise UserError(
                    f"requirements.lock, line {number}: expected {expected}, not {line!r}",
                    "make a new lock with `make lock`",
                )
            if continued:
                pins[-1] += f" {line}"
            else:
                pins.append(line)
        continued = raw.endswith("\\")
    if tuple(sections) != SECTIONS:
        raise UserError(
            f"requirements.lock has sections {list(sections)} where {list(SECTIONS)} were expected",
            "make a new lock with `make lock`",
        )
    return sections


def pins_up_to(section: str) -> list[str]:
    """The pins of `section` and of those before it."""
    try:
        text = project.LOCK.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot read requirements.lock: {error.strerror}", "restore it from git") from None
    sections = read_lock(text)
    wanted = SECTIONS[: SECTIONS.index(section) + 1]
    return [pin for name in wanted for pin in sections[name]]


class VirtualEnvironment:
    """Makes the environment and keeps it in step with the lock.

    There is one stamp a section, so that `make bench` after `make test` has nothing to do.
    """

    name = "virtual environment"

    def __init__(self, section: str = "run") -> None:
        self.section = section

    def is_current(self) -> bool:
        """Whether the environment was filled from the lock as it is now, by this Python, in this place."""
        later = SECTIONS[SECTIONS.index(self.section) :]
        return project.VENV_PYTHON.exists() and any(
            stamp.matches(_stamp(section), self._digest(section)) for section in later
        )

    def work(self, line: StepLine) -> str:
        """Make or refresh it. Raises UserError."""
        free = shutil.disk_usage(project.BUILD).free
        if free < NEEDED_BYTES:
            raise UserError(
                f"{free >> 20} MB are free where build/ lies, set-up needs {NEEDED_BYTES >> 20} MB",
                "make room and run the command again",
            )
        log = log_file(self.name)
        pins = pins_up_to(self.section)
        if not self._usable():
            line.note(f"making it for Python {sys.version.split()[0]}")
            # By that module and not by the class: a broken ensurepip then ends up in the log.
            command(
                [sys.executable, "-m", "venv", "--clear", project.VENV],
                what="making the virtual environment",
                log=log,
                line=line,
            )
            stamp.write(_made_stamp(), self._identity())
        line.note(f"installing {len(pins)} packages")
        wanted = project.BUILD / "requirements.txt"
        wanted.write_text("\n".join(pins) + "\n", encoding="utf-8")
        # An index or a wheel folder that offers another file under a locked version is refused.
        self._pip(line, log, "--require-hashes", "--requirement", wanted)
        line.note("adding the project itself")
        self._pip(line, log, "--no-deps", "--no-build-isolation", "--editable", project.ROOT)
        for section in SECTIONS:
            _stamp(section).unlink(missing_ok=True)
        stamp.write(_stamp(self.section), self._digest(self.section))
        return f"{len(pins)} packages, Python {sys.version.split()[0]}"

    def _pip(self, line: StepLine, log: Path, *words: str | Path) -> None:
        command(
            [project.VENV_PYTHON, "-m", "pip", "install", "--progress-bar", "off", "--retries", "2", *words],
            what="pip install",
            log=log,
            line=line,
            env=PIP_ENV,
        )

    def _usable(self) -> bool:
        """Whether the environment there is can be filled: made by this Python, for this place, and whole."""
        if not stamp.matches(_made_stamp(), self._identity()):
            return False
        try:
            probe = subprocess.run(
                [project.VENV_PYTHON, "-c", "import pip"],
                capture_output=True,
                check=False,
                timeout=60,
                env=clean_environment(),
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return probe.returncode == 0

    @staticmethod
    def _identity() -> str:
        # An environment holds absolute paths: a moved work tree needs a new one.
        return stamp.digest(sys.version, sys.base_prefix, str(project.VENV))

    def _digest(self, section: str) -> str:
        with project.PYPROJECT.open("rb") as file:
            table = tomllib.load(file)["project"]
        described = repr((table["name"], table["version"], table.get("scripts"), table.get("entry-points")))
        return stamp.digest(self._identity(), *pins_up_to(section), described)


def _stamp(section: str) -> Path:
    return project.VENV / f".{section}-stamp"


def _made_stamp() -> Path:
    return project.VENV / ".made-stamp"
