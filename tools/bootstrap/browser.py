"""Chromium, with which the web console is tested; where it cannot be had, its tests are skipped."""

from __future__ import annotations

import os
import shutil

from emulation.errors import UserError
from tools.bootstrap.system import Need, SystemPackages
from tools.bootstrap.terminal import StepLine

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def _there() -> bool:
    return any(shutil.which(program) for program in PROGRAMS)


class Browser:
    """Installs Debian's package as root. Never fails: root or network may be missing."""

    name = "browser for tests"

    def __init__(self) -> None:
        self._packages = SystemPackages([Need("chromium", "shows the web console to its tests", _there)])
        self._packages.name = self.name  # of the log file

    def is_current(self) -> bool:
        """Whether there is one."""
        return self._packages.is_current()

    def work(self, line: StepLine) -> str:
        """Install it, if that is possible."""
        if os.geteuid() != 0:
            return "skipped: only root can install it (apt-get install --no-install-recommends chromium)"
        try:
            return self._packages.work(line)
        except UserError as error:
            return f"skipped: {error.message}"
