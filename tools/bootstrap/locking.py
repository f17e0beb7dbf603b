"""`make lock`: resolve the dependencies of pyproject.toml anew and write requirements.lock.

Resolved by uv, for every platform and every Python that the project supports at once, not only for the
machine that `make lock` happens to run on. Each file that an index offers for a version is named by SHA-256.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from emulation.errors import UserError
from tools.bootstrap import project
from tools.bootstrap.environment import PIP_ENV, SECTIONS
from tools.bootstrap.process import clean_environment
from tools.bootstrap.step import command, log_file
from tools.bootstrap.terminal import StepLine, Terminal

HEADER = """\
# Exact versions of everything `make bench`, `make docs` and `make test` install, with the SHA-256 of each
# file, so that all machines test with the same programs. Made by `make lock` from the ranges in
# pyproject.toml, where each dependency has its reason; not to be edited. To install all of it without make:
# `pip install --require-hashes -r requirements.lock`.
"""

TITLES = {
    "run": "what the bench needs (`make bench`)",
    "docs": "what building its documentation needs as well (`make docs`)",
    "test": "what its own tests and linters need beyond both (`make test`)",
}

UV = "uv>=0.5"


def canonical(name: str) -> str:
    """A distribution's name as the packaging standards compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def compose(resolved: dict[str, list[str]]) -> str:
    """The text of a lock file: each section without what is in those before it, sorted by name.

    A pin is a line of a requirements file: `name==version`, an environment marker, hashes.
    """
    text = HEADER
    known: set[str] = set()
    for section, pins in resolved.items():
        named: dict[str, list[str]] = {}
        for pin in pins:
            named.setdefault(canonical(pin.split("==")[0]), []).append(pin)
        text += f"\n# --- {section}: {TITLES[section]}\n"
        text += "".join(
            pin.replace(" --hash=", " \\\n    --hash=") + "\n"
            for name in sorted(named.keys() - known)
            for pin in named[name]
        )
        known |= named.keys()
    return text


def wanted(table: dict[str, Any]) -> dict[str, list[str]]:
    """What each section has to bring, as ranges, from a parsed pyproject.toml; each needs those before it."""
    extras = table["project"]["optional-dependencies"]
    run = [*table["project"]["dependencies"], *table["build-system"]["requires"], *extras["pytest"]]
    docs = [*run, *extras["docs"]]
    return {"run": run, "docs": docs, "test": [*docs, *extras["dev"]]}


def relock(terminal: Terminal) -> None:
    """Write a new requirements.lock. Raises UserError."""
    with project.PYPROJECT.open("rb") as file:
        table = tomllib.load(file)
    ranges = wanted(table)
    oldest = table["project"]["requires-python"].removeprefix(">=")
    folder = Path(tempfile.mkdtemp(prefix="lock-"))
    try:
        with terminal.step("new lock") as line:
            log = log_file("lock")
            command([sys.executable, "-m", "venv", folder], what="venv", log=log, line=line)
            command(
                [folder / "bin" / "python", "-m", "pip", "install", UV],
                what="pip install",
                log=log,
                line=line,
                env=PIP_ENV,
            )
            whole = folder / "test.txt"
            resolved = {"test": _resolve(folder, ranges["test"], whole, oldest, None, log, line)}
            for section in ("run", "docs"):
                out = folder / f"{section}.txt"
                resolved[section] = _resolve(folder, ranges[section], out, oldest, whole, log, line)
            lock = {section: resolved[section] for section in SECTIONS}
            project.LOCK.write_text(compose(lock), encoding="utf-8")
            run, docs, test = (len(pins) for pins in lock.values())
            line.done(
                f"requirements.lock: {run} packages to run, {docs - run} more for the documentation,"
                f" {test - docs} more to test"
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _resolve(
    folder: Path,
    ranges: list[str],
    out: Path,
    oldest: str,
    constraints: Path | None,
    log: Path,
    line: StepLine,
) -> list[str]:
    """The pins of `ranges`, the versions of `constraints` among them. `oldest` is the oldest Python."""
    line.note(f"resolving {len(ranges)} requirements")
    source = out.with_suffix(".in")
    source.write_text("\n".join(ranges) + "\n", encoding="utf-8")
    command(
        [
            *(folder / "bin" / "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"),
            *("--python-version", oldest, "--no-header", "--no-annotate", "--no-config"),
            *("--output-file", out, *(("--constraint", constraints) if constraints else ()), source),
        ],
        what="uv pip compile",
        log=log,
        line=line,
        env=_index(folder / "bin" / "python"),
    )
    return out.read_text(encoding="utf-8").replace("\\\n    ", "").splitlines()


def _index(python: Path) -> dict[str, str]:
    """The package index that pip is set to on this machine, in uv's words. Raises UserError."""
    done = subprocess.run(
        [python, "-m", "pip", "config", "get", "global.index-url"],
        capture_output=True,
        text=True,
        check=False,
        env=clean_environment(PIP_ENV),
    )
    index = os.environ.get("PIP_INDEX_URL") or done.stdout.strip()
    if index.startswith("-"):
        raise UserError(f"pip's index-url is {index!r}", "see `pip config list`")
    certificates = os.environ.get("PIP_CERT")
    return {
        **({"UV_DEFAULT_INDEX": index} if index else {}),
        **({"SSL_CERT_FILE": certificates} if certificates else {}),
    }
