"""Options of `WebSocketServer` that the board's own servers leave at their defaults, on the board."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import Board, Wire
from bench.board import BoardState
from bench.layers.websocket import WebSocket, WebSocketClose
from bench.peer import Peer
from emulation.errors import UserError
from emulation.firmware.application import place

LATE = 0.3
"""Seconds by which the server may notice a deadline late: it looks four times a second."""

IDLE, PINGED, LIMITED, CHOOSY = 8080, 8081, 8082, 8083
IDLE_TIMEOUT, PING_INTERVAL, CLOSE_TIMEOUT, MAX_QUEUE = 20.0, 8.0, 5.0, 2000
SEND_BUFFER = 1072
"""Bytes that lwIP takes of a connection whose window is closed: `TCP_SND_BUF`."""
PIECE = 500
PIECE_ON_WIRE = PIECE + 4

APP = f"""\
import asyncio
from ws_server import BacklogFullError, WebSocketServer
from ws_server.samples import echo

limited = WebSocketServer(port={LIMITED}, host="::", close_timeout={CLOSE_TIMEOUT:.0f}, max_queue={MAX_QUEUE})


@limited.on("connection")
def connected(conn):
    @conn.on("message")
    def message(data):
        if data == "close":
            conn.close(4000)
        elif data == "buffered":
            conn.send(str(conn.buffered))
        else:
            sent = 0
            try:
                while sent < 20:
                    conn.send(bytes({PIECE}))
                    sent += 1
            except BacklogFullError as error:
                print("full:", sent, conn.buffered, error)


servers = (
    echo.make_server({IDLE}, host="::", idle_timeout={IDLE_TIMEOUT:.0f}),
    echo.make_server(
        {PINGED},
        host="::",
        idle_timeout={IDLE_TIMEOUT:.0f},
        ping_interval={PING_INTERVAL:.0f},
        ping_timeout=30,
    ),
    limited,
    echo.make_server({CHOOSY}, host="::", accept_handler=lambda protocols: "chat"),
)


async def serve():
    for server in servers:
        await server.start()
    print("ws_server: listening with options")
    for server in servers:
        await server.wait_closed()


asyncio.run(serve())
"""


@pytest.fixture(scope="module")
def booted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Board, BoardState]]:
    """The firmware under test, with the application above beside it."""
    folder = tmp_path_factory.mktemp("options")
    (folder / "main.py").write_text(APP)
    firmware = request.config.getoption("firmware")
    try:
        elf = place(folder / "main.py", folder / "placed.elf", Path(firmware) if firmware else None)
    except UserError as error:
        if firmware is None:
            raise
        pytest.skip(f"an application cannot be put beside this firmware: {error}")
    with Board.boot(request.config.getoption("engine"), elf) as board:
        board.uart.wait_for("listening", timeout=5)
        yield board, board.snapshot()


@pytest.fixture(autouse=True)
def unharmed(wire: Wire) -> Iterator[None]:
    """After the test, a new client must be served; the board's usual application is not there to ask."""
    yield
    with Peer(wire, port=IDLE) as client:
        client.upgrade()
        client.echo("still there?")


@pytest.mark.needs("exact-clock")
def test_an_idle_client_is_sent_away_when_the_time_is_over_and_not_before(wire: Wire) -> None:
    with Peer(wire, port=IDLE) as peer:
        peer.upgrade()
        peer.expect_silence(IDLE_TIMEOUT - 0.1, rfc="`idle_timeout` of the server is 20 s")
        close = peer.expect_close(1001, timeout=0.1 + LATE)
        assert close[WebSocketClose].reason == b"idle"


@pytest.mark.needs("exact-clock")
def test_each_byte_gives_an_idle_client_the_whole_time_again(wire: Wire) -> None:
    """At the latest after twice the time: the server looks once in each."""
    with Peer(wire, port=IDLE) as peer:
        peer.upgrade()
        for _ in range(3):
            peer.expect_silence(IDLE_TIMEOUT - 5)
            peer.echo("busy")
        peer.expect_silence(IDLE_TIMEOUT - 0.1)
        peer.expect_close(1001, timeout=IDLE_TIMEOUT + 0.1 + LATE)


