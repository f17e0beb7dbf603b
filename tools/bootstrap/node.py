"""Node's `ws`, a second opinion on the WebSocket server; where it cannot be had, its tests are skipped.

With npm it is the pinned version. Debian's npm brings hundreds of packages along, so where there is none,
Debian's own `ws` does: the tests ask for nothing that only one of its versions has.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from emulation.errors import UserError
from tools.bootstrap import project
from tools.bootstrap.process import run
from tools.bootstrap.step import log_file
from tools.bootstrap.system import Need, SystemPackages
from tools.bootstrap.terminal import StepLine

PINNED = project.ROOT / "ws_server" / "tests" / "node"
FILES = ("package.json", "package-lock.json")
DEBIAN = Path("/usr/share/nodejs/ws")
"""Where Debian's package node-ws lies."""
TIMEOUT = 120.0


class NodeClient:
    """Puts `ws` into build/node. Never fails: npm, root or network may be missing."""

    name = "Node client for tests"

    def __init__(self, folder: Path = project.BUILD / "node", debian: Path = DEBIAN) -> None:
        self.folder = folder
        self.debian = debian
        self._packages = SystemPackages(
            [
                Need("nodejs", "runs the Node client of the tests", lambda: bool(shutil.which("node"))),
                Need("node-ws", "that client, where there is no npm", self._has_source),
            ]
        )
        self._packages.name = self.name  # of the log file

    def _has_source(self) -> bool:
        return bool(shutil.which("npm")) or (self.debian / "package.json").is_file()

    @property
    def _installed(self) -> Path:
        return self.folder / "node_modules" / "ws"

    def is_current(self) -> bool:
        """Whether node is there, and the pinned version is installed or, without npm, Debian's."""
        if not (self._installed / "package.json").is_file() or not shutil.which("node"):
            return False
        if self._installed.is_symlink():
            return not shutil.which("npm")
        return all(
            (self.folder / name).is_file()
            and (self.folder / name).read_bytes() == (PINNED / name).read_bytes()
            for name in FILES
        )

    def work(self, line: StepLine) -> str:
        """Install it, if that is possible."""
        missing = [need.package for need in self._packages.missing()]
        if missing and os.geteuid() != 0:
            install = f"apt-get install --no-install-recommends {' '.join(missing)}"
            return f"skipped: only root can install it ({install})"
        if missing:
            try:
                self._packages.work(line)
            except UserError as error:
                return f"skipped: {error.message}"
        # What another machine's npm or an earlier set-up left.
        if self._installed.is_symlink():
            self._installed.unlink()
        else:
            shutil.rmtree(self._installed, ignore_errors=True)
        npm = shutil.which("npm")
        return self._link() if npm is None else self._fetch(npm, line)

    def _link(self) -> str:
        self._installed.parent.mkdir(parents=True, exist_ok=True)
        self._installed.symlink_to(self.debian)
        version = json.loads((self.debian / "package.json").read_text(encoding="utf-8")).get("version")
        return f"Debian's ws {version}"

    def _fetch(self, npm: str, line: StepLine) -> str:
        line.note("npm ci")
        log = log_file(self.name)
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            shutil.copyfile(PINNED / name, self.folder / name)
        words = [npm, "ci", "--prefix", str(self.folder), "--ignore-scripts", "--no-audit", "--no-fund"]
        result = run(words, log=log, cwd=project.ROOT, on_line=line.tail, timeout=TIMEOUT)
        if result.ok:
            return "installed"
        shutil.rmtree(self.folder, ignore_errors=True)
        return f"skipped: npm could not install it, see {log.relative_to(project.ROOT)}"
