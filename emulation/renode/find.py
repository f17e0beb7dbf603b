"""Where Renode is, and which one it is."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from emulation.errors import UserError
from emulation.platform.renode import descriptions_for

VERSION_TIMEOUT = 30.0
"""Wall seconds that Renode gets to say its version: a cold start on a slow disk takes some."""

HINT = (
    "name one with RENODE (its executable, or the folder of a portable one), put `renode` on the PATH, "
    "or see `bench renode`"
)


@dataclass(frozen=True)
class Renode:
    """A Renode that can run the board."""

    command: tuple[str, ...]
    """How it is started; its arguments follow."""
    version: str
    """As it says: `1.12.0.15523 (fc1a38e1-202011231015)`."""
    platforms: tuple[Path, ...]
    """Descriptions of the board that may suit it, the likeliest first."""

    @property
    def number(self) -> tuple[int, ...]:
        """Major, minor, patch."""
        return version_number(self.version)

    @property
    def name(self) -> str:
        """For reports."""
        return f"Renode {self.version}"


def version_number(text: str) -> tuple[int, ...]:
    """Major, minor and patch out of what Renode says about itself; () if there are none."""
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", text)
    return tuple(int(part) for part in found.groups()) if found else ()


def full_version(said: str) -> str:
    """The version, and the build's commit and time, as nightly builds have the last release's number.

    Since 1.13 the build has a line of its own: `build: 20ad06d9-202508030050`.
    """
    line = next(line for line in said.splitlines() if version_number(line))
    version = re.sub(r"^.*?(?=\d+\.\d+\.\d+)", "", line).strip()
    build = re.search(r"^\s*build:\s*(\S+)", said, re.MULTILINE | re.IGNORECASE)
    return f"{version} ({build[1]})" if build and build[1] not in version else version


def find_renode() -> Renode:
    """The Renode of this machine.

    It is looked for in the variable RENODE (a command, or the folder of a portable Renode), on the PATH, and
    among what `renode-run` has downloaded. Raises UserError if there is none, or one that is no use.
    """
    command = _command()
    said = _ask(*command, "--version")
    if not version_number(said):
        shown = said.strip().splitlines()[:1] or ["nothing"]
        raise UserError(f"`{shlex.join(command)} --version` names no version but says: {shown[0]}", HINT)
    version = full_version(said)
    return Renode(command, version, tuple(descriptions_for(version)))


def _command() -> tuple[str, ...]:
    named = os.environ.get("RENODE", "")
    if named:
        if Path(named).is_dir():
            return (_portable(Path(named), "RENODE"),)
        if whole := shutil.which(named):
            return (whole,)
        try:
            words = shlex.split(named)
        except ValueError as error:  # a quote that does not end
            raise UserError(f"RENODE is no command: {str(error).lower()} in {named}", HINT) from None
        found = shutil.which(words[0]) if words else None
        if found is None:
            raise UserError(f"RENODE names {named}, which is no program", HINT)
        return (found, *words[1:])
    if found := shutil.which("renode"):
        return (found,)
    if runner := shutil.which("renode-run"):
        # Prints where the Renode is that it would run, without downloading one.
        place = _ask(runner, "default").strip().splitlines()[-1:]
        if place and Path(place[0]).is_dir():
            return (_portable(Path(place[0]), "renode-run"),)
        if place and shutil.which(place[0]):
            return (place[0],)
        raise UserError("renode-run has no Renode yet", "run `renode-run download`")
    raise UserError("there is no Renode on this machine", HINT)


def _portable(folder: Path, who: str) -> str:
    program = shutil.which("renode", path=str(folder))
    if program is None:
        raise UserError(f"{who} names {folder}, where no `renode` can be run", HINT)
    return program


def _ask(*command: str) -> str:
    """What a program prints. Raises UserError if it cannot be run, or does not end."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a wrapper's children end with it
        )
    except OSError as error:
        raise UserError(f"`{shlex.join(command)}` cannot be run: {error.strerror}", HINT) from None
    with process:
        try:
            said, _ = process.communicate(timeout=VERSION_TIMEOUT)
        except BaseException as problem:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if not isinstance(problem, subprocess.TimeoutExpired):
                raise
            raise UserError(
                f"`{shlex.join(command)}` did not end within {VERSION_TIMEOUT:g} s", HINT
            ) from None
    return said.decode(errors="replace")
