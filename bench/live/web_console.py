"""The web console of a live board: a page, and a WebSocket by which each page watches and works the board.

All in the thread and the loop that run the board; nothing here waits for a page.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import http
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from bench.live.board_state import BoardState
from bench.live.events import Event, NoteEvent, ResetEvent, UartEvent
from bench.live.guard import content_security_policy, refuse_host, refuse_origin
from bench.live.ladder_feed import LadderFeed
from bench.live.listening import LOOPBACK, listen_error
from bench.live.live_board import LiveBoard
from bench.live.page_session import PageSession
from bench.report.colours import variables
from bench.report.ladder import COLOURS, DASHES
from emulation.errors import GuestFault

FOLDER = Path(__file__).resolve().parent / "page"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
TICK = 0.05
"""Wall seconds between two portions of the ladder."""
BUDGET = 0.01
"""Of which so many are spent on telling frames at most."""
STATE_TICKS = 10
"""Ticks between two samples of the board's state."""
PAGES = 8
"""Pages that may watch at once."""
LONGEST_MESSAGE = 0x80000
"""Bytes of a command: hexadecimal digits take more room than what they stand for."""
UART_KEPT = 0x8000
"""Characters of console output that a page gets which comes later."""
FAREWELL = 2.0
"""Wall seconds that pages have to take the last words."""


@dataclass(frozen=True)
class About:
    """What a page says about the board."""

    firmware: str
    """What runs on it, in words: the application, and the file that holds it."""
    ports: Mapping[int, str] = field(default_factory=dict)
    """What is behind the board's ports."""
    urls: Mapping[int, str] = field(default_factory=dict)
    """Where other clients reach the board's ports."""


