"""Files that are written as a whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from emulation.errors import UserError


def write_whole(path: Path, content: str | bytes, hint: str) -> None:
    """Write a file (text in UTF-8) so that there is never half of it, whoever reads it meanwhile.

    Raises UserError with `hint`, what to do then. A device or a pipe, as /dev/null or /dev/stdout, is written
    to as it is: root would replace it by a file.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}", hint) from None
