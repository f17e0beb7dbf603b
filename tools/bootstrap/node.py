"""Node's `ws`, a second opinion on the WebSocket server; where it cannot be had, its tests are skipped."""

from __future__ import annotations

import shutil
from pathlib import Path

from tools.bootstrap import project
from tools.bootstrap.process import run
from tools.bootstrap.step import log_file
from tools.bootstrap.terminal import StepLine

PINNED = project.ROOT / "ws_server" / "tests" / "node"
FILES = ("package.json", "package-lock.json")
TIMEOUT = 120.0


class NodeClient:
    """Installs what package-lock.json pins into build/node. Never fails: npm or network may be missing."""

    name = "Node client for tests"

    def __init__(self, folder: Path = project.BUILD / "node") -> None:
        self.folder = folder

    def is_current(self) -> bool:
        """Whether the pinned version is installed."""
        installed = self.folder / "node_modules" / "ws" / "package.json"
        return installed.is_file() and all(
            (self.folder / name).is_file()
            and (self.folder / name).read_bytes() == (PINNED / name).read_bytes()
            for name in FILES
        )

    def work(self, line: StepLine) -> str:
        """Install it, if that is possible."""
        npm = shutil.which("npm")
        if npm is None or shutil.which("node") is None:
            return "skipped: there is no npm"
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
