"""One page of the web console: its commands, its own client on the wire, what it is to be sent."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any, Protocol

from bench.live.commands import Abort, Close, Command, Connect, Reset, Send, Type, parse_command
from bench.live.live_board import LiveBoard
from bench.live.outbox import Outbox
from bench.live.wire_client import WireClient
from emulation.errors import UserError

PAUSE = 0.05
"""Wall seconds between two messages to a page."""
IN_FLIGHT = 4096
"""Bytes on their way to the board beyond which repeated frames wait."""
REPEAT_TICK = 0.001
"""Wall seconds until a repeated frame that had to wait is tried again."""


class Connection(Protocol):
    """The WebSocket to a page."""

    async def send(self, message: str) -> None:
        """Send a text message; waits while the page does not read."""

    async def recv(self) -> str | bytes:
        """The next message."""


class PageSession:
    """What one page does and sees."""

    def __init__(self, live: LiveBoard, connection: Connection) -> None:
        self.outbox = Outbox()
        self._live, self._connection = live, connection
        self.client = WireClient(live, self._tell)
        self._repeating: asyncio.Task[None] | None = None
        self._sending = asyncio.Lock()

    async def run(self) -> None:
        """Serve the page until its connection ends. Raises what the connection raises then."""
        pump = asyncio.create_task(self._pump())
        try:
            while True:
                self.obey(await self._connection.recv())
        finally:
            pump.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await pump

    def obey(self, message: str | bytes) -> None:
        """Do what a message of the page asks for; what is wrong with it goes back to the page."""
        try:
            self._do(parse_command(message))
        except UserError as error:
            self._complain(error)

    def board_was_reset(self) -> None:
        """Tell the page."""
        self.outbox.board_was_reset()
        self.outbox.log("note", "the board was reset, and boots anew")

    async def say_goodbye(self) -> None:
        """Send what is left."""
        with contextlib.suppress(Exception):  # the page may have gone
            await self._send_once()

    def end(self) -> None:
        """The page is gone."""
        self._stop_repeating()
        self.client.forget()

    # -- inside ----------------------------------------------------------------------------------------------

    def _do(self, command: Command) -> None:
        client = self.client
        match command:
            case Connect():
                self._stop_repeating()
                client.connect(command.port, command.path, command.protocols)
            case Send(times=1):
                masking = command.masking
                client.send(command.opcode, command.payload(1), mask=masking.mask, key=masking.key)
            case Send():
                if self._repeating is not None and not self._repeating.done():
                    raise UserError("an earlier series is still being sent", "wait, or reset the connection")
                self._repeating = asyncio.create_task(self._repeat(command))
            case Close():
                self._stop_repeating()
                masking = command.masking
                client.close(command.code, command.reason, mask=masking.mask, key=masking.key)
            case Abort():
                self._stop_repeating()
                client.abort()
            case Type():
                self._live.board.uart.write(command.data)
                self._live.wake()
            case Reset():
                self._live.reset()
        self._show_client()

    async def _repeat(self, command: Send) -> None:
        """Send a frame many times, no faster than the board takes it."""
        masking = command.masking
        number = 0
        try:
            for number in range(1, command.times + 1):
                while self.client.waiting > IN_FLIGHT:
                    await asyncio.sleep(REPEAT_TICK)
                self.client.send(command.opcode, command.payload(number), mask=masking.mask, key=masking.key)
        except UserError as error:
            self._complain(UserError(f"{number - 1} of {command.times} frames sent: {error.message}"))

    def _stop_repeating(self) -> None:
        if self._repeating is not None:
            self._repeating.cancel()
            self._repeating = None

    def _complain(self, error: UserError) -> None:
        self.outbox.log("error", f"{error.message}; {error.hint}" if error.hint else error.message)

    def _tell(self, what: str, text: str) -> None:
        self.outbox.log(what, text)
        self._show_client()

    def _show_client(self) -> None:
        client = self.client
        self.outbox.newest(
            client={
                "phase": client.phase.value,
                "protocol": client.protocol,
                "sent": client.sent,
                "received": client.received,
            }
        )

    async def _pump(self) -> None:
        while True:
            await self.outbox.wait()
            await self._send_once()
            await asyncio.sleep(PAUSE)

    async def _send_once(self) -> None:
        async with self._sending:
            if message := self.outbox.take():
                await self._connection.send(dump(message))


def dump(message: dict[str, Any]) -> str:
    """A message for a page."""
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False)
