"""The server on a loopback socket; the client is `websockets`, or a bare socket for what that will not do."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from ws_server import (
    BacklogFullError,
    HandshakeError,
    NotOpenError,
    ProtocolError,
    WebSocketConnection,
    WebSocketServer,
)
from ws_server.samples import echo, subprotocols, zephyr_js
from ws_server.tests import tables
from ws_server.tests.tables import client

LIMIT = 10
"""Seconds after which a test that hangs is failed."""


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), LIMIT))


def url(server: WebSocketServer) -> str:
    return f"ws://127.0.0.1:{server.port}/"


def echo_server(**options: Any) -> WebSocketServer:
    return echo.make_server(0, host="127.0.0.1", **options)


class Bare:
    """A client that sends what it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def upgrade(self) -> None:
        self.writer.write(tables.request())
        head = await self.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head


@asynccontextmanager
async def bare(server: WebSocketServer) -> AsyncIterator[Bare]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield Bare(reader, writer)
    finally:
        writer.close()


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 535, 536, 537, 4095, 4096])
def test_echo(size: int) -> None:
    async def scenario() -> None:
        async with echo_server() as server, connect(url(server)) as conn:
            await conn.send("x" * size)
            assert await conn.recv() == "x" * size
            await conn.send(b"\xff" * size)
            assert await conn.recv() == b"\xff" * size

    run(scenario)


@pytest.mark.parametrize("size", [32767, 32768, 32769, 65535, 65536, 65537])
def test_echo_at_the_edges_of_the_forms_of_length(size: int) -> None:
    async def scenario() -> None:
        data = bytes(range(256)) * (size // 256) + bytes(size % 256)
        async with echo_server(max_payload=70000) as server, connect(url(server)) as conn:
            await conn.send(data)
            assert await conn.recv() == data

    run(scenario)


def test_large_messages_with_larger_limits() -> None:
    async def scenario() -> None:
        big = bytes(range(256)) * 4096
        async with echo_server(max_payload=len(big)) as server, connect(url(server), max_size=None) as conn:
            await conn.send(big)
            assert await conn.recv() == big

    run(scenario)


def test_fragmented_message_comes_back_whole() -> None:
    async def scenario() -> None:
        async with echo_server() as server, connect(url(server)) as conn:
            await conn.send(["Hel", "", "lo \u20ac"])
            assert await conn.recv() == "Hello \u20ac"

    run(scenario)


def test_ping_is_answered() -> None:
    async def scenario() -> None:
        async with echo_server() as server, connect(url(server)) as conn:
            await (await conn.ping(b"payload"))

    run(scenario)


def test_server_pings() -> None:
    async def scenario() -> None:
        async with echo_server() as server:
            pongs: asyncio.Queue[bytes] = asyncio.Queue()

            @server.on("connection")
            def connected(conn: WebSocketConnection) -> None:
                conn.on("pong", pongs.put_nowait)
                conn.ping(b"are you there")

            async with connect(url(server)):
                assert await pongs.get() == b"are you there"

    run(scenario)


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "going"), (4999, "private")])
def test_client_closes(code: int, reason: str) -> None:
    async def scenario() -> None:
        async with echo_server() as server:
            closed: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
            server.on(
                "connection",
                lambda conn: conn.on("close", lambda code, reason: closed.put_nowait((code, reason))),
            )
            async with connect(url(server)) as conn:
                await conn.close(code, reason)
                assert conn.close_code == code
            assert await closed.get() == (code, reason)

    run(scenario)


def test_server_closes() -> None:
    async def scenario() -> None:
        async with echo_server() as server:
            server.on("connection", lambda conn: conn.close(4001, "enough"))
            async with connect(url(server)) as conn:
                with pytest.raises(websockets.ConnectionClosedError):
                    await conn.recv()
                assert (conn.close_code, conn.close_reason) == (4001, "enough")

    run(scenario)


@pytest.mark.rfc6455("7.1.5-code")
def test_connection_lost_without_close_is_1006() -> None:
    async def scenario() -> None:
        async with echo_server() as server:
            closed: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
            server.on(
                "connection",
                lambda conn: conn.on("close", lambda code, reason: closed.put_nowait((code, reason))),
            )
            async with bare(server) as peer:
                await peer.upgrade()
                peer.writer.write(client(0x81, b"cut")[:-1])
            assert await closed.get() == (1006, "")
            async with connect(url(server)) as conn:
                await conn.send("still serving")
                assert await conn.recv() == "still serving"

    run(scenario)


