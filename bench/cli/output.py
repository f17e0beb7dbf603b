"""Where all commands print: streams that no character, no reader that leaves and no full disk brings down.

What a command does is worth more than what it says of it: its reports are written and its exit code is its
verdict, whatever becomes of standard output.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

LIKENESS = {
    "→": "->",
    "←": "<-",
    "≤": "<=",
    "≥": ">=",
    "…": "...",
    "\N{EN DASH}": "-",
    "·": "*",
    "✓": "+",
    "✗": "x",
}
"""What the bench itself prints, as a terminal shows it that knows ASCII alone."""
LINES, BRAILLE = range(0x2500, 0x2580), range(0x2800, 0x2900)
"""Unicode's blocks of what rich draws tables and moving lines with."""
PLAIN = "bench-plain"
"""The name of `in_plain_characters` as error handler of an encoding."""


def in_plain_characters(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that an encoding lacks: ASCII that looks alike, else their escapes."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(map(_plain, lacking)), error.end


def _plain(character: str) -> str:
    if ord(character) in LINES:
        return "|" if character in "│┃║" else "-" if character in "─━═╌╍" else "+"
    if ord(character) in BRAILLE:
        return "."
    return LIKENESS.get(character) or character.encode("ascii", "backslashreplace").decode()


codecs.register_error(PLAIN, in_plain_characters)


class EnduringStream:
    """A text stream on which writing never fails: what cannot be written is dropped.

    `problem` is why, once it has happened, and None until then.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.problem: OSError | ValueError | None = None
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=PLAIN)

    def write(self, text: str) -> int:
        """Write, or drop."""
        if self.problem is None:
            try:
                return self._stream.write(text)
            except UnicodeEncodeError:  # it could not be reconfigured
                with contextlib.suppress(UnicodeEncodeError):
                    return self._stream.write(text.encode("ascii", PLAIN).decode())
            except (OSError, ValueError) as problem:  # ValueError: somebody has closed it
                self._give_up(problem)
        return len(text)

    def flush(self) -> None:
        """Bring to where the stream leads what is still on the way there, or drop it."""
        if self.problem is None:
            try:
                self._stream.flush()
            except (OSError, ValueError) as problem:
                self._give_up(problem)

    def _give_up(self, problem: OSError | ValueError) -> None:
        """Let the rest, also what the stream has kept and what child processes print, go nowhere.

        Python's documentation has it so (library `signal`, "Note on SIGPIPE"): what is kept would else be
        written when the interpreter ends, and fail again.
        """
        self.problem = problem
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            try:
                os.dup2(nowhere, self._stream.fileno())
            finally:
                os.close(nowhere)
            self._stream.flush()

    @property
    def lost(self) -> str:
        """What kept the stream from being written; empty if nothing did, or the reader just left."""
        if self.problem is None or getattr(self.problem, "errno", None) == errno.EPIPE:
            return ""
        return getattr(self.problem, "strerror", None) or str(self.problem)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def enduring_output() -> Iterator[None]:
    """Make standard output and standard error such streams, and say in the end what was lost on the way."""
    before = sys.stdout, sys.stderr
    with contextlib.ExitStack() as stack:
        # None: the program was started with the stream closed. Files opened later must not take its place.
        out, error = (
            EnduringStream(stream or stack.enter_context(Path(os.devnull).open("w", encoding="utf-8")))
            for stream in before
        )
        sys.stdout, sys.stderr = out, error
        try:
            yield
        finally:
            out.flush()
            if out.lost:
                error.write(f"note: standard output could not be written: {out.lost}\n")
            error.flush()
            sys.stdout, sys.stderr = before
