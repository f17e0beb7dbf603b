"""A choice of sub-protocols, for tests of masking and of what a server knows of its clients.

- `echo`: as the echo sample.
- `masked-echo`: answers with masked frames; the text `ping:<data>` is answered by a masked Ping with that
  data, `pong:<data>` by a masked Pong.
- `clients`: answers each message with the number of `server.clients`.

Other sub-protocols, and none, are refused with 401.
"""

from ..compat import TYPE_CHECKING
from ..protocol import OPEN
from ..server import WebSocketServer

if TYPE_CHECKING:
    from typing import Any

    from ..connection import WebSocketConnection

ECHO = "echo"
MASKED_ECHO = "masked-echo"
CLIENTS = "clients"


def make_server(port: int, **options: "Any") -> WebSocketServer:
    """Return the server; `options` are those of WebSocketServer."""
    server = WebSocketServer(port=port, accept_handler=choose, **options)
    server.on("connection", lambda conn: _connected(server, conn))
    return server


def choose(protocols: list[str]) -> str | None:
    """Accept the first that is known, in the client's order of preference."""
    for protocol in protocols:
        if protocol in (ECHO, MASKED_ECHO, CLIENTS):
            return protocol
    return None


def _connected(server: WebSocketServer, conn: "WebSocketConnection") -> None:
    mask = conn.protocol == MASKED_ECHO

    def answer(data: "str | bytes") -> None:
        if conn.state != OPEN:
            return
        if conn.protocol == CLIENTS:
            conn.send(str(len(server.clients)))
        elif mask and isinstance(data, str) and data.startswith("ping:"):
            conn.ping(bytes(data[5:], "utf-8"), mask=True)
        elif mask and isinstance(data, str) and data.startswith("pong:"):
            conn.pong(bytes(data[5:], "utf-8"), mask=True)
        else:
            conn.send(data, mask=mask)

    conn.on("message", answer)
