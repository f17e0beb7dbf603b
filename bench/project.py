"""A project of the user's own: a folder with a server application, suites for it, and a `bench.toml`.

`bench new` makes one. In it (and in the folders below), `bench run` and pytest test its application.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.engines import DEFAULT_ENGINE
from emulation.errors import UserError

if TYPE_CHECKING:
    from emulation.firmware.application import OnBoard

FILE = "bench.toml"

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Project:
    """What a `bench.toml` says. Paths are absolute."""

    folder: Path
    application: Path | None = None
    """The Python file that the board runs as its main.py."""
    freeze: bool | None = None
    """Whether it is frozen into the firmware or placed beside it; None: frozen where that can be done."""
    suites: tuple[Path, ...] = ()
    ports: tuple[int, ...] = (8080,)
    """Ports of the board that `bench serve` makes reachable."""
    ready: str = "listening"
    """What the application prints when clients may come."""
    engine: str = DEFAULT_ENGINE
    seed: int = 1
    report: Path | None = None

    def put_on_board(self, progress: Progress = lambda text: None) -> OnBoard | None:
        """The firmware with the application, made if need be; None for a project without one.

        Raises UserError: a mistake in the application, or no way to put it onto the board.
        """
        from emulation.firmware.application import can_freeze, put_on_board

        if self.application is None:
            return None
        folder = self.folder / "build" / "firmware"
        try:
            return put_on_board(self.application, folder, freeze=self.freeze, progress=progress)
        except UserError as error:
            if not self.freeze or can_freeze():
                raise
            way = f"or take `freeze = true` out of {FILE}: then it is laid beside the firmware"
            raise UserError(error.message, f"{error.hint}; {way}") from None

    def firmware(self) -> Path | None:
        """The ELF of `put_on_board`."""
        put = self.put_on_board()
        return put.elf if put else None

    def command_defaults(self) -> dict[str, dict[str, Any]]:
        """What the commands' options are in this project if the command line does not say (click's form)."""
        common = {"engine": self.engine, "seed": self.seed, "ready": self.ready}
        alive = common | {"firmware": self.firmware}
        return {
            "run": common | ({"report": self.report} if self.report else {}),
            "serve": alive | {"forwards": [f"{port}:{port}" for port in self.ports]},
            "shell": alive,
        }


def find_project(start: Path | None = None) -> Project | None:
    """The project that a folder (default: the current one) belongs to. Raises UserError for a bad one."""
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return read_project(folder / FILE)
    return None


def read_project(path: Path) -> Project:
    """The project of a `bench.toml`. Raises UserError: not TOML, an unknown key, a wrong value."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}", "make it readable") from None
    except (ValueError, RecursionError) as error:  # of which TOMLDecodeError and UnicodeDecodeError are two
        raise UserError(f"{path}: {error}", "mend it: it has to be TOML") from None
    for key, value in table.items():
        if key not in _KINDS:
            raise UserError(f"{path}: there is no key {key!r}", f"the keys are: {', '.join(_KINDS)}")
        fits, kind = _KINDS[key]
        if not fits(value):
            raise UserError(f"{path}: {key} is {value!r}", f"it has to be {kind}")
    folder = path.parent
    values = dict(table)
    for key in ("application", "report"):
        if key in table:
            values[key] = folder / table[key]
    values["suites"] = tuple(folder / name for name in table.get("suites", ()))
    values["ports"] = tuple(table.get("ports", Project.ports))
    return Project(folder, **values)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_list_of(fits: Callable[[Any], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(fits(item) for item in value)


_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "application": (_is_text, "the path of a Python file"),
    "freeze": (lambda value: isinstance(value, bool), "true or false"),
    "suites": (_is_list_of(_is_text), "a list of suite files and folders"),
    "ports": (_is_list_of(lambda port: _is_number(port) and 0 < port < 65536), "a list of ports"),
    "ready": (_is_text, "what the application prints when clients may come"),
    "engine": (_is_text, "the name of an engine"),
    "seed": (_is_number, "a number"),
    "report": (_is_text, "a folder"),
}
"""Keys, what their values have to be, and that in words."""
