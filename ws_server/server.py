"""The server: listens, runs one task per connection, watches the deadlines, closes down."""

import asyncio

from .compat import (
    MAX_HEAD,
    MAX_LINE,
    REFUSERS,
    TYPE_CHECKING,
    close_stream,
    listen,
    read_buffer,
    read_into,
    set_no_delay,
    set_send_timeout,
    sleep_ms,
    tidy,
)
from .connection import WebSocketConnection
from .errors import HandshakeError, ProtocolError
from .events import AsyncEventEmitter
from .handshake import Request, choose_protocol
from .link import Link
from .messages import Message
from .protocol import CONNECTING, OPEN, ServerProtocol, no_memory
from .watchdog import Watchdog

if TYPE_CHECKING:
    from .compat import Listener, Reader, Writer
    from .handshake import AcceptHandler

_PAUSE = 50
_PATIENCE = 10
"""Milliseconds between two attempts to find memory for a message, and their number."""


class WebSocketServer(AsyncEventEmitter):
    """A WebSocket server (RFC 6455).

        server = WebSocketServer(port=8080)

        @server.on("connection")
        def connected(conn):
            conn.on("message", conn.send)

        server.run()

    Events: `listening()`, `connection(conn)`, `error(error)` (a refused handshake, a listener that raised),
    `close()`.

    - `port`: 0 is any free one, `server.port` tells it. `host`: None is all addresses.
    - `backlog`: connections at the same time; the next one is refused with 503. All of them may come at once.
    - `client_tracking`: whether `server.clients` is kept.
    - `max_payload`: bytes of a message, in and out. `max_fragments`: frames of a message, in.
    - `accept_handler(protocols)`: called for every handshake with the sub-protocols the client offers, maybe
      none; returns the one to accept. Anything else refuses with 401. Without a handler everyone is accepted,
      without a sub-protocol.
    - `auto_pong`: whether Pings are answered.
    - `open_timeout`, `close_timeout`: seconds for the opening and the closing handshake.
    - `ping_interval`: seconds without a byte from a client after which it is sent a Ping, at the latest after
      twice as many; 0 for never. `ping_timeout`: seconds for its answer, else the connection is given up.
    - `idle_timeout`: seconds without a byte from a client after which it is sent a Close, at the latest after
      twice as many; 0 for never.
    - `send_timeout`: seconds without progress after which a client that does not take what is sent to it is
      given up, 0 for never. The network stack has to know how: lwIP on the board does, and Linux.
    - `max_line`, `max_head`: bytes of one line, and of all, of the upgrade request; by default 8192 and
      65536, on MicroPython 1024 and 4096.
    - `max_queue`: bytes that may wait for a slow reader before `send` raises BacklogFullError.

    Raises TypeError or ValueError that names the wrong option.
    """

    def __init__(
        self,
        *,
        port: int,
        host: str | None = None,
        backlog: int = 8,
        client_tracking: bool = True,
        max_payload: int = 4096,
        accept_handler: "AcceptHandler | None" = None,
        auto_pong: bool = True,
        open_timeout: int = 10,
        close_timeout: int = 3,
        ping_interval: int = 0,
        ping_timeout: int = 10,
        idle_timeout: int = 0,
        send_timeout: int = 30,
        max_fragments: int = 1024,
        max_line: int = MAX_LINE,
        max_head: int = MAX_HEAD,
        max_queue: int | None = None,
    ) -> None:
        super().__init__()
        _check("port", port, 0, 65535)
        _check("backlog", backlog, 1)
        _check("max_payload", max_payload, 0)
        _check("max_fragments", max_fragments, 1)
        _check("open_timeout", open_timeout, 1)
        _check("close_timeout", close_timeout, 1)
        _check("ping_interval", ping_interval, 0)
        _check("ping_timeout", ping_timeout, 1)
        _check("idle_timeout", idle_timeout, 0)
        _check("send_timeout", send_timeout, 0)
        _check("max_line", max_line, 64)
        _check("max_head", max_head, 128)
        if host is not None and not isinstance(host, str):
            raise TypeError(f"host must be str or None, not {type(host).__name__}")
        if accept_handler is not None and not callable(accept_handler):
            raise TypeError("accept_handler must be callable or None")
        if max_queue is None:
            max_queue = 2 * max_payload + 1024
        _check("max_queue", max_queue, 0)
        self.port = port
        self.host = host
        self.clients: set[WebSocketConnection] = set()
        self._backlog = backlog
        self._track = client_tracking
        self._accept_handler = accept_handler
        timeouts = (open_timeout, close_timeout, ping_interval, ping_timeout, idle_timeout)
        self._timeouts = tuple([seconds * 1000 for seconds in timeouts])
        self._send_timeout = send_timeout
        self._max_queue = max_queue
        self._protocol_options = (max_payload, max_fragments, max_line, max_head, auto_pong)
        self._listener: Listener | None = None
        self._links: dict[Link, WebSocketConnection] = {}
        self._watchdog = Watchdog()
        self._closing = False
        self._closed: asyncio.Event | None = None
        # One for all connections: between a read and the parsing of what it gave, no other task runs.
        self._buffer = read_buffer()

    async def serve(self) -> None:
        """Listen; return when `close()` has done its work. Raises OSError if the address cannot be had."""
        await self.start()
        try:
            await self.wait_closed()
        finally:
            self.close()

    def run(self) -> None:
        """`serve()` for those who have no event loop."""
        asyncio.run(self.serve())

    async def __aenter__(self) -> "WebSocketServer":
        await self.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.close()
        await self.wait_closed()

    async def start(self) -> None:
        """Listen, and give back control. Raises OSError if the address cannot be had."""
        if self._listener is not None:
            raise RuntimeError("the server is listening already")
        self._closing = False
        self._closed = asyncio.Event()
        self._listener, self.port = await listen(
            self._serve_client, self.host, self.port, self._backlog + REFUSERS
        )
        self.emit("listening")

    def close(self, code: int = 1001, reason: str = "") -> None:
        """Stop listening, start the closing handshake with every client; `wait_closed` waits for the end."""
        if self._listener is None or self._closing:
            return
        self._closing = True
        self._listener.close()
        for link, conn in list(self._links.items()):
            if conn.state == OPEN:
                conn.close(code, reason)
            elif conn.state == CONNECTING:
                link.expire()
        self._check_closed()

    async def wait_closed(self) -> None:
        """Wait until `close()` has been called and the last connection has ended."""
        if self._closed is not None:
            await self._closed.wait()

    def _check_closed(self) -> None:
        if self._closing and not self._links and self._closed is not None:
            self._listener = None
            self._closing = False
            self._closed.set()
            self.emit("close")

    async def _serve_client(self, reader: "Reader", writer: "Writer") -> None:
        """One connection, from accept to the end."""
        if self._closing or self._listener is None or len(self._links) >= self._backlog + REFUSERS:
            await close_stream(writer)
            return
        if self._links:
            tidy()
        set_no_delay(writer)
        set_send_timeout(writer, self._send_timeout)
        full = len(self._links) >= self._backlog
        link = Link(ServerProtocol(*self._protocol_options), writer, self._watchdog, self._timeouts)
        conn = WebSocketConnection(link, self._max_queue)
        self._links[link] = conn
        link.expect_open()
        try:
            await self._talk(reader, link, conn, full)
        except asyncio.CancelledError:
            if not link.cancelled:
                raise
            if link.protocol.state == CONNECTING:
                late = HandshakeError(408, f"no upgrade request within {self._timeouts[0] // 1000} s")
                link.protocol.refuse(late)
                link.flush()
                self.emit("error", late)
        except OSError as error:
            link.lose(error)
        except Exception as error:  # our own fault, or no memory: this connection ends, the server does not
            self.listener_failed("connection", error)
            link.drop()
        finally:
            await link.close()
            del self._links[link]
            self.clients.discard(conn)
            if link.protocol.accepted:
                conn.ended()
            self._check_closed()

    async def _talk(self, reader: "Reader", link: Link, conn: WebSocketConnection, full: bool) -> None:
        protocol = link.protocol
        count = 0
        starved = 0
        while not protocol.finished:
            try:
                answered = self._dispatch(count, link, conn, full)
            except MemoryError:
                if not protocol.accepted:
                    raise
                answered = False
                self._out_of_memory(link, conn)
            if protocol.state != OPEN and protocol.accepted:
                link.expect_close()
            if link.flusher is not None:
                await link.flushed()
            if protocol.finished:
                return
            if answered or protocol.starved:
                count = 0  # there may be frames that came together with the request, or were left
                if protocol.starved:
                    starved += 1
                    await self._wait_for_memory(link, conn, starved)
                continue
            starved = 0
            read = None
            while read is None:
                read = await read_into(reader, self._buffer)
            if not read:
                return
            count = read
            link.heard = True

    async def _wait_for_memory(self, link: Link, conn: WebSocketConnection, times: int) -> None:
        """Let the others finish with their messages; the peer waits meanwhile. Not for ever."""
        if times < _PATIENCE:
            await sleep_ms(_PAUSE)
        else:
            self._out_of_memory(link, conn)

    def _out_of_memory(self, link: Link, conn: WebSocketConnection) -> None:
        """Fail this connection, so that there is memory for the others. Raises MemoryError."""
        error = no_memory()
        link.corked = False
        link.protocol.fail(error)
        link.linger()
        link.flush()
        conn.deliver(error)

    def _dispatch(self, count: int, link: Link, conn: WebSocketConnection, full: bool) -> bool:
        """Deliver the events of what was read; whether an upgrade request was among them.

        A method of its own, so that no message is kept alive by a variable of the task that waits for the
        next.
        """
        link.corked = True
        answered = False
        for event in link.protocol.receive_data(self._buffer, count):
            if isinstance(event, Message):
                conn.emit("message", event.data)
            elif isinstance(event, Request):
                self._answer(event, link, conn, full)
                answered = True
            elif isinstance(event, HandshakeError):
                self.emit("error", event)
                link.linger()
            else:
                if isinstance(event, ProtocolError):
                    link.linger()
                conn.deliver(event)
        link.corked = False
        link.flush()
        return answered

    def _answer(self, request: Request, link: Link, conn: WebSocketConnection, full: bool) -> None:
        """Accept or refuse an upgrade request."""
        protocol = link.protocol
        try:
            if self._closing:
                raise HandshakeError(503, "the server is closing")
            if full:
                raise HandshakeError(
                    503, f"all {self._backlog} connections are taken, try again later", ("Retry-After: 1",)
                )
            subprotocol = choose_protocol(self._accept_handler, request.protocols)
        except HandshakeError as error:
            protocol.refuse(error)
            self.emit("error", error)
        except Exception as error:
            protocol.refuse(HandshakeError(500, "the accept handler failed"))
            self.listener_failed("accept_handler", error)
        else:
            tidy()
            protocol.accept(subprotocol)
            link.opened()
            if self._track:
                self.clients.add(conn)
            self.emit("connection", conn)


def _check(name: str, value: object, low: int, high: int | None = None) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be int, not {type(value).__name__}")
    if value < low or (high is not None and value > high):
        raise ValueError(
            f"{name} must be {f'from {low} to {high}' if high is not None else f'{low} or more'}"
        )
