"""Files that are written as a whole or not at all."""

from __future__ import annotations

import glob
import os
import tempfile
from pathlib import Path

from emulation.errors import UserError


def write_whole(path: Path, text: str, hint: str) -> None:
    """Write a file so that there is never half of it. Raises UserError with `hint`, what to do then.

    A device or a pipe, as /dev/null or /dev/stdout, is written to as it is: root would replace it by a file.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}", hint) from None


def remove_unfinished(path: Path) -> None:
    """Remove what a `write_whole` of this file has left that was killed. Raises OSError."""
    for left in path.parent.glob(f".{glob.escape(path.name)}-*"):
        left.unlink(missing_ok=True)
