"""The firmware on Zephyr, built with the tree that ZEPHYR_BASE names; without one, tests are skipped."""

from __future__ import annotations

import pytest

from emulation.errors import UserError
from emulation.firmware.build import BuildResult
from emulation.zephyr.build import build
from emulation.zephyr.tree import find_tools, find_tree


@pytest.fixture(scope="session")
def zephyr_firmware() -> BuildResult:
    """The default one, up to date."""
    try:
        find_tree()
        find_tools()
    except UserError as lack:
        pytest.skip(lack.message)
    return build()
