"""The web console of a live board, without a browser: its server, and a client that speaks as its page."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from bench import Board
from bench.live import About, LiveBoard, Relay, WebConsole
from bench.live.web_console import PAGES
from emulation.errors import GuestFault

TIMEOUT = 60
"""Wall seconds."""


class Page:
    """What a page does, and all that it has been told."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.log: list[tuple[str, str]] = []
        self.rows: list[list[Any]] = []
        self.uart = ""
        self.newest: dict[str, Any] = {}

    async def do(self, **command: Any) -> None:
        """Ask for something."""
        await self.socket.send(json.dumps(command))

    async def read(self) -> None:
        """Take one message."""
        message = json.loads(await asyncio.wait_for(self.socket.recv(), TIMEOUT))
        self.log += [(what, text) for what, text in message.pop("log", [])]
        self.rows += message.pop("rows", [])
        if message.get("reset"):
            self.uart = ""
        self.uart += message.pop("uart", "")
        self.newest |= message

    async def until(self, holds: Callable[[], Any]) -> Any:
        """Take messages until something holds; returns it."""
        async with asyncio.timeout(TIMEOUT):
            while not (found := holds()):
                await self.read()
        return found

    async def told(self, what: str, *words: str) -> str:
        """Wait for a line of the log."""

        def there() -> str:
            return next((t for w, t in self.log if w == what and all(word in t for word in words)), "")

        return str(await self.until(there))


class Console:
    """The server, and pages of it."""

    def __init__(self, live: LiveBoard, console: WebConsole, relay: Relay, port: int) -> None:
        self.live, self.console, self.relay, self.port = live, console, relay, port
        self.host = f"127.0.0.1:{port}"

    @contextlib.asynccontextmanager
    async def page(self, **options: Any) -> AsyncIterator[Page]:
        """Open a page; `options` are those of `websockets`."""
        options = {"origin": f"http://{self.host}", "compression": None} | options
        async with connect(f"ws://{self.host}/live", **options) as socket:
            yield Page(socket)

    async def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
        """Status, headers and body of the answer to a request."""

        def request() -> tuple[int, dict[str, str], str]:
            server = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
            with contextlib.closing(server):
                server.request("GET", path, headers=headers)
                answer = server.getresponse()
                return answer.status, dict(answer.getheaders()), answer.read().decode()

        return await asyncio.to_thread(request)


def on(board: Board, work: Callable[[Console], Awaitable[None]]) -> None:
    """Let the board live, as fast as it can, while `work` is done."""

    async def run() -> None:
        with LiveBoard(board, fast=True) as live:
            relay = Relay(live)
            about = About("test.elf", {8080: "echo"}, {8080: "ws://127.0.0.1:1/"})
            console = WebConsole(live, about, lambda: map(str, relay.connections))
            port = await console.listen(0)
            running = asyncio.create_task(live.run())
            working = asyncio.ensure_future(work(Console(live, console, relay, port)))
            try:
                await asyncio.wait({running, working}, timeout=TIMEOUT, return_when=asyncio.FIRST_COMPLETED)
                if running.done():
                    running.result()
                assert working.done(), f"not done after {TIMEOUT} s; {board.uart.tail}"
                await working
            finally:
                working.cancel()
                relay.close()
                await console.close()
                live.stop()
                await asyncio.wait({running, working})

    asyncio.run(run())


# The server


def test_the_page_comes_with_a_policy_that_lets_nothing_else_in(board: Board) -> None:
    async def work(console: Console) -> None:
        status, headers, body = await console.get("/")
        assert status == 200
        assert headers["Content-Type"] == "text/html; charset=utf-8"
        assert headers["Content-Security-Policy"].startswith("default-src 'self';")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "<title>Live board</title>" in body
        for path, kind in (
            ("/console.js", "text/javascript"),
            ("/colours.css", "text/css"),
            ("/icon.svg", "image/"),
        ):
            status, headers, body = await console.get(path)
            assert (status, headers["Content-Type"].startswith(kind)) == (200, True)

    on(board, work)


def test_what_is_no_part_of_the_page_is_not_found(board: Board) -> None:
    async def work(console: Console) -> None:
        for path in ("/nothing", "/../live_board.py", "/%2e%2e/live_board.py", "/index.html/"):
            assert (await console.get(path))[0] == 404

    on(board, work)


def test_a_rebound_name_gets_neither_page_nor_socket(board: Board) -> None:
    async def work(console: Console) -> None:
        status, _, body = await console.get("/", Host=f"evil.example:{console.port}")
        assert status == 403
        assert "evil.example" in body
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"ws://{console.host}/live", additional_headers={"Host": "evil.example"})
        assert refused.value.response.status_code in (400, 403)

    on(board, work)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", None])
