"""Reads and runs what the user of a shell types: in IPython, in Python's own console, or as a script."""

from __future__ import annotations

import code
import contextlib
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from bench.cli import EXIT_FAULT, print_error
from bench.peer_error import PeerError
from emulation.errors import GuestFault, UserError

FAILURES = (GuestFault, PeerError, TimeoutError, UserError)
"""What tells all there is to know in its message: a traceback through the bench would only bury it."""
PROMPT, CONTINUED = "bench> ", "   ... "
HISTORY_LINES = 1000


def tell(failure: BaseException) -> None:
    """Say on stderr, without a traceback, what has gone wrong."""
    if isinstance(failure, UserError):
        print_error(failure.message, failure.hint)
    elif isinstance(failure, GuestFault):
        print_error(
            str(failure), "the board has stopped for good; reset() brings it back to where it listened"
        )
    else:
        print_error(str(failure))


def interact(names: dict[str, Any], banner: str, after: Callable[[], None]) -> None:
    """Let the user type until Ctrl-D; `after` is called when an input has been run."""
    ipython = _ipython()
    if ipython is None:
        _PlainConsole(names, after).run(banner)
        return
    shell = ipython.instance(user_ns=names, banner1=banner, confirm_exit=False)
    shell.set_custom_exc(FAILURES, lambda _shell, _kind, failure, _trace, **_options: tell(failure))
    shell.events.register("post_run_cell", lambda *_result: after())
    shell.show_banner()
    shell.mainloop()


def _ipython() -> Any:
    """IPython's shell, or None. In the handler of its absence, all tracebacks would tell of it."""
    try:
        from IPython.terminal.interactiveshell import TerminalInteractiveShell
    except ImportError:
        return None
    return TerminalInteractiveShell


class _PlainConsole(code.InteractiveConsole):
    """Python's own console, with history and completion where there is readline."""

    def __init__(self, names: dict[str, Any], after: Callable[[], None]) -> None:
        super().__init__(names)
        self._after = after

    def run(self, banner: str) -> None:
        sys.ps1, sys.ps2 = PROMPT, CONTINUED
        with _line_editing(self.locals):
            self.interact(banner, exitmsg="")

    def runcode(self, code: Any) -> None:
        try:
            super().runcode(code)
        finally:
            self._after()

    def showtraceback(self) -> None:
        failure = sys.exc_info()[1]
        if isinstance(failure, FAILURES):
            tell(failure)
        else:
            super().showtraceback()


@contextlib.contextmanager
def _line_editing(names: Any) -> Any:
    """Completion and history of the lines typed; a history that cannot be kept is no reason to complain."""
    try:
        import readline
        import rlcompleter
    except ImportError:
        yield
        return
    readline.set_completer(rlcompleter.Completer(names).complete)
    readline.parse_and_bind("tab: complete")
    history = history_file()
    with contextlib.suppress(OSError):
        readline.read_history_file(history)
    try:
        yield
    finally:
        readline.set_history_length(HISTORY_LINES)
        with contextlib.suppress(OSError):
            history.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(history)


def history_file() -> Path:
    """Where the lines typed are kept (XDG Base Directory Specification: state)."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "bench" / "shell_history"


def run_script(text: str, name: str, names: dict[str, Any]) -> int:
    """Run a whole script; returns the exit code: 0, or 1 after a traceback of the script's own lines.

    Raises GuestFault, UserError, KeyboardInterrupt, SystemExit.
    """
    try:
        exec(compile(text, name, "exec"), names)
    except (GuestFault, UserError):
        raise
    except Exception as error:
        shown = traceback.TracebackException(type(error), error, _own_part(error.__traceback__, name))
        _quote(shown, text, name)
        print("".join(shown.format()), end="", file=sys.stderr)
        return EXIT_FAULT
    return 0


def _own_part(trace: TracebackType | None, name: str) -> TracebackType | None:
    """The traceback from the script's first line on, without what called it."""
    while trace is not None and trace.tb_frame.f_code.co_filename != name:
        trace = trace.tb_next
    return trace


def _quote(shown: traceback.TracebackException, text: str, name: str) -> None:
    """Give the script's frames their lines (Python looks for them in a file); leave the bench's out."""
    lines = text.splitlines()
    shown.stack = traceback.StackSummary.from_list(
        [
            traceback.FrameSummary(name, frame.lineno, frame.name, line=lines[frame.lineno - 1])
            for frame in shown.stack
            if frame.filename == name and frame.lineno
        ]
    )
