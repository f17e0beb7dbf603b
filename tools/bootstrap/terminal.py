"""What the user sees: one line a step, alive while it works, plain text where there is no terminal."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from types import TracebackType
from typing import TextIO

HEARTBEAT = 30.0
"""Seconds between signs of life of a long step where lines cannot be rewritten (a CI log)."""

_NAME = 24


def duration(seconds: float) -> str:
    """Seconds as people write them: `0.4 s`, `12 s`, `3 min 05 s`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"


class Terminal:
    """Writes lines, coloured and rewritten in place if `stream` is a terminal."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = sys.stdout if stream is None else stream
        dumb = os.environ.get("TERM", "") in ("", "dumb")
        self.live = self.stream.isatty() and not dumb
        self.colour = self.live and "NO_COLOR" not in os.environ

    def paint(self, text: str, code: str) -> str:
        """`text` in a colour (SGR parameters), where there are colours."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text

    def line(self, text: str = "") -> None:
        """Write one line."""
        self.stream.write(text + "\n")
        self.stream.flush()

    def heading(self, text: str) -> None:
        """Write the heading of a group of steps."""
        self.line(self.paint(text, "1"))

    def rewrite(self, text: str) -> None:
        """Put `text` in place of the current line (terminals only)."""
        width = shutil.get_terminal_size().columns
        self.stream.write("\r\x1b[2K" + text[: max(width - 1, 20)])
        self.stream.flush()

    def step(self, name: str, number: int = 0, total: int = 0) -> StepLine:
        """The line of one step, for a `with` statement."""
        prefix = f"[{number}/{total}] " if total else ""
        return StepLine(self, f"  {prefix}{name:<{_NAME}}")


class StepLine:
    """The line of one step: `note` and `tail` change it while it works, `done` says how it ended."""

    def __init__(self, terminal: Terminal, label: str) -> None:
        self._terminal = terminal
        self._label = label
        self._note = ""
        self._tail = ""
        self._outcome = ""
        self._started = time.monotonic()
        self._stop = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    @property
    def seconds(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self._started

    def note(self, text: str) -> None:
        """Say what the step is doing now."""
        self._note = text
        self._tail = ""
        if not self._terminal.live:
            self._terminal.line(f"{self._label} {text}")

    def tail(self, text: str) -> None:
        """Show the last line a command printed."""
        if text.strip():
            self._tail = text.strip()

    def done(self, outcome: str, colour: str = "32") -> None:
        """Say how the step ended, in a colour (SGR parameters; green if none is named)."""
        self._outcome = self._terminal.paint(outcome, colour)

    def __enter__(self) -> StepLine:
        self._ticker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._ticker.join()
        if self._terminal.live:
            self._terminal.rewrite("")
        if kind is None:
            outcome = self._outcome or self._terminal.paint("done", "32")
        else:
            word = "interrupted" if issubclass(kind, KeyboardInterrupt) else "FAILED"
            outcome = self._terminal.paint(word, "1;31")
        self._terminal.line(f"{self._label} {outcome}  {self._terminal.paint(duration(self.seconds), '2')}")

    def _tick(self) -> None:
        if self._terminal.live:
            frames = "|/-\\"
            turn = 0
            while not self._stop.wait(0.1):
                turn += 1
                if turn < 3 and not self._note:  # a step with nothing to do should not flicker
                    continue
                tail = f" {self._tail}" if self._tail else ""
                busy = f"{frames[turn % 4]} {duration(self.seconds)} {self._note}"
                self._terminal.rewrite(f"{self._label} {busy}{tail}")
        else:
            while not self._stop.wait(HEARTBEAT):
                self._terminal.line(f"{self._label} ... {duration(self.seconds)} {self._tail}".rstrip())
