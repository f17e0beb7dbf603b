"""One echo server without a limit of its own: the heap is the limit."""

import asyncio

from ws_server.samples import echo

NO_LIMIT = 0x100000


async def serve() -> None:
    """Start the server, say so, and run for ever."""
    server = echo.make_server(8080, host="::", max_payload=NO_LIMIT)
    await server.start()
    print("ws_server: listening on port", server.port)
    await server.wait_closed()


asyncio.run(serve())
