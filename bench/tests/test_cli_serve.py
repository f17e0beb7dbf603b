"""`bench serve` as a user starts it: a process, its output, its end."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from scapy.utils import rdpcap
from websockets.sync.client import connect
from websockets.typing import Origin

from bench.cli import main
from bench.cli.serve import CONSOLE_PORT, ConsoleAt, command, parse_console
from bench.tests.elf import UD2, with_code_at
from bench.tests.serve_process import TIMEOUT, ServeProcess


@pytest.fixture
def servers() -> Iterator[list[ServeProcess]]:
    started: list[ServeProcess] = []
    with contextlib.ExitStack() as stack:
        yield started
        for server in started:
            stack.enter_context(server)


def echo(url: str) -> None:
    with connect(url, open_timeout=TIMEOUT) as client:
        client.send("from the host")
        assert client.recv(TIMEOUT) == "from the host"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_asked_to_end(
    servers: list[ServeProcess], tmp_path: Path, number: signal.Signals
) -> None:
    capture = tmp_path / "live.pcapng"
    arguments = ("--port", "0", "--port", "0:8081", "--fast", "--capture", str(capture))
    servers.append(server := ServeProcess(*arguments))
    first = server.read_until(r"(ws://127\.0\.0\.1:\d+/) to port 8080 of the board \(echo\)")[1]
    second = server.read_until(r"(ws://127\.0\.0\.1:\d+/) to port 8081 of the board \(the sample")[1]
    assert server.lines[0].startswith("Firmware: ws_bench.elf, SHA-256 ")
    assert server.lines[1:3] == ["Stack:    lwip", "ws_server: listening on 192.0.2.1 ports 8080, 8081, 8082"]
    echo(first)
    with connect(second, subprotocols=["my_ws_protocol"], open_timeout=TIMEOUT) as client:  # type: ignore[list-item]
        client.ping("hello")
        server.read_until("PING: hello")
        assert server.end(number) == (0, "")
    assert len(rdpcap(str(capture))) > 20
    with pytest.raises(OSError, match="refused"):
        echo(first)


def test_a_board_that_crashes_ends_it_with_the_evidence(servers: list[ServeProcess], tmp_path: Path) -> None:
    elf = with_code_at("tcp_input", UD2, tmp_path / "defective.elf")
    servers.append(server := ServeProcess("--port", "0", "--console", "0", "--firmware", str(elf)))
    console = server.read_until(r"http://127\.0\.0\.1:(\d+)/ is the web console")[1]
    port = int(server.read_until(r"ws://127\.0\.0\.1:(\d+)/ to port 8080 of the board$")[1])
    origin = f"http://127.0.0.1:{console}"
    with connect(f"ws://127.0.0.1:{console}/live", origin=Origin(origin)) as page:
        page.recv(TIMEOUT)
        with socket.create_connection(("127.0.0.1", port)) as client:
            told: dict[str, object] = {}
            while "crash" not in told:
                told = json.loads(page.recv(TIMEOUT))
            _, errors = server.process.communicate(timeout=TIMEOUT)
            assert server.process.returncode == 1
            client.settimeout(TIMEOUT)
            assert client.recv(1) == b""
    assert "in tcp_input" in str(told["crash"])
    assert str(told["crash"]) in errors
    assert "guest fault (exception)" in errors
    assert "tcp_input" in errors
    assert "Traceback" not in errors


def test_a_port_of_the_host_may_be_chosen(servers: list[ServeProcess]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    servers.append(server := ServeProcess("--port", f"{port}:8082", "--fast"))
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


def test_a_client_of_a_projects_application_is_answered(servers: list[ServeProcess], tmp_path: Path) -> None:
    """It is not the bench's own: the bench finds out what it is before clients may come."""
    (tmp_path / "bench.toml").write_text('application = "main.py"\nfreeze = false\n')
    (tmp_path / "main.py").write_text(
        "import asyncio\n\nfrom ws_server import WebSocketServer\n\n\n"
        "async def main():\n    server = WebSocketServer(port=8080)\n    await server.start()\n"
        "    print('listening')\n    await server.wait_closed()\n\n\nasyncio.run(main())\n"
    )
    servers.append(server := ServeProcess("--port", "0:8080", "--no-console", cwd=tmp_path))
    port = server.read_until(r"^ws://127\.0\.0\.1:(\d+)/ to port 8080 of the board")[1]
    with connect(f"ws://127.0.0.1:{port}/", open_timeout=TIMEOUT) as client:
        assert client.subprotocol is None


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