@pytest.mark.needs("exact-clock")
def test_a_silent_client_is_pinged_first_and_sent_away_then(wire: Wire) -> None:
    with Peer(wire, port=PINGED) as peer:
        peer.upgrade()
        peer.expect_silence(PING_INTERVAL - 0.1)
        peer.expect_frame("ping", b"", timeout=0.1 + LATE)
        peer.expect_silence(IDLE_TIMEOUT - PING_INTERVAL - LATE - 0.1)
        peer.expect_close(1001, timeout=0.1 + 2 * LATE)


def test_a_client_that_answers_pings_is_not_idle(wire: Wire) -> None:
    """What is heard ends the silence: what was counted of it before counts no more."""
    with Peer(wire, port=PINGED) as peer:
        peer.upgrade()
        start = wire.clock.now
        while wire.clock.now - start < 5 * IDLE_TIMEOUT:
            peer.expect_frame("ping", b"", timeout=30 + PING_INTERVAL + 2 * LATE)
            peer.send_frame(WebSocket(opcode="pong"))


@pytest.mark.needs("exact-clock")
def test_a_client_that_does_not_answer_the_close_is_cut_off_by_the_close_timeout(wire: Wire) -> None:
    with Peer(wire, port=LIMITED) as peer:
        peer.upgrade()
        peer.send_frame(WebSocket() / b"close")
        peer.expect_frame("close", (4000).to_bytes(2, "big"))
        peer.expect_silence(CLOSE_TIMEOUT - 0.1, rfc="`close_timeout` of the server is 5 s")
        peer.expect_end(timeout=0.1 + LATE, rfc="RFC 6455, section 7.1.1")


def test_a_client_that_answers_the_close_late_but_in_time_ends_the_connection(wire: Wire) -> None:
    with Peer(wire, port=LIMITED) as peer:
        peer.upgrade()
        peer.send_frame(WebSocket() / b"close")
        peer.expect_frame("close", (4000).to_bytes(2, "big"))
        peer.expect_silence(CLOSE_TIMEOUT - 0.5)
        peer.send_frame(WebSocket() / WebSocketClose(code=4000))
        peer.expect_end(timeout=0.1, rfc="RFC 6455, section 7.1.1")


def test_no_more_waits_for_a_slow_reader_than_max_queue(board: Board, wire: Wire) -> None:
    """`send` raises BacklogFullError once `buffered` is beyond `max_queue`; what was taken arrives whole."""
    with Peer(wire, port=LIMITED, timeout=30) as peer:
        peer.upgrade()
        peer.tcp.window = 0
        peer.send_frame(WebSocket() / b"flood")
        line = board.uart.wait_for(re.compile("full: .*\n"), timeout=2)
        _, sent, buffered, _ = line.group().split(maxsplit=3)
        assert MAX_QUEUE < int(buffered) <= MAX_QUEUE + PIECE_ON_WIRE, line.group()
        taken = int(sent) * PIECE_ON_WIRE - int(buffered)
        assert 0 <= taken <= SEND_BUFFER, f"{line.group()}: lwIP would have {taken} bytes"
        assert f"{buffered} bytes wait for a slow reader, max_queue is {MAX_QUEUE}" in line.group()
        peer.tcp.window = 65535
        peer.tcp.acknowledge(wire.clock.now)
        for _ in range(int(sent)):
            peer.expect_frame("binary", bytes(PIECE))
        peer.send_frame(WebSocket() / b"buffered")
        peer.expect_frame("text", "0")


def test_a_fast_reader_gets_everything(wire: Wire) -> None:
    """The other side: what does not wait is not counted."""
    with Peer(wire, port=LIMITED, timeout=30) as peer:
        peer.upgrade()
        for _ in range(3):
            peer.send_frame(WebSocket() / b"buffered")
            peer.expect_frame("text", "0")


@pytest.mark.parametrize(
    ("offered", "status"),
    [([], 401), (["other"], 401), (["CHAT"], 401), (["chat"], 101), (["x", "chat"], 101)],
)
@pytest.mark.rfc6455("4.2.2-subprotocol")
def test_an_accept_handler_cannot_accept_what_was_not_offered(
    wire: Wire, offered: list[str], status: int
) -> None:
    with Peer(wire, port=CHOOSY) as peer:
        response = peer.upgrade(protocols=offered, expect=status)
        assert response.protocol == ("chat" if status == 101 else "")
        if status != 101:
            peer.expect_end()