def test_a_page_from_elsewhere_gets_no_socket(board: Board, origin: str | None) -> None:
    async def work(console: Console) -> None:
        with pytest.raises(InvalidStatus) as refused:
            async with console.page(origin=origin):
                pass
        assert refused.value.response.status_code == 403

    on(board, work)


def test_one_page_more_than_there_may_be_is_refused(board: Board) -> None:
    async def work(console: Console) -> None:
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(PAGES):
                await stack.enter_async_context(console.page())
            with pytest.raises(InvalidStatus) as refused:
                await stack.enter_async_context(console.page())
            assert refused.value.response.status_code == 503

    on(board, work)


def test_a_page_that_comes_later_is_told_what_was(board: Board) -> None:
    async def work(console: Console) -> None:
        async with console.page() as first:
            await first.do(do="connect", port=8080)
            await first.told("opened", "connected to port 8080")
            async with console.page() as second:
                await second.until(lambda: len(second.rows) >= 5)
                assert "ws_server: listening" in second.uart
                assert second.newest["about"]["ports"] == [[8080, "echo", "ws://127.0.0.1:1/"]]
                assert second.newest["about"]["firmware"] == "test.elf"
                assert second.newest["state"]["connections"] == ["console to port 8080: ESTABLISHED"]

    on(board, work)


# The client on the wire


def test_a_text_is_echoed(board: Board) -> None:
    async def work(console: Console) -> None:
        async with console.page() as page:
            await page.do(do="connect", port=8080)
            await page.told("opened")
            await page.do(do="send", opcode="text", data="h\u00e9llo")
            await page.told("received", "text 'h\u00e9llo'")
            await page.do(do="send", opcode="binary", data="00 ff 7e")
            await page.told("received", "binary 00 ff 7e")
            assert page.newest["client"]["phase"] == "open"
            await page.until(lambda: page.newest["client"]["received"] == 2)
            assert page.newest["client"]["sent"] == 2

    on(board, work)


def test_a_ping_gets_its_pong(board: Board) -> None:
    async def work(console: Console) -> None:
        async with console.page() as page:
            await page.do(do="connect", port=8080)
            await page.told("opened")
            await page.do(do="send", opcode="ping", data="are you there")
            await page.told("received", "pong 'are you there'")

    on(board, work)


def test_a_frame_goes_out_with_the_masking_it_is_told(board: Board) -> None:
    async def work(console: Console) -> None:
        async with console.page() as page:
            await page.do(do="connect", port=8080)
            await page.told("opened")
            await page.do(do="send", opcode="text", data="keyed", masking="key", key="37fa213d")
            await page.told("received", "'keyed'")
            await page.do(do="send", opcode="text", data="bare", masking="none")
            await page.told("received", "close 1002 (protocol error)")
            await page.told("closed", "the board has closed")
            await page.until(lambda: any("[FIN] b'bare'" in row[5] for row in page.rows if row[2]))
            assert any("MASK 37fa213d] b'keyed'" in row[5] for row in page.rows if row[2])

    on(board, work)


def test_the_closing_handshake_goes_both_ways(board: Board) -> None:
    async def work(console: Console) -> None:
        async with console.page() as page:
            await page.do(do="connect", port=8080)
            await page.told("opened")
            await page.do(do="close", code=4321, reason="enough")
            await page.told("sent", "close 4321 'enough'")
            await page.told("received", "close 4321")
            await page.told("closed", "(FIN)")
            await page.until(lambda: page.newest["client"]["phase"] == "closed")
            await page.do(do="send", opcode="text", data="too late")
            await page.told("error", "there is no open connection; connect first")

    on(board, work)


def test_a_sub_protocol_is_agreed_on_or_refused(board: Board) -> None:
    async def work(console: Console) -> None:
        async with console.page() as page:
            await page.do(do="connect", port=8082, protocols=["unknown", "echo"])
            await page.told("opened", "sub-protocol echo")
            await page.do(do="connect", port=8082, protocols=["unknown"])
            await page.told("failed", "opening handshake failed: status 401")

    on(board, work)


def test_a_port_where_nobody_listens_is_said_to_be(board: Board) -> None:
    async def work(console: Console) -> None:
        async with console.page() as page:
            await page.do(do="connect", port=9)
            await page.told("failed", "connection failed: refused")

    on(board, work)


def test_dropping_the_connection_resets_it(board: Board) -> None:
    async def work(console: Console) -> None:
        async with console.page() as page:
            await page.do(do="connect", port=8080)
            await page.told("opened")
            await page.do(do="abort")
            await page.told("closed", "RST")
            await page.until(lambda: any(row[3] == "reset" and row[2] for row in page.rows))

    on(board, work)