def test_the_console_has_a_port_of_its_own(servers: list[ServeProcess]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    servers.append(server := ServeProcess("--port", "0", "--console", str(port)))
    server.read_until(rf"^http://127\.0\.0\.1:{port}/ is the web console$")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=TIMEOUT) as page:
        assert "<title>Live board</title>" in page.read().decode()


def test_a_console_port_in_use_is_an_error_only_if_it_was_asked_for(servers: list[ServeProcess]) -> None:
    with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", CONSOLE_PORT)) as taken:
        assert taken
        servers.append(server := ServeProcess("--port", "0"))
        assert server.read_until(r"^http://127\.0\.0\.1:(\d+)/ is the web console$")[1] != str(CONSOLE_PORT)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(main, ["serve", "--port", "0", "--console", str(port)])
    assert result.exit_code == 2
    assert f"error: port {port} of 127.0.0.1 is in use" in result.stderr


def test_one_can_do_without_a_console(servers: list[ServeProcess]) -> None:
    servers.append(server := ServeProcess("--port", "0", "--no-console"))
    server.read_until("^ws://")
    assert not [line for line in server.lines if line.startswith("http://")]


def test_the_console_names_the_application_of_a_project(servers: list[ServeProcess], tmp_path: Path) -> None:
    (tmp_path / "bench.toml").write_text('application = "greeter.py"\nfreeze = false\n')
    (tmp_path / "greeter.py").write_text(
        "import time\n\nprint('listening')\nwhile True:\n    time.sleep(1)\n"
    )
    servers.append(server := ServeProcess("--port", "0", "--console", "0", cwd=tmp_path))
    origin = server.read_until(r"^(http://127\.0\.0\.1:\d+)/ is the web console$")[1]
    with connect(f"{origin.replace('http', 'ws')}/live", origin=Origin(origin)) as page:
        about = json.loads(page.recv(TIMEOUT))["about"]
    assert about["firmware"].startswith("greeter.py in ")
    assert about["firmware"].endswith(".elf")


@pytest.mark.parametrize("value", ["http", "70000", "a:b:1", "", "127.0.0.1:", "8090:8080x"])
def test_a_console_that_is_nowhere_is_refused(value: str) -> None:
    result = CliRunner().invoke(main, ["serve", "--console", value])
    assert result.exit_code == 2
    assert "is not understood" in result.stderr
    assert "--console 0.0.0.0:8090" in result.stderr


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (None, ConsoleAt("127.0.0.1", CONSOLE_PORT, wanted=False)),
        ("0", ConsoleAt("127.0.0.1", 0, wanted=True)),
        ("0.0.0.0:9000", ConsoleAt("0.0.0.0", 9000, wanted=True)),
        ("[::1]:9000", ConsoleAt("::1", 9000, wanted=True)),
        ("localhost:9000", ConsoleAt("localhost", 9000, wanted=True)),
    ],
)
def test_a_place_for_the_console_is_understood(value: str | None, place: ConsoleAt) -> None:
    assert parse_console(click.Context(command), command.params[0], value) == place


def test_firmware_that_never_says_that_it_is_ready_is_refused() -> None:
    result = CliRunner().invoke(main, ["serve", "--port", "0", "--ready", "never printed"])
    assert result.exit_code == 2
    assert "'never printed' did not appear" in result.stderr
