"""The server on the host, beside `websockets`: the same client, the same loop, turn by turn."""

from __future__ import annotations

import asyncio
import base64
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from bench.layers.websocket import WebSocket
from bench.perf.figure import Figure, Spent
from bench.perf.measurement import CannotMeasureError, Measurement, Subject
from ws_server.samples import echo

SIZE = 125
WARM_UP, ROUND_TRIPS = 200, 500
TURNS = 5
"""Turns of each server, for each of the runs asked for."""
REQUEST = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + base64.b64encode(bytes(16)) + b"\r\n\r\n"
)


class _Client:
    """As little as there can be: sends one frame made beforehand, reads an answer of known size."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        data = bytes(range(SIZE))
        self._frame = bytes(WebSocket(opcode="binary", mask=1, masking_key=b"\x37\xfa\x21\x3d") / data)
        self._answer = bytes(WebSocket(opcode="binary") / data)

    @classmethod
    async def connect(cls, port: int) -> _Client:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST)
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head:
            raise CannotMeasureError(f"the server refused the connection: {head!r}")
        return cls(reader, writer)

    async def round_trips(self, count: int) -> None:
        for _ in range(count):
            self._writer.write(self._frame)
            if await self._reader.readexactly(len(self._answer)) != self._answer:
                raise CannotMeasureError("the answer is not an echo")

    async def close(self) -> None:
        self._writer.write(bytes(WebSocket(opcode="close", mask=1)))
        await self._reader.read()
        self._writer.close()
        await self._writer.wait_closed()


@contextmanager
def _pure_python() -> Iterator[Any]:
    """The package websockets, unmasking in Python instead of in its extension."""
    try:
        server: Any = import_module("websockets.asyncio.server")
        frames: Any = import_module("websockets.frames")
        utils: Any = import_module("websockets.utils")
    except ImportError:
        raise CannotMeasureError("the package websockets is not installed") from None
    fast = frames.apply_mask
    frames.apply_mask = utils.apply_mask
    try:
        yield server
    finally:
        frames.apply_mask = fast


async def _side_by_side(runs: int) -> tuple[list[Spent], list[Spent]]:
    async def theirs(connection: Any) -> None:
        async for message in connection:
            await connection.send(message)

    ours_spent: list[Spent] = []
    theirs_spent: list[Spent] = []
    with _pure_python() as websockets_server:
        async with (
            echo.make_server(0, host="127.0.0.1") as our_server,
            websockets_server.serve(theirs, "127.0.0.1", 0, compression=None) as their_server,
        ):
            clients = [
                await _Client.connect(our_server.port),
                await _Client.connect(next(iter(their_server.sockets)).getsockname()[1]),
            ]
            for client in clients:
                await client.round_trips(WARM_UP)
            for _ in range(runs * TURNS):
                for client, spents in zip(clients, (ours_spent, theirs_spent), strict=True):
                    gc.collect()
                    spent = Spent()
                    with spent.counting():
                        await client.round_trips(ROUND_TRIPS)
                    spents.append(spent)
            for client in clients:
                await client.close()
    return ours_spent, theirs_spent


def _echo_ratio(subject: Subject, figure: Figure) -> None:
    ours, theirs = asyncio.run(_side_by_side(subject.runs))
    for our, their in zip(ours, theirs, strict=True):
        figure.values.append(our.wall / their.wall)
        figure.cpu.append(our.cpu / their.cpu)
    rate = ROUND_TRIPS * len(ours) / sum(spent.wall for spent in ours)
    figure.note += f"; here {rate:.0f} of ours a second"


MEASUREMENTS = (
    Measurement(
        "time of an echo on the host, beside websockets",
        "ratio",
        2,
        _echo_ratio,
        note=f"round trips of {SIZE} bytes, {ROUND_TRIPS} with each server in turn; websockets without its "
        "extension, and neither compresses",
    ),
)
