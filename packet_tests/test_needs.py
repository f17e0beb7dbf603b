"""With the project's own firmware no test is skipped for what the firmware lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.capabilities import Capabilities
from packet_tests.conftest import EVERYTHING, NEEDS


def test_every_need_is_met(request: pytest.FixtureRequest, offers: Capabilities) -> None:
    if request.config.getoption("firmware") is not None:
        pytest.skip("the run has a firmware of its own")
    needs = {need for names in (*NEEDS.values(), EVERYTHING) for need in names}
    assert offers.lacking([*sorted(needs), "fragments"]) == []


def test_every_file_that_is_named_is_there() -> None:
    files = {path.stem for path in Path(__file__).parent.glob("test_*.py")}
    assert set(NEEDS) <= files
