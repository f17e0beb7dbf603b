"""The sample that comes with Zephyr.js' `ws` module (samples/websockets/WebSocketServer.js), in Python.

Accepts the sub-protocol `my_ws_protocol`, answers each message after 100 ms with `Message #n`, masked, and
sends a Ping with the first of every ten. Pings are answered by its own listener. What happens is printed,
line for line as the original does.
"""

from ..compat import TYPE_CHECKING, sleep_ms
from ..protocol import OPEN
from ..server import WebSocketServer

if TYPE_CHECKING:
    from typing import Any

    from ..connection import WebSocketConnection

PROTOCOL = "my_ws_protocol"
DELAY = 100


def make_server(port: int, **options: "Any") -> WebSocketServer:
    """Return the server; `options` are those of WebSocketServer."""
    server = WebSocketServer(port=port, accept_handler=choose, auto_pong=False, **options)
    _Sample(server)
    return server


def choose(protocols: list[str]) -> str | None:
    """Accept PROTOCOL."""
    return PROTOCOL if PROTOCOL in protocols else None


class _Sample:
    """Counts the answers of one server, to whomever they go."""

    def __init__(self, server: WebSocketServer) -> None:
        self._count = 0
        server.on("connection", self._connected)

    def _connected(self, conn: "WebSocketConnection") -> None:
        print("CONNECTION")

        def message(data: "str | bytes") -> object:
            print("MESSAGE:", _text(data))
            return self._answer(conn)

        def ping(data: bytes) -> None:
            print("PING:", _text(data))
            if conn.state == OPEN:
                conn.pong(data)

        conn.on("message", message)
        conn.on("ping", ping)
        conn.on("pong", _pong)
        conn.on("close", _close)
        conn.on("error", _error)

    async def _answer(self, conn: "WebSocketConnection") -> None:
        await sleep_ms(DELAY)
        if conn.state != OPEN:
            return  # the client has gone meanwhile
        conn.send(f"Message #{self._count}", mask=True)
        if self._count % 10 == 0:
            conn.ping(b"PING")
        self._count += 1


def _pong(data: bytes) -> None:
    print("PONG:", _text(data))


def _close(code: int, reason: str) -> None:
    print("close event:", reason, "code:", code)


def _error(error: Exception) -> None:
    print(type(error).__name__, ":", error)


def _text(data: "str | bytes") -> str:
    """Bytes as the original shows them: as ASCII, whatever they are."""
    if isinstance(data, str):
        return data
    shown = bytearray(data)
    for index in range(len(shown)):
        shown[index] &= 0x7F
    return str(shown, "ascii")
