from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulation.errors import UserError
from emulation.firmware.build import BuildResult, build
from emulation.quark.machine import QuarkMachine


@pytest.fixture(scope="session")
def firmware() -> BuildResult:
    """The project's own firmware; built only if it is not up to date."""
    try:
        return build()
    except UserError as error:
        pytest.skip(f"no firmware: {error}")


@pytest.fixture
def machine(firmware: BuildResult) -> Iterator[QuarkMachine]:
    machine = QuarkMachine(seed=1)
    machine.load(firmware.elf)
    yield machine
    machine.close()
