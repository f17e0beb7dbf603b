"""`python -m ws_server` as its users meet it."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosedOK
from websockets.sync.client import connect

PROJECT = Path(__file__).parents[2]


def start(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "ws_server", *arguments],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("with_client", [False, True])
def test_serves_until_interrupted(with_client: bool) -> None:
    with start("--port", "0") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("ws_server: listening on ws://127.0.0.1:"), line
        if with_client:
            with connect(line.split()[-1]) as conn:
                conn.send("hello")
                assert conn.recv(timeout=10) == "hello"
                process.send_signal(signal.SIGINT)
                with pytest.raises(ConnectionClosedOK, match="1001"):
                    conn.recv(timeout=10)
            stdout, stderr = process.communicate(timeout=10)
        else:
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=10)
    assert process.returncode == 0
    assert stdout == "ws_server: stopped\n"
    assert stderr == ""


def test_port_in_use_is_one_clear_line() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        start("--port", str(taken.getsockname()[1])) as process,
    ):
        stdout, stderr = process.communicate(timeout=10)
    assert process.returncode == 1
    assert stdout == ""
    assert stderr.count("\n") == 1
    assert "cannot listen on 127.0.0.1 port" in stderr
    assert "--port" in stderr


@pytest.mark.parametrize(
    "arguments", [("--port", "70000"), ("--port", "x"), ("--sample", "none"), ("--max-payload", "-1")]
)
def test_wrong_option_is_explained(arguments: tuple[str, str]) -> None:
    with start(*arguments) as process:
        stderr = process.communicate(timeout=10)[1]
    assert process.returncode == 2
    assert "Traceback" not in stderr
    assert arguments[0].strip("-").replace("-", "_") in stderr.replace("-", "_")
