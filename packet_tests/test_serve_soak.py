"""A live board and thousands of clients of all kinds: descriptors, places and memory are as before.

BENCH_SOAK is the number of connections; without it there are as many as a minute has room for.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import socket
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bench.layers.http_upgrade import UpgradeRequest
from bench.layers.websocket import WebSocket, WebSocketClose
from bench.live.relay import LINGER_ZERO
from bench.tests.serve_process import ServeProcess

CONNECTIONS = int(os.environ.get("BENCH_SOAK", "200"))
AT_ONCE = 6
"""Clients at a time: more than the board has places for."""
PLACES = 8
WARM_UP = 0.25
"""Share of the connections after which memory is looked at first: caches and pools are filled by then."""
GROWTH = 4 << 20
"""Bytes that the process may have grown by since then, however many connections there were."""
PATIENCE = 60.0
"""Wall seconds for a client, and for the board to give up silent ones: its servers wait 10 s."""
SEED = 1
KEY = bytes(4)
UPGRADE = bytes(UpgradeRequest("/", "board", "dGhlIHNhbXBsZSBub25jZQ=="))
TEXT = bytes(WebSocket(opcode="text", mask=1, masking_key=KEY) / b"soaked")
ECHO = bytes(WebSocket(opcode="text") / b"soaked")
CLOSE = bytes(WebSocket(opcode="close", mask=1, masking_key=KEY) / WebSocketClose(code=1000))
LARGE = bytes(WebSocket(opcode="binary", mask=1, masking_key=KEY) / bytes(2000))


class Visitor:
    """A connection to the board's echo server, in the hands of one client."""

    def __init__(self, port: int, rng: random.Random) -> None:
        self.port, self.random = port, rng

    async def __aenter__(self) -> Visitor:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    async def upgrade(self) -> bool:
        """Whether the board had a place."""
        self.writer.write(UPGRADE)
        return b" 101 " in await self.reader.readuntil(b"\r\n\r\n")

    def reset(self) -> None:
        """Send RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
        self.writer.transport.abort()

    # What clients do; each says how it went.

    async def behave(self) -> str:
        """Echo a message and close as the RFC has it."""
        if not await self.upgrade():
            return "no place"
        self.writer.write(TEXT)
        assert await self.reader.readexactly(len(ECHO)) == ECHO
        self.writer.write(CLOSE)
        await self.reader.read()
        return "served"

    async def half_close(self) -> str:
        """Say all at once, and send FIN behind it."""
        self.writer.write(UPGRADE + TEXT)
        self.writer.write_eof()
        data = await self.reader.read()
        assert data.endswith(ECHO) or b" 503 " in data, data
        return "served" if data.endswith(ECHO) else "no place"

    async def dawdle(self) -> str:
        """Send the request bit by bit."""
        start = 0
        while start < len(UPGRADE):
            end = start + self.random.randrange(20, 60)
            self.writer.write(UPGRADE[start:end])
            start = end
            await asyncio.sleep(0.001)
        self.writer.write(TEXT)
        data = await self.reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in data:
            return "no place"
        assert await self.reader.readexactly(len(ECHO)) == ECHO
        return "served"

    async def say_nothing(self) -> str:
        """Connect, and leave after a while, or when the board has had enough."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.reader.read(), self.random.uniform(0.0, 0.3))
        return "silent"

    async def leave_at_once(self) -> str:
        """Connect and close."""
        return "left"

    async def reset_at_once(self) -> str:
        """Connect and reset."""
        self.reset()
        return "reset"

    async def reset_in_the_middle(self) -> str:
        """Send more than can be answered, read nothing, and reset."""
        if not await self.upgrade():
            return "no place"
        self.writer.write(LARGE * self.random.randrange(1, 6))
        await asyncio.sleep(self.random.uniform(0.0, 0.05))
        self.reset()
        return "reset"

    async def reset_as_the_board_closes(self) -> str:
        """Send what is answered with 400 and a FIN, and leave the answer unread."""
        self.writer.write(b"GET / HTTP/1.1\r\n\r\n")
        await self.reader.read(1)
        self.reset()
        return "refused"


