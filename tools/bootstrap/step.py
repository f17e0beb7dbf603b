"""What a set-up step is, and how a row of them is worked off."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from emulation.errors import UserError
from tools.bootstrap import project
from tools.bootstrap.advice import advice_for
from tools.bootstrap.process import Result, run
from tools.bootstrap.terminal import StepLine, Terminal, duration

_SHOWN = 160
"""Characters of a command's line that a failure shows; the log has all of it."""

LOCK_PATIENCE = 900.0
"""Seconds to wait for another set-up in the same work tree."""


class CommandError(UserError):
    """A command of a step failed: carries the last lines it printed and where the rest is.

    A command of our own explains itself (`error: ...`, `what to do: ...`); that is passed on as it is. Of any
    other command the last lines are shown, with advice for what is known to go wrong.
    """

    def __init__(self, what: str, result: Result, log: Path, hint: str = "") -> None:
        self.log = log
        lines = [line.strip() for line in result.lines if line.strip()]
        own = {key: text for line in lines[-2:] for key, _, text in [line.partition(": ")]}
        if {"error", "what to do"} <= own.keys():
            super().__init__(f"{what}: {own['error']}", own["what to do"])
            self.tail: list[str] = []
            return
        reason = "did not finish in time" if result.timed_out else f"exit status {result.returncode}"
        fallback = f"read {_shown(log)}, mend the cause and run the command again"
        super().__init__(f"{what} failed ({reason})", advice_for(lines) or hint or fallback)
        self.tail = lines[-12:]


class Step(Protocol):
    """One part of the set-up."""

    @property
    def name(self) -> str:
        """Shown to the user, and the stem of the log's name."""

    def is_current(self) -> bool:
        """Whether there is nothing to do."""

    def work(self, line: StepLine) -> str:
        """Do it; returns a few words for the line that says it is done. Raises UserError."""


def log_file(name: str) -> Path:
    """A new, empty log for a step or check of this name."""
    log = project.LOGS / f"{name.replace(' ', '-').lower()}.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("")
    except OSError as error:
        raise UserError(
            f"cannot write {_shown(log)}: {error.strerror}",
            advice_for([error.strerror or ""]) or "make the folder writable, or remove build/",
        ) from None
    return log


def command(
    words: Sequence[str | Path],
    *,
    what: str,
    log: Path,
    line: StepLine,
    timeout: float = 1800,
    env: dict[str, str] | None = None,
    hint: str = "",
) -> Result:
    """Run a command of a step in the project's root. Raises CommandError."""
    result = run(words, log=log, cwd=project.ROOT, on_line=line.tail, timeout=timeout, env=env)
    if not result.ok:
        raise CommandError(what, result, log, hint)
    return result


def work_off(steps: Sequence[Step], terminal: Terminal) -> None:
    """Do the steps in order, each only if it is not current. Raises UserError at the first that fails."""
    with only_one(terminal):
        for number, step in enumerate(steps, 1):
            with terminal.step(step.name, number, len(steps)) as line:
                line.done("up to date" if step.is_current() else step.work(line))


@contextmanager
def only_one(terminal: Terminal) -> Iterator[None]:
    """Let two set-ups in one work tree follow each other instead of mixing."""
    path = project.BUILD / "setup.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("w")
    except OSError as error:
        raise UserError(
            f"cannot write {_shown(path)}: {error.strerror}",
            advice_for([error.strerror or ""]) or "make build/ writable or remove it",
        ) from None
    with handle:
        _acquire(handle.fileno(), lambda: terminal.line("  waiting for another set-up of this work tree"))
        yield


def _acquire(handle: int, say_waiting: Callable[[], None]) -> None:
    deadline = time.monotonic() + LOCK_PATIENCE
    waiting = False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not waiting:
                say_waiting()
                waiting = True
            if time.monotonic() > deadline:
                raise UserError(
                    f"another set-up of this work tree did not finish in {duration(LOCK_PATIENCE)}",
                    "look for a `tools.bootstrap` process, end it and run the command again",
                ) from None
            time.sleep(0.5)
        else:
            return


def report(error: UserError, terminal: Terminal) -> None:
    """Print a failure: what is wrong, the last lines of the command, what to do."""
    if isinstance(error, CommandError):
        for text in error.tail:
            terminal.line(f"      | {text[:_SHOWN]}")
    terminal.line(f"{terminal.paint('error:', '1;31')} {error.message}")
    if error.hint:
        terminal.line(f"  what to do: {error.hint}")
    if isinstance(error, CommandError):
        terminal.line(f"  full output: {_shown(error.log)}")


def _shown(path: Path) -> str:
    return str(path.relative_to(project.ROOT)) if path.is_relative_to(project.ROOT) else str(path)
