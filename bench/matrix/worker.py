"""What a process of a run does first of all. Imports next to nothing: until this is read, nobody ends it."""

from __future__ import annotations

import signal
from typing import Any

from emulation.leash import end_with_parent


def begin(parent: int, setup: dict[str, Any]) -> None:
    """End with the process `parent`, which has asked; Ctrl-C is for it alone. Then boot a board.

    All that takes long to import comes after that.
    """
    end_with_parent(signal.SIGKILL, parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    from bench.matrix.workers import Setup, boot

    boot(Setup(**setup))
