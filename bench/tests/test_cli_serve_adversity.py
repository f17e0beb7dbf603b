"""`bench serve` under hostile clients, and on a machine that lacks something: a line, and it lives on."""

from __future__ import annotations

import contextlib
import io
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from websockets.exceptions import InvalidHandshake
from websockets.sync.client import connect

from bench.cli import main
from bench.cli.serve_terminal import Terminal
from bench.layers.http_upgrade import UpgradeRequest
from bench.live import NoteEvent, UartEvent
from bench.live.relay import LINGER_ZERO
from bench.tests.serve_process import TIMEOUT, ServeProcess

UPGRADE = bytes(UpgradeRequest("/", "board", "dGhlIHNhbXBsZSBub25jZQ=="))
FEW = ("bash", "-c", 'ulimit -n 64; exec "$@"', "bash", sys.executable)
"""Runs Python with few descriptors."""


def port_of(server: ServeProcess) -> int:
    return int(server.read_until(r"ws://127\.0\.0\.1:(\d+)/ to port 8080")[1])


def descriptors(server: ServeProcess) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


def echo(port: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/", open_timeout=TIMEOUT) as client:
        client.send("from the host")
        assert client.recv(TIMEOUT) == "from the host"


def echo_in_time(port: int) -> None:
    """Echo, as soon as the board has a place again."""
    end = time.monotonic() + TIMEOUT
    while True:
        try:
            echo(port)
            return
        except (InvalidHandshake, ConnectionError):
            assert time.monotonic() < end, "the board never has a place again"


def wait_for_descriptors(server: ServeProcess, number: int) -> None:
    end = time.monotonic() + TIMEOUT
    while descriptors(server) > number:
        assert time.monotonic() < end, f"{descriptors(server)} descriptors, {number} before"
        time.sleep(0.05)


@pytest.fixture
def server() -> Iterator[ServeProcess]:
    with ServeProcess("--port", "0", "--console", "0", "--fast") as started:
        yield started


def test_clients_that_reset_as_the_board_closes(server: ServeProcess) -> None:
    port = port_of(server)
    before = descriptors(server)
    for _ in range(40):
        with socket.create_connection(("127.0.0.1", port), TIMEOUT) as client:
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")  # without Host: the board answers 400 and closes
            client.recv(1)  # what is left unread makes the kernel reset
    for _ in range(10):
        with socket.create_connection(("127.0.0.1", port), TIMEOUT) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
    echo(port)
    wait_for_descriptors(server, before)
    assert server.end(signal.SIGINT) == (0, "")


def test_clients_that_have_said_all_before_the_board_answers(server: ServeProcess) -> None:
    port = port_of(server)
    before = descriptors(server)
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", port), TIMEOUT) as client:
            client.sendall(UPGRADE + b"\x81\x82\0\0\0\0hi")
            client.shutdown(socket.SHUT_WR)
            data = b""
            while more := client.recv(1000):
                data += more
            assert data.endswith(b"\x81\x02hi")
    for _ in range(20):
        socket.create_connection(("127.0.0.1", port), TIMEOUT).close()
    wait_for_descriptors(server, before)
    assert server.end(signal.SIGINT) == (0, "")


def test_more_clients_than_descriptors_are_a_line_and_the_page_is_still_there() -> None:
    with (
        ServeProcess("--port", "0", "--console", "0", "--fast", python=FEW) as server,
        contextlib.ExitStack() as crowd,
    ):
        console = server.read_until(r"(http://127\.0\.0\.1:\d+/) is the web console")[1]
        port = port_of(server)
        before = descriptors(server)
        server.process.send_signal(signal.SIGSTOP)  # so that all of them stand at the door at once
        for _ in range(80):
            crowd.enter_context(socket.create_connection(("127.0.0.1", port), TIMEOUT))
        server.process.send_signal(signal.SIGCONT)
        with urllib.request.urlopen(console, timeout=TIMEOUT) as page:
            assert page.status == 200
        assert descriptors(server) < 64 - 16
        crowd.close()
        echo_in_time(port)
        wait_for_descriptors(server, before)
        code, errors = server.end(signal.SIGINT)
    assert code == 0
    (line,) = errors.splitlines()
    assert line.startswith("note: ")
    assert line.endswith(
        "connections, no descriptors are left for more (ulimit -n): others wait until one of them ends"
    )


def test_output_that_nobody_reads_any_more_ends_it_without_a_word() -> None:
    with ServeProcess("--port", "0", "--port", "0:8081", "--no-console") as server:
        server.read_until("ws_server: listening")
        assert server.process.stdout is not None
        server.process.stdout.close()
        assert server.process.stderr is not None
        assert server.process.stderr.read() == ""
        assert server.process.wait(TIMEOUT) == 1


def test_output_that_cannot_be_written_is_given_up(capsys: pytest.CaptureFixture[str]) -> None:
    with Path("/dev/full").open("w") as full, contextlib.redirect_stdout(full):
        terminal = Terminal()
        for _ in range(2):
            terminal(UartEvent(0.0, b"text\r\n"))
        terminal.line("one of the bench's own")
        full.close = lambda: None  # type: ignore[method-assign]  # what is left in it can never be written
    error = capsys.readouterr().err
    assert (
        error == "note: what the board prints can no longer be shown: No space left on device; it goes on\n"
    )


def test_what_controls_a_terminal_does_not_reach_it(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal()
    terminal(UartEvent(0.0, b"\x1b[2Jgone?\r\n\xc3"))
    terminal(UartEvent(0.0, b"\xbc\x07\tand \xff\n"))
    terminal(NoteEvent("of \x1b]0;a client\x07"))
    out, error = capsys.readouterr()
    assert out == "\\x1b[2Jgone?\nü\\x07\tand \ufffd\n"
    assert error == "note: of \\x1b]0;a client\\x07\n"


def test_a_reader_that_has_gone_is_told_to_whoever_prints() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with contextlib.redirect_stdout(Gone()), pytest.raises(BrokenPipeError):
        Terminal()(UartEvent(0.0, b"text"))


def test_a_capture_on_a_full_disk_is_refused_at_once() -> None:
    result = CliRunner().invoke(main, ["serve", "--port", "0", "--no-console", "--capture", "/dev/full"])
    assert result.exit_code == 2
    assert "error: cannot write the capture /dev/full: No space left on device" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (("--host", "192.0.2.1"), "192.0.2.1 is the board's own address"),
        (("--host", "10.0.0.1"), "is no address of a station on the board's network 192.0.2.0/24"),
        (("--host", "here"), "'here' is no address"),
        (("--no-host",), "with --no-host nobody would reach the board"),
        (("--no-host", "--host", "192.0.2.9"), "--host and --no-host contradict each other"),
        (("--no-host", "--tap", "board0", "--port", "9000"), "port 9000 of this machine needs the bench's"),
    ],
)
def test_a_place_of_the_bench_that_cannot_be_is_refused(arguments: tuple[str, ...], wrong: str) -> None:
    result = CliRunner().invoke(main, ["serve", *arguments])
    assert result.exit_code == 2
    assert wrong in result.stderr
    assert "what to do" in result.stderr


def test_the_bench_can_be_moved(tmp_path: Path) -> None:
    capture = tmp_path / "live.pcapng"
    arguments = ("--port", "0", "--no-console", "--fast", "--host", "192.0.2.9", "--capture", str(capture))
    with ServeProcess(*arguments) as server:
        echo(port_of(server))
        assert server.end(signal.SIGINT) == (0, "")
    told = subprocess.run(
        [sys.executable, "-m", "bench", "ladder", str(capture), "-o", str(tmp_path / "x.svg")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "192.0.2.9 and 192.0.2.1" in told.stdout
