"""Which processes a program has started, however far removed, and whether they end."""

from __future__ import annotations

import contextlib
import os
import select
from pathlib import Path

TIMEOUT = 60
"""Wall seconds."""


def started_with(variable: str, value: str | Path) -> list[int]:
    """The processes with this variable in their environment, which all that is started inherits."""
    marker = f"{variable}={value}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):  # it has ended, or belongs to another user
            if marker in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
    return found


def expect_end(processes: list[int]) -> None:
    """Each of them ends in time."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            ended = os.pidfd_open(process)
            try:
                assert select.select([ended], [], [], TIMEOUT)[0], f"process {process} goes on"
            finally:
                os.close(ended)