class WebConsole:
    """Serves the console of `live`; `connections` gives the open ones of others, each in words."""

    def __init__(
        self, live: LiveBoard, about: About, connections: Callable[[], Iterable[str]] = lambda: ()
    ) -> None:
        self.live, self.about = live, about
        self._others = connections
        self._sessions: set[PageSession] = set()
        self._ladder = LadderFeed()
        self._state = BoardState(live, self._connections)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._files = page_files()
        self._server: Server | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._unsubscribe = [
            live.feed.subscribe(each) for each in (self._ladder, self._state, self._happened)
        ]

    async def listen(self, port: int, host: str = LOOPBACK) -> int:
        """Serve at `port` (0: any that is free) from now on; returns it.

        Raises UserError if it cannot be had.
        """
        logger = logging.getLogger("bench.live.web_console")
        logger.addHandler(logging.NullHandler())
        logger.propagate = False  # strangers that knock are no news for the terminal
        try:
            self._server = await serve(
                self._page,
                host,
                port,
                process_request=self._answer,
                compression=None,
                max_size=LONGEST_MESSAGE,
                logger=logger,
                server_header=None,
            )
        except OSError as error:
            raise listen_error(host, port, error) from None
        self._ticking = asyncio.create_task(self._tick())
        return int(next(iter(self._server.sockets)).getsockname()[1])

    async def close(self, fault: GuestFault | None = None) -> None:
        """End, and tell the pages why: the board crashed with `fault`, or the bench was ended."""
        for end in self._unsubscribe:
            end()
        if self._ticking is not None:
            self._ticking.cancel()
        last = {"crash": str(fault), "kind": fault.kind} if fault is not None else {"ended": True}
        portion = self._ladder.tell(FAREWELL / 2)
        for session in list(self._sessions):
            session.outbox.rows(portion.rows, portion.lost)
            session.outbox.newest(state=self._state.sample(), **last)
        if self._sessions:
            await asyncio.wait(
                [asyncio.ensure_future(session.say_goodbye()) for session in self._sessions], timeout=FAREWELL
            )
        if self._server is not None:
            self._server.close()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._server.wait_closed(), FAREWELL)

    # -- what the board does ---------------------------------------------------------------------------------

    def _happened(self, event: Event) -> None:
        if isinstance(event, UartEvent):
            text = self._decoder.decode(event.data).replace("\r", "")
            for session in self._sessions:
                session.outbox.uart(text)
        elif isinstance(event, NoteEvent):
            for session in self._sessions:
                session.outbox.log("note", event.text)
        elif isinstance(event, ResetEvent):
            self._decoder.reset()
            for session in self._sessions:
                session.board_was_reset()

    async def _tick(self) -> None:
        count = 0
        while True:
            await asyncio.sleep(TICK)
            if not self._sessions:
                continue
            self._state.look()
            portion = self._ladder.tell(BUDGET)
            state = self._state.sample() if count % STATE_TICKS == 0 else None
            count += 1
            for session in self._sessions:
                if portion.rows or portion.lost:
                    session.outbox.rows(portion.rows, portion.lost)
                if state is not None:
                    session.outbox.newest(state=state)

    def _connections(self) -> list[str]:
        return [*self._others(), *(str(each.client) for each in self._sessions if each.client.connected)]

    # -- what browsers ask for -------------------------------------------------------------------------------

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """The answer to a request; None for a WebSocket that may go on."""
        hosts = request.headers.get_all("Host")
        host = hosts[0] if len(hosts) == 1 else ""
        if why := refuse_host(host):
            return connection.respond(http.HTTPStatus.FORBIDDEN, f"{why}\n")
        path = request.path.partition("?")[0]
        if path == "/live":
            if why := refuse_origin(request.headers.get("Origin"), host):
                return connection.respond(http.HTTPStatus.FORBIDDEN, f"{why}\n")
            if len(self._sessions) >= PAGES:
                return connection.respond(
                    http.HTTPStatus.SERVICE_UNAVAILABLE, f"{PAGES} pages watch already, close one of them\n"
                )
            return None
        found = self._files.get(path)
        if found is None:
            return connection.respond(
                http.HTTPStatus.NOT_FOUND, "there is no such page; the console is at /\n"
            )
        text, kind = found
        response = connection.respond(http.HTTPStatus.OK, text)
        for name, value in {
            "Content-Type": kind,
            "Content-Security-Policy": content_security_policy(host),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }.items():
            if name in response.headers:
                del response.headers[name]
            response.headers[name] = value
        return response

    async def _page(self, connection: ServerConnection) -> None:
        """A page, until it goes."""
        session = PageSession(self.live, connection)
        session.outbox.newest(about=self._about(), state=self._state.sample())
        if not self._sessions:
            self._ladder.skip()
        session.outbox.rows(self._ladder.kept)
        session.outbox.uart(self.live.board.uart.text[-UART_KEPT:])
        self._sessions.add(session)
        try:
            with contextlib.suppress(ConnectionClosed):
                await session.run()
        finally:
            self._sessions.discard(session)
            session.end()

    def _about(self) -> dict[str, Any]:
        board = self.live.board
        return {
            "engine": board.machine.description,
            "firmware": self.about.firmware,
            "ports": [
                [port, self.about.ports.get(port, ""), self.about.urls.get(port, "")]
                for port in sorted({*self.about.ports, *self.about.urls})
            ],
            "address": board.ip,
            "seed": board.seed,
            "fast": self.live.fast,
        }


def page_files() -> dict[str, tuple[str, str]]:
    """The page's files, each with its content type, by their paths on the server."""
    files = {
        f"/{path.name}": (path.read_text(encoding="utf-8"), TYPES[path.suffix])
        for path in sorted(FOLDER.iterdir())
        if path.suffix in TYPES
    }
    files["/"] = files.pop("/index.html")
    files["/colours.css"] = colours(), TYPES[".css"]
    return files


def colours() -> str:
    """The style of the ladder's rows: colours and strokes are those of the reports."""
    rules = [variables(":root")]
    for kind, colour in COLOURS.items():
        dash = f"stroke-dasharray:{DASHES[kind]};" if kind in DASHES else ""
        rules.append(f".{kind.value}{{--row:var(--{colour})}}.{kind.value} line{{{dash}stroke:var(--row)}}")
    return "\n".join(rules) + "\n"
