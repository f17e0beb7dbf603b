"""Programs that the project starts, such as make, end with it: also when it is killed.

    python -I leash.py COMMAND...

runs the command until it ends, or until standard input does: then the command and all that it has started get
SIGTERM, which lets make and gcc remove half-written files, and after `GRACE` SIGKILL. The folder for
temporary files is one of their own and goes with them. The exit status is the command's, or 128 and the
number of the signal that ended it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence

GRACE = 3.0
"""Wall seconds."""
PR_SET_PDEATHSIG = 1


@contextlib.contextmanager
def leashed(command: Sequence[str], env: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """Start a command with its output and errors in one pipe; on leaving, nothing of it goes on.

    Leaving in the ordinary way waits for its end first, so that `returncode` is the command's. Ctrl-C is for
    the caller to act on. Raises OSError.
    """
    child = subprocess.Popen(
        on_leash(command),
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    assert child.stdin is not None and child.stdout is not None
    try:
        yield child
        child.wait()
    finally:
        child.stdin.close()
        child.stdout.close()
        child.wait()


def on_leash(command: Sequence[str]) -> list[str]:
    """The command that does the same and ends when its standard input, a pipe, is closed."""
    return [sys.executable, "-I", __file__, *command]


def end_with_parent(number: signal.Signals, parent: int) -> None:
    """Have this process sent a signal when the thread that has started it ends, or now if it has ended.

    `parent` is the process that has started it: whoever is killed before this one comes to ask for the signal
    leaves it to another. The signal comes on Linux only; elsewhere all there is, is the look at the parent.
    """
    import ctypes

    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def main(command: Sequence[str]) -> int:
    """Run the command; returns its exit status."""
    scratch = tempfile.mkdtemp(prefix="bench-")
    try:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, env={**os.environ, "TMPDIR": scratch}, start_new_session=True
        )
        threading.Thread(target=_watch, args=(child,), daemon=True).start()
        status = child.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # what it has left behind
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", flush=True)
        return 127
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return status if status >= 0 else 128 - status


def _watch(child: subprocess.Popen[bytes]) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(GRACE)
            return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
