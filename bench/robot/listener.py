"""Keeps Robot tests apart.

Every test starts from the booted board, leaves a capture, and answers for its guest.
"""

from __future__ import annotations

import atexit
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from robot.api import logger
from robot.libraries.BuiltIn import BuiltIn
from robot.result import TestCase
from robot.running import Keyword

from bench.addresses import station_at
from bench.board import Board
from bench.capabilities import Capability
from bench.files import refuse_links
from bench.report.figures import FIGURES, append_figures
from bench.robot import session
from bench.robot.interruption import LEFT_OUT
from bench.robot.record import TestRecord
from bench.robot.stopwatch import Stopwatch
from emulation.errors import EngineLacks, GuestFault, UserError


class BoardListener:
    """Robot's listener interface, version 3.

    Comes with the keyword library (`BoardLibrary`), so that it works the same under `bench run` and under
    plain `robot`; there the variables ENGINE, FIRMWARE and SEED choose the board.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self._problem: Exception | None = None
        self._written: set[Path] = set()
        self._record: TestRecord | None = None
        self._name = ""
        self._dry = False
        self.capture_path: Path | None = None
        """Where the capture of the running test is written."""

    @property
    def board(self) -> Board:
        """The board of the running test. Raises what kept it from starting."""
        if self._problem is not None:
            raise self._problem
        return session.current().board

    @property
    def stopwatch(self) -> Stopwatch:
        """Times what the running test asks of its board."""
        return Stopwatch(self.board) if self._record is None else self._record.stopwatch

    def start_test(self, data: Any, result: Any) -> None:
        """Restore the booted board and begin a capture. A dry run (`--dryrun`) asks nothing of the board."""
        self._problem = None
        self.capture_path = None
        self._record = None
        self._dry = BuiltIn().dry_run_active
        if self._dry:
            return
        try:
            if not session.is_configured():
                session.configure(_settings_from_variables())
                atexit.register(session.close)
            session.come_back()
            if missing := session.current().offers.lacking(needs(data.tags)):
                _skip(data, "; ".join(missing))
                return
            self.capture_path = self._path_for(result)
            self._begin(f"{result.parent.name}: {result.name}")
        except (UserError, GuestFault) as problem:
            self._problem = problem

    def visit(self, app: Path) -> None:
        """Go on with a freshly booted board that runs another application. Raises UserError, GuestFault."""
        session.current().capture.unfollow()
        session.visit(app)
        self._begin(f"{self._name}; application {app.name}")

    def reset(self) -> float:
        """Reset the board; returns the virtual seconds it took to be ready. Raises UserError, GuestFault."""
        if self._record is not None:
            self._record.reset_follows()
        return session.current().reset()

    @property
    def console(self) -> str:
        """What the board has printed since the running test began."""
        return "" if self._record is None else self._record.console

    def _begin(self, name: str) -> None:
        """Restore the board of the moment and begin its capture."""
        self._name = name
        running = session.current()
        board = running.restart()
        self._record = TestRecord(running)
        assert self.capture_path is not None
        running.capture.follow(self.capture_path, f"{name}; {board.origin}")

    def start_keyword(self, data: Any, result: Any) -> None:
        """Note where the test ends and its teardown begins."""
        if self._record is not None and result.type == "TEARDOWN" and isinstance(result.parent, TestCase):
            self._record.teardown_begins()

    def end_keyword(self, data: Any, result: Any) -> None:
        """Note what failed, and when."""
        if self._record is not None:
            with suppress(EngineLacks, GuestFault):  # an engine that has ended says so where the test asks it
                self._record.keyword_ended(result.message if result.failed else "")

    def end_test(self, data: Any, result: Any) -> None:
        """Finish the capture, judge the guest, put figures and ladder of the test into the log."""
        if self._dry:
            return
        if self._problem is not None:
            _fail(result, str(self._problem))
            return
        if result.skipped:  # also because the engine could not do it, and may have ended over it
            session.current().capture.unfollow()
            return
        if result.tags.match(LEFT_OUT):
            session.current().capture.unfollow()
            if self.capture_path is not None:
                self.capture_path.unlink(
                    missing_ok=True
                )  # it says that nothing happened, which is no evidence
            return
        running = session.current()
        board = running.board
        try:
            if running.offers.offers(Capability.PING):
                board.health.check_alive()
            else:
                board.health.check()
        except GuestFault as fault:
            if str(fault) not in result.message:
                _fail(result, f"{fault}\ncapture: {self.capture_path}")
        told = board.wire.reception.told
        if told and told not in result.message:
            _fail(result, f"the board sends what it must not: {told}")
        running.capture.unfollow()
        record = self._record
        if record is None:
            return
        message = result.message if result.failed else ""
        link = "" if self.capture_path is None else self.link_to(self.capture_path)
        logger.info(record.html(result.name, message, link), html=True)
        self._keep_figures(record, result)
        if result.passed and not result.message:
            result.message = ", ".join(f"{value} {name}" for name, value, _ in record.figures())

    def _keep_figures(self, record: TestRecord, result: Any) -> None:
        """Add the test to the file of figures, which begins anew with the first test of a run."""
        path = Path(BuiltIn().get_variable_value("${OUTPUT DIR}")) / FIGURES
        try:
            if path not in self._written:
                self._written.add(path)
                path.unlink(missing_ok=True)
            append_figures(path, record.measured(result.parent.full_name, result.name, result.status))
        except OSError as error:
            logger.warn(f"cannot write {path}: {error.strerror}")

    def link_to(self, path: Path) -> str:
        """A file as the log links to it."""
        folder = Path(BuiltIn().get_variable_value("${OUTPUT DIR}"))
        return Path(os.path.relpath(path, folder)).as_posix()

    def _path_for(self, result: Any) -> Path:
        names = []
        suite = result.parent
        while suite.parent is not None:
            names.append(file_name(suite.name))
            suite = suite.parent
        names = names[::-1] or [file_name(suite.name)]
        report = Path(BuiltIn().get_variable_value("${OUTPUT DIR}"))
        folder = report / "captures"
        path = folder.joinpath(*names, f"{file_name(result.name)}.pcapng")
        number = 2
        while path in self._written:
            path = path.with_name(f"{file_name(result.name)}-{number}.pcapng")
            number += 1
        self._written.add(path)
        above = [str(each.relative_to(report)) for each in path.parents if report in each.parents]
        refuse_links(report, above, "remove the link, or choose another folder for the reports")
        if path.is_symlink():
            path.unlink()  # else the capture would be written into what it leads to
        return path


def file_name(name: str) -> str:
    """A test's or suite's name as a file name: lower case, words joined by underscores."""
    return re.sub(r"[^\w.+-]+", "_", name).strip("_.").lower()[:100] or "unnamed"


def needs(tags: Iterable[str]) -> list[str]:
    """The capabilities (see `bench.capabilities`) that the tags `needs:...` of a test name."""
    return [tag.partition(":")[2] for tag in tags if tag.lower().startswith("needs:")]


def _skip(data: Any, reason: str) -> None:
    """Let nothing of a test run but the keyword that skips it."""
    data.setup = data.teardown = None
    data.body = [Keyword(name="Skip", args=[reason])]


def _fail(result: Any, message: str) -> None:
    result.status = "FAIL"
    result.message = f"{message}\n\nBefore that: {result.message}" if result.message else message


def _settings_from_variables() -> session.Settings:
    value = BuiltIn().get_variable_value
    firmware = value("${FIRMWARE}")
    defaults = session.Settings(firmware=Path(firmware)) if firmware else session.of_project()
    return replace(
        defaults,
        engine=value("${ENGINE}", defaults.engine),
        seed=int(value("${SEED}", defaults.seed)),
        ready=value("${READY}", defaults.ready),
        station=station_at(value("${IP}"), value("${MAC}")),
    )


LISTENER = BoardListener()
"""The one listener of a run; every library instance shares it."""