def test_terminate_sends_no_close() -> None:
    async def scenario() -> None:
        async with echo_server() as server:
            server.on("connection", lambda conn: conn.on("message", lambda data: conn.terminate()))
            async with connect(url(server)) as conn:
                await conn.send("drop me")
                with pytest.raises(websockets.ConnectionClosedError):
                    await conn.recv()
                assert conn.close_code == 1006

    run(scenario)


def test_terminate_from_another_task() -> None:
    async def scenario() -> None:
        async with echo_server() as server, connect(url(server)) as conn:
            (ours,) = server.clients
            ended = asyncio.Event()
            ours.on("close", lambda code, reason: ended.set())
            ours.terminate()
            await ended.wait()
            assert ours.state == "closed"
            with pytest.raises(websockets.ConnectionClosedError):
                await conn.recv()
            with pytest.raises(NotOpenError):
                ours.send("x")

    run(scenario)


def offered(protocols: list[str]) -> Callable[[list[str]], object]:
    """An accept handler that notes what it is asked."""

    def handler(offer: list[str]) -> object:
        protocols.extend(offer)
        return "two" if "two" in offer else None

    return handler


@pytest.mark.rfc6455("4.2.2-subprotocol")
def test_accept_handler_chooses_the_subprotocol() -> None:
    async def scenario() -> None:
        asked: list[str] = []
        async with (
            echo_server(accept_handler=offered(asked)) as server,
            connect(url(server), subprotocols=[Subprotocol("one"), Subprotocol("two")]) as conn,
        ):
            assert conn.subprotocol == "two"
            (ours,) = server.clients
            assert ours.protocol == "two"
        assert asked == ["one", "two"]

    run(scenario)


@pytest.mark.parametrize("answer", [None, "", "other", 7, True, ["one"]])
@pytest.mark.rfc6455("4.2.2-subprotocol")
def test_any_other_answer_of_the_accept_handler_refuses_with_401(answer: object) -> None:
    async def scenario() -> None:
        errors: list[Exception] = []
        async with echo_server(accept_handler=lambda protocols: answer) as server:
            server.on("error", errors.append)
            with pytest.raises(websockets.InvalidStatus) as caught:
                await connect(url(server), subprotocols=[Subprotocol("one")])
        assert caught.value.response.status_code == 401
        assert caught.value.response.headers["WWW-Authenticate"].startswith("Sub-Protocol "), (
            "RFC 9110, 15.5.2"
        )
        assert b"the client offered one" in caught.value.response.body
        assert [getattr(error, "status", None) for error in errors] == [401]

    run(scenario)


def test_accept_handler_is_asked_even_if_nothing_is_offered() -> None:
    async def scenario() -> None:
        asked: list[list[str]] = []
        async with echo_server(accept_handler=asked.append) as server:
            with pytest.raises(websockets.InvalidStatus) as caught:
                await connect(url(server))
        assert asked == [[]]
        assert caught.value.response.status_code == 401

    run(scenario)


def test_accept_handler_that_raises_is_reported_and_refuses() -> None:
    async def scenario() -> None:
        errors: list[Exception] = []

        def handler(protocols: list[str]) -> object:
            raise KeyError("broken")

        async with echo_server(accept_handler=handler) as server:
            server.on("error", errors.append)
            with pytest.raises(websockets.InvalidStatus) as caught:
                await connect(url(server))
        assert caught.value.response.status_code == 500
        assert [type(error) for error in errors] == [KeyError]

    run(scenario)


@pytest.mark.rfc6455("4.2.2-subprotocol")
def test_without_a_handler_no_subprotocol_is_agreed_on() -> None:
    async def scenario() -> None:
        async with (
            echo_server() as server,
            connect(url(server), subprotocols=[Subprotocol("one")]) as conn,
        ):
            assert conn.subprotocol is None

    run(scenario)


@pytest.mark.rfc6455("7.4.1-too-big")
def test_message_beyond_max_payload_is_answered_by_1009() -> None:
    async def scenario() -> None:
        async with echo_server(max_payload=100) as server:
            errors: list[Exception] = []
            server.on("connection", lambda conn: conn.on("error", errors.append))
            async with connect(url(server)) as conn:
                await conn.send("x" * 101)
                with pytest.raises(websockets.ConnectionClosedError) as caught:
                    await conn.recv()
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == 1009
            (error,) = errors
            assert isinstance(error, ProtocolError)
            assert error.code == 1009

    run(scenario)


