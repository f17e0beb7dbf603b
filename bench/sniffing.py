"""Scapy's sniffer hides what a callback raises; on the wire it comes out again.

`AsyncSniffer._run`, behind `sniff`, `sr` and their relatives, takes any exception of `prn`, `lfilter`,
`stop_filter` or a session for a failure of the socket: it closes that, logs a warning and ends as if nothing
had been wrong (Scapy 2.6 to 2.8, `sendrecv.py`). A test whose assertion stands in a callback could not fail.

It closes the socket while it still handles the exception. There an end of the wire notes it (`note`), and
when the sniffer is through, the first one noted is raised: in the caller of `sniff`, and for a sniffer in a
thread by its `join` and `stop`.
"""

from __future__ import annotations

import functools
import sys
import threading
from typing import Any

from scapy.sendrecv import AsyncSniffer


class WaitOver(EOFError):
    """What an end of the wire raises to let the sniffer leave it: the wait is over. No failure."""


_run = AsyncSniffer._run
_CODE = _run.__code__


class _Notes(threading.local):
    """Of the sniffers that run in a thread, within each other: what each of them was told to hide."""

    def __init__(self) -> None:
        self.stack: list[tuple[BaseException | None, list[Exception]]] = []


_notes = _Notes()


def note() -> None:
    """To be called by an end of the wire that is closed: if a sniffer does that over an error, keep it."""
    error = sys.exception()
    closer = sys._getframe(2)
    if not _notes.stack or closer.f_code is not _CODE or not isinstance(error, Exception):
        return
    handled_outside, errors = _notes.stack[-1]
    if error is not handled_outside and not isinstance(error, WaitOver):
        errors.append(error)


@functools.wraps(_run)
def _run_and_tell(self: AsyncSniffer, *args: Any, **kwargs: Any) -> None:
    errors: list[Exception] = []
    _notes.stack.append((sys.exception(), errors))
    try:
        _run(self, *args, **kwargs)
    finally:
        _notes.stack.pop()
    if errors:
        self.running = True  # or `stop` would raise that it is not running, and not this error
        raise errors[0]


def raise_what_callbacks_raise() -> None:
    """Let Scapy's sniffers tell; once for this process. Other sockets than ours fail as they did."""
    AsyncSniffer._run = _run_and_tell
