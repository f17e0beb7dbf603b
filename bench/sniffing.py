"""What Scapy's sniffer lacks for the wire: it tells what callbacks raise, and waits in virtual time.

`AsyncSniffer._run`, behind `sniff`, `sr` and their relatives, takes any exception of `prn`, `lfilter`,
`stop_filter` or a session for a failure of the socket: it closes that, logs a warning and ends as if nothing
had been wrong (Scapy 2.6 to 2.8, `sendrecv.py`). A test whose assertion stands in a callback could not fail.

It closes the socket while it still handles the exception. There an end of the wire notes it (`note`), and
when the sniffer is through, the first one noted is raised: in the caller of `sniff`, and for a sniffer in a
thread by its `join` and `stop`.
"""

from __future__ import annotations

import functools
import inspect
import sys
import threading
from collections.abc import Callable
from typing import Any

from scapy.sendrecv import AsyncSniffer

from bench.loop import Clock
from bench.virtual_timeout import VirtualTimeout


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


_signature = inspect.signature(_run)
_clock_of: Callable[[Any, Any], Clock | None] = lambda _sockets, _iface: None  # noqa: E731


def _in_virtual_time(
    self: AsyncSniffer, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> inspect.BoundArguments:
    """The arguments of `_run`, with a timeout in the time of the board that the sniffer waits for.

    Scapy looks at the wall clock between two frames: on a slow host it would leave before the board's time is
    over, and the same test would see fewer frames.
    """
    bound = _signature.bind(self, *args, **kwargs)
    given = bound.arguments
    timeout = given.get("timeout")
    if isinstance(timeout, VirtualTimeout) or timeout is None or given.get("offline") is not None:
        return bound
    clock = _clock_of(given.get("opened_socket"), given.get("iface"))
    if clock is not None:
        given["timeout"] = VirtualTimeout(timeout, clock)
    return bound


@functools.wraps(_run)
def _run_and_tell(self: AsyncSniffer, *args: Any, **kwargs: Any) -> None:
    bound = _in_virtual_time(self, args, kwargs)
    errors: list[Exception] = []
    _notes.stack.append((sys.exception(), errors))
    try:
        _run(*bound.args, **bound.kwargs)
    finally:
        _notes.stack.pop()
    if errors:
        self.running = True  # or `stop` would raise that it is not running, and not this error
        raise errors[0]


def teach_scapy(clock_of: Callable[[Any, Any], Clock | None]) -> None:
    """Let Scapy's sniffers tell, and wait in virtual time; once for this process.

    `clock_of(opened_socket, iface)` is the clock of the board that a sniffer on these waits for, None
    where it waits for others or does not run the board. Other sockets than ours work and fail as they did.
    """
    global _clock_of
    _clock_of = clock_of
    AsyncSniffer._run = _run_and_tell
