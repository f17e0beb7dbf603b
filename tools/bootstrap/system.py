"""Step 1: the programs that come from the operating system. Adds what is missing, touches nothing else."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from emulation.errors import UserError
from tools.bootstrap.process import Result, run
from tools.bootstrap.project import ROOT
from tools.bootstrap.step import CommandError, command, log_file
from tools.bootstrap.terminal import StepLine

APT_LOCK_PATIENCE = 180
"""Seconds to wait while another program (often an automatic upgrade) uses apt."""


def _on_path(*programs: str) -> Callable[[], bool]:
    return lambda: all(shutil.which(program) for program in programs)


def _libc_headers() -> bool:
    """Whether a hosted program can be preprocessed: a compiler alone has no headers of the C library."""
    compiler = shutil.which("gcc")
    if not compiler:
        return False
    done = subprocess.run(
        [compiler, "-E", "-x", "c", "-"],
        input="#include <stdio.h>\n#include <linux/limits.h>\n",
        text=True,
        capture_output=True,
        check=False,
        timeout=30,
    )
    return done.returncode == 0


def _can_make_environments() -> bool:
    return all(importlib.util.find_spec(name) for name in ("venv", "ensurepip"))


@dataclass(frozen=True)
class Need:
    """A Debian package, why it is needed, and how to see that what it brings is there.

    What counts is that the programs are there, not that a package is: they may have come another way.
    """

    package: str
    why: str
    there: Callable[[], bool]


RUN: tuple[Need, ...] = (
    Need("gcc", "compiles the firmware and the emulator's clock", _on_path("gcc")),
    Need("binutils", "links the firmware, finds source lines", _on_path("ld", "ar", "objcopy", "addr2line")),
    Need("libc6-dev", "headers for the programs that run on this machine", _libc_headers),
    Need("make", "builds MicroPython's cross compiler", _on_path("make")),
    Need("dpkg-dev", "unpacks Debian source packages", _on_path("dpkg-source")),
    Need("python3-venv", "makes virtual environments", _can_make_environments),
)

TEST: tuple[Need, ...] = (
    *RUN,
    Need("tshark", "second opinion on every captured frame", _on_path("tshark", "editcap")),
)


class SystemPackages:
    """Installs the missing packages as root; otherwise says exactly what root has to do."""

    name = "system packages"

    def __init__(self, needs: Sequence[Need]) -> None:
        self.needs = needs

    def missing(self) -> list[Need]:
        """The needs that are not met."""
        return [need for need in self.needs if not need.there()]

    def is_current(self) -> bool:
        """Whether every need is met."""
        return not self.missing()

    def work(self, line: StepLine) -> str:
        """Install what is missing. Raises UserError."""
        missing = self.missing()
        names = [need.package for need in missing]
        if not shutil.which("apt-get"):
            raise UserError(
                "programs are missing, and there is no apt-get to install them with",
                f"install what these Debian packages bring:{_listed(missing)}",
            )
        install = f"apt-get install --no-install-recommends {' '.join(names)}"
        if os.geteuid() != 0:
            raise UserError(
                "system packages are missing, and only root can install them",
                f"run this once as root, then the same command again:\n\n"
                f"      apt-get update && {install}\n\n  It brings:{_listed(missing)}",
            )
        log = log_file(self.name)
        line.note("apt-get update")
        _update(log, line)
        line.note(f"installing {' '.join(names)}")
        command(
            [
                *("apt-get", "install", "--yes", "--no-install-recommends"),
                *("-o", f"DPkg::Lock::Timeout={APT_LOCK_PATIENCE}", "-o", "Acquire::Retries=2"),
                *("-o", "Acquire::http::Timeout=30", "-o", "Dpkg::Use-Pty=0"),
                *names,
            ],
            what=install,
            log=log,
            line=line,
            env={"DEBIAN_FRONTEND": "noninteractive"},
            hint=f"run `{install}` by hand and see what it says",
        )
        importlib.invalidate_caches()
        still = self.missing()
        if still:
            raise _still_missing(still)
        return f"installed {' '.join(names)}"


def _update(log: Path, line: StepLine) -> None:
    """Refresh apt's lists, waiting for their lock. Whether they are good enough, the installation tells."""
    deadline = time.monotonic() + APT_LOCK_PATIENCE
    while True:
        result = run(
            ["apt-get", "update", "-o", "Acquire::Retries=2", "-o", "Acquire::http::Timeout=30"],
            log=log,
            cwd=ROOT,
            on_line=line.tail,
            timeout=600,
            env={"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
        )
        if not _locked(result):
            return
        if time.monotonic() > deadline:
            raise CommandError("apt-get update", result, log)
        line.tail("another program uses apt, waiting for it")
        time.sleep(3)


def _locked(result: Result) -> bool:
    return not result.ok and any("/lists/lock" in text for text in result.lines)


def _listed(needs: Sequence[Need]) -> str:
    return "".join(f"\n      {need.package:<13} {need.why}" for need in needs)


def _still_missing(missing: Sequence[Need]) -> UserError:
    if any(need.package == "python3-venv" for need in missing) and not sys.executable.startswith("/usr/bin/"):
        return UserError(
            f"{sys.executable} cannot make virtual environments, and no Debian package changes that",
            "use the system's Python: `make bench PYTHON=/usr/bin/python3`",
        )
    return UserError(
        "installed, but still not found: " + ", ".join(need.package for need in missing),
        f"see that PATH names the folders of system programs (it is {os.environ.get('PATH', 'empty')})",
    )
