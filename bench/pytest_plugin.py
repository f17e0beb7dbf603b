"""pytest on the bench: the fixtures `board` and `wire`.

pytest finds the plugin by itself where the package is installed (entry point `pytest11`). It imports nothing
of the bench and prints nothing until a test asks for a fixture; `-p no:bench.pytest_plugin` turns it off.

One board is booted a run (with xdist: a worker). Every test starts from the same listening board, restored
from a snapshot; when the test is over the guest has to be healthy, and it may have sent nothing that a real
peer would drop (`bench.reception`; the marker `lenient` allows it). The capture of a failed test is written
to `--board-report` (default: reports/pytest).
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from bench.board import Board, BoardState
    from bench.capabilities import Capabilities
    from bench.project import Project
    from bench.wire import Wire


# Those of `bench.engines` and `bench.board`, which would bring the emulator into every pytest run.
ENGINE = "quark"
SEED = 1
CAPTURES = "reports/pytest"
LONGEST = 200
"""Bytes of a file's name, which file systems limit to 255, without digest and ending."""

_outcome: pytest.StashKey[bool] = pytest.StashKey()
_tested: pytest.StashKey[str] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the bench."""
    group = parser.getgroup("bench")
    group.addoption("--engine", default=ENGINE, help=f"engine that runs the board (default: {ENGINE})")
    group.addoption("--firmware", help="ELF for the board (default: the bench's own)")
    # Many a conftest.py has a --seed of its own.
    group.addoption("--board-seed", type=int, default=SEED, help="where all randomness comes from")
    group.addoption("--board-ready", help="what the firmware prints when tests can begin")
    group.addoption("--board-ip", help="IPv4 address of the board (default: 192.0.2.1/24)")
    group.addoption("--board-mac", help="MAC address of the board (default: what it answers to ARP)")
    spinning = (
        "virtual seconds of computing without a halt, a frame or output that count as hung (default: 5)"
    )
    group.addoption("--board-spin-limit", type=float, help=spinning)
    needed = "what the firmware has to offer, as ping or tcp:4242: without it tests fail, not skip"
    group.addoption("--board-require", action="append", default=[], help=needed)
    where = f"folder for captures of failed tests (default: {CAPTURES}, in a project below its report folder)"
    group.addoption("--board-report", help=where)
    group.addoption("--board-platform", help="another platform file (.repl)")
    built = "build the bench's own firmware on this stack"
    group.addoption("--board-stack", choices=("lwip", "zephyr"), help=built)


def pytest_configure(config: pytest.Config) -> None:
    """The markers of the bench."""
    config.addinivalue_line(
        "markers", "lenient: let the bench take frames of the board that a real peer would drop"
    )
    config.addinivalue_line(
        "markers",
        "needs(need, ...): skip the test where the engine (see emulation.machine.Need) or the firmware (see "
        "bench.capabilities.Capability, also tcp:PORT) lacks this",
    )


def _how(config: pytest.Config) -> str:
    name, seed = _engine_and_seed(config, _project(config))
    if name != ENGINE:  # that one has the bench's version
        from bench.engines import full_name

        name = full_name(name)
    return f"bench: engine {name}, seed {seed}"


def _is_asked_for(config: pytest.Config) -> bool:
    return (config.getoption("engine"), config.getoption("board_seed"), config.getoption("firmware")) != (
        ENGINE,
        SEED,
        None,
    )


def pytest_report_header(config: pytest.Config) -> str | None:
    """The seed, so that a failure can be had again; if an option says that this is a run of the bench."""
    return _how(config) if _is_asked_for(config) else None


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> str | None:
    """The same, where only the tests show that."""
    uses = any("booted" in getattr(item, "fixturenames", ()) for item in items)
    return _how(config) if uses and not _is_asked_for(config) else None


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    """The firmware that was tested, if a board was booted (with xdist its workers know)."""
    if tested := config.stash.get(_tested, ""):
        terminalreporter.write_line(f"bench: {tested}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note whether the test itself failed; skip where the engine cannot do what the test needs."""
    told = _told(item)
    error = call.excinfo.value if call.excinfo is not None and call.when == "call" else None
    unsaid = error is not None and bool(told) and told not in str(error)
    if error is not None and unsaid:
        error.add_note(f"in this test: {told}")
    report = yield
    crash = getattr(report.longrepr, "reprcrash", None)
    if unsaid and report.failed and crash is not None:
        crash.message = f"{told}\n{crash.message}"  # what the summary shows of it is its first line
    errors = sys.modules.get("emulation.errors")  # an exception of a module not imported is not raised
    if errors is not None and call.excinfo is not None and call.excinfo.errisinstance(errors.EngineLacks):
        report.outcome = "skipped"
        report.longrepr = (str(item.path), item.location[1] or 0, f"Skipped: {call.excinfo.value}")
    if report.when == "call":
        item.stash[_outcome] = report.failed
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """A test in which the board sends what a real peer would drop has not passed."""
    yield
    reception = _reception(item)
    if reception is not None:
        reception.check()


