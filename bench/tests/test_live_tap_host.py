"""The bench's station and this machine's own stack on one segment, a real TAP between them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from bench.tests.test_live_tap import TIMEOUT, own_network

BEGIN = """
import fcntl, json, signal, socket, struct
from dataclasses import replace
from websockets.sync.client import connect
from bench.live import TapDevice
from bench.live.tap_device import HOST
from bench.tests.serve_process import ServeProcess

with socket.socket() as control:  # the loopback interface is down in a new network
    fcntl.ioctl(control, 0x8914, struct.pack("16sH22x", b"lo", 1))

def reach(ip, port=80):
    try:
        socket.create_connection((ip, port), 20).close()
    except OSError as error:
        return type(error).__name__
    return "open"

def echo(url):
    with connect(url, open_timeout=60) as client:
        client.send("across")
        return client.recv(60) == "across"
"""

NEIGHBOURS = """
with ServeProcess(*"--fast --port 0 --no-console --tap board0 --host 192.0.2.3".split()) as server:
    server.read_until("TAP")
    told = [reach("192.0.2.3"), reach("2001:db8::2"), reach("192.0.2.1", 8080)]
    told += [echo("ws://192.0.2.1:8080/"), server.end(signal.SIGINT)]
print(json.dumps(told))
"""

OWNED = """
with TapDevice("board0", replace(HOST, ip="192.0.2.2")) as device:
    fcntl.ioctl(device.fileno(), 0x400454CB, 1)  # TUNSETPERSIST
with ServeProcess("--fast", "--port", "0", "--no-console", "--tap", "board0") as server:
    relayed = int(server.read_until(r"ws://127.0.0.1:(\\d+)/ to port 8080")[1])
    server.read_until("TAP")
    told = [echo("ws://192.0.2.1:8080/")]
    client = socket.create_connection(("127.0.0.1", relayed), 20)
    try:
        told.append(client.recv(1).decode())
    except ConnectionResetError:
        told.append("reset")
    told.append(server.end(signal.SIGINT))
print(json.dumps(told))
"""

NOBODY = """
with ServeProcess("--fast", "--console", "0", "--tap", "board0", "--no-host") as server:
    server.read_until("TAP")
    told = [server.lines, reach("192.0.2.2"), echo("ws://192.0.2.1:8080/"), echo("ws://[2001:db8::1]:8080/")]
    told.append(server.end(signal.SIGINT))
print(json.dumps(told))
"""


def play(script: str) -> list[Any]:
    command = [*own_network(), sys.executable, "-c", BEGIN + script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT)
    assert done.returncode == 0, done.stderr
    told: list[Any] = json.loads(done.stdout)
    return told


def test_this_machine_finds_the_bench_wherever_it_is() -> None:
    assert play(NEIGHBOURS) == ["ConnectionRefusedError", "ConnectionRefusedError", "open", True, [0, ""]]


def test_this_machine_keeps_the_address_that_is_its_own() -> None:
    echoed, relayed, (code, errors) = play(OWNED)
    assert (echoed, relayed, code) == (True, "reset", 0)
    assert errors.startswith("note: 192.0.2.2 belongs to the station 00:00:5e:00:53:03: the bench leaves it")
    assert len(errors.splitlines()) == 1


def test_this_machine_has_the_board_for_itself_if_the_bench_is_not_there() -> None:
    lines, bench, ipv4, ipv6, end = play(NOBODY)
    places = [line for line in lines if "://" in line]
    assert [line.split("/")[0] for line in places] == ["http:", "ws:"]
    assert places[1] == "ws://192.0.2.1:8080/ reaches the board by the TAP board0"
    assert bench in ("TimeoutError", "OSError"), "nobody is there"
    assert (ipv4, ipv6, end) == (True, True, [0, ""])
