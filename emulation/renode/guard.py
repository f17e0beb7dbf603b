"""Stands between the bench and Renode, so that nothing of Renode outlives the bench, however that ends.

    python guard.py FOLDER COMMAND...

The bench holds the other end of standard input and never writes to it but to say that the folder is to be
kept. When it lets go, or is killed, the guard kills Renode and all that it has started, removes FOLDER,
which Renode has as its home and for temporary files, and ends. When Renode ends first, the guard prints its
exit status (negative: a signal) and waits to be let go. Linux only.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

LOG = "renode.log"
"""What Renode prints, in its folder."""

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def main(folder: Path, command: list[str]) -> None:
    """Run the command until it ends, or until standard input does."""
    prctl = ctypes.CDLL(None).prctl
    prctl(PR_SET_CHILD_SUBREAPER, 1)  # what Renode starts and leaves behind becomes ours
    own = os.getpid()

    def end_with_guard() -> None:
        """Should the guard itself be killed, now or later."""
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != own:
            os.kill(os.getpid(), signal.SIGKILL)

    with (folder / LOG).open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment(folder),
            start_new_session=True,
            preexec_fn=end_with_guard,
        )
    ended = os.pidfd_open(process.pid)
    told = b""
    try:
        if ended in select.select([0, ended], [], [])[0]:
            print(process.wait(), flush=True)
        told = sys.stdin.buffer.read()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        kill_children()
        if told != b"keep":
            shutil.rmtree(folder, ignore_errors=True)


def environment(folder: Path) -> dict[str, str]:
    """Renode's: `folder` is its home and its place for temporary files.

    A portable Renode of one file unpacks its libraries into the home before it starts. They are the same for
    every run, so they go where they go when a user starts it.
    """
    ours = os.environ | dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "TMPDIR"), str(folder))
    home = os.environ.get("HOME", "")
    if home and os.access(home, os.W_OK):
        ours.setdefault("DOTNET_BUNDLE_EXTRACT_BASE_DIR", str(Path(home) / ".net"))
    return ours


def kill_children() -> None:
    """Kill and reap every process that has come down to this one."""
    while True:
        for children in Path("/proc/self/task").glob("*/children"):
            for child in children.read_text().split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(child), signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
