"""Figures of the server's memory on the board: its Python heap, as a collection would leave it.

See `bench.guest_heap`: nothing runs on the board for it. The board is at rest each time.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path

from bench.board import Board
from bench.guest_heap import GuestHeap
from bench.layers.websocket import WebSocket
from bench.peer import Peer, PeerError
from bench.perf.emulator import exchange
from bench.perf.figure import Figure
from bench.perf.measurement import SETTLE, CannotMeasureError, Measurement, Subject
from bench.perf.prompt import Prompt
from bench.tcp_peer import TcpPeer
from emulation.errors import UserError
from emulation.firmware.build import build
from emulation.paths import build_folder

IDLE = 6
"""Connections that are added to a first one; there may be eight together."""
PLAIN_PORT = 9000
PLAIN_SERVER = f"""\
import asyncio, gc
asyncio.new_event_loop()
async def idle(reader, writer):
    await reader.read(1)
    writer.close()
    await writer.wait_closed()
async def serve():
    await asyncio.start_server(idle, "::", {PLAIN_PORT}, {IDLE + 2})
    gc.collect()
    print("ready", "to be measured")
    await asyncio.Event().wait()
asyncio.run(serve())
"""
FEW, MANY = 10, 1000
SHORT, LONG = 1024, 4096
STEP = 256
SMALLEST, LARGEST = 1024, 0x10000
"""Bytes: largest messages are looked for in steps, from one to the other."""
PATIENCE = 30.0
"""Virtual seconds for the echo of such a message."""
LARGE_MESSAGES = Path(__file__).parent / "apps" / "large_messages.py"
BUILD = build_folder() / "perf"


def held(board: Board) -> int:
    """Bytes of the heap in use, garbage left out, once the board is at rest."""
    board.run(SETTLE)
    try:
        return GuestHeap(board).collected().used
    except UserError as error:
        raise CannotMeasureError(error.message) from None


def _each(board: Board, connect: Callable[[], AbstractContextManager[TcpPeer]]) -> float:
    """Bytes that a connection adds to the heap."""
    with ExitStack() as stack:
        stack.enter_context(connect())
        first = held(board)
        for _ in range(IDLE):
            stack.enter_context(connect())
        return (held(board) - first) / IDLE


def _websocket(subject: Subject) -> float:
    board = subject.board()

    def connect() -> Peer:
        peer = Peer(board.wire).connect()
        peer.upgrade()
        return peer

    return _each(board, connect)


def _stream(subject: Subject) -> float:
    board = subject.board()
    prompt = Prompt(board)
    prompt.interrupt()
    prompt.run(PLAIN_SERVER, until="ready to be measured")
    return _each(board, partial(TcpPeer, board.wire, port=PLAIN_PORT))


def _idle(subject: Subject, figure: Figure) -> None:
    figure.values.append(_websocket(subject))


def _idle_stream(subject: Subject, figure: Figure) -> None:
    figure.values.append(_stream(subject))


def _idle_beyond(subject: Subject, figure: Figure) -> None:
    figure.values.append(_websocket(subject) - _stream(subject))


def _message(subject: Subject, figure: Figure) -> None:
    board = subject.board()
    state = board.snapshot()

    def while_receiving(size: int) -> int:
        board.restore(state)
        with Peer(board.wire) as peer:
            peer.upgrade()
            # All of the message but its end: the board holds it, and waits.
            peer.send_frame(WebSocket(opcode="binary", fin=0) / bytes(size))
            return held(board)

    figure.values.append((while_receiving(LONG) - while_receiving(SHORT)) / (LONG - SHORT))


def _growth(subject: Subject, figure: Figure) -> None:
    board = subject.board()

    def least() -> int:
        """After each of some connections: at any one moment asyncio may hold a few words more."""
        kept = []
        for _ in range(FEW):
            exchange(board)
            kept.append(held(board))
        return min(kept)

    after_few = least()
    for _ in range(MANY - 2 * FEW):
        exchange(board)
    figure.values.append(least() - after_few)


def _largest(subject: Subject, figure: Figure) -> None:
    if subject.firmware is not None:
        raise CannotMeasureError("it needs a firmware with an application of its own")
    try:
        elf = build(BUILD / LARGE_MESSAGES.stem, app=LARGE_MESSAGES).elf
    except UserError as error:
        raise CannotMeasureError(f"its firmware cannot be built: {error.message}") from None

    def served(size: int) -> bool:
        try:
            with Peer(subject.board(elf).wire) as peer:
                peer.upgrade()
                peer.echo(bytes(size), PATIENCE)
        except PeerError:
            return False
        return True

    low, high = SMALLEST // STEP - 1, LARGEST // STEP
    while low < high:  # served up to low, not beyond high
        middle = (low + high + 1) // 2
        low, high = (middle, high) if served(middle * STEP) else (low, middle - 1)
    figure.values.append(low * STEP)


MEASUREMENTS = (
    Measurement(
        "heap of an idle connection",
        "bytes",
        None,
        _idle,
        note=f"after its opening handshake; what {IDLE} more add to the first, divided by {IDLE}",
    ),
    Measurement(
        "heap of an idle asyncio stream",
        "bytes",
        None,
        _idle_stream,
        note="the same with asyncio.start_server alone, whose callback waits in reader.read(1)",
    ),
    Measurement(
        "heap of an idle connection beyond asyncio's",
        "bytes",
        1536,
        _idle_beyond,
        note="the difference of the two before",
    ),
    Measurement(
        "heap of a message being received",
        "bytes/byte",
        None,
        _message,
        note=f"unfinished messages of {LONG} bytes less {SHORT}; what is kept back to hand it over included",
    ),
    Measurement(
        f"heap growth from {FEW} to {MANY} connections",
        "bytes",
        0,
        _growth,
        note=f"each connects, upgrades, has a text echoed, closes; least of {FEW} at either end",
    ),
    Measurement(
        "largest message served",
        "bytes",
        16384,
        _largest,
        at_least=True,
        note=f"echoed by a firmware with one echo server and max_payload out of the way, in steps of {STEP}",
    ),
)
