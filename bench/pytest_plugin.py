"""pytest on the bench: the fixtures `board` and `wire`.

Load it with `pytest_plugins = ["bench.pytest_plugin"]` in the top conftest.py, or with `-p
bench.pytest_plugin`. One board is booted a run (with xdist: a worker). Every test starts from the same
listening board, restored from a snapshot; when the test is over the guest has to be healthy. The capture of
a failed test is written to `--captures` (default: reports/pytest).
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from bench.board import DEFAULT_SEED, Board, BoardState
from bench.capture import Capture
from bench.engines import DEFAULT_ENGINE
from bench.wire import Wire
from emulation.errors import EngineLacks, GuestFault, UserError
from emulation.machine import Need

LISTENING = re.compile(r"listening.*\n")
BOOT_TIMEOUT = 5.0

_outcome: pytest.StashKey[bool] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the bench."""
    group = parser.getgroup("bench")
    group.addoption("--engine", default=DEFAULT_ENGINE, help=f"engine that runs the board ({DEFAULT_ENGINE})")
    group.addoption("--firmware", help="ELF for the board (default: what `bench firmware` has built)")
    group.addoption("--seed", type=int, default=DEFAULT_SEED, help="where all randomness comes from")
    group.addoption("--captures", default="reports/pytest", help="folder for captures of failed tests")


def pytest_configure(config: pytest.Config) -> None:
    """The marker of the bench."""
    config.addinivalue_line(
        "markers", "needs(need, ...): skip the test on an engine that lacks this (see emulation.machine.Need)"
    )


def pytest_report_header(config: pytest.Config) -> str:
    """The seed, so that a failure can be had again."""
    return f"bench: engine {config.getoption('engine')}, seed {config.getoption('seed')}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note whether the test itself failed; skip where the engine cannot do what the test needs."""
    report = yield
    if call.excinfo is not None and call.excinfo.errisinstance(EngineLacks):
        report.outcome = "skipped"
        report.longrepr = (str(item.path), item.location[1] or 0, f"Skipped: {call.excinfo.value}")
    if report.when == "call":
        item.stash[_outcome] = report.failed
    return report


@pytest.fixture(scope="session")
def booted(request: pytest.FixtureRequest) -> Iterator[tuple[Board, BoardState]]:
    """A board that listens, and its snapshot."""
    option = request.config.getoption
    try:
        board = Board.boot(option("engine"), option("firmware"), seed=option("seed"))
    except UserError as error:
        pytest.fail(str(error), pytrace=False)
    with board:
        board.uart.wait_for(LISTENING, timeout=BOOT_TIMEOUT)
        yield board, board.snapshot()


@pytest.fixture
def board(request: pytest.FixtureRequest, booted: tuple[Board, BoardState]) -> Iterator[Board]:
    """A listening board in the state it had after boot. Its capture goes into the report of a failure."""
    board, state = booted
    for marker in request.node.iter_markers("needs"):
        for need in marker.args:
            if reason := board.machine.lacks.get(Need(need)):
                pytest.skip(f"engine {board.engine}: {reason}")
    board.restore(state)
    capture = board.wire.capture = Capture()
    yield board
    fault: GuestFault | None = board.health.fault
    if fault is not None or request.node.stash.get(_outcome, False):
        name = re.sub(r"[^\w.\[\]-]+", "_", request.node.nodeid)
        path = capture.write(
            Path(request.config.getoption("captures")) / f"{name}.pcapng", request.node.nodeid
        )
        request.node.add_report_section("teardown", "bench", f"capture: {path}\nUART:\n{board.uart.tail}")
    if fault is not None:
        pytest.fail(str(fault), pytrace=False)


@pytest.fixture
def wire(board: Board) -> Wire:
    """The wire the board is plugged into."""
    return board.wire
