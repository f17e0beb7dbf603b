"""A client may go away at any byte of any exchange; nothing of it stays, and the next one is served."""

import asyncio
import socket
import struct

import pytest

from ws_server import WebSocketConnection
from ws_server.handshake import Request
from ws_server.protocol import CLOSED, ServerProtocol
from ws_server.samples import echo
from ws_server.tests import tables
from ws_server.tests.tables import client

REQUEST = tables.request()
FRAMES = (
    client(0x81, b"echo")
    + client(0x01, b"frag")
    + client(0x89, b"ping")
    + client(0x80, b"ment")
    + client(0x88, b"\x03\xe8bye")
)
EXCHANGE = REQUEST + FRAMES


@pytest.mark.rfc6455("10.1-non-browser")
def test_the_protocol_ends_after_any_byte() -> None:
    for count in range(len(EXCHANGE) + 1):
        protocol = ServerProtocol()
        for event in protocol.receive_data(EXCHANGE[:count]):
            if isinstance(event, Request):
                protocol.accept(None)
        list(protocol.receive_data(b""))  # what came along with the request
        protocol.receive_eof()
        assert (protocol.state, protocol.finished) == (CLOSED, True), count
        assert list(protocol.receive_data(EXCHANGE)) == [], count
        assert protocol.close_code == (1000 if count == len(EXCHANGE) else 1006), count


def leave(sock: socket.socket, by_reset: bool) -> None:
    if by_reset:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


@pytest.mark.parametrize("by_reset", [False, True], ids=["fin", "reset"])
def test_the_server_forgets_clients_that_leave_at_any_byte(by_reset: bool) -> None:
    opened: list[WebSocketConnection] = []
    closed: list[int] = []

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        async with echo.make_server(0, host="127.0.0.1", backlog=2) as server:

            def connected(conn: WebSocketConnection) -> None:
                opened.append(conn)
                conn.on("close", lambda code, reason: closed.append(code))

            server.on("connection", connected)
            for count in range(len(EXCHANGE) + 1):
                sock = socket.socket()
                sock.setblocking(False)
                await loop.sock_connect(sock, ("127.0.0.1", server.port))
                while not server._links:
                    await asyncio.sleep(0)
                await loop.sock_sendall(sock, EXCHANGE[:count])
                if count >= len(REQUEST):
                    # Not before it was accepted: a reset would take the request away with it.
                    assert (await loop.sock_recv(sock, 64)).startswith(b"HTTP/1.1 101 "), count
                leave(sock, by_reset)
                while server._links:
                    await asyncio.sleep(0)
            assert server.clients == set()

    asyncio.run(asyncio.wait_for(scenario(), 60))
    assert len(opened) == len(closed) == len(FRAMES) + 1
    assert set(closed) <= {1000, 1006}
