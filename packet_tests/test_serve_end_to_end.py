"""`bench serve` as a user without rights has it: all kinds of clients at once, and no message is lost."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from bench.tests.chromium import Browser, Tab, needs_chromium
from bench.tests.serve_process import ServeProcess, environment
from ws_server.tests import node_client

MESSAGES = 1000
TIMEOUT = 240
"""Wall seconds; on an idle machine it takes a tenth of it."""
NOBODY = 65534

NATIVE = """
new Promise((resolve, reject) => {
  const socket = new WebSocket("%s");
  const wrong = [];
  let count = 0;
  socket.onopen = () => { for (let n = 0; n < %d; n++) socket.send(`page ${n}`); };
  socket.onmessage = (event) => {
    if (event.data !== `page ${count}`) wrong.push([count, event.data]);
    if (++count === %d) { socket.close(1000); resolve([count, wrong]); }
  };
  socket.onclose = (event) => reject(new Error(`closed with ${event.code} after ${count} messages`));
})
"""
"""A browser's own WebSocket: how many messages came back, and which of them were not those sent."""


def variables(home: Path) -> dict[str, str]:
    """Where another Python finds what is installed for this one."""
    return environment(home) | {"PYTHONPATH": f"{sysconfig.get_path('purelib')}:{Path.cwd()}"}


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that is the user's own."""
    with tempfile.TemporaryDirectory() as name:
        if os.geteuid() == 0:
            os.chown(name, NOBODY, NOBODY)
        yield Path(name)


@pytest.fixture
def python(home: Path) -> list[str]:
    """A command that runs Python as a user without rights, and can read the checkout."""
    become = []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("this is root, and there is no setpriv to become somebody else with")
        become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for program in (sys.executable, f"/usr/bin/{version}"):
        command = [*become, program]
        trial = [*command, "-c", "import bench.board, click, unicorn, websockets"]
        if subprocess.run(trial, env=variables(home), capture_output=True, check=False).returncode == 0:
            return command
    pytest.skip("another user can neither run this Python nor the system's with what is installed here")


async def echo_python(url: str) -> list[str | bytes]:
    """Python's `websockets`: sends all, takes what comes back."""
    async with connect(url) as ws:

        async def send() -> None:
            for number in range(MESSAGES):
                await ws.send(f"python {number}")

        sending = asyncio.create_task(send())
        got = [await ws.recv() for _ in range(MESSAGES)]
        await sending
        return got


def echo_console(page: Tab, url: str) -> str:
    """The console's own client, worked in its page."""
    page.open(url)
    page.wait_for_text("#link", "running")
    page.click("#connect button")
    page.wait_for_text("#phase", "open", TIMEOUT)
    page.fill("#payload", "console {n}")
    page.fill("#times", str(MESSAGES))
    page.press("Enter")
    page.wait_for_text("#log", f"'console {MESSAGES}'", TIMEOUT)
    page.wait_for_text("#received", str(MESSAGES), TIMEOUT)
    return page.text("#sent")


@needs_chromium
@pytest.mark.timeout(2 * TIMEOUT)
@pytest.mark.parametrize("messages", [pytest.param(MESSAGES, marks=node_client.needs_node_ws)])
def test_a_thousand_messages_each_way_of_every_client_at_once(
    home: Path, tmp_path: Path, python: list[str], messages: int
) -> None:
    arguments = ("--fast", "--port", "0", "--console", "0")
    with ServeProcess(*arguments, python=python, env=variables(home)) as server:
        console = server.read_until(r"(http://127\.0\.0\.1:\d+/) is the web console")[1]
        url = server.read_until(r"(ws://127\.0\.0\.1:\d+/) to port 8080")[1]
        if os.geteuid() == 0:
            assert Path(f"/proc/{server.process.pid}").stat().st_uid == NOBODY
        with Browser(tmp_path) as browser:
            plain = browser.tab()

            async def all_at_once() -> list[object]:
                return list(
                    await asyncio.wait_for(
                        asyncio.gather(
                            echo_python(url),
                            node_client.told(url, "thousand", TIMEOUT),
                            asyncio.to_thread(plain.evaluate, NATIVE % (url, messages, messages), TIMEOUT),
                            asyncio.to_thread(echo_console, browser, console),
                        ),
                        TIMEOUT,
                    )
                )

            of_python, of_node, of_page, of_console = asyncio.run(all_at_once())
            plain.close()
        assert of_python == [f"python {number}" for number in range(messages)]
        assert of_node == node_client.ECHO["thousand"]
        assert of_page == [messages, []]
        assert of_console == str(messages)
