"""Figures of the server on the board: what it takes to serve, in instructions.

The engine counts instructions exactly, so one run is as good as many: the same on every host.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.board import Board
from bench.layers.websocket import WebSocket
from bench.peer import Peer
from bench.perf.figure import Figure
from bench.perf.measurement import SETTLE, CannotMeasureError, Measurement, Subject
from bench.perf.prompt import Prompt

SMALL = bytes(range(125))
"""The longest payload whose length fits into the second byte of a frame."""
SHORT, LONG = 1024, 4096
"""Sizes of messages between which a byte's cost is measured."""
TIMES = 8
"""Messages of each size: every now and then the board collects garbage, which belongs to the cost."""
PIECES = 2, 8
"""Pieces of a payload between which the cost of unmasking is measured."""


@contextmanager
def client(board: Board, protocol: str = "") -> Iterator[Peer]:
    """A client that has exchanged a message before, as the first one is not typical."""
    port = 8082 if protocol else 8080
    with Peer(board.wire, port=port) as peer:
        peer.strict = not protocol  # of an echo that is masked as well
        peer.upgrade("/", [protocol] if protocol else [])
        peer.send_frame(WebSocket(opcode="binary") / SMALL)
        peer.receive_frame()
        board.run(SETTLE)
        yield peer


def _counted(board: Board, action: Callable[[], object]) -> int:
    if not board.instructions:
        raise CannotMeasureError(f"the engine {board.engine} does not count instructions")
    before = board.instructions
    action()
    return board.instructions - before


def _small_echo(subject: Subject, figure: Figure) -> None:
    board = subject.board()
    with client(board) as peer:
        for _ in range(TIMES):
            figure.values.append(_counted(board, lambda: peer.echo(SMALL)))
            board.run(SETTLE)


def _small_masked_echo(subject: Subject, figure: Figure) -> None:
    board = subject.board()

    def exchange() -> None:
        peer.send_frame(WebSocket(opcode="binary") / SMALL)
        peer.receive_frame()

    with client(board, "masked-echo") as peer:
        for _ in range(TIMES):
            figure.values.append(_counted(board, exchange))
            board.run(SETTLE)


def _unmasking(subject: Subject, figure: Figure) -> None:
    board = subject.board()
    prompt = Prompt(board)
    prompt.interrupt()
    told = prompt.run(
        "from ws_server.compat import copy_masked, READ_SIZE as size\n"
        f"data = bytearray({PIECES[1]} * size)\n"
        "import gc\n"
        "def unmask(pieces):\n"
        "    for start in range(0, pieces * size, size):\n"
        "        copy_masked(data, start, data, start, start + size, b'\\x37\\xfa\\x21\\x3d', 0)\n"
        "print(size)"
    ).split()
    if not told[-1:] or not told[-1].isdigit():
        raise CannotMeasureError(f"copy_masked cannot be called on the board: {' '.join(told)}")
    prompt.run(f"unmask({PIECES[1]})")  # what the first call takes more is not typical

    def cost(pieces: int) -> int:
        prompt.run("gc.collect()")  # not while it is counted
        return _counted(board, lambda: prompt.run(f"unmask({pieces})"))

    for _ in range(TIMES):
        figure.values.append((cost(PIECES[1]) - cost(PIECES[0])) / ((PIECES[1] - PIECES[0]) * int(told[-1])))


def _long_echo(subject: Subject, figure: Figure) -> None:
    board = subject.board()
    with client(board) as peer:

        def cost(size: int) -> int:
            data = bytes(range(256)) * (size // 256)
            return _counted(board, lambda: [peer.echo(data) for _ in range(TIMES)])

        cost(LONG)
        figure.values.append((cost(LONG) - cost(SHORT)) / ((LONG - SHORT) * TIMES))


MEASUREMENTS = (
    Measurement(
        "echo of 125 bytes",
        "instructions",
        150_000,
        _small_echo,
        note="from the client's masked frame to the last frame with the answer; everything the board does, "
        "now and then a garbage collection too",
    ),
    Measurement(
        "echo of 125 bytes, answer masked too",
        "instructions",
        150_000,
        _small_masked_echo,
        note="sub-protocol masked-echo: a fresh key for each answer",
    ),
    Measurement(
        "unmasking a long payload",
        "instructions/byte",
        60,
        _unmasking,
        note="copy_masked at the board's prompt, in pieces as the server reads them: "
        f"{PIECES[1]} of them less {PIECES[0]}, divided by the bytes between",
    ),
    Measurement(
        "echo of a long message",
        "instructions/byte",
        None,
        _long_echo,
        note=f"both ways through driver, TCP/IP and server: {LONG} bytes less {SHORT}, divided by the bytes "
        f"between; {TIMES} messages each",
    ),
)
