"""CPU time of this process and of what it has started, such as Renode."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path


def process_clock(pid: int) -> int:
    """The clock of the CPU time of a process: clock_getcpuclockid(3) of Linux."""
    return ~pid << 3 | 2


def descendants(pid: int) -> Iterator[int]:
    """What a process has started, and what that has started, as far as it still runs."""
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # ended meanwhile
            for child in map(int, children.read_text().split()):
                yield child
                yield from descendants(child)


def of_others() -> float:
    """CPU seconds of all that this process has started: what runs, and what has ended and been waited for."""
    ended = os.times()
    seconds = ended.children_user + ended.children_system
    for pid in descendants(os.getpid()):
        with contextlib.suppress(OSError):
            seconds += time.clock_gettime(process_clock(pid))
    return seconds
