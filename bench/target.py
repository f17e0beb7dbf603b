"""What is tested: which firmware, with which application, on which network stack, and how that is told.

A command line may name a firmware, a network stack or a server package; the project it is called in may have
an application; else it is the bench's own firmware, which is built anew if its sources have changed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from bench import board
from bench.project import Progress, Project
from bench.stacks import firmware_on
from emulation.elf import Firmware
from emulation.errors import UserError
from emulation.firmware import application
from emulation.firmware.build import (
    DEFAULT_OUT,
    DEFAULT_WS_SERVER,
    ELF_NAME,
    build,
    inputs,
    up_to_date,
    was_built,
)
from emulation.firmware.no_floats import divisions
from emulation.paths import IS_CHECKOUT, build_folder

STACK_SYMBOLS = {"lwip": "etharp_input", "zephyr": "net_recv_data"}
"""A symbol of each network stack that is known, by which it is recognised."""
SHOWN = 16
"""Hexadecimal digits of a SHA-256 that people are shown; files have all."""


def silent(_text: str) -> None:
    """A progress that nobody sees."""


@dataclass(frozen=True)
class Target:
    """A firmware to test."""

    firmware: Path | None = None
    """None: the bench's own."""
    application: str = ""
    """Which application of the user's project it runs, and how that got there; for reports."""
    note: str = ""
    """What the user should know about it, one line."""

    @property
    def elf(self) -> Path:
        """The file. Raises UserError if it is not there."""
        return board.find_firmware(self.firmware)

    def about(self) -> dict[str, str]:
        """Program, Firmware and Stack, for people. Raises UserError for a file that is no usable ELF."""
        program = {"Program": self.application} if self.application else {}
        return program | describe(self.elf)

    def as_dict(self) -> dict[str, str | None]:
        """The same, for result files: `program`, `firmware`, `sha256`, `stack`. Raises UserError."""
        image = Firmware(self.elf)
        return {
            "program": self.application or None,
            "firmware": str(self.elf.resolve()),
            "sha256": image.sha256,
            "stack": stack_of(image),
        }


def describe(elf: Path) -> dict[str, str]:
    """Firmware and Stack of an ELF, for people. Raises UserError for one that cannot be used."""
    image = Firmware(elf)
    stack = stack_of(image)
    told = {"Firmware": f"{elf.name}, SHA-256 {image.sha256[:SHOWN]}"}
    return told | ({"Stack": stack} if stack else {})


def stack_of(image: Firmware) -> str | None:
    """The name of the network stack that a firmware is built on (as `--stack` has it), if it is known."""
    return next((name for name, symbol in STACK_SYMBOLS.items() if symbol in image.symbols), None)


def choose(
    firmware: Path | None = None,
    *,
    stack: str | None = None,
    ws_server: Path | None = None,
    project: Project | None = None,
    progress: Progress = silent,
) -> Target:
    """What to test, built or put together if need be.

    Raises UserError: more than one is named, a mistake in an application, and what building does.
    """
    named = [
        option
        for option, value in (("--firmware", firmware), ("--stack", stack), ("--ws-server", ws_server))
        if value is not None
    ]
    if len(named) > 1:
        raise UserError(f"{' and '.join(named)} each name a firmware", "give one of them")
    if stack is not None:
        return Target(firmware_on(stack, None, progress))
    if ws_server is not None:
        return Target(with_server(ws_server, progress))
    if firmware is not None:
        return Target(board.find_firmware(firmware))
    if project is not None and project.application is not None:
        put = project.put_on_board(progress)
        assert put is not None
        way = "frozen into the firmware" if put.frozen else "beside the firmware, compiled on the board"
        return Target(put.elf, f"{project.application.name}, {way}", warning(project.application))
    return Target(note=refresh(progress))


def warning(app: Path) -> str:
    """What may go wrong with an application on the board, one line; empty if nothing is seen."""
    lines = divisions(app.read_text(encoding="utf-8"))
    if not lines:
        return ""
    where = f"line {lines[0]}" if len(lines) == 1 else f"lines {', '.join(map(str, lines))}"
    return f"{app.name}, {where}: `/` of numbers gives a float, which the board has not: use // there"


def with_server(ws_server: Path, progress: Progress = silent) -> Path | None:
    """The firmware with this folder's ws_server package, built if need be; None: it is the bench's own.

    Raises UserError.
    """
    server = ws_server.resolve()
    if server == DEFAULT_WS_SERVER:
        build(progress=progress)
        return None
    place = build_folder() / "servers" / hashlib.sha256(str(server).encode()).hexdigest()[:8]
    return build(place, ws_server=server, progress=progress).elf


def refresh(progress: Progress = silent) -> str:
    """Build the bench's own firmware anew if its sources have changed since; returns what is to be said.

    Where nothing has changed that takes a quarter of a second. Where it cannot be built it stays as it is,
    and the line that is returned says so. A firmware that was never built is left missing: who wants it says
    what to do. Raises UserError for sources that do not compile.
    """
    own = DEFAULT_OUT / ELF_NAME
    there = own.is_file()
    if not IS_CHECKOUT or own != board.DEFAULT_FIRMWARE or not (there or was_built()):
        return ""
    if application.can_freeze():
        if up_to_date():
            return ""
        build(progress=progress)
        return "the firmware's sources had changed: it has been built anew"
    built = own.stat().st_mtime if there else float("inf")
    if any(path.stat().st_mtime > built for path in inputs()):
        return "the firmware is older than its sources, and what builds it is missing (see `bench doctor`)"
    return ""