KINDS: tuple[Callable[[Visitor], Awaitable[str]], ...] = (
    Visitor.behave,
    Visitor.half_close,
    Visitor.dawdle,
    Visitor.say_nothing,
    Visitor.leave_at_once,
    Visitor.reset_at_once,
    Visitor.reset_in_the_middle,
    Visitor.reset_as_the_board_closes,
)


async def visit(port: int, count: int, rng: random.Random) -> Counter[str]:
    """So many connections, some at a time; how they went."""
    went: Counter[str] = Counter()
    plans = iter([(rng.choice(KINDS), rng.getrandbits(32)) for _ in range(count)])

    async def client() -> None:
        for kind, seed in plans:
            try:
                async with asyncio.timeout(PATIENCE), Visitor(port, random.Random(seed)) as visitor:
                    went[await kind(visitor)] += 1
            except (ConnectionError, asyncio.IncompleteReadError):
                went["turned away"] += 1  # the board resets whom it has no memory for
            except TimeoutError:
                went[f"{kind.__name__} got no answer"] += 1

    await asyncio.gather(*(client() for _ in range(AT_ONCE)))
    return went


async def free_places(port: int) -> int:
    """How many clients get a 101 at the same time."""
    async with contextlib.AsyncExitStack() as stack:
        for number in range(PLACES + 1):
            visitor = await stack.enter_async_context(Visitor(port, random.Random(number)))
            try:
                async with asyncio.timeout(PATIENCE):
                    if not await visitor.upgrade():
                        return number
            except (ConnectionError, asyncio.IncompleteReadError):
                return number
    return PLACES + 1


def wait_for(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE
    while not (holds := true()) and time.monotonic() < end:
        time.sleep(0.1)
    return holds


class Measured:
    """What the process has."""

    def __init__(self, server: ServeProcess) -> None:
        self._folder = Path(f"/proc/{server.process.pid}")

    @property
    def descriptors(self) -> int:
        """Open files and sockets."""
        return len(list((self._folder / "fd").iterdir()))

    @property
    def memory(self) -> int:
        """Bytes in RAM (proc(5), `statm`)."""
        return int((self._folder / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.timeout(300 + CONNECTIONS)
def test_thousands_of_clients_leave_nothing() -> None:
    with ServeProcess("--port", "0", "--no-console", "--fast") as server:
        port = int(server.read_until(r"ws://127\.0\.0\.1:(\d+)/ to port 8080")[1])
        has = Measured(server)
        descriptors = has.descriptors
        assert asyncio.run(free_places(port)) == PLACES
        rng = random.Random(SEED)
        first = round(CONNECTIONS * WARM_UP)
        began = time.monotonic()
        went = asyncio.run(visit(port, first, rng))
        memory = has.memory
        went += asyncio.run(visit(port, CONNECTIONS - first, rng))
        took = time.monotonic() - began
        assert wait_for(lambda: has.descriptors <= descriptors), (has.descriptors, descriptors)
        assert wait_for(lambda: asyncio.run(free_places(port)) == PLACES), "places are lost"
        assert wait_for(lambda: has.descriptors <= descriptors), (has.descriptors, descriptors)
        grown = has.memory - memory
        print(
            f"{CONNECTIONS} connections in {took:.0f} s: {dict(went)}; "
            f"{descriptors} descriptors, {grown:+} bytes"
        )
        assert not [what for what in went if "no answer" in what], went
        assert went["served"] > CONNECTIONS / 20, went
        assert sum(went.values()) == CONNECTIONS
        assert grown < GROWTH, f"{grown} bytes more"
        assert server.end(signal.SIGINT) == (0, "")
