"""How fast and how large the bench is: measurements of one board, each with the target it is held against.

Nothing here passes or fails: wall time depends on the host, and on what else it does. Each time is
therefore taken twice, as wall time and as CPU time of this process, which is what an otherwise idle core
would need. Python imports are not part of any figure.
"""

from __future__ import annotations

import gc
import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.board import Board, BoardState
from bench.engines import DEFAULT_ENGINE, load_engine
from bench.layers.websocket import WebSocket
from bench.peer import Peer
from emulation.errors import UserError
from emulation.machine import Machine, Stop

READY = re.compile(r"listening.*\n")
MEGA = 1e6


@dataclass
class Figure:
    """One measured quantity: a value a run."""

    name: str
    unit: str
    target: float
    at_least: bool = False
    """The target is a lower bound; otherwise it is an upper one."""
    note: str = ""
    values: list[float] = field(default_factory=list)
    """From wall time."""
    cpu: list[float] = field(default_factory=list)
    """From CPU time; empty for what is not a time."""

    @property
    def median(self) -> float:
        """What the target is held against."""
        return statistics.median(self.values)

    @property
    def cpu_median(self) -> float | None:
        """The same from CPU time."""
        return statistics.median(self.cpu) if self.cpu else None

    def keeps(self, value: float) -> bool:
        """Whether a value keeps the target."""
        return value >= self.target if self.at_least else value <= self.target

    def add(self, spent: Spent) -> None:
        """Add a run that took so long, in ms."""
        self.values.append(1000 * spent.wall)
        self.cpu.append(1000 * spent.cpu)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "name": self.name,
            "unit": self.unit,
            "target": {"at_least" if self.at_least else "at_most": self.target},
            "met": self.keeps(self.median),
            "min": min(self.values),
            "median": self.median,
            "max": max(self.values),
            "cpu_median": self.cpu_median,
            "values": self.values,
            "cpu_values": self.cpu,
            "note": self.note,
        }


@dataclass
class Spent:
    """Seconds that something took: on the wall, and of this process' CPU time."""

    wall: float = 0.0
    cpu: float = 0.0

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Add what the body takes."""
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.cpu += time.process_time() - cpu
            self.wall += time.perf_counter() - wall


def spend(action: Callable[[], object]) -> Spent:
    """What an action takes, with the garbage of others collected before."""
    gc.collect()
    spent = Spent()
    with spent.counting():
        action()
    return spent


def measure(
    firmware: Path | None = None,
    engine: str = DEFAULT_ENGINE,
    runs: int = 5,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Figure]:
    """Measure everything; `tell` hears what is going on. Raises UserError, GuestFault."""
    load_engine(engine)
    tell("memory of one board")
    memory = _memory(engine, firmware)
    tell("boot")
    boot = Figure("boot to listening, with construction", "ms", 500)
    for _ in range(runs):
        gc.collect()
        spent = Spent()
        with spent.counting():
            board = _boot(engine, firmware)
        boot.add(spent)
        board.close()
    figures = [boot]
    with _boot(engine, firmware) as board:
        board.wire.capture = None
        state = board.snapshot()
        for measurement in (_restore, _exchange, _computing, _serving, _idle):
            tell((measurement.__doc__ or "").partition(":")[0].lower())
            figures.append(measurement(board, state, runs))
    return [*figures, memory]


def exchange(board: Board) -> None:
    """Connect, upgrade, echo a text, close: what most tests do."""
    with Peer(board.wire) as peer:
        peer.upgrade("/")
        peer.echo("Hello")


def resident() -> int:
    """Bytes of memory this process holds now. Raises UserError where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        raise UserError("this system does not tell how much memory is used", "measure on Linux") from None
    import resource

    return pages * resource.getpagesize()


def _boot(engine: str, firmware: Path | None) -> Board:
    board = Board.boot(engine, firmware)
    board.uart.wait_for(READY, timeout=10)
    return board


def _memory(engine: str, firmware: Path | None) -> Figure:
    figure = Figure("host memory of one board", "MB", 150, note="beyond the Python imports")
    before = resident()
    with _boot(engine, firmware) as board:
        state = board.snapshot()
        exchange(board)
        board.restore(state)
        figure.values.append((resident() - before) / MEGA)
    return figure


def _restore(board: Board, state: BoardState, runs: int) -> Figure:
    """Restore of a snapshot: after an exchange, so that there is something to restore."""
    figure = Figure("restore of a snapshot", "ms", 1)
    for _ in range(10 * runs):
        exchange(board)
        figure.add(spend(lambda: board.restore(state)))
    return figure


def _exchange(board: Board, state: BoardState, runs: int) -> Figure:
    """Exchange: connect, upgrade, echo, close."""
    figure = Figure("connect, upgrade, echo, close", "ms", 40)
    for _ in range(4 * runs):
        board.restore(state)
        figure.add(spend(lambda: exchange(board)))
    return figure


def _computing(board: Board, state: BoardState, runs: int) -> Figure:
    """Guest speed while computing: it parses pongs, to which there is no answer."""
    note = "inside Machine.run, parsing unsolicited pongs; limited by the translated code and the exact clock"
    pongs = bytes(WebSocket(opcode="pong", mask=1)) * 200

    def load(peer: Peer) -> None:
        peer.send(pongs)
        board.run(0.3)

    return _speed(board, state, runs, Figure("guest speed while computing", "MIPS", 60, True, note), load)


def _serving(board: Board, state: BoardState, runs: int) -> Figure:
    """Guest speed while serving: it echoes messages of 1 KiB."""
    note = "inside Machine.run, echoing 1 KiB messages; limited by register accesses (SPI: several a byte)"
    data = bytes(range(256)) * 4

    def load(peer: Peer) -> None:
        peer.echo(data)

    return _speed(board, state, runs, Figure("guest speed while serving", "MIPS", 60, True, note), load)


def _speed(
    board: Board, state: BoardState, runs: int, figure: Figure, load: Callable[[Peer], None]
) -> Figure:
    """Instructions a second of the time that the engine runs, in millions."""
    for _ in range(runs):
        board.restore(state)
        spent = Spent()
        with Peer(board.wire) as peer:
            peer.upgrade("/")
            load(peer)  # translated code is kept: the first time is not typical
            before = board.instructions
            with _counting_runs(board.machine, spent):
                for _ in range(5):
                    load(peer)
            millions = (board.instructions - before) / MEGA
        figure.values.append(millions / spent.wall)
        figure.cpu.append(millions / spent.cpu)
    return figure


@contextmanager
def _counting_runs(machine: Machine, spent: Spent) -> Iterator[None]:
    """Count what every `run` of this machine takes."""
    run = machine.run

    def counted(until: float, wake: Stop = Stop.DEADLINE) -> Stop:
        with spent.counting():
            return run(until, wake)

    machine.run = counted  # type: ignore[method-assign]  # this one machine, and only while it is measured
    try:
        yield
    finally:
        machine.run = run  # type: ignore[method-assign]


def _idle(board: Board, state: BoardState, runs: int) -> Figure:
    """Idle: 60 virtual seconds in which nothing happens."""
    figure = Figure("60 idle virtual seconds", "ms", 500)
    for _ in range(runs):
        board.restore(state)
        figure.add(spend(lambda: board.run(60)))
    return figure
