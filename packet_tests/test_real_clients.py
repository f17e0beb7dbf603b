"""Real clients, unchanged, against the server on the board: Python's `websockets` and Node's `ws`.

They run on the host as for any server; `bench.live` carries their connections on to the emulated board, which
runs as fast as it can. What they are told is what the same server on the host tells them
(`ws_server/tests/test_node_ws.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.typing import Subprotocol

from bench import Board
from bench.live import LiveBoard, Relay
from ws_server.tests import node_client

ECHO, SAMPLE, SUBPROTOCOLS = 8080, 8081, 8082
TIMEOUT = 120
"""Wall seconds after which a client is given up; none needs a tenth of it."""
MAX_PAYLOAD = 4096

pytestmark = pytest.mark.usefixtures("unharmed")

Result = TypeVar("Result")
Client = Callable[[str], Awaitable[Result]]


def against(board: Board, port: int, client: Client[Result], *, fast: bool = True) -> Result:
    """Run a client, given the URL of the board's `port`, while the board runs; what it returns."""

    async def both() -> Result:
        with LiveBoard(board, fast=fast) as live:
            relay = Relay(live)
            url = f"ws://127.0.0.1:{await relay.listen(0, port)}/"
            running = asyncio.create_task(live.run())
            served = asyncio.ensure_future(client(url))
            try:
                await asyncio.wait({running, served}, timeout=TIMEOUT, return_when=asyncio.FIRST_COMPLETED)
                if running.done():
                    running.result()  # a fault of the guest
                assert served.done(), f"the client was not done after {TIMEOUT} s; {board.uart.tail}"
                return await served
            finally:
                served.cancel()
                relay.close()
                live.stop()
                await asyncio.wait({running, served})

    return asyncio.run(both())


def test_websockets_gets_its_messages_back(board: Board) -> None:
    async def client(url: str) -> None:
        async with connect(url) as ws:
            assert ws.subprotocol is None
            assert ws.protocol.extensions == [], "the offer to compress is declined"
            for message in (
                "text",
                "\u20ac \U0001f600",
                b"\0\xff",
                "",
                b"",
                "x" * MAX_PAYLOAD,
                bytes(MAX_PAYLOAD),
            ):
                await ws.send(message)
                assert await ws.recv() == message

    against(board, ECHO, client)


def test_websockets_is_served_in_real_time(board: Board) -> None:
    async def client(url: str) -> str | bytes:
        async with connect(url) as ws:
            await ws.send("no hurry")
            return await ws.recv()

    assert against(board, ECHO, client, fast=False) == "no hurry"


def test_websockets_sends_a_message_in_fragments(board: Board) -> None:
    async def client(url: str) -> None:
        async with connect(url) as ws:
            await ws.send(["Hel", "", "lo ", "w" * 1000])
            assert await ws.recv() == "Hello " + "w" * 1000
            await ws.send([b"\0", b"\1" * 2000])
            assert await ws.recv() == b"\0" + b"\1" * 2000

    against(board, ECHO, client)


def test_websockets_pings(board: Board) -> None:
    async def client(url: str) -> None:
        async with connect(url) as ws:
            for data in (b"", b"p" * 125):
                await (await ws.ping(data))

    against(board, ECHO, client)


def test_websockets_closes(board: Board) -> None:
    async def client(url: str) -> tuple[object, ...]:
        async with connect(url) as ws:
            await ws.close(4321, "enough")
            return ws.close_code, ws.close_reason, ws.protocol.close_rcvd, ws.protocol.close_rcvd_then_sent

    code, _, received, server_first = against(board, ECHO, client)
    assert (code, server_first) == (4321, False)
    assert received is not None


@pytest.mark.parametrize(
    ("port", "protocol"), [(SAMPLE, "my_ws_protocol"), (SUBPROTOCOLS, "echo"), (SUBPROTOCOLS, "clients")]
)
def test_websockets_agrees_on_a_sub_protocol(board: Board, port: int, protocol: str) -> None:
    async def client(url: str) -> str | None:
        offered = [Subprotocol("unknown"), Subprotocol(protocol)]
        async with connect(url, subprotocols=offered) as ws:
            return ws.subprotocol

    assert against(board, port, client) == protocol


