"""Files that are written as a whole or not at all, and what is left of those whose writing was cut short."""

from __future__ import annotations

import glob
from pathlib import Path

from emulation.files import write_whole

__all__ = ["remove_unfinished", "write_whole"]


def remove_unfinished(path: Path) -> None:
    """Remove what a `write_whole` of this file has left that was killed. Raises OSError."""
    for left in path.parent.glob(f".{glob.escape(path.name)}-*"):
        left.unlink(missing_ok=True)
