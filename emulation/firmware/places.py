"""Folders in which make can work: it splits names at blanks, and the shell obeys other characters."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from emulation.errors import UserError
from emulation.paths import build_folder

_FIT = re.compile(r"[\w./+@-]+")


def fits(place: str | os.PathLike[str]) -> bool:
    """Whether make can work with this path."""
    return _FIT.fullmatch(os.fspath(place)) is not None


def place_for(out: Path) -> Path:
    """Where to build what is to lie in `out`: there, or in a folder of the build whose name make can take.

    The ELF is the same: it does not depend on the folder.
    """
    if fits(out):
        return out
    name = hashlib.sha256(os.fsencode(out)).hexdigest()[:12]
    return build_folder().resolve() / "elsewhere" / name


def check(places: Iterable[str | os.PathLike[str]], what: str) -> None:
    """Refuse to build in a folder that make would misread: objects would land anywhere. Raises UserError."""
    for place in places:
        if os.fspath(place) and not fits(place):
            raise UserError(
                f"make, which builds {what}, cannot work with {os.fspath(place)}",
                "move it to a folder whose name has only letters, digits and . _ + @ -",
            )


def python() -> str:
    """The interpreter for build scripts; they need nothing of a virtual environment, wherever it lies."""
    return sys.executable if fits(sys.executable) else os.path.realpath(sys.executable)