def test_sending_beyond_max_payload_raises_and_sends_nothing() -> None:
    async def scenario() -> None:
        async with echo_server(max_payload=100) as server, connect(url(server)) as conn:
            (ours,) = server.clients
            with pytest.raises(ValueError, match="max_payload is 100"):
                ours.send("x" * 101)
            ours.send("fits")
            assert await conn.recv() == "fits"

    run(scenario)


def test_masked_frame_of_the_server_is_refused_by_a_strict_client() -> None:
    async def scenario() -> None:
        async with echo_server() as server:
            server.on("connection", lambda conn: conn.send("masked", mask=True))
            async with connect(url(server)) as conn:
                with pytest.raises(websockets.ConnectionClosedError) as caught:
                    await conn.recv()
            assert caught.value.sent is not None
            assert caught.value.sent.code == 1002
            assert "masking" in caught.value.sent.reason

    run(scenario)


@pytest.mark.rfc6455("5.1-unmasked", "7.1.7-close")
def test_unmasked_frame_is_answered_by_1002_and_tcp_is_closed() -> None:
    async def scenario() -> None:
        async with echo_server() as server, bare(server) as peer:
            await peer.upgrade()
            peer.writer.write(b"\x81\x05Hello")
            answer = await peer.reader.read()
            assert answer[0] == 0x88
            assert answer[2:4] == (1002).to_bytes(2, "big")
            assert answer[4:] == b"frame is not masked"

    run(scenario)


@pytest.mark.parametrize("name", ["no Upgrade", "version 8", "method POST", "method longer than max_line"])
def test_wrong_request_is_refused_and_reported(name: str) -> None:
    (row,) = [row for row in tables.BAD_REQUESTS if row[0] == name]

    async def scenario() -> None:
        errors: list[Exception] = []
        async with echo_server(max_line=tables.MAX_LINE) as server, bare(server) as peer:
            server.on("error", errors.append)
            peer.writer.write(row[1])
            answer = await peer.reader.read()
            assert answer.startswith(f"HTTP/1.1 {row[2]} ".encode())
        (error,) = errors
        assert isinstance(error, HandshakeError)
        assert error.reason.encode() in answer

    run(scenario)


@pytest.mark.rfc6455("10.1-non-browser")
def test_dribbling_request_is_cut_off_by_the_open_timeout() -> None:
    async def scenario() -> None:
        async with echo_server(open_timeout=1) as server, bare(server) as peer:
            peer.writer.write(tables.request()[:-1])
            answer = await peer.reader.read()
            assert answer.startswith(b"HTTP/1.1 408 ")

    run(scenario)


@pytest.mark.rfc6455("7.1.1-timeout")
def test_peer_that_does_not_answer_the_close_is_cut_off_by_the_close_timeout() -> None:
    async def scenario() -> None:
        async with echo_server(close_timeout=1) as server, bare(server) as peer:
            await peer.upgrade()
            (ours,) = server.clients
            closed: asyncio.Queue[int] = asyncio.Queue()
            ours.on("close", lambda code, reason: closed.put_nowait(code))
            ours.close(4000)
            assert await peer.reader.read() == b"\x88\x02\x0f\xa0"
            assert await closed.get() == 1006

    run(scenario)


def test_client_that_answers_pings_stays() -> None:
    async def scenario() -> None:
        async with echo_server(ping_interval=1, ping_timeout=1) as server, connect(url(server)) as conn:
            (ours,) = server.clients
            pongs: asyncio.Queue[bytes] = asyncio.Queue()
            ours.on("pong", pongs.put_nowait)
            for _ in range(2):
                assert await pongs.get() == b""
            await conn.send("still here")
            assert await conn.recv() == "still here"

    run(scenario)


def test_client_that_does_not_answer_pings_is_given_up() -> None:
    async def scenario() -> None:
        async with echo_server(ping_interval=1, ping_timeout=1) as server, bare(server) as peer:
            await peer.upgrade()
            (ours,) = server.clients
            errors: list[Exception] = []
            closed: asyncio.Queue[int] = asyncio.Queue()
            ours.on("error", errors.append).on("close", lambda code, reason: closed.put_nowait(code))
            assert await peer.reader.readexactly(2) == b"\x89\x00"
            assert await closed.get() == 1006
            assert "no answer to a Ping" in str(errors[0])

    run(scenario)


