"""What a microcontroller has no room for is no limit on CPython: long requests, many clients at once."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ws_server import WebSocketServer
from ws_server.samples import echo
from ws_server.tests import tables

LIMIT = 20
"""Seconds after which a test that hangs is failed."""


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), LIMIT))


async def status_of(server: WebSocketServer, request: bytes) -> str:
    """The status line of the answer to `request`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request)
    line = await reader.readline()
    writer.close()
    return line.decode()[len("HTTP/1.1 ") :][:3]


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        pytest.param(tables.request(extra=("Cookie: " + "x" * 2000,)), "101", id="cookie of 2000 bytes"),
        pytest.param(tables.request("GET /" + "a" * 7986 + " HTTP/1.1"), "101", id="request line of 8000"),
        pytest.param(
            tables.request("GET /" + "a" * 8176 + " HTTP/1.1"), "101", id="request line of max_line"
        ),
        pytest.param(
            tables.request("GET /" + "a" * 8177 + " HTTP/1.1"), "414", id="request line of one more"
        ),
        pytest.param(tables.request(extra=("X: " + "x" * 8187,)), "101", id="header of max_line"),
        pytest.param(tables.request(extra=("X: " + "x" * 8188,)), "431", id="header of one byte more"),
        pytest.param(tables.request(extra=("X: " + "x" * 5000,) * 10), "101", id="head of 50 KB"),
        pytest.param(tables.request(extra=("X: " + "x" * 7000,) * 10), "431", id="head of 70 KB"),
    ],
)
def test_requests_of_the_length_that_http_recommends_are_understood(
    request_bytes: bytes, status: str
) -> None:
    async def scenario() -> None:
        async with echo.make_server(0, host="127.0.0.1") as server:
            assert await status_of(server, request_bytes) == status

    run(scenario)


def test_limits_that_are_asked_for_hold() -> None:
    async def scenario() -> None:
        async with echo.make_server(0, host="127.0.0.1", max_line=100, max_head=400) as server:
            assert await status_of(server, tables.request()) == "101"
            assert await status_of(server, tables.request(extra=("X: " + "x" * 95,))) == "101"
            assert await status_of(server, tables.request(extra=("X: " + "x" * 96,))) == "431"
            assert await status_of(server, tables.request("GET /" + "a" * 85 + " HTTP/1.1")) == "414"
            assert await status_of(server, tables.request(extra=("X: " + "x" * 90,) * 2)) == "431"

    run(scenario)


@pytest.mark.parametrize("host", ["127.0.0.1", None])
@pytest.mark.parametrize(("count", "served"), [(200, 200), (60, 8)], ids=["within", "beyond the backlog"])
def test_all_who_come_at_once_are_answered(count: int, served: int, host: str | None) -> None:
    """None waits for its SYN to be sent again, which takes a second or more; who has no place is told so."""

    async def scenario() -> None:
        async with echo.make_server(0, host=host, backlog=served) as server:
            streams = await asyncio.gather(
                *(asyncio.open_connection("127.0.0.1", server.port) for _ in range(count))
            )
            for _, writer in streams:
                writer.write(tables.request())
            lines = [await reader.readline() for reader, _ in streams]
            answers = [line.decode()[len("HTTP/1.1 ") :][:3] for line in lines]
            assert answers.count("101") == served
            assert answers.count("503") == count - served
            for _, writer in streams:
                writer.close()

    run(scenario)
