"""What `bench serve` says on the terminal while the board lives."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import sys
import time
from typing import Any, TextIO

from bench.live import Event, NoteEvent, UartEvent
from bench.live.listening import QUIET, SHORTAGES
from emulation.console_text import printable


class Terminal:
    """Shows what the board prints on standard output, and on standard error what the bench has to say.

    Subscribe it to the feed of a live board. Raises BrokenPipeError once nobody reads the output any more: as
    other programs do, the bench ends then. Output that cannot be written for another reason, as to a full
    disk, is given up, and the board lives on.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._given_up = False
        self._shortage = float("-inf")

    def __call__(self, event: Event) -> None:
        """Take an event of the live board."""
        if isinstance(event, UartEvent):
            self._print(printable(self._decoder.decode(event.data).replace("\r", "")))
        elif isinstance(event, NoteEvent):
            self.note(event.text)

    def line(self, text: str) -> None:
        """Print a line of the bench's own."""
        self._print(f"{text}\n")

    def note(self, text: str) -> None:
        """Say a line on standard error."""
        with contextlib.suppress(OSError):
            _write(sys.stderr, f"note: {printable(text)}\n")

    def unexpected(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What a loop tells of an error that nobody waits for: a line for a shortage."""
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in SHORTAGES:
            loop.default_exception_handler(context)
        elif time.monotonic() - self._shortage >= QUIET:
            self._shortage = time.monotonic()
            self.note(f"some clients have to wait: {os.strerror(error.errno)}")

    def _print(self, text: str) -> None:
        if self._given_up:
            return
        try:
            _write(sys.stdout, text)
        except BrokenPipeError:
            raise
        except OSError as error:
            self._given_up = True
            self.note(f"what the board prints can no longer be shown: {error.strerror}; it goes on")


def _write(file: TextIO, text: str) -> None:
    file.write(text)
    file.flush()
    # The command line's own streams (`bench.cli.output`) take everything and remember what went wrong.
    if isinstance(problem := getattr(file, "problem", None), OSError):
        raise problem
