"""However and whenever `bench serve` ends: no process, no file, no port stays behind."""

from __future__ import annotations

import contextlib
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from websockets.sync.client import connect
from websockets.typing import Origin

from bench.report.capture_file import read_capture
from bench.tests.serve_process import TIMEOUT, ServeProcess, environment

POLL = 0.05
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]

Moment = Callable[[ServeProcess, contextlib.ExitStack], list[int]]
"""Waits for a moment and returns the ports that are open then; the stack keeps what is to last."""


def at_once(server: ServeProcess, stack: contextlib.ExitStack) -> list[int]:
    """Python has hardly begun."""
    return []


def when_booted(server: ServeProcess, stack: contextlib.ExitStack) -> list[int]:
    """The board has printed its line; ports are being opened."""
    server.read_until("listening on")
    return []


def while_busy(server: ServeProcess, stack: contextlib.ExitStack) -> list[int]:
    """A page watches how a client's messages come back."""
    console = int(server.read_until(r"http://127\.0\.0\.1:(\d+)/ is the web console")[1])
    port = int(server.read_until(r"ws://127\.0\.0\.1:(\d+)/ to port 8080")[1])
    origin = Origin(f"http://127.0.0.1:{console}")
    page = stack.enter_context(connect(f"ws://127.0.0.1:{console}/live", origin=origin))
    client = stack.enter_context(connect(f"ws://127.0.0.1:{port}/", open_timeout=TIMEOUT))
    page.recv(TIMEOUT)
    for number in range(20):
        client.send(f"message {number}")
    client.recv(TIMEOUT)
    return [console, port]


@pytest.mark.parametrize("moment", [at_once, when_booted, while_busy])
@pytest.mark.parametrize("number", SIGNALS)
def test_nothing_stays_behind(tmp_path: Path, number: signal.Signals, moment: Moment) -> None:
    home = tmp_path / "home"
    home.mkdir()
    capture = tmp_path / "live.pcapng"
    arguments = ("--port", "0", "--console", "0", "--fast", "--capture", str(capture))
    # Scapy keeps names of protocols in the user's cache, on purpose, and makes a place for its start-up file.
    kept = {name: str(tmp_path / "scapy") for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME")}
    variables = environment(home) | kept
    with ServeProcess(*arguments, env=variables) as server, contextlib.ExitStack() as stack:
        ports = moment(server, stack)
        code, errors = server.end(number)
        end = time.monotonic() + TIMEOUT
        while server.left() and time.monotonic() < end:
            time.sleep(POLL)
        assert server.left() == []
    assert [str(path) for path in home.rglob("*")] == []
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
    if ports:
        assert code == (-signal.SIGKILL if number is signal.SIGKILL else 0)
        assert errors == ""
        assert len(read_capture(capture)) > 10, "what crossed is in the file"
    elif moment is when_booted:
        assert "Traceback" not in errors
