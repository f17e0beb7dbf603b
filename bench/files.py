"""Files that are written as a whole or not at all, and what is left of those whose writing was cut short."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from pathlib import Path

from emulation.errors import UserError
from emulation.files import write_whole

__all__ = ["refuse_links", "remove_unfinished", "write_whole"]


def remove_unfinished(path: Path) -> None:
    """Remove what a `write_whole` of this file has left that was killed. Raises OSError."""
    for left in path.parent.glob(f".{glob.escape(path.name)}-*"):
        left.unlink(missing_ok=True)


def refuse_links(folder: Path, names: Iterable[str], hint: str) -> None:
    """Raise UserError, with what to do, if one of these of the folder is a symbolic link.

    What it leads to is somebody else's, and would be replaced or removed.
    """
    for name in names:
        if (folder / name).is_symlink():
            where = (folder / name).readlink()
            raise UserError(f"{folder / name} is a symbolic link to {where}: nothing is written there", hint)
