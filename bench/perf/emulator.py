"""Figures of the bench itself: how fast the emulated board runs, and what it takes of the host."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.board import Board
from bench.layers.websocket import WebSocket
from bench.peer import Peer
from bench.perf.figure import Figure, Spent, spend
from bench.perf.measurement import Measurement, Subject
from emulation.errors import UserError
from emulation.machine import Machine, Stop

MEGA = 1e6


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


def memory(subject: Subject, figure: Figure) -> None:
    """What a board takes of this process' memory, in MB."""
    before = resident()
    with subject.boot() as board:
        state = board.snapshot()
        exchange(board)
        board.restore(state)
        figure.values.append((resident() - before) / MEGA)


def _boot(subject: Subject, figure: Figure) -> None:
    for _ in range(subject.runs):
        gc.collect()
        spent = Spent()
        with spent.counting():
            board = subject.boot()
        figure.add(spent)
        board.close()


def _restore(subject: Subject, figure: Figure) -> None:
    board = subject.board()
    state = board.snapshot()
    for _ in range(10 * subject.runs):
        exchange(board)
        figure.add(spend(lambda: board.restore(state)))


def _exchange(subject: Subject, figure: Figure) -> None:
    for _ in range(4 * subject.runs):
        board = subject.board()
        figure.add(spend(lambda board=board: exchange(board)))  # type: ignore[misc]


def _computing(subject: Subject, figure: Figure) -> None:
    pongs = bytes(WebSocket(opcode="pong", mask=1)) * 200

    def load(peer: Peer) -> None:
        peer.send(pongs)
        peer.wire.run(0.3)

    _speed(subject, figure, load)


def _serving(subject: Subject, figure: Figure) -> None:
    data = bytes(range(256)) * 4
    _speed(subject, figure, lambda peer: peer.echo(data))


def _speed(subject: Subject, figure: Figure, load: Callable[[Peer], object]) -> None:
    """Instructions a second of the time that the engine runs, in millions."""
    for _ in range(subject.runs):
        board = subject.board()
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


def idle(subject: Subject, figure: Figure) -> None:
    """What 60 virtual seconds without anything to do take, in ms."""
    for _ in range(subject.runs):
        board = subject.board()
        figure.add(spend(lambda board=board: board.run(60)))  # type: ignore[misc]


MEASUREMENTS = (
    # First, while nothing else has taken memory that a board could use again.
    Measurement("host memory of one board", "MB", 150, memory, note="beyond the Python imports"),
    Measurement("boot to listening, with construction", "ms", 500, _boot),
    Measurement("restore of a snapshot", "ms", 1, _restore, note="after an exchange"),
    Measurement("connect, upgrade, echo, close", "ms", 40, _exchange),
    Measurement(
        "guest speed while computing",
        "MIPS",
        60,
        _computing,
        at_least=True,
        note="inside Machine.run, parsing pongs, to which there is no answer; limited by the translated code "
        "and the exact clock",
    ),
    Measurement(
        "guest speed while serving",
        "MIPS",
        60,
        _serving,
        at_least=True,
        note="inside Machine.run, echoing 1 KiB messages; limited by register accesses (SPI: several a byte)",
    ),
    Measurement("60 idle virtual seconds", "ms", 500, idle),
)