def test_idle_client_is_sent_away() -> None:
    async def scenario() -> None:
        async with echo_server(idle_timeout=1) as server, connect(url(server)) as conn:
            with pytest.raises(websockets.ConnectionClosedOK):
                await conn.recv()
            assert (conn.close_code, conn.close_reason) == (1001, "idle")

    run(scenario)


def test_connection_beyond_the_backlog_is_told_and_served_later() -> None:
    async def scenario() -> None:
        async with echo_server(backlog=2) as server, connect(url(server)), connect(url(server)) as second:
            with pytest.raises(websockets.InvalidStatus) as caught:
                await connect(url(server))
            assert caught.value.response.status_code == 503
            assert caught.value.response.headers["Retry-After"] == "1"
            ended = asyncio.Event()
            for ours in server.clients:
                ours.on("close", lambda code, reason: ended.set())
            await second.close()
            await ended.wait()
            async with connect(url(server)) as third:
                await third.send("my turn")
                assert await third.recv() == "my turn"

    run(scenario)


def test_clients_come_and_go() -> None:
    async def scenario() -> None:
        async with echo_server() as server:
            ended = asyncio.Event()
            server.on("connection", lambda conn: conn.on("close", lambda code, reason: ended.set()))
            async with connect(url(server)) as conn:
                (ours,) = server.clients
                assert ours.state == "open"
                assert ours.remote_address == conn.local_address
            await ended.wait()
            assert server.clients == set()

    run(scenario)


def test_clients_are_not_tracked_on_request() -> None:
    async def scenario() -> None:
        async with echo_server(client_tracking=False) as server, connect(url(server)) as conn:
            await conn.send("x")
            assert await conn.recv() == "x"
            assert server.clients == set()

    run(scenario)


def test_many_clients_at_once() -> None:
    async def scenario() -> None:
        async def talk(conn: ClientConnection, number: int) -> None:
            for turn in range(20):
                await conn.send(f"{number}/{turn}" * 50)
                assert await conn.recv() == f"{number}/{turn}" * 50

        async with echo_server(backlog=20) as server:
            conns = [await connect(url(server)) for _ in range(20)]
            await asyncio.gather(*(talk(conn, number) for number, conn in enumerate(conns)))
            await asyncio.gather(*(conn.close() for conn in conns))

    run(scenario)


def test_listener_that_raises_is_reported_and_harms_nobody() -> None:
    async def scenario() -> None:
        async with echo_server() as server:
            reports: list[Exception] = []

            @server.on("connection")
            def connected(conn: WebSocketConnection) -> None:
                conn.on("error", reports.append)

                @conn.on("message")
                def broken(data: str | bytes) -> None:
                    raise KeyError(data)

            async with connect(url(server)) as conn:
                await conn.send("a")
                assert await conn.recv() == "a"
                await conn.send("b")
                assert await conn.recv() == "b"
            assert [type(error) for error in reports] == [KeyError, KeyError]

    run(scenario)


def test_coroutine_functions_may_listen() -> None:
    async def scenario() -> None:
        server = WebSocketServer(port=0, host="127.0.0.1")
        reports: asyncio.Queue[Exception] = asyncio.Queue()

        @server.on("connection")
        async def connected(conn: WebSocketConnection) -> None:
            conn.on("error", reports.put_nowait)

            @conn.on("message")
            async def answer(data: str) -> None:
                conn.send(data.upper())
                raise KeyError("afterwards")

        async with server, connect(url(server)) as conn:
            await conn.send("loud")
            assert await conn.recv() == "LOUD"
            assert isinstance(await reports.get(), KeyError)

    run(scenario)


def test_slow_reader_cannot_make_the_server_queue_without_end() -> None:
    async def scenario() -> None:
        async with echo_server(max_payload=65536, max_queue=100_000) as server, bare(server) as peer:
            await peer.upgrade()
            (ours,) = server.clients
            with pytest.raises(BacklogFullError, match="max_queue is 100000"):
                for _ in range(10_000):
                    ours.send(bytes(65536))
            assert ours.buffered <= 100_000 + 65536 + 10
            ours.terminate()

    run(scenario)


