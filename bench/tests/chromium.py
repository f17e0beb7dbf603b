"""Headless Chromium, driven over its DevTools protocol: what tests need of it, and no driver to install.

https://chromedevtools.github.io/devtools-protocol/ has the methods and their parameters.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import itertools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from websockets.sync.client import connect

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
TIMEOUT = 30.0
"""Wall seconds."""
POLL = 0.02
LARGEST = 1 << 26
"""Bytes of a message: a picture of a page."""
OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
)
KEYS = {"Enter": (13, "\r"), "Tab": (9, ""), " ": (32, " ")}

needs_chromium = pytest.mark.skipif(
    PROGRAM is None, reason="there is no Chromium on this machine: Debian's package is called chromium"
)


class Tab:
    """A page of a browser; `url` is where the protocol reaches it."""

    def __init__(self, url: str) -> None:
        self.errors: list[str] = []
        """What its pages have thrown, logged as errors or been refused."""
        self._numbers = itertools.count(1)
        self._open = contextlib.ExitStack()
        self._page = self._open.enter_context(connect(url, max_size=LARGEST, compression=None))
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol. Raises AssertionError for one that fails."""
        return self._call(method, parameters, TIMEOUT)

    def _call(self, method: str, parameters: dict[str, Any], patience: float) -> dict[str, Any]:
        number = next(self._numbers)
        self._page.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._page.recv(patience))
            if message.get("id") == number:
                assert "error" not in message, f"{method}: {message['error']}"
                result: dict[str, Any] = message["result"]
                return result
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        about = message.get("params", {})
        if message.get("method") == "Runtime.exceptionThrown":
            details = about["exceptionDetails"]
            self.errors.append(details.get("exception", {}).get("description") or details["text"])
        elif message.get("method") == "Log.entryAdded" and about["entry"]["level"] == "error":
            self.errors.append(f"{about['entry']['text']} {about['entry'].get('url', '')}")

    def open(self, url: str) -> None:
        """Go to a page, and wait until it is there."""
        answer = self.call("Page.navigate", url=url)
        assert not answer.get("errorText"), answer
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def evaluate(self, script: str, patience: float = TIMEOUT) -> Any:
        """The value of a JavaScript expression; a promise is waited for.

        Raises AssertionError if it throws.
        """
        about = {"expression": script, "awaitPromise": True, "returnByValue": True}
        answer = self._call("Runtime.evaluate", about, patience)
        assert "exceptionDetails" not in answer, f"{script}: {answer}"
        return answer["result"].get("value")

    def wait(self, script: str, timeout: float = TIMEOUT) -> Any:
        """Wait until an expression is true, and return it. Raises AssertionError."""
        value: Any = None

        def true() -> bool:
            nonlocal value
            value = self.evaluate(script)
            return bool(value)

        wait_for(true, script, timeout)
        return value

    def text(self, selector: str) -> str:
        """What stands in an element."""
        return str(self.evaluate(f"{element(selector)}.textContent"))

    def wait_for_text(self, selector: str, text: str, timeout: float = TIMEOUT) -> None:
        """Wait until an element contains a text."""
        try:
            self.wait(f"{element(selector)}?.textContent.includes({json.dumps(text)})", timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}; {selector} says {self.text(selector)!r}") from None

    def press(self, key: str, modifiers: int = 0) -> None:
        """Press and release a key; 8 is Shift."""
        code, text = KEYS[key]
        about = {"key": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        self.call("Input.dispatchKeyEvent", type="keyDown", **about, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **about)

    def fill(self, selector: str, text: str) -> None:
        """Replace what stands in a field, by typing."""
        self.evaluate(f"(e => {{ e.focus(); e.select(); }})({element(selector)})")
        self.call("Input.insertText", text=text)

    def choose(self, selector: str, value: str) -> None:
        """Choose an option."""
        self.evaluate(
            f"(e => {{ e.value = {json.dumps(value)}; for (const name of ['input', 'change']) "
            f"e.dispatchEvent(new Event(name, {{bubbles: true}})); }})({element(selector)})"
        )

    def click(self, selector: str) -> None:
        """Click on the middle of an element."""
        self.evaluate(f"{element(selector)}.scrollIntoView({{block: 'center'}})")
        box = self.evaluate(
            f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])"
            f"({element(selector)}.getBoundingClientRect())"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def look(self, width: int, height: int, *, dark: bool = False) -> None:
        """Show pages in a window of this size, to a user who prefers light or dark."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self, path: Path) -> None:
        """Write a picture (PNG) of the page."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def close(self) -> None:
        """Leave it."""
        self._open.close()


class Browser(Tab):
    """A browser with a profile of its own below `folder`, and its first page."""

    def __init__(self, folder: Path) -> None:
        assert PROGRAM is not None
        self._profile = folder / "chromium"
        self._profile.mkdir(parents=True)
        # Its sandbox refuses to work for root, and in many containers; the only pages are our own.
        self._process = subprocess.Popen(
            [PROGRAM, *OPTIONS, "--no-sandbox", f"--user-data-dir={self._profile}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(folder)},
        )
        self._port = 0
        try:
            wait_for(self._announced, "the browser")
            wait_for(lambda: bool(self._pages()), "its first page")
            super().__init__(self._pages()[0])
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise

    def _announced(self) -> bool:
        announced = self._profile / "DevToolsActivePort"
        words = announced.read_text().split("\n") if announced.is_file() else []
        self._port = int(words[0]) if len(words) > 1 else 0
        return bool(self._port)

    def _pages(self) -> list[str]:
        return [
            each["webSocketDebuggerUrl"] for each in self._ask("GET", "/json/list") if each["type"] == "page"
        ]

    def _ask(self, method: str, path: str) -> Any:
        server = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT)
        with contextlib.closing(server):
            server.request(method, path)
            return json.load(server.getresponse())

    def tab(self) -> Tab:
        """One more page."""
        return Tab(self._ask("PUT", "/json/new?about:blank")["webSocketDebuggerUrl"])

    def close(self) -> None:
        """End the browser."""
        with contextlib.suppress(Exception):  # it may be gone already
            self.call("Browser.close")
        super().close()
        try:
            self._process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def element(selector: str) -> str:
    """JavaScript for the first element that a CSS selector finds."""
    return f"document.querySelector({json.dumps(selector)})"


def wait_for(true: Callable[[], bool], what: str, timeout: float = TIMEOUT) -> None:
    """Wait until something is true, in seconds of the wall clock: a browser knows no other.

    Raises AssertionError.
    """
    end = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < end, f"waited {timeout:g} s in vain for {what}"
        time.sleep(POLL)
