"""Peers that take nothing: given up after one delay at the earliest, two at the latest."""

import asyncio
import socket
from errno import ETIMEDOUT

from ws_server.samples import echo
from ws_server.send_limit import SendLimit
from ws_server.tests import tables

DELAY = 1000


class Stage:
    """An output and a watchdog that do as the test says; notes when the connection is ended."""

    def __init__(self) -> None:
        self.progress: int | None = None
        self.deadline: int | None = None
        self.lost: list[OSError] = []
        self.limit = SendLimit(self, self, DELAY, self.lost.append)  # type: ignore[arg-type]

    def taken(self) -> int | None:
        return self.progress

    def set(self, watched: object, delay: int) -> None:
        assert watched is self.limit
        self.deadline = delay

    def clear(self, watched: object) -> None:
        self.deadline = None

    def expire(self, progress: int | None) -> None:
        assert self.deadline == DELAY
        self.deadline, self.progress = None, progress
        self.limit.expire()


def test_nothing_taken_between_two_looks_ends_the_connection() -> None:
    stage = Stage()
    stage.progress = 5
    stage.limit.begin()
    assert stage.limit.active
    stage.expire(5)
    assert [error.errno for error in stage.lost] == [ETIMEDOUT]


def test_whoever_takes_something_gets_the_whole_time_again() -> None:
    stage = Stage()
    stage.progress = 0
    stage.limit.begin()
    for progress in range(1, 5):
        stage.expire(progress)
        assert stage.lost == []
    stage.expire(4)
    assert len(stage.lost) == 1


def test_what_was_sent_after_the_first_look_gets_the_whole_time() -> None:
    stage = Stage()
    stage.limit.begin()  # taken at once
    stage.expire(7)
    assert stage.lost == []
    stage.expire(7)
    assert len(stage.lost) == 1


def test_nobody_looks_when_all_is_taken() -> None:
    stage = Stage()
    stage.progress = 1
    stage.limit.begin()
    stage.expire(None)
    assert not stage.limit.active
    assert stage.deadline is None
    assert stage.lost == []


def test_a_delay_of_0_is_no_limit() -> None:
    assert SendLimit(None, None, 0, lambda error: None).active  # type: ignore[arg-type]


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
