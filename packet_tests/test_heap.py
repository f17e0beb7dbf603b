"""The Python heap: what a connection takes of it, what is given back, and what happens when it is full.

Free for all connections together are some 30 KiB.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from bench import Board, Wire
from bench.baseline import PYTHON_SLACK
from bench.guest_heap import GuestHeap
from bench.layers.websocket import WebSocket, WebSocketClose, describe
from bench.peer import Peer
from emulation.firmware.build import build

LONGEST = 4096
BACKLOG = 8
ASYNCIO = 464
"""Bytes of the heap that asyncio itself takes for a connection: the stream, its socket, its task."""
SETTLE = 0.05

GREEDY = """\
import asyncio
from ws_server import WebSocketServer

server = WebSocketServer(port=8080, host="::")


@server.on("connection")
def connected(conn):
    @conn.on("message")
    def message(data):
        if data == "greedy":
            conn.send(bytes(100_000))
        elif data == "greedy later":
            conn.on("pong", lambda data: bytearray(100_000))
            conn.ping()
        else:
            conn.send(data)


server.on("listening", lambda: print("ws_server: listening"))
asyncio.run(server.serve())
"""


def used(board: Board) -> int:
    board.run(SETTLE)
    return GuestHeap(board).collected().used


def open_clients(stack: ExitStack, wire: Wire, count: int) -> list[Peer]:
    peers = [stack.enter_context(Peer(wire)) for _ in range(count)]
    for peer in peers:
        peer.upgrade()
    return peers


def test_an_idle_connection_takes_less_than_1536_bytes_beyond_asyncios_own(board: Board) -> None:
    with ExitStack() as stack:
        open_clients(stack, board.wire, 1)
        one = used(board)
        open_clients(stack, board.wire, BACKLOG - 1)
        assert (used(board) - one) / (BACKLOG - 1) <= 1536 + ASYNCIO


def connect_and_leave(wire: Wire, number: int) -> None:
    """The ways in which a client goes, one after the other."""
    with Peer(wire) as peer:
        peer.upgrade()
        if number % 4 == 0:
            peer.echo("Hello")
        elif number % 4 == 1:
            peer.reset()
        elif number % 4 == 2:
            peer.send_frame(WebSocket(opcode="close") / WebSocketClose(code=1000))
            peer.expect_frame("close", b"\x03\xe8")


def test_a_thousand_connections_leave_nothing_behind(board: Board) -> None:
    board.wire.capture = None
    for number in range(10):
        connect_and_leave(board.wire, number)
    before = used(board)
    for number in range(10, 1000):
        connect_and_leave(board.wire, number)
    assert used(board) <= before + PYTHON_SLACK, "about 2 bytes a connection"


@pytest.mark.usefixtures("unharmed")
def test_five_clients_with_messages_of_the_greatest_size_are_served(wire: Wire) -> None:
    with ExitStack() as stack:
        peers = open_clients(stack, wire, 5)
        for turn in range(3):
            for number, peer in enumerate(peers):
                peer.send_frame(WebSocket(opcode="binary") / (bytes([turn + number]) * LONGEST))
            for number, peer in enumerate(peers):
                peer.expect_frame("binary", bytes([turn + number]) * LONGEST, timeout=20)


@pytest.mark.usefixtures("unharmed")
def test_too_many_long_messages_are_refused_with_1011_and_hurt_nobody_else(wire: Wire) -> None:
    """Eight times 4 KiB do not fit; a server that runs out of memory says so (RFC 6455, section 7.4.1)."""
    with ExitStack() as stack:
        *peers, small = open_clients(stack, wire, BACKLOG)
        data = bytes(LONGEST)
        for peer in peers:
            peer.send_frame(WebSocket(opcode="binary") / data)
        small.echo("I am small")
        answers = [peer.receive_frame(timeout=20) for peer in peers]
        served = [frame for frame in answers if frame.opcode == 2 and frame.data == data]
        refused = [f for f in answers if WebSocketClose in f and f[WebSocketClose].code == 1011]
        assert len(served) + len(refused) == len(peers), [describe(frame) for frame in answers]
        assert served
        assert refused, "there is more memory than this test has been made for"
        small.echo("still here")
        for peer in peers:
            peer.reset()
        wire.run(1)


@pytest.fixture(scope="module")
def greedy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A firmware whose application asks for more memory than there is."""
    folder = tmp_path_factory.mktemp("greedy")
    (folder / "main.py").write_text(GREEDY)
    return build(folder / "firmware", app=folder / "main.py").elf


@pytest.mark.parametrize("message", ["greedy", "greedy later"])
def test_a_listener_without_memory_ends_its_connection_only(greedy: Path, message: str) -> None:
    with Board.boot(firmware=greedy) as board:
        board.uart.wait_for("listening", timeout=5)
        with Peer(board.wire) as other, Peer(board.wire) as peer:
            other.upgrade()
            peer.upgrade()
            peer.send_frame(WebSocket() / message.encode())
            if message == "greedy later":
                peer.expect_frame("ping")
                peer.send_frame(WebSocket(opcode="pong"))
            peer.expect_close(1011)
            other.echo("unharmed")
