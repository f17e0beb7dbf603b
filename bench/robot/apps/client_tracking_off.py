"""Echo on port 8080; on 8082 the choice of sub-protocols, by a server that does not track its clients."""

import asyncio

from ws_server.samples import echo, subprotocols


async def serve() -> None:
    """Start the servers, say so, and run for ever."""
    servers = (
        echo.make_server(8080, host="::"),
        subprotocols.make_server(8082, host="::", client_tracking=False),
    )
    for server in servers:
        await server.start()
    print("ws_server: listening on ports 8080, 8082")
    for server in servers:
        await server.wait_closed()


asyncio.run(serve())
