"""Peers that take nothing of what is sent are given up, where the network stack knows of it."""

import asyncio
import socket
from errno import ETIMEDOUT

import pytest

from ws_server.samples import echo
from ws_server.tests import tables


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux has TCP_USER_TIMEOUT")
def test_a_client_that_does_not_read_is_given_up() -> None:
    async def scenario() -> None:
        async with echo.make_server(0, host="127.0.0.1", send_timeout=1, max_payload=1 << 20) as server:
            ended: asyncio.Queue[int] = asyncio.Queue()
            errors: list[OSError] = []

            @server.on("connection")
            def connected(conn: object) -> None:
                conn.on("close", lambda code, reason: ended.put_nowait(code))  # type: ignore[attr-defined]
                conn.on("error", errors.append)  # type: ignore[attr-defined]

            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", server.port))
            with sock:
                message = tables.client(0x82, bytes(1 << 20))
                await asyncio.get_running_loop().sock_sendall(sock, tables.request() + message * 8)
                assert await ended.get() == 1006
            assert [error.errno for error in errors] == [ETIMEDOUT]

    asyncio.run(asyncio.wait_for(scenario(), 20))
