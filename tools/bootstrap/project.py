"""Where things lie in the work tree."""

from __future__ import annotations

from pathlib import Path

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
