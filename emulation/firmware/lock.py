"""One process at a time in a folder."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Callable, Iterator
from pathlib import Path

from emulation.errors import UserError


@contextlib.contextmanager
def folder_lock(folder: Path, progress: Callable[[str], None]) -> Iterator[None]:
    """Hold the folder's lock; wait for another process that does. The lock ends with its holder.

    Raises UserError for a folder that cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".lock").open("w")
    except OSError as error:
        raise UserError(
            f"cannot write to {folder}: {error.strerror}", "check the folder's permissions"
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for another build")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
