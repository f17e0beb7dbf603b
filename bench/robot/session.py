"""The board of a Robot run: booted once, restored to the same listening state before every test."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from bench import target
from bench.addresses import BOARD, Station
from bench.board import DEFAULT_SEED, Board, BoardState, find_firmware
from bench.capabilities import Capabilities
from bench.capture import Capture
from bench.engines import DEFAULT_ENGINE
from bench.project import Progress, Project, find_project
from bench.readiness import await_ready, wanted_line
from bench.target import choose, describe, refresh
from emulation.firmware.application import put_on_board
from emulation.paths import build_folder


@dataclass(frozen=True)
class Settings:
    """How a run boots its board."""

    engine: str = DEFAULT_ENGINE
    firmware: Path | None = None
    seed: int = DEFAULT_SEED
    platform: Path | None = None
    ready: str | None = None
    """What the firmware prints when tests can begin; None: see `bench.readiness`."""
    station: Station = BOARD
    """The addresses of the board."""
    spin_limit: float | None = None
    """See `Board.boot`."""
    require: tuple[str, ...] = ()
    """What the firmware has to offer (`bench.capabilities`): what is not there is an error, not a skip."""
    application: str = ""
    """Which application of the user's project the firmware runs, and how it got there; for reports."""


def with_application(
    settings: Settings, project: Project, progress: Callable[[str], None] = lambda text: None
) -> Settings:
    """The settings with a project's application on the board, if it has one. Raises UserError."""
    chosen = choose(project=project, progress=progress)
    return replace(settings, firmware=chosen.firmware, application=chosen.application)


def with_server(settings: Settings, ws_server: Path, progress: Progress = lambda text: None) -> Settings:
    """The settings with a firmware that has this folder's ws_server package, built if need be.

    Raises UserError.
    """
    return replace(settings, firmware=target.with_server(ws_server, progress))


def of_project() -> Settings:
    """What holds where nobody has configured a run: as the project of the current folder says, if any."""
    project = find_project()
    if project is None:
        refresh()
        return Settings()
    own = Settings(engine=project.engine, seed=project.seed, ready=project.ready)
    return with_application(own, project)


class Session:
    """A booted board and the snapshot every test starts from. Raises UserError, GuestFault."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.board = Board.boot(
            settings.engine,
            settings.firmware,
            seed=settings.seed,
            platform=settings.platform,
            station=settings.station,
            spin_limit=settings.spin_limit,
        )
        try:
            self.capture = self.board.wire.capture = Capture()
            self.notes = await_ready(self.board, wanted_line(settings.ready, settings.firmware))
            """What the user should know about the firmware, a line for each."""
            if told := self.board.wire.reception.told:
                self.notes = [*self.notes, f"until it was ready: {told}"]
            self.boot_time = self.board.clock.now
            self.printed = len(self.board.uart.text)
            self.state: BoardState = self.board.snapshot()
            self.offers = Capabilities(self.board)
            self.offers.require(settings.require)
            # What an application of the user's own offers, they know; no need to try it.
            self._described = {} if settings.application else self.offers.describe()
        except BaseException:
            self.board.close()
            raise

    def describe(self) -> dict[str, str]:
        """What makes this run what it is, for reports: the same again gives the same captures."""
        application = {"Program": self.settings.application} if self.settings.application else {}
        return {
            "Engine": f"{self.board.engine} ({self.board.machine.description})",
            "Seed": str(self.board.seed),
            **application,
            **describe(find_firmware(self.settings.firmware)),
            "Ready": f"{self.boot_time:.6f} virtual seconds after reset",
            **self._described,
            **({"Note": "; ".join(self.notes)} if self.notes else {}),
        }

    def restart(self) -> Board:
        """Back to the listening state, with an empty capture."""
        self.board.restore(self.state)
        self.board.wire.reception.begin()
        self.capture.unfollow()
        self.capture = self.board.wire.capture = Capture()
        return self.board

    def reset(self) -> float:
        """Power-on reset in the middle of a test; returns after how many virtual seconds it is ready.

        The capture goes on, and so does its time. Raises UserError, GuestFault.
        """
        self.capture.epoch += self.board.clock.now
        self.board.reset()
        await_ready(self.board, wanted_line(self.settings.ready, self.settings.firmware))
        return self.board.clock.now

    def close(self) -> None:
        """Switch the board off."""
        self.capture.unfollow()
        self.board.close()


_settings: Settings | None = None
_session: Session | None = None
_visited: Session | None = None
"""The board of a test that wanted another application."""
_others: dict[Path, Session] = {}


def configure(settings: Settings) -> Session:
    """Boot the board of this run with these settings."""
    global _settings
    close()
    _settings = settings
    return current()


def is_configured() -> bool:
    """Whether somebody has said how to boot the board of this run."""
    return _settings is not None


def current() -> Session:
    """The session of this run; boots the board when it is first asked for."""
    global _session
    if _visited is not None:
        return _visited
    if _session is None:
        _session = Session(_settings or of_project())
    return _session


def firmware_is_given() -> bool:
    """Whether the user has named a firmware for this run."""
    return _settings is not None and _settings.firmware is not None and not _settings.application


def visit(app: Path) -> Session:
    """Another board until `come_back`: the same, but with `app` frozen in as its main.py.

    It is booted once a run. Raises UserError, GuestFault.
    """
    global _visited
    app = app.resolve()
    if app not in _others:
        settings = _settings or Settings()
        place = hashlib.sha256(str(app).encode()).hexdigest()[:8]
        elf = put_on_board(app, build_folder() / "applications" / f"{app.stem}-{place}").elf
        _others[app] = Session(replace(settings, firmware=elf))
    _visited = _others[app]
    return _visited


def come_back() -> None:
    """The board of this run is `current` again."""
    global _visited
    _visited = None


def close() -> None:
    """End the session, if there is one."""
    global _session
    come_back()
    while _others:
        _others.popitem()[1].close()
    if _session is not None:
        _session.close()
        _session = None
