"""Where things lie in the work tree."""

from __future__ import annotations

import re
from pathlib import Path

from emulation.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
"""The work tree."""

BUILD = ROOT / "build"
"""Everything that is built or installed; `make distclean` removes it."""

LOGS = BUILD / "logs"
"""The full output of each set-up step and each check, one file each."""

VENV = BUILD / "venv"
VENV_PYTHON = VENV / "bin" / "python"

REPORTS = ROOT / "reports"
LOCK = ROOT / "requirements.lock"
PYPROJECT = ROOT / "pyproject.toml"


def check_place(root: Path = ROOT) -> None:
    """Raise UserError for a place where MicroPython's makefiles cannot work: they split paths at blanks."""
    found = re.search(r"[^\w./+@~,=-]", str(root))
    if found:
        raise UserError(
            f"the work tree's path has a {found[0]!r} in it, which makefiles cannot cope with: {root}",
            "clone the project to a path of letters, digits, dots, dashes and underscores",
        )