def _told(item: pytest.Item) -> str:
    """What a real peer would have dropped in this test, if it has a board; empty for nothing."""
    reception = _reception(item)
    return "" if reception is None else str(reception.told)


def _reception(item: pytest.Item) -> Any:
    """What judges the frames of the test's board, if it has that of this run."""
    used = getattr(item, "funcargs", {})
    return used["booted"][0].wire.reception if "booted" in used and "board" in used else None


def _project(config: pytest.Config) -> Project | None:
    """The project (`bench new`) in which pytest was called; the board then runs its application."""
    from bench.project import find_project
    from emulation.errors import UserError

    try:
        return find_project(config.invocation_params.dir) or find_project(config.rootpath)
    except UserError as error:
        raise pytest.UsageError(str(error)) from None


def _engine_and_seed(config: pytest.Config, project: Project | None) -> tuple[str, int]:
    """As the options say, or else the project."""
    engine, seed = config.getoption("engine"), config.getoption("board_seed")
    if project is None:
        return engine, seed
    return (project.engine if engine == ENGINE else engine), (project.seed if seed == SEED else seed)


def captures_folder(config: pytest.Config) -> Path:
    """Where captures of failed tests go."""
    if named := config.getoption("board_report"):
        return Path(named)
    project = _project(config)
    return Path(CAPTURES) if project is None else project.reports("pytest")


@pytest.fixture(scope="session")
def booted(request: pytest.FixtureRequest) -> Iterator[tuple[Board, BoardState]]:
    """A board that listens, and its snapshot."""
    from bench.addresses import station_at
    from bench.board import Board, find_firmware
    from bench.capabilities import Capabilities
    from bench.readiness import await_ready, wanted_line
    from bench.target import choose, describe
    from emulation.errors import UserError

    option = request.config.getoption
    firmware, ready = option("firmware"), None
    project = _project(request.config)
    engine, seed = _engine_and_seed(request.config, project)
    try:
        firmware = choose(firmware and Path(firmware), stack=option("board_stack"), project=project).firmware
        if project is not None and option("firmware") is None:
            ready = project.ready
        platform = option("board_platform")
        station = station_at(option("board_ip"), option("board_mac"))
        patience = option("board_spin_limit")
        board = Board.boot(
            engine, firmware, seed=seed, platform=platform, station=station, spin_limit=patience
        )
    except UserError as error:
        pytest.fail(str(error), pytrace=False)
    with board:
        try:
            await_ready(board, wanted_line(option("board_ready") or ready, firmware))
            Capabilities(board).require(option("board_require"))
        except UserError as error:
            pytest.fail(str(error), pytrace=False)
        request.config.stash[_tested] = "; ".join(describe(find_firmware(firmware)).values())
        yield board, board.snapshot()


@pytest.fixture
def offers(booted: tuple[Board, BoardState]) -> Capabilities:
    """What the firmware offers."""
    from bench.pytest_needs import capabilities_of

    return capabilities_of(*booted)


@pytest.fixture
def board(
    request: pytest.FixtureRequest, booted: tuple[Board, BoardState], offers: Capabilities
) -> Iterator[Board]:
    """A listening board in the state it had after boot. Its capture goes into the report of a failure."""
    from bench.capture import Capture
    from bench.pytest_needs import skip_unless_offered
    from emulation.errors import UserError

    board, state = booted
    needs = [need for marker in request.node.iter_markers("needs") for need in marker.args]
    skip_unless_offered(board, offers, needs)
    board.restore(state)
    reception = board.wire.reception
    reception.begin()
    reception.strict = request.node.get_closest_marker("lenient") is None
    capture = board.wire.capture = Capture()
    yield board
    fault, failed = board.health.fault, request.node.stash.get(_outcome, False)
    late = "" if failed else reception.told  # after the test itself, which has been judged
    if fault is not None or failed or late:
        # A test may have gone to another folder; and that its capture cannot be written is no reason to lose
        # the rest of the evidence.
        folder = request.config.invocation_params.dir / captures_folder(request.config)
        told = f"{request.node.nodeid}; {board.origin}"
        try:
            path: object = capture.write(folder / _file_name(request.node.nodeid), told)
        except UserError as error:
            path = error
        request.node.add_report_section(
            "teardown", "bench", f"seed {board.seed}\ncapture: {path}\nUART:\n{board.uart.tail}"
        )
    if fault is not None:
        pytest.fail(str(fault), pytrace=False)
    if late:
        pytest.fail(f"the board sends what it must not: {late}", pytrace=False)


def _file_name(test: str) -> str:
    """A name for the capture of a test; that of a long one, which no file system takes, ends in a digest."""
    name = re.sub(r"[^\w.\[\]-]+", "_", test)
    if len(name.encode()) > LONGEST:
        digest = hashlib.sha256(test.encode(errors="replace")).hexdigest()[:8]
        name = f"{name.encode()[:LONGEST].decode(errors='ignore')}-{digest}"
    return f"{name}.pcapng"


@pytest.fixture
def wire(board: Board) -> Wire:
    """The wire the board is plugged into."""
    return board.wire