def test_a_page_that_goes_takes_its_connection_with_it(board: Board) -> None:
    async def work(console: Console) -> None:
        async with console.page() as page:
            await page.do(do="connect", port=8080)
            await page.told("opened")
        async with console.page() as page:
            await page.until(lambda: any(row[3] == "reset" and row[2] for row in page.rows))
            await page.until(lambda: page.newest.get("state", {}).get("connections") == [])

    on(board, work)


def test_a_series_of_messages_comes_back(board: Board) -> None:
    async def work(console: Console) -> None:
        async with console.page() as page:
            await page.do(do="connect", port=8080)
            await page.told("opened")
            await page.do(do="send", opcode="text", data="message {n}", times=300)
            await page.told("received", "'message 300'")
            await page.until(lambda: page.newest["client"]["received"] == 300)
            assert page.newest["client"]["sent"] == 300

    on(board, work)


def test_a_wrong_command_is_answered_and_does_no_harm(board: Board) -> None:
    async def work(console: Console) -> None:
        async with console.page() as page:
            await page.socket.send("{")
            await page.told("error", "a command is a JSON object")
            await page.do(do="connect", port=8080)
            await page.told("opened")

    on(board, work)


# The console


def test_what_is_typed_reaches_the_board(board: Board) -> None:
    async def work(console: Console) -> None:
        async with console.page() as page:
            await page.do(do="uart", data="\x03", end="")
            await page.until(lambda: ">>> " in page.uart)
            await page.do(do="uart", data="print(6 * 7)")
            await page.until(lambda: "\n42\n" in page.uart)
            await page.until(lambda: page.newest["state"]["traceback"])
            await page.do(do="reset")
            await page.until(lambda: "listening" in page.uart)
            await page.until(lambda: not page.newest["state"]["traceback"])

    on(board, work)


# The state


def test_the_state_is_the_boards_own(board: Board) -> None:
    async def work(console: Console) -> None:
        async with console.page() as page:
            first = await page.until(lambda: page.newest.get("state"))
            await page.do(do="connect", port=8080)
            await page.told("opened")
            state = await page.until(lambda: page.newest["state"] is not first and page.newest["state"])
            while not state["load"]:
                await page.read()
                state = page.newest["state"]
            assert state["time"] > first["time"]
            assert state["instructions"] > first["instructions"] > 0
            assert 0 < state["load"] < 1
            assert state["ratio"] > 0
            assert 0 < state["heap"]["low"] <= state["heap"]["free"] < state["heap"]["size"]

    on(board, work)


# Reset and crash


def test_a_reset_ends_connections_and_boots_the_board_anew(board: Board) -> None:
    async def work(console: Console) -> None:
        async with console.page() as page:
            port = await console.relay.listen(0, 8080)
            async with connect(f"ws://127.0.0.1:{port}/") as client:
                await client.send("before")
                assert await client.recv() == "before"
                await page.do(do="connect", port=8080)
                await page.told("opened")
                await page.do(do="reset")
                with pytest.raises(ConnectionClosed):
                    await asyncio.wait_for(client.recv(), TIMEOUT)
            await page.told("note", "the board was reset")
            await page.until(lambda: page.newest.get("reset") and "ws_server: listening" in page.uart)
            assert page.uart.count("listening") == 1
            assert page.newest["client"]["phase"] == "closed"
            async with connect(f"ws://127.0.0.1:{port}/") as client:
                await client.send("after")
                assert await client.recv() == "after"
            await page.until(lambda: page.newest["state"]["time"] < 60)
            rows = [row[3] for row in page.rows]
            assert rows.count("mark") == 1
            assert "reset" in rows[: rows.index("mark")], "the connections' ends are told before"

    before = board.clock.now
    on(board, work)
    assert board.clock.now != before


def test_pages_see_the_crash_report(board: Board) -> None:
    fault = GuestFault("exception", "invalid opcode", board.health.evidence())

    async def work(console: Console) -> None:
        async with console.page() as page:
            await page.until(lambda: page.newest.get("state"))
            await asyncio.gather(console.console.close(fault), page.until(lambda: page.newest.get("crash")))
            assert "guest fault (exception): invalid opcode" in page.newest["crash"]
            assert "ws_server: listening" in page.newest["crash"]

    on(board, work)


def test_pages_are_told_that_the_bench_ends(board: Board) -> None:
    async def work(console: Console) -> None:
        async with console.page() as page:
            await page.until(lambda: page.newest.get("state"))
            await asyncio.gather(console.console.close(), page.until(lambda: page.newest.get("ended")))

    on(board, work)
