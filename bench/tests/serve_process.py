"""`bench serve` as a process: what it says, how it ends, what it leaves behind."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

TIMEOUT = 60
"""Wall seconds; it takes a second or two on an idle machine."""


class ServeProcess:
    """The process, in a session of its own; `python` is the command that runs Python."""

    def __init__(
        self,
        *arguments: str,
        python: Sequence[str] = (sys.executable,),
        env: dict[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.process = subprocess.Popen(
            [*python, "-m", "bench", "serve", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
        self.lines: list[str] = []

    def read_until(self, pattern: str) -> re.Match[str]:
        """Read lines until one matches; raises AssertionError at the end of output."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"{self.lines}; {self.process.stderr and self.process.stderr.read()}")

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Send a signal, wait for the end; exit code and errors."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=TIMEOUT)
        return self.process.returncode, errors

    def left(self) -> list[str]:
        """Processes of its session that still run."""
        return [name for name, session in _processes() if session == self.process.pid]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


def _processes() -> list[tuple[str, int]]:
    """Names and sessions of what runs on this machine (proc(5), `stat`)."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                text = (folder / "stat").read_text()
                name, _, rest = text.partition("(")[2].rpartition(") ")
                state, _, _, session = rest.split()[:4]
                if state != "Z":
                    found.append((name, int(session)))
    return found


def environment(home: Path) -> dict[str, str]:
    """Variables for a process that keeps its files in `home`, and its caches nowhere."""
    return {**os.environ, "HOME": str(home), "TMPDIR": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
