from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from emulation.errors import UserError
from emulation.firmware.build import BuildResult, build
from emulation.quark.machine import QuarkMachine

pytest.register_assert_rewrite("emulation.firmware.tests.wire")


@pytest.fixture(scope="session")
def firmware() -> BuildResult:
    """The project's own firmware; built only if it is not up to date."""
    try:
        return build()
    except UserError as error:
        pytest.skip(f"no firmware: {error}")


@pytest.fixture
def elf(request: pytest.FixtureRequest) -> Path:
    """The firmware that is tested: the project's own, unless `--firmware` names another."""
    other = request.config.getoption("firmware", None)
    if other is not None:
        return Path(other)
    built: BuildResult = request.getfixturevalue("firmware")
    return built.elf


@pytest.fixture
def machine(elf: Path) -> Iterator[QuarkMachine]:
    machine = QuarkMachine(seed=1)
    machine.load(elf)
    yield machine
    machine.close()
