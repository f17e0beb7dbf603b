"""Echo: text comes back as text, binary as binary."""

from ..compat import TYPE_CHECKING
from ..protocol import OPEN
from ..server import WebSocketServer

if TYPE_CHECKING:
    from typing import Any

    from ..connection import WebSocketConnection


def make_server(port: int, **options: "Any") -> WebSocketServer:
    """Return an echo server; `options` are those of WebSocketServer."""
    server = WebSocketServer(port=port, **options)
    server.on("connection", _connected)
    return server


def _connected(conn: "WebSocketConnection") -> None:
    def echo(data: "str | bytes") -> None:
        if conn.state == OPEN:
            conn.send(data)

    conn.on("message", echo)
