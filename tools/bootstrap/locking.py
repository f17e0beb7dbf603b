"""`make lock`: resolve the dependencies of pyproject.toml anew and write requirements.lock."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from tools.bootstrap import project
from tools.bootstrap.environment import PIP_ENV
from tools.bootstrap.process import clean_environment
from tools.bootstrap.step import command, log_file
from tools.bootstrap.terminal import StepLine, Terminal

HEADER = """\
# Exact versions of everything `make bench`, `make docs` and `make test` install, so that all machines test
# with the same programs. Made by `make lock` from the ranges in pyproject.toml, where each dependency has its
# reason; not to be edited. To install all of it without make: `pip install -r requirements.lock`.
"""

TITLES = {
    "run": "what the bench needs (`make bench`)",
    "docs": "what building its documentation needs as well (`make docs`)",
    "test": "what its own tests and linters need beyond both (`make test`)",
}


def canonical(name: str) -> str:
    """A distribution's name as the packaging standards compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def compose(installed: dict[str, list[str]]) -> str:
    """The text of a lock file: each section without what is in those before it, sorted by name."""
    text = HEADER
    known: set[str] = set()
    for section, pins in installed.items():
        named = {canonical(pin.split("==")[0]): pin for pin in pins}
        text += f"\n# --- {section}: {TITLES[section]}\n"
        text += "".join(f"{named[name]}\n" for name in sorted(named.keys() - known))
        known |= named.keys()
    return text


def relock(terminal: Terminal) -> None:
    """Write a new requirements.lock. Raises UserError."""
    with project.PYPROJECT.open("rb") as file:
        table = tomllib.load(file)
    runtime = table["project"]["dependencies"] + table["build-system"]["requires"]
    extras = table["project"]["optional-dependencies"]
    folder = Path(tempfile.mkdtemp(prefix="lock-"))
    try:
        with terminal.step("new lock") as line:
            log = log_file("lock")
            command([sys.executable, "-m", "venv", folder], what="venv", log=log, line=line)
            installed = {
                "run": _install(folder, runtime, log, line),
                "docs": _install(folder, extras["docs"], log, line),
                "test": _install(folder, extras["dev"], log, line),
            }
            project.LOCK.write_text(compose(installed), encoding="utf-8")
            run, docs, test = (len(pins) for pins in installed.values())
            line.done(
                f"requirements.lock: {run} packages to run, {docs - run} more for the documentation,"
                f" {test - docs} more to test"
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _install(folder: Path, requirements: list[str], log: Path, line: StepLine) -> list[str]:
    python = folder / "bin" / "python"
    line.note(f"resolving {len(requirements)} requirements")
    command(
        [python, "-m", "pip", "install", "--upgrade", *requirements],
        what="pip install",
        log=log,
        line=line,
        env=PIP_ENV,
    )
    frozen = subprocess.run(
        [python, "-m", "pip", "freeze", "--all"],
        capture_output=True,
        text=True,
        check=True,
        env=clean_environment(PIP_ENV),
    )
    return [pin for pin in frozen.stdout.split() if "==" in pin and not pin.startswith("pip==")]
