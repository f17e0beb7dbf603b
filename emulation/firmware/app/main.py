"""The firmware's application: three WebSocket servers in one event loop, on IPv4 and IPv6."""

import asyncio

from ws_server.samples import echo, subprotocols, zephyr_js

ADDRESS = "192.0.2.1"
ANY = "::"  # lwIP: every address of the board, of either family

MAX_PAYLOAD = 4096
BACKLOG = 8
# Seconds; one of the servers gives up clients that have gone without a word.
PING_INTERVAL = 30
PING_TIMEOUT = 5


async def serve() -> None:
    """Start the servers, say so, and run for ever."""
    servers = (
        echo.make_server(8080, host=ANY, backlog=BACKLOG, max_payload=MAX_PAYLOAD),
        zephyr_js.make_server(8081, host=ANY, backlog=BACKLOG),
        subprotocols.make_server(
            8082,
            host=ANY,
            backlog=BACKLOG,
            max_payload=MAX_PAYLOAD,
            ping_interval=PING_INTERVAL,
            ping_timeout=PING_TIMEOUT,
        ),
    )
    for server in servers:
        await server.start()
    ports = ", ".join([str(server.port) for server in servers])
    print(f"ws_server: listening on {ADDRESS} ports {ports}")
    for server in servers:
        await server.wait_closed()


asyncio.run(serve())