@pytest.mark.parametrize("port", [SAMPLE, SUBPROTOCOLS])
def test_websockets_is_refused(board: Board, port: int) -> None:
    async def client(url: str) -> int:
        with pytest.raises(InvalidStatus) as refusal:
            await connect(url, subprotocols=[Subprotocol("unknown")])
        return refusal.value.response.status_code

    assert against(board, port, client) == 401


def test_websockets_sends_too_much(board: Board) -> None:
    async def client(url: str) -> tuple[int, str]:
        async with connect(url) as ws:
            await ws.send(bytes(MAX_PAYLOAD + 1))
            with pytest.raises(ConnectionClosedError) as closed:
                await ws.recv()
            received = closed.value.rcvd
            assert received is not None
            return received.code, received.reason

    code, reason = against(board, ECHO, client)
    assert code == 1009
    assert f"the limit is {MAX_PAYLOAD}" in reason


def test_several_websockets_at_the_same_time(board: Board) -> None:
    async def one(url: str, number: int) -> None:
        async with connect(url) as ws:
            for size in (1, 125, 126, 1000):
                message = bytes([number]) * size
                await ws.send(message)
                assert await ws.recv() == message

    async def client(url: str) -> None:
        await asyncio.gather(*[one(url, number) for number in range(8)])

    against(board, ECHO, client)


def test_one_more_than_the_board_has_room_for_is_refused(board: Board) -> None:
    async def client(url: str) -> int:
        connections = [await connect(url) for _ in range(8)]
        with pytest.raises(InvalidStatus) as refusal:
            await connect(url)
        for connection in connections:
            await connection.close()
        return refusal.value.response.status_code

    assert against(board, ECHO, client) == 503


def test_a_thousand_messages_each_way_with_websockets(board: Board) -> None:
    async def send(ws: ClientConnection) -> None:
        for number in range(1000):
            await ws.send(f"message {number}")

    async def client(url: str) -> list[str | bytes]:
        async with connect(url) as ws:
            sending = asyncio.create_task(send(ws))
            got = [await ws.recv() for _ in range(1000)]
            await sending
            return got

    assert against(board, ECHO, client) == [f"message {number}" for number in range(1000)]


def test_the_console_tells_what_the_sample_was_sent(board: Board) -> None:
    async def client(url: str) -> None:
        async with connect(url, subprotocols=[Subprotocol("my_ws_protocol")]) as ws:
            await (await ws.ping(b"are you there"))
            await ws.close(1000, "enough")

    before = len(board.uart.text)
    against(board, SAMPLE, client)
    assert board.uart.text[before:].splitlines() == [
        "CONNECTION",
        "PING: are you there",
        "close event: enough code: 1000",
    ]


SCENARIOS = [
    pytest.param(port, scenario, expected, marks=node_client.needs_node_ws, id=f"{port}-{scenario}")
    for port, scenarios in (
        (ECHO, node_client.ECHO),
        (SUBPROTOCOLS, node_client.SUBPROTOCOLS),
        (SAMPLE, node_client.SAMPLE),
    )
    for scenario, expected in scenarios.items()
]


@pytest.mark.parametrize(("port", "scenario", "expected"), SCENARIOS)
def test_node_is_told_what_it_should(board: Board, port: int, scenario: str, expected: object) -> None:
    assert against(board, port, lambda url: node_client.told(url, scenario)) == expected


@pytest.mark.parametrize("count", [pytest.param(4, marks=node_client.needs_node_ws)])
def test_several_clients_of_both_kinds_at_the_same_time(board: Board, count: int) -> None:
    scenarios = list(node_client.ECHO)[:count]

    async def python(url: str) -> None:
        async with connect(url) as ws:
            for _ in range(20):
                await ws.send("x" * 200)
                assert await ws.recv() == "x" * 200

    async def client(url: str) -> list[object]:
        nodes = [node_client.told(url, scenario) for scenario in scenarios]
        return list(await asyncio.gather(*nodes, python(url), python(url)))[:count]

    assert against(board, ECHO, client) == [node_client.ECHO[scenario] for scenario in scenarios]
