"""Builds the distributions, each from nothing but what the one before it has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from emulation.errors import UserError
from emulation.firmware.build import DEFAULT_OUT, ELF_NAME, up_to_date
from emulation.firmware.sources import find_sources
from emulation.quark import blockclock
from tools.bootstrap import project
from tools.bootstrap.process import clean_environment
from tools.packaging.notices import notices

PLATFORM = f"manylinux_2_17_{os.uname().machine}"
"""What the compiled clock needs: Linux and a glibc. It calls nothing of the latter, so an old one will do."""

TIMEOUT = 300.0

_BACKEND = """\
import sys
from setuptools import build_meta
action, target, *options = sys.argv[1:]
settings = {"--build-option": options} if options else None
print(getattr(build_meta, action)(target, settings))
"""


@dataclass(frozen=True)
class Distributions:
    """The files that were built."""

    sdist: Path
    for_this_machine: Path
    """A wheel with the compiled clock: it needs no compiler."""
    for_others: Path
    """A wheel that compiles the clock on first use."""

    @property
    def all(self) -> tuple[Path, ...]:
        """All of them."""
        return self.sdist, self.for_this_machine, self.for_others


def build_distributions(target: Path) -> Distributions:
    """Build sdist and wheels into `target`. Raises UserError: no git, no firmware, a failed build."""
    sources = find_sources()
    if sources is None or not up_to_date():
        raise UserError("the firmware is not built, or older than its sources", "run `make firmware`")
    clock = blockclock.build()
    target.mkdir(parents=True, exist_ok=True)
    for old in (*target.glob("*.whl"), *target.glob("*.tar.gz")):
        old.unlink()
    with tempfile.TemporaryDirectory(prefix="packaging-") as scratch:
        checkout = Path(scratch) / "checkout"
        copy_tracked_files(project.ROOT, checkout)
        sdist = _run("build_sdist", checkout, target)
        with tarfile.open(sdist) as archive:
            archive.extractall(scratch, filter="data")
        tree = Path(scratch) / sdist.name.removesuffix(".tar.gz")
        (tree / "NOTICES.txt").write_text(notices(sources), encoding="utf-8")
        carried = tree / "emulation" / "prebuilt"
        carried.mkdir()
        shutil.copyfile(DEFAULT_OUT / ELF_NAME, carried / ELF_NAME)
        for_others = _run("build_wheel", tree, target)
        shutil.copyfile(clock, carried / clock.name)
        for_this_machine = _run("build_wheel", tree, target, "--plat-name", PLATFORM)
    return Distributions(sdist, for_this_machine, for_others)


def copy_tracked_files(root: Path, target: Path) -> None:
    """Copy what git tracks, as it is in the work tree. Raises UserError where there is no git."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=False, timeout=TIMEOUT
    )
    if listed.returncode:
        raise UserError(
            f"git cannot list the files of {root}: {listed.stderr.strip()}",
            "build from a clone: what is not in git does not belong into a distribution",
        )
    for name in filter(None, listed.stdout.split("\0")):
        if (root / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target / name)


def _run(action: str, tree: Path, target: Path, *options: str) -> Path:
    """Have setuptools build in `tree`; returns the file. Raises UserError with its last line."""
    for leftover in (tree / "build", *tree.glob("*.egg-info")):
        shutil.rmtree(leftover, ignore_errors=True)
    stamp = {"SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH") or _commit_time()}
    done = subprocess.run(
        [sys.executable, "-c", _BACKEND, action, str(target.resolve()), *options],
        cwd=tree,
        env=clean_environment(stamp),
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise UserError(f"setuptools could not {action.replace('_', ' ')}: {reason}", "mend pyproject.toml")
    return target.resolve() / done.stdout.strip().splitlines()[-1]


def _commit_time() -> str:
    """Seconds since the epoch: the same commit gives the same files (ZIP has no time before 1980)."""
    shown = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=project.ROOT, capture_output=True, text=True, check=False
    )
    return shown.stdout.strip() or "315532800"
