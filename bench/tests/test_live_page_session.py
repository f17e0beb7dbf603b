"""A page that reads slowly, or not at all: the bench goes on, and says what the page has missed."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from bench import Board
from bench.live import LiveBoard
from bench.live.outbox import ROWS
from bench.live.page_session import PageSession
from bench.tests.fake_machine import FakeMachine


class SlowPage:
    """Takes a message only when it is told to."""

    def __init__(self) -> None:
        self.commands: asyncio.Queue[str] = asyncio.Queue()
        self.got: list[dict[str, Any]] = []
        self.reads = asyncio.Semaphore(0)
        self.full = asyncio.Event()

    async def send(self, message: str) -> None:
        self.full.set()
        await self.reads.acquire()
        self.got.append(json.loads(message))

    async def recv(self) -> str:
        return await self.commands.get()

    async def read(self) -> dict[str, Any]:
        count = len(self.got)
        self.reads.release()
        async with asyncio.timeout(30):
            while len(self.got) == count:
                await asyncio.sleep(0)
        return self.got[-1]


def test_a_page_that_does_not_read_holds_nothing_up() -> None:
    async def run() -> None:
        with LiveBoard(Board(FakeMachine())) as live:
            page = SlowPage()
            session = PageSession(live, page)
            serving = asyncio.create_task(session.run())
            session.outbox.rows([0])
            await asyncio.wait_for(page.full.wait(), 30)
            for number in range(1, 3 * ROWS):
                session.outbox.rows([number])
            # It does not read, and yet is obeyed.
            page.commands.put_nowait(json.dumps({"do": "uart", "data": "typed"}))
            await asyncio.sleep(0)
            live.board.run(0.1)
            assert "typed" in live.board.uart.text
            assert (await page.read())["rows"] == [0]
            message = await page.read()
            assert message["rows"] == list(range(2 * ROWS, 3 * ROWS))
            assert message["rows_lost"] == 2 * ROWS - 1
            serving.cancel()
            await asyncio.wait({serving})

    asyncio.run(run())


def test_a_page_that_leaves_ends_the_session_and_its_connection() -> None:
    class Gone(SlowPage):
        async def recv(self) -> str:
            raise ConnectionResetError

    async def run() -> None:
        with LiveBoard(Board(FakeMachine())) as live:
            session = PageSession(live, Gone())
            session.client.connect(8080)
            assert session.client.connected
            result = await asyncio.gather(session.run(), return_exceptions=True)
            assert isinstance(result[0], ConnectionResetError)
            session.end()
            assert not session.client.connected
            assert live.timers == []

    asyncio.run(run())
