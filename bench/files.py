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
    """Raise UserError, with what to do, if one of these of the folder is a symbolic link or a special file.

    What a link leads to is somebody else's, and would be replaced or removed; a pipe waits for ever.
    """
    for name in names:
        path = folder / name
        if path.is_symlink():
            raise UserError(f"{path} is a symbolic link to {path.readlink()}: nothing is written there", hint)
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise UserError(f"{path} is neither a file nor a folder: nothing is written there", hint)
