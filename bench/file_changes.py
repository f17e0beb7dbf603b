"""Which files have changed since one last looked.

By looking every now and then: that works on every file system, and takes milliseconds for some hundred files.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

POLL = 0.1
"""Wall seconds between two looks."""
SETTLE = 0.2
"""Wall seconds without a further change after which a change is over: editors and git write several files."""

State = dict[Path, tuple[int, int, int]]


class FileChanges:
    """Looks at the files that `find` names: it is asked anew every time, as files come and go."""

    def __init__(self, find: Callable[[], Iterable[Path]]) -> None:
        self._find = find
        self._state = self._look()

    def take(self) -> set[Path]:
        """The files that are new, changed or gone since this was last asked; returns at once."""
        before, self._state = self._state, self._look()
        return {
            path for path in before.keys() | self._state.keys() if before.get(path) != self._state.get(path)
        }

    def wait(self) -> set[Path]:
        """Wait for a change, and until it is over. Ends with it, or with Ctrl-C."""
        while not (changed := self.take()):
            time.sleep(POLL)
        return changed | self.settle()

    def settle(self) -> set[Path]:
        """Wait until nothing changes any more; returns what has changed meanwhile."""
        changed: set[Path] = set()
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < SETTLE:
            time.sleep(POLL)
            if more := self.take():
                changed |= more
                quiet_since = time.monotonic()
        return changed

    def _look(self) -> State:
        state: State = {}
        for path in self._find():
            try:
                found = path.stat()
            except OSError:
                continue  # it has just gone
            state[path] = found.st_mtime_ns, found.st_size, found.st_ino
        return state
