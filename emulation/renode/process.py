"""One running Renode: requests in, answers out, and every way in which it can fail as one clear line."""

from __future__ import annotations

import contextlib
import os
import re
import select
import subprocess
import sys
import time
from pathlib import Path

from emulation.errors import UserError
from emulation.renode import guard
from emulation.renode.find import Renode

CONSOLE, AGENT = (Path(__file__).with_name(name) for name in ("console.py", "agent.py"))
OPTIONS = ("--disable-xwt", "--hide-monitor", "--plain", "--robot-server-port", "-2")
"""Headless in all versions, without a console and without an open port: with -1, which stands for no robot
server, the monitor would get a port."""

START_PATIENCE = 60.0
PATIENCE = 60.0
"""Wall seconds that Renode gets to start, and to answer a request: it takes 2, and fractions of one."""
GLANCE = 0.2
"""Wall seconds after which a wait looks whether Renode has failed without ending."""

GIVEN_UP = "There was an error"
"""What the monitor prints before it goes back to its prompt."""


class RenodeFailed(Exception):
    """Renode has ended, hangs or refuses; the process is of no further use. The message is one line."""


class Refused(Exception):
    """Renode answered a request with an error; it can go on."""


class RenodeProcess:
    """A Renode that answers `request`. It lives in `folder`, which exists; see `emulation.renode.guard`.

    Raises UserError where Renode does not get as far as answering.
    """

    def __init__(self, renode: Renode, folder: Path) -> None:
        if not hasattr(os, "pidfd_open"):
            raise UserError("the engine renode needs Linux 5.3 or newer", "use the embedded emulator here")
        self.renode = renode
        self.folder = folder
        self._buffer = b""
        requests, answers = folder / "requests", folder / "answers"
        script = folder / "start.resc"
        for pipe in (requests, answers):
            pipe.unlink(missing_ok=True)
            os.mkfifo(pipe)
        includes = "".join(f"include @{_escaped(path)}\n" for path in (CONSOLE, AGENT))
        script.write_text(f'{includes}serve_bench "{requests}" "{answers}"\n')
        # Opened for both directions, as Renode has not opened its ends yet.
        self._requests = os.open(requests, os.O_RDWR | os.O_CLOEXEC)
        self._answers = os.open(answers, os.O_RDWR | os.O_CLOEXEC)
        self._guard = subprocess.Popen(
            [sys.executable, "-I", guard.__file__, str(folder), *renode.command, *OPTIONS, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the bench to act on
        )
        try:
            said = self._answer(START_PATIENCE)
        except RenodeFailed as failure:
            self.close()
            raise UserError(
                f"{renode.name} did not start: {failure}", "try it by hand, or name another one with RENODE"
            ) from None
        self.version = re.sub(r"^ok (Renode, version )?", "", said)

    @property
    def log(self) -> str:
        """What Renode has printed so far."""
        return self._log(0)

    def _log(self, start: int) -> str:
        with contextlib.suppress(OSError), (self.folder / guard.LOG).open("rb") as file:
            file.seek(start)
            return file.read().decode(errors="replace")
        return ""

    def _log_size(self) -> int:
        with contextlib.suppress(OSError):
            return (self.folder / guard.LOG).stat().st_size
        return 0

    def request(self, *words: object) -> str:
        """Ask for something and wait for the answer. Raises Refused with what Renode says, RenodeFailed."""
        before = self._log_size()
        line = " ".join(map(str, words)).encode() + b"\n"
        while line:  # a pipe takes 64 KiB at a time
            if not select.select([], [self._requests], [], PATIENCE)[1]:
                raise RenodeFailed(f"it has not taken a request for {PATIENCE:g} s")
            line = line[os.write(self._requests, line[: select.PIPE_BUF]) :]
        answer = self._answer(PATIENCE)
        kind, _, rest = answer.partition(" ")
        if kind != "ok":
            # What the monitor has printed says more than the exception that came of it.
            raise Refused(error_text(self._log(before)) or rest)
        return rest

    def execute(self, command: str) -> None:
        """Run a command of Renode's monitor. Raises Refused with what the monitor says, RenodeFailed."""
        self.request("execute", command)

    def _answer(self, patience: float) -> str:
        deadline = time.monotonic() + patience
        status = self._guard.stdout
        assert status is not None
        while b"\n" not in self._buffer:
            readable, _, _ = select.select([self._answers, status.fileno()], [], [], GLANCE)
            if self._answers in readable:
                self._buffer += os.read(self._answers, 1 << 16)
            elif readable:
                raise RenodeFailed(self._explain_end(status.readline().strip()))
            elif time.monotonic() > deadline:
                raise RenodeFailed(f"it has not answered for {patience:g} s")
            elif GIVEN_UP in self.log and not self._serving:
                raise RenodeFailed(complaint(self.log))
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode(errors="replace").strip()

    @property
    def _serving(self) -> bool:
        return hasattr(self, "version")

    def _explain_end(self, status: bytes) -> str:
        number = int(status or b"0")
        how = f"signal {-number}" if number < 0 else f"exit status {number}"
        why = complaint(self.log)
        return f"it ended by itself ({how})" + (f": {why}" if why else "")

    def close(self, *, keep: bool = False) -> None:
        """End Renode. Its folder goes too, unless it is to be kept."""
        if self._guard.stdin is None or self._guard.stdin.closed:
            return
        with contextlib.suppress(BrokenPipeError):
            if keep:
                self._guard.stdin.write(b"keep")
            self._guard.stdin.close()
        self._guard.wait()
        assert self._guard.stdout is not None
        self._guard.stdout.close()
        os.close(self._requests)
        os.close(self._answers)


def complaint(log: str) -> str:
    """What is likeliest to say what went wrong: an error in the log, else its last line; empty if it is.

    What Renode logs of its ordinary doings is nobody's fault.
    """
    lines = [line.strip() for line in log.splitlines() if not _ORDINARY.search(line)]
    return error_text(log) or next((line for line in reversed(lines) if line), "")


def error_text(log: str) -> str:
    """What a log says went wrong, on one line; empty if nothing in it speaks of an error."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    for index, line in enumerate(lines):
        if GIVEN_UP in line:
            return _told(lines[index + 1 :]) or line
        if line.startswith("Got a SIG"):  # Mono's own crash report
            return line.partition(".")[0]
        if re.search(r"unhandled exception|fatal error", line, re.IGNORECASE):
            _, _, rest = line.partition("xception: ")
            return rest or _told(lines[index + 1 :]) or line
    errors = [line for line in lines if "[ERROR]" in line or line.lower().startswith("error")]
    return errors[-1] if errors else ""


_ORDINARY = re.compile(r"\[(INFO|DEBUG|NOISY)\]")
_LOGGED = re.compile(r"^\d\d:\d\d:\d\d\.\d+ \[")
TOLD_LINES = 6
"""Lines of one complaint: an error E38 names the exception, its cause, and the place in the file."""


def _told(lines: list[str]) -> str:
    """A complaint on one line: as far as the log goes on, or a picture of the place begins."""
    told: list[str] = []
    for line in lines[:TOLD_LINES]:
        if _LOGGED.match(line) or set(line) <= {"^", "~", " "} or GIVEN_UP in line:
            break
        told.append(line)
    return " ".join(told)


def _escaped(path: Path) -> str:
    """A path as Renode's scripts want it."""
    return str(path).replace(" ", "\\ ")
