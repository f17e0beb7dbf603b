"""`bench serve` as a user starts it: a process, its output, its end."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from scapy.utils import rdpcap
from websockets.sync.client import connect

from bench.cli import main
from bench.tests.elf import UD2, with_code_at

TIMEOUT = 30


class Server:
    """The process, once it has said that clients may come."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench", "serve", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []

    def read_until(self, pattern: str) -> re.Match[str]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"{self.lines}; {self.process.stderr and self.process.stderr.read()}")

    def end(self, number: signal.Signals) -> tuple[int, str]:
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=TIMEOUT)
        return self.process.returncode, errors


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    started: list[Server] = []
    yield started
    for server in started:
        if server.process.poll() is None:
            server.process.kill()
            server.process.communicate()


def echo(url: str) -> None:
    with connect(url, open_timeout=TIMEOUT) as client:
        client.send("from the host")
        assert client.recv(TIMEOUT) == "from the host"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_asked_to_end(
    servers: list[Server], tmp_path: Path, number: signal.Signals
) -> None:
    capture = tmp_path / "live.pcapng"
    servers.append(server := Server("--port", "0", "--port", "0:8081", "--fast", "--capture", str(capture)))
    first = server.read_until(r"(ws://127\.0\.0\.1:\d+/) to port 8080 of the board \(echo\)")[1]
    second = server.read_until(r"(ws://127\.0\.0\.1:\d+/) to port 8081 of the board \(the sample")[1]
    assert server.lines[0] == "ws_server: listening on 192.0.2.1 ports 8080, 8081, 8082"
    echo(first)
    with connect(second, subprotocols=["my_ws_protocol"], open_timeout=TIMEOUT) as client:  # type: ignore[list-item]
        client.ping("hello")
        server.read_until("PING: hello")
        assert server.end(number) == (0, "")
    assert len(rdpcap(str(capture))) > 20
    with pytest.raises(OSError, match="refused"):
        echo(first)


def test_a_board_that_crashes_ends_it_with_the_evidence(servers: list[Server], tmp_path: Path) -> None:
    elf = with_code_at("tcp_input", UD2, tmp_path / "defective.elf")
    servers.append(server := Server("--port", "0", "--firmware", str(elf)))
    port = int(server.read_until(r"ws://127\.0\.0\.1:(\d+)/ to port 8080 of the board$")[1])
    with socket.create_connection(("127.0.0.1", port)) as client:
        _, errors = server.process.communicate(timeout=TIMEOUT)
        assert server.process.returncode == 1
        client.settimeout(TIMEOUT)
        assert client.recv(1) == b""
    assert "guest fault (exception)" in errors
    assert "tcp_input" in errors
    assert "Traceback" not in errors


def test_a_port_of_the_host_may_be_chosen(servers: list[Server]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    servers.append(server := Server("--port", f"{port}:8082", "--fast"))
    server.read_until(rf"ws://127\.0\.0\.1:{port}/ to port 8082 of the board")
    with connect(f"ws://127.0.0.1:{port}/", subprotocols=["echo"]) as client:  # type: ignore[list-item]
        assert client.subprotocol == "echo"


def test_a_port_in_use_is_one_line_and_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(main, ["serve", "--port", "0", "--port", str(port)])
    assert result.exit_code == 2
    assert f"error: port {port} of 127.0.0.1 is in use" in result.stderr
    assert "ws://" not in result.stdout


@pytest.mark.parametrize("value", ["http", "70000", "8080:0", "8080:70000", "1:2:3", ""])
def test_a_port_that_is_none_is_refused(value: str) -> None:
    result = CliRunner().invoke(main, ["serve", "--port", value])
    assert result.exit_code == 2
    assert "is not understood" in result.stderr
    assert "--port 9000:8080" in result.stderr


def test_an_address_of_another_machine_is_refused() -> None:
    result = CliRunner().invoke(main, ["serve", "--port", "0", "--bind", "192.0.2.77"])
    assert result.exit_code == 2
    assert "cannot listen on 192.0.2.77" in result.stderr


def test_firmware_that_never_says_that_it_is_ready_is_refused() -> None:
    result = CliRunner().invoke(main, ["serve", "--port", "0", "--ready", "never printed"])
    assert result.exit_code == 2
    assert "'never printed' did not appear" in result.stderr
