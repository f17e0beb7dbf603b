"""The web console as a user has it: its page in a browser, worked by keyboard and mouse, on a live board."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from bench import Board
from bench.live import About, LiveBoard, Relay, WebConsole
from bench.tests.chromium import Browser, needs_chromium
from emulation.errors import GuestFault

PORTS = {8080: "echo", 8081: "the sample of Zephyr.js", 8082: "sub-protocols"}
SHIFT = 8

pytestmark = needs_chromium


class Served:
    """A live board with its console, and a browser to work it with."""

    def __init__(self, board: Board, browser: Browser) -> None:
        self.board, self.browser = board, browser
        self.fault: GuestFault | None = None
        """With this the console ends."""

    def use(self, works: Callable[[Browser], None]) -> None:
        """Serve while a user `works`. The user has a thread: the board runs in the one that made it."""
        asyncio.run(self._serve(works))

    async def _serve(self, works: Callable[[Browser], None]) -> None:
        with LiveBoard(self.board, fast=True) as live:
            relay = Relay(live)
            console = WebConsole(live, About("ws_bench.elf", PORTS), lambda: map(str, relay.connections))
            url = f"http://127.0.0.1:{await console.listen(0)}/"
            running = asyncio.create_task(live.run())

            def user() -> None:
                self.browser.open(url)
                self.browser.wait_for_text("#link", "running")
                works(self.browser)
                if self.fault is None:
                    self.browser.open("data:text/html,done")

            using = asyncio.create_task(asyncio.to_thread(user))
            try:
                await asyncio.wait({running, using}, return_when=asyncio.FIRST_COMPLETED)
                if running.done():
                    running.result()
                await using
            finally:
                relay.close()
                await console.close(self.fault)
                live.stop()
                await asyncio.wait({running})


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
def served(board: Board, browser: Browser) -> Iterator[Served]:
    browser.errors.clear()
    browser.look(1280, 800)
    used = Served(board, browser)
    yield used
    if used.fault is None:
        assert browser.errors == [], "the page is to do without errors, and without what its policy forbids"


def connect(browser: Browser, port: int = 8080, protocols: str = "") -> None:
    browser.fill("#port", str(port))
    browser.fill("#protocols", protocols)
    browser.press("Enter")
    browser.wait_for_text("#phase", "open")


def test_everything_can_be_done_by_keyboard(served: Served) -> None:
    def works(browser: Browser) -> None:
        def focus() -> str:
            return str(browser.evaluate("document.activeElement.id || document.activeElement.className"))

        order = []
        for _ in range(25):
            browser.press("Tab")
            order.append(focus())
        assert order[:2] == ["skip", "reset"]
        fields = [
            "port",
            "path",
            "protocols",
            "opcode",
            "payload",
            "masking",
            "times",
            "code",
            "reason",
            "abort",
        ]
        assert [name for name in order if name in fields] == fields
        for name in ("log", "acks", "pause", "rows", "console", "line", "interrupt"):
            assert name in order, f"{name} cannot be reached"
        browser.evaluate("document.querySelector('#port').focus()")
        browser.press("Enter")
        browser.wait_for_text("#phase", "open")
        browser.press("Tab", SHIFT)
        browser.press("Tab")
        assert focus() == "port"
        for _ in range(5):
            browser.press("Tab")
        assert focus() == "payload"
        browser.call("Input.insertText", text="by keyboard")
        browser.press("Enter")
        browser.wait_for_text("#log", "text 'by keyboard'")

    served.use(works)


def test_messages_go_there_and_back_and_their_frames_are_shown(served: Served) -> None:
    def works(browser: Browser) -> None:
        connect(browser)
        browser.fill("#payload", "gr\u00fc\u00dfe")
        browser.press("Enter")
        browser.wait_for_text("#log .received", "text 'gr\u00fc\u00dfe'")
        browser.choose("#opcode", "binary")
        assert browser.text("#payload-label") == "Bytes, hexadecimal"
        browser.fill("#payload", "00 ff 7e")
        browser.press("Enter")
        browser.wait_for_text("#log .received:last-child", "binary 00 ff 7e")
        browser.choose("#opcode", "ping")
        browser.fill("#payload", "there?")
        browser.click("#send button")
        browser.wait_for_text("#log .received:last-child", "pong 'there?'")
        browser.wait_for_text("#sent", "2")
        browser.wait_for_text("#received", "2")
        for direction in ("to the board", "from the board"):
            rows = "[...document.querySelectorAll('#rows .websocket')]"
            browser.wait(f"{rows}.filter(r => r.textContent.includes('{direction}')).length === 3")
        browser.wait_for_text("#rows", "SYN ACK")
        browser.wait_for_text("#rows", "WebSocket ping [FIN MASK")
        browser.fill("#reason", "bye")
        browser.press("Enter")
        browser.wait_for_text("#log", "close 1000 (normal closure) 'bye'")
        browser.wait_for_text("#phase", "closed")

    served.use(works)


def test_masking_is_the_users_choice(served: Served) -> None:
    def works(browser: Browser) -> None:
        connect(browser)
        assert browser.evaluate("document.querySelector('#key').disabled")
        browser.choose("#masking", "key")
        browser.fill("#key", "deadbeef")
        browser.press("Enter")
        browser.wait_for_text("#rows", "MASK deadbeef")
        browser.choose("#masking", "none")
        browser.wait_for_text("#send-hint", "RFC 6455, section 5.1")
        browser.click("#send button")
        browser.wait_for_text("#log", "close 1002 (protocol error) 'frame is not masked'")
        browser.wait_for_text("#phase", "closed")

    served.use(works)


def test_what_is_wrong_is_said(served: Served) -> None:
    def works(browser: Browser) -> None:
        browser.click("#send button")
        browser.wait_for_text("#log .error", "there is no open connection; connect first")
        connect(browser, 8082, "echo")
        browser.wait_for_text("#phase", "open, echo")
        browser.choose("#opcode", "binary")
        browser.fill("#payload", "xyz")
        browser.press("Enter")
        browser.wait_for_text("#log", "the payload is not hexadecimal: 'xyz'")
        browser.fill("#protocols", "unknown")
        browser.press("Enter")
        browser.wait_for_text("#log .failed", "status 401")

    served.use(works)


def test_the_boards_console_can_be_typed_on(served: Served) -> None:
    def works(browser: Browser) -> None:
        browser.wait_for_text("#console", "ws_server: listening on 192.0.2.1")
        browser.click("#interrupt")
        browser.wait_for_text("#console", ">>> ")
        browser.wait_for_text("#link", "traceback")
        browser.fill("#line", "print('6' + '*7')")
        browser.press("Enter")
        browser.wait_for_text("#console", "\n6*7")
        browser.click("#reset")
        browser.wait_for_text("#link", "running")

    served.use(works)


def test_a_reset_is_told_to_the_page_and_to_clients(served: Served) -> None:
    def works(browser: Browser) -> None:
        connect(browser)
        browser.click("#reset")
        browser.wait_for_text("#log", "connection reset (RST)")
        browser.wait_for_text("#log", "the board was reset")
        browser.wait_for_text("#rows .gap", "the board was reset")
        browser.wait_for_text("#console", "ws_server: listening")
        browser.wait_for_text("#phase", "closed")
        browser.wait_for_text("#connections", "0")
        connect(browser)

    served.use(works)


def test_a_crash_is_reported_on_the_page(served: Served) -> None:
    served.fault = GuestFault("exception", "invalid opcode", served.board.health.evidence())
    served.use(lambda browser: None)
    served.browser.wait_for_text("#notice", "The board crashed")
    served.browser.wait_for_text("#notice", "guest fault (exception): invalid opcode")
    served.browser.wait_for_text("#link", "board crashed")


def test_the_ladder_is_bounded_and_can_be_paused(served: Served) -> None:
    def works(browser: Browser) -> None:
        count = "document.querySelector('#rows').childElementCount"
        connect(browser)
        browser.fill("#times", "400")
        browser.fill("#payload", "message {n}")
        browser.wait_for_text("#send-hint", "{n} stands for")
        browser.press("Enter")
        browser.wait_for_text("#log", "'message 400'")
        browser.wait_for_text("#ladder-foot", "the newest 500 are kept")
        browser.wait(f"{count} === 500")
        at_end = "(r => r.scrollHeight - r.scrollTop - r.clientHeight < 40)(document.querySelector('#rows'))"
        browser.wait(at_end)
        browser.click("#pause")
        assert browser.evaluate("document.querySelector('#pause').getAttribute('aria-pressed')") == "true"
        browser.fill("#times", "1")
        browser.fill("#payload", "while paused")
        browser.press("Enter")
        browser.wait_for_text("#log", "'while paused'")
        browser.wait_for_text("#ladder-foot", "paused, ")
        assert "while paused" not in browser.text("#rows")
        browser.click("#pause")
        browser.wait_for_text("#rows", "while paused")
        browser.click("#acks")
        shown = "[...document.querySelectorAll('#rows .ack')].filter(r => r.offsetParent).length"
        assert browser.evaluate(shown) == 0
        browser.click("#clear")
        browser.wait(f"{count} === 0")

    served.use(works)


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_the_page_fits_windows_of_every_width(served: Served, width: int) -> None:
    def works(browser: Browser) -> None:
        browser.look(width, 800)
        connect(browser)
        browser.wait_for_text("#rows", "HTTP/1.1 101")
        assert browser.evaluate("document.documentElement.scrollWidth") <= width
        cut = (
            "[...document.querySelectorAll('button, input, select')]"
            ".filter(e => e.getBoundingClientRect().right > innerWidth).length"
        )
        assert browser.evaluate(cut) == 0

    served.use(works)


def test_the_page_is_dark_for_those_who_prefer_it(served: Served) -> None:
    def works(browser: Browser) -> None:
        colours = "['backgroundColor', 'color'].map(n => getComputedStyle(document.body)[n])"
        light = browser.evaluate(colours)
        browser.look(1280, 800, dark=True)
        dark = browser.evaluate(colours)
        assert brightness(light[0]) > brightness(light[1])
        assert brightness(dark[0]) < brightness(dark[1])

    served.use(works)


def brightness(colour: str) -> int:
    return sum(int(part) for part in colour.removeprefix("rgb(").rstrip(")").split(","))


def test_nothing_comes_from_elsewhere(served: Served) -> None:
    def works(browser: Browser) -> None:
        loaded = browser.evaluate(
            "performance.getEntriesByType('resource').map(e => new URL(e.name))"
            ".filter(u => u.host !== location.host).map(u => u.href)"
        )
        assert loaded == []

    served.use(works)