def test_what_the_network_takes_does_not_count_as_waiting() -> None:
    """A listener may send more than `max_queue` to a client that reads."""

    async def scenario() -> None:
        async with echo_server(max_queue=100) as server, connect(url(server)) as conn:
            (ours,) = server.clients
            errors: list[Exception] = []
            ours.on("error", errors.append)

            @ours.on("message")
            def answer(data: str) -> None:
                for _ in range(10):
                    ours.send(data)

            await conn.send("x" * 100)
            for _ in range(11):  # the sample's echo, too
                assert await conn.recv() == "x" * 100
            assert errors == []

    run(scenario)


def test_server_does_not_read_on_while_the_peer_does_not() -> None:
    async def scenario() -> None:
        async with echo_server(max_payload=65536) as server, bare(server) as peer:
            await peer.upgrade()
            (ours,) = server.clients
            peer.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a ReadTransport, really
            message = client(0x82, bytes(65536))
            sent = 0
            peer.writer.transport.set_write_buffer_limits(0)
            try:
                while True:
                    peer.writer.write(message)
                    await asyncio.wait_for(peer.writer.drain(), 0.3)
                    sent += 1
            except TimeoutError:
                pass
            assert ours.buffered <= 65536 + 20
            ours.terminate()

    run(scenario)


def test_close_tells_clients_1001_and_serve_returns() -> None:
    async def scenario() -> None:
        server = echo_server()
        events: list[str] = []
        listening = asyncio.Event()
        server.on("listening", listening.set).on("close", lambda: events.append("close"))
        serving = asyncio.ensure_future(server.serve())
        await listening.wait()
        async with connect(url(server)) as conn:
            server.close()
            with pytest.raises(websockets.ConnectionClosedOK):
                await conn.recv()
            assert conn.close_code == 1001
            await serving
        assert events == ["close"]
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", server.port)

    run(scenario)


def test_server_can_listen_again_after_close() -> None:
    async def scenario() -> None:
        server = echo_server()
        for _ in range(2):
            async with server, connect(url(server)) as conn:
                await conn.send("x")
                assert await conn.recv() == "x"

    run(scenario)


def test_close_of_a_server_that_never_listened_does_nothing() -> None:
    echo_server().close()


def test_port_in_use() -> None:
    async def scenario() -> None:
        async with echo_server() as server:
            with pytest.raises(OSError, match="in use"):
                await echo.make_server(server.port, host="127.0.0.1").start()

    run(scenario)


