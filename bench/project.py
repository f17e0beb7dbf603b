"""A project of the user's own: a folder with a server application, suites for it, and a `bench.toml`.

`bench new` makes one. In it (and in the folders below), all commands that boot a board, and pytest, test its
application.
"""

from __future__ import annotations

import os
import reprlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.engines import DEFAULT_ENGINE, ENGINES
from emulation.errors import UserError

if TYPE_CHECKING:
    from emulation.firmware.application import OnBoard

FILE = "bench.toml"
REPORTS = "reports"
"""Where a project's reports go that does not say."""
TRUST = "BENCH_TRUST"
"""The environment variable that names a folder whose project is obeyed, whoever it belongs to."""

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
    servers: Mapping[str, int] = field(default_factory=dict)
    """Ports of the board on which the servers are that the bench's own tests look for, by `SERVERS`."""
    ready: str = "listening"
    """What the application prints when clients may come."""
    engine: str = DEFAULT_ENGINE
    seed: int = 1
    report: Path | None = None
    """Where reports go; None: `REPORTS` beside the file."""

    def reports(self, kind: str = "") -> Path:
        """The folder for reports of a kind: those of the suites themselves, or of `cases`, `matrix`, ..."""
        return (self.report or self.folder / REPORTS) / kind

    @property
    def websocket_port(self) -> int | None:
        """Where the application's WebSocket server is, as far as the file says."""
        return self.servers.get("websocket", self.ports[0] if self.ports else None)

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

    def command_defaults(self) -> dict[str, Any]:
        """What the commands' options are in this project if the command line does not say (click's form)."""
        board = {"engine": self.engine, "seed": self.seed, "ready": self.ready}
        return {
            "run": board | {"report": self.reports()},
            "report": {"folder": self.reports()},
            "serve": board | {"forwards": [f"{port}:{port}" for port in self.ports]},
            "shell": board,
            "cases": {"run": board | {"report": self.reports("cases")}},
            "inject": board,
            "matrix": board | {"report": self.reports("matrix")},
            "compare": {"seed": self.seed, "ready": self.ready},
            "perf": {"engine": self.engine, "ready": self.ready},
        }


def find_project(start: Path | None = None) -> Project | None:
    """The project that a folder (default: the current one) belongs to.

    Raises UserError for a bad one, and for one that belongs to somebody else.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            check_owner(folder / FILE)
            return read_project(folder / FILE)
    return None


def check_owner(path: Path, environment: Mapping[str, str] = os.environ) -> None:
    """Refuse a `bench.toml` that another user has put there: its suites would run as the user who calls.

    The rule is that of git's `safe.directory`: obeyed are files of the user, of root, and for root under
    sudo of who has called that. Raises UserError.
    """
    user = os.geteuid()
    trusted = {user, 0}
    if user == 0 and (caller := environment.get("SUDO_UID", "")).isdigit():
        trusted.add(int(caller))
    folder = path.parent
    for each in (path, folder):
        owner = each.stat().st_uid
        if owner not in trusted and environment.get(TRUST) != str(folder):
            raise UserError(
                f"{each} belongs to another user ({owner}): a project runs its programs as yours",
                f"if you trust them, set the environment variable {TRUST}={folder}",
            )


def read_project(path: Path) -> Project:
    """The project of a `bench.toml`. Raises UserError: not TOML, an unknown key, a wrong value."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}", "make it readable") from None
    except ValueError as error:  # of which TOMLDecodeError and UnicodeDecodeError are two
        raise UserError(f"{path}: {error}", "mend it: it has to be TOML") from None
    except RecursionError:
        raise UserError(f"{path}: it is nested too deeply", f"the keys are: {', '.join(KEYS)}") from None
    for key, value in table.items():
        if key not in KEYS:
            raise UserError(f"{path}: there is no key {key!r}", f"the keys are: {', '.join(KEYS)}")
        fits, kind = KEYS[key]
        if not fits(value):
            raise UserError(f"{path}: {key} is {_shown(value)}", f"it has to be {kind}")
    folder = path.parent
    values = dict(table)
    for key in ("application", "report"):
        if key in table:
            values[key] = folder / table[key]
    values["suites"] = tuple(folder / name for name in table.get("suites", ()))
    values["ports"] = tuple(table.get("ports", Project.ports))
    return Project(folder, **values)


def _shown(value: object) -> str:
    """In one line, however deep or long it is."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = 60
    return short.repr(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value) and "\0" not in value


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_port(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536


def _is_list_of(fits: Callable[[Any], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(fits(item) for item in value)


def _is_engine(value: object) -> bool:
    return isinstance(value, str) and value in ENGINES


def _are_servers(value: object) -> bool:
    return isinstance(value, dict) and set(value) <= {*SERVERS} and all(map(_is_port, value.values()))


SERVERS = ("websocket",)
"""Servers that the bench's own tests look for."""
KEYS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "application": (_is_text, "the path of a Python file"),
    "freeze": (lambda value: isinstance(value, bool), "true or false"),
    "suites": (_is_list_of(_is_text), "a list of suite files and folders"),
    "ports": (_is_list_of(_is_port), "a list of ports"),
    "servers": (_are_servers, "a table with the port of the server that tests talk to: websocket = 8080"),
    "ready": (_is_text, "what the application prints when clients may come"),
    "engine": (
        lambda value: isinstance(value, str) and value in ENGINES,
        f"the name of an engine: {', '.join(ENGINES)}",
    ),
    "seed": (_is_number, "a number"),
    "report": (_is_text, "a folder"),
}
"""Keys, what their values have to be, and that in words."""
