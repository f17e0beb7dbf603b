"""Which of the board's files is for which version of Renode."""

from __future__ import annotations

import re
from pathlib import Path

from emulation.errors import UserError
from emulation.platform.parser import ARDUINO_101

_FIRST = (1, 12, 0)
"""The oldest version on which the files were tried."""

_NEW_APIC = (1, 16, 1)
"""The I/O APIC sends messages from here on."""


def descriptions_for(version: str) -> list[Path]:
    """The descriptions of the board that may suit a Renode, the likeliest first.

    `version` is what `renode --version` prints. Builds after 1.16.1 keep calling themselves so, hence two
    files for it: they differ in the type of the GPIO port, so that only one of them loads. Raises UserError.
    """
    match = re.search(r"(\d+)\.(\d+)\.(\d+)", version)
    if match is None:
        raise UserError(f"`{version.strip()}` is no version of Renode", "expected something like 1.16.1")
    number = tuple(int(part) for part in match.groups())
    if number < _FIRST:
        raise UserError(f"Renode {match[0]} is too old for the board", "use 1.12.0 or newer")
    if number < _NEW_APIC:
        return [ARDUINO_101.with_stem("arduino_101-1.12")]
    candidates = [ARDUINO_101.with_stem("arduino_101-1.16.1"), ARDUINO_101]
    return candidates if number == _NEW_APIC else candidates[::-1]
