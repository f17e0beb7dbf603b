"""Memory that runs out within one connection: that one is closed with 1011, the others go on."""

import pytest
import websockets
from websockets.asyncio.client import connect

from ws_server import ProtocolError, WebSocketConnection
from ws_server.messages import MessageAssembler
from ws_server.protocol import ServerProtocol
from ws_server.tests.test_server import echo_server, run, url


def test_in_a_listener() -> None:
    async def scenario() -> None:
        async with echo_server() as server, connect(url(server)) as other:
            errors: list[Exception] = []

            @server.on("connection")
            def connected(conn: WebSocketConnection) -> None:
                conn.on("error", errors.append)

                @conn.on("message")
                def greedy(data: str | bytes) -> None:
                    raise MemoryError

            async with connect(url(server)) as conn:
                await conn.send("too much")
                assert await conn.recv() == "too much"  # the echo's own listener was called first
                with pytest.raises(websockets.ConnectionClosedError):
                    await conn.recv()
                assert conn.close_code == 1011
            assert [type(error) for error in errors] == [MemoryError]
            await other.send("unharmed")
            assert await other.recv() == "unharmed"

    run(scenario)


@pytest.mark.parametrize(
    ("owner", "method"),
    [(ServerProtocol, "receive_data"), (MessageAssembler, "frame_buffer"), (MessageAssembler, "frame_end")],
)
def test_in_the_server(monkeypatch: pytest.MonkeyPatch, owner: type, method: str) -> None:
    """Wherever it happens, and however often it is tried again."""

    def failing(*arguments: object) -> None:
        raise MemoryError

    async def scenario() -> None:
        async with echo_server() as server, connect(url(server)) as other:
            async with connect(url(server)) as conn:
                errors: list[Exception] = []
                for client in server.clients:
                    client.on("error", errors.append)
                with monkeypatch.context() as patched:
                    patched.setattr(owner, method, failing)
                    patched.setattr(MessageAssembler, "short_message", failing)
                    await conn.send("too much")
                    with pytest.raises(websockets.ConnectionClosedError):
                        await conn.recv()
                assert conn.close_code == 1011
                assert {type(error) for error in errors} == {ProtocolError}
            await other.send("unharmed")
            assert await other.recv() == "unharmed"

    run(scenario)
