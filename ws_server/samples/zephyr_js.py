"""The sample that comes with Zephyr.js' `ws` module, in Python.

Accepts the sub-protocol `my_ws_protocol`, answers each message after 100 ms with `Message #n`, masked, and
sends a Ping at every tenth.
"""

from ..compat import TYPE_CHECKING, sleep_ms
from ..errors import WebSocketError
from ..server import WebSocketServer

if TYPE_CHECKING:
    from typing import Any

    from ..connection import WebSocketConnection

PROTOCOL = "my_ws_protocol"
DELAY = 100


def make_server(port: int, **options: "Any") -> WebSocketServer:
    """Return the server; `options` are those of WebSocketServer."""
    server = WebSocketServer(port=port, accept_handler=choose, **options)
    server.on("connection", _Counter)
    return server


def choose(protocols: list[str]) -> str | None:
    """Accept PROTOCOL."""
    return PROTOCOL if PROTOCOL in protocols else None


class _Counter:
    """Counts the messages of one connection."""

    def __init__(self, conn: "WebSocketConnection") -> None:
        self._conn = conn
        self._count = 0
        conn.on("message", self._answer)

    async def _answer(self, data: "str | bytes") -> None:
        self._count += 1
        number = self._count
        await sleep_ms(DELAY)
        try:
            self._conn.send(f"Message #{number}", mask=True)
            if number % 10 == 0:
                self._conn.ping(b"ping", mask=True)
        except WebSocketError:
            pass  # the client has gone meanwhile
