"""Where things lie, in a checkout and where the wheel is installed.

In a checkout everything that is built, fetched or reported stays in it: `build/` and `reports/`. An installed
wheel carries what a checkout builds in `emulation/prebuilt/`, keeps what it builds or fetches in the user's
cache folder, and reports below the folder it is called in.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

PROGRAM = "zephyr-ws-bench"
"""Name of the distribution, and of the cache folder."""

ROOT = Path(__file__).resolve().parents[1]
"""The checkout, or the folder that the wheel's packages were installed into."""

IS_CHECKOUT = (ROOT / "pyproject.toml").is_file()

PREBUILT = ROOT / "emulation" / "prebuilt"
"""What a wheel carries ready to run; a checkout does not have it."""

FIRMWARE = "ws_bench.elf"


def user_cache() -> Path:
    """The user's folder for what can be made again (XDG Base Directory Specification; macOS has its own)."""
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base) / PROGRAM
    home = Path.home()
    return (home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache") / PROGRAM


def build_folder() -> Path:
    """Where what is built or fetched goes."""
    return ROOT / "build" if IS_CHECKOUT else user_cache()


def default_firmware() -> Path:
    """The ELF to test unless another is named: what the wheel carries, else what `bench firmware` builds."""
    carried = PREBUILT / FIRMWARE
    return carried if carried.is_file() else build_folder() / "firmware" / FIRMWARE


def reports_folder() -> Path:
    """Where reports go, one folder below it for each kind."""
    return ROOT / "reports" if IS_CHECKOUT else Path("reports")