def test_all_addresses_by_default() -> None:
    async def scenario() -> None:
        async with echo.make_server(0) as server:
            for host in ("127.0.0.1", "localhost"):
                async with connect(f"ws://{host}:{server.port}/") as conn:
                    await conn.send("x")
                    assert await conn.recv() == "x"

    run(scenario)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"port": -1}, ValueError, "port must be from 0 to 65535"),
        ({"port": 65536}, ValueError, "port must be from 0 to 65535"),
        ({"port": "80"}, TypeError, "port must be int, not str"),
        ({"port": True}, TypeError, "port must be int, not bool"),
        ({"host": 7}, TypeError, "host must be str or None"),
        ({"backlog": 0}, ValueError, "backlog must be 1 or more"),
        ({"max_payload": -1}, ValueError, "max_payload must be 0 or more"),
        ({"max_fragments": 0}, ValueError, "max_fragments must be 1 or more"),
        ({"open_timeout": 0}, ValueError, "open_timeout must be 1 or more"),
        ({"close_timeout": 0}, ValueError, "close_timeout must be 1 or more"),
        ({"ping_interval": -1}, ValueError, "ping_interval must be 0 or more"),
        ({"ping_timeout": 0}, ValueError, "ping_timeout must be 1 or more"),
        ({"idle_timeout": -1}, ValueError, "idle_timeout must be 0 or more"),
        ({"max_line": 1}, ValueError, "max_line must be 64 or more"),
        ({"max_head": 1}, ValueError, "max_head must be 128 or more"),
        ({"max_queue": -1}, ValueError, "max_queue must be 0 or more"),
        ({"accept_handler": "chat"}, TypeError, "accept_handler must be callable or None"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        WebSocketServer(**{"port": 0, **options})


@pytest.mark.parametrize("offer", [["echo"], ["masked-echo"], ["unknown", "echo", "masked-echo"]])
def test_subprotocols_sample(offer: list[Any]) -> None:
    async def scenario() -> None:
        async with subprotocols.make_server(0, host="127.0.0.1") as server:
            async with connect(url(server), subprotocols=offer) as conn:
                chosen = "masked-echo" if offer == ["masked-echo"] else "echo"
                assert conn.subprotocol == chosen
                await conn.send("text")
                if chosen == "echo":
                    assert await conn.recv() == "text"
                else:
                    with pytest.raises(websockets.ConnectionClosedError, match="incorrect masking"):
                        await conn.recv()
            with pytest.raises(websockets.InvalidStatus, match="401"):
                await connect(url(server), subprotocols=[Subprotocol("unknown")])

    run(scenario)


def upgrade_for(protocol: str) -> bytes:
    return tables.replaced(f"Sec-WebSocket-Protocol: {protocol}")


async def masked_frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Opcode and payload of a short frame of the server, which must be masked."""
    first, second = await reader.readexactly(2)
    assert second & 0x80, "not masked"
    key = await reader.readexactly(4)
    payload = await reader.readexactly(second & 0x7F)
    return first & 0x0F, bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


def test_masked_echo_sample_pings_and_pongs_masked_on_request() -> None:
    async def scenario() -> None:
        async with subprotocols.make_server(0, host="127.0.0.1") as server, bare(server) as peer:
            peer.writer.write(upgrade_for("masked-echo"))
            await peer.reader.readuntil(b"\r\n\r\n")
            peer.writer.write(client(0x81, b"Hello") + client(0x82, b"\0\xff") + client(0x81, b"ping:abc"))
            peer.writer.write(client(0x81, b"pong:def"))
            assert await masked_frame(peer.reader) == (1, b"Hello")
            assert await masked_frame(peer.reader) == (2, b"\0\xff")
            assert await masked_frame(peer.reader) == (9, b"abc")
            assert await masked_frame(peer.reader) == (10, b"def")
            peer.writer.write(client(0x89, b"plain"))
            assert await peer.reader.readexactly(7) == b"\x8a\x05plain"

    run(scenario)


def test_zephyr_js_sample_answers_masked_and_pings_with_the_first_of_ten() -> None:
    async def scenario() -> None:
        async with zephyr_js.make_server(0, host="127.0.0.1") as server, bare(server) as peer:
            peer.writer.write(upgrade_for(zephyr_js.PROTOCOL))
            head = await peer.reader.readuntil(b"\r\n\r\n")
            assert b"Sec-WebSocket-Protocol: my_ws_protocol\r\n" in head
            peer.writer.write(client(0x81, b"x") * 11)
            for number in range(11):
                assert await masked_frame(peer.reader) == (1, f"Message #{number}".encode())
                if number % 10 == 0:
                    assert await peer.reader.readexactly(6) == b"\x89\x04PING"

    run(scenario)


def test_zephyr_js_sample_prints_what_the_original_prints(capsys: pytest.CaptureFixture[str]) -> None:
    async def scenario() -> None:
        async with zephyr_js.make_server(0, host="127.0.0.1") as server, bare(server) as peer:
            peer.writer.write(upgrade_for(zephyr_js.PROTOCOL))
            await peer.reader.readuntil(b"\r\n\r\n")
            peer.writer.write(client(0x82, b"bytes") + client(0x89, b"p") + client(0x8A, b"q"))
            peer.writer.write(client(0x88, b"\x03\xe9away"))
            assert await peer.reader.readexactly(3) == b"\x8a\x01p"
            await peer.reader.read()

    run(scenario)
    assert capsys.readouterr().out.splitlines() == [
        "CONNECTION",
        "MESSAGE: bytes",
        "PING: p",
        "PONG: q",
        "close event: away code: 1001",
    ]


def test_clients_sample_tells_how_many_there_are() -> None:
    async def scenario() -> None:
        async with subprotocols.make_server(0, host="127.0.0.1") as server:
            offer = [Subprotocol("clients")]
            async with connect(url(server), subprotocols=offer) as one:
                async with connect(url(server), subprotocols=offer):
                    await one.send("how many?")
                    assert await one.recv() == "2"
                while len(server.clients) > 1:
                    await asyncio.sleep(0)
                await one.send("and now?")
                assert await one.recv() == "1"

    run(scenario)


def test_failed_connection_ends_soon_even_if_clients_are_looked_after() -> None:
    async def scenario() -> None:
        async with (
            echo_server(ping_interval=100, idle_timeout=100, close_timeout=100) as server,
            bare(server) as peer,
        ):
            await peer.upgrade()
            peer.writer.write(b"\x81\x05Hello")
            assert (await peer.reader.read())[:1] == b"\x88"

    run(scenario)
