"""The network stacks that the project's firmware can stand on, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import emulation.firmware.build
import emulation.zephyr.build
from emulation.errors import UserError
from emulation.firmware.build import BuildResult
from emulation.firmware.sources import Progress, silent

DEFAULT_STACK = "lwip"


@dataclass(frozen=True)
class Stack:
    """How the firmware on a stack is built."""

    builder: Callable[..., BuildResult]
    folder: Path
    """Where to, unless said otherwise."""

    def build(
        self,
        out: Path | None = None,
        *,
        app: Path | None = None,
        ws_server: Path | None = None,
        progress: Progress = silent,
    ) -> BuildResult:
        """Build the firmware, unless it is up to date. Raises UserError."""
        return self.builder(out or self.folder, app=app, ws_server=ws_server, progress=progress)


STACKS = {
    "lwip": Stack(emulation.firmware.build.build, emulation.firmware.build.DEFAULT_OUT),
    "zephyr": Stack(emulation.zephyr.build.build, emulation.zephyr.build.DEFAULT_OUT),
}


def firmware_on(stack: str | None, firmware: Path | None, progress: Progress = silent) -> Path | None:
    """The ELF to test, built if need be, where a stack is named; else the `firmware` that is named, if any.

    Raises UserError where both are named, and what building does.
    """
    if stack is None:
        return firmware
    if firmware is not None:
        raise UserError(
            "--stack and --firmware both name a firmware", "leave one of them away: --stack builds its own"
        )
    return STACKS[stack].build(progress=progress).elf
