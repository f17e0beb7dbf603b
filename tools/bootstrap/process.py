"""Run a command with an end: its output goes to a log file, its lines to whoever shows progress."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

TAIL = 400
"""Lines of output kept in memory for the error message."""


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    returncode: int
    lines: list[str]
    """The last lines of its output, stdout and stderr together."""
    seconds: float
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.returncode == 0


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The caller's environment without what would change how our commands work.

    `MAKEFLAGS` would hand our own job server to other people's makefiles; `PYTHONHOME` and `PYTHONPATH` would
    mix foreign packages into the virtual environment.
    """
    unwanted = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV"}
    env = {k: v for k, v in os.environ.items() if k not in unwanted}
    env.update(extra or {})
    return env


def run(
    command: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path,
    on_line: Callable[[str], None] = lambda _line: None,
    timeout: float = 1800,
    env: Mapping[str, str] | None = None,
) -> Result:
    """Run `command` in `cwd` to its end, append what it prints to `log`, tell `on_line` every line.

    After `timeout` seconds it is ended, with all its children. A missing program gives return code 127, like
    a shell.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    words = [str(word) for word in command]
    started = time.monotonic()
    with log.open("a", encoding="utf-8", errors="replace") as sink:
        sink.write(f"$ {' '.join(words)}\n")
        sink.flush()
        try:
            child = subprocess.Popen(
                words,
                cwd=cwd,
                env=clean_environment(env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            line = f"{words[0]}: {error.strerror or error}"
            sink.write(line + "\n")
            return Result(127, [line], time.monotonic() - started)
        lines: list[str] = []
        assert child.stdout is not None
        reader = threading.Thread(target=_pump, args=(child.stdout, sink, lines, on_line), daemon=True)
        reader.start()
        timed_out = False
        try:
            returncode = child.wait(timeout)
        except subprocess.TimeoutExpired:
            timed_out = True
            returncode = _end(child)
        except BaseException:  # an interrupt must not leave the child's work running
            _end(child)
            raise
        reader.join(timeout=5)  # a daemon that the child left behind may hold the pipe open for ever
        if timed_out:
            line = f"ended after {timeout:.0f} s without finishing"
            lines.append(line)
            sink.write(line + "\n")
        return Result(returncode or int(timed_out), lines[-TAIL:], time.monotonic() - started, timed_out)


def _pump(source: IO[str], sink: IO[str], lines: list[str], on_line: Callable[[str], None]) -> None:
    for raw in source:  # universal newlines: a progress bar's carriage returns end lines too
        line = _ESCAPES.sub("", raw.rstrip())
        sink.write(line + "\n")
        sink.flush()
        lines.append(line)
        del lines[: -2 * TAIL]
        on_line(line)


def _end(child: subprocess.Popen[str]) -> int:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, number)
        except ProcessLookupError:
            break
        try:
            return child.wait(5)
        except subprocess.TimeoutExpired:
            continue
    return child.wait()
