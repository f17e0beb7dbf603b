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
# Exact versions of everything `make bench` and `make test` install, so that all machines test with the same
# programs. Made by `make lock` from the ranges in pyproject.toml, where each dependency has its reason; not
# to be edited. To install all of it without make: `pip install -r requirements.lock`.
"""

TITLES = {
    "run": "what the bench needs (`make bench`)",
    "test": "what its own tests and linters need as well (`make test`)",
}


def canonical(name: str) -> str:
    """A distribution's name as the packaging standards compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def compose(run: list[str], test: list[str]) -> str:
    """The text of a lock file: `test` without what is in `run`, both sorted by name."""
    known = {canonical(pin.split("==")[0]) for pin in run}
    extra = [pin for pin in test if canonical(pin.split("==")[0]) not in known]
    text = HEADER
    for section, pins in (("run", run), ("test", extra)):
        text += f"\n# --- {section}: {TITLES[section]}\n"
        text += "".join(f"{pin}\n" for pin in sorted(pins, key=lambda pin: canonical(pin.split("==")[0])))
    return text


def relock(terminal: Terminal) -> None:
    """Write a new requirements.lock. Raises UserError."""
    with project.PYPROJECT.open("rb") as file:
        table = tomllib.load(file)
    runtime = table["project"]["dependencies"] + table["build-system"]["requires"]
    development = table["project"]["optional-dependencies"]["dev"]
    folder = Path(tempfile.mkdtemp(prefix="lock-"))
    try:
        with terminal.step("new lock") as line:
            log = log_file("lock")
            command([sys.executable, "-m", "venv", folder], what="venv", log=log, line=line)
            run = _install(folder, runtime, log, line)
            test = _install(folder, development, log, line)
            project.LOCK.write_text(compose(run, test), encoding="utf-8")
            line.done(f"requirements.lock: {len(run)} packages to run, {len(test) - len(run)} more to test")
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
