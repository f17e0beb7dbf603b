"""The board on a TAP: what keeps one from being had, what crosses it, and that nothing of it stays."""

from __future__ import annotations

import asyncio
import errno
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import ARP, Ether

from bench import Board
from bench.addresses import BOARD, host_beside, station_at
from bench.cli import main
from bench.live import FrameEvent, LiveBoard, TapBridge, TapDevice, tap_device
from bench.live.tap_bridge import AT_ONCE, QUEUE
from bench.live.tap_device import HOST, host_beside_both
from bench.tests.fake_machine import FakeMachine
from emulation.errors import UserError

TIMEOUT = 120


# What keeps one from being had


@pytest.mark.parametrize("name", ["", "a" * 16, "a b", "a/b", "..", "t\u00e4p"])
def test_a_name_that_no_interface_can_have_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="cannot be the name of a network interface"):
        TapDevice(name)


def test_a_machine_without_the_driver_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap_device, "CLONE", tmp_path / "tun")
    result = CliRunner().invoke(main, ["serve", "--tap", "board0"])
    assert result.exit_code == 2
    assert f"error: there is no {tmp_path / 'tun'}" in result.stderr
    assert "--device /dev/net/tun" in result.stderr


def test_what_is_no_driver_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "tun"
    file.touch()
    monkeypatch.setattr(tap_device, "CLONE", file)
    with pytest.raises(UserError, match="cannot use the TAP board0"):
        TapDevice("board0")


def test_an_interface_that_is_no_tap_is_refused(tun: None) -> None:
    with pytest.raises(UserError, match=r"(is no TAP|may not use the TAP lo)"):
        TapDevice("lo")


@pytest.fixture
def tun() -> None:
    """The driver, and the right to open it."""
    try:
        tap_device.CLONE.open("r+b", buffering=0).close()
    except OSError as error:
        pytest.skip(f"{tap_device.CLONE}: {error.strerror}")


@pytest.mark.parametrize(
    ("board", "host"),
    [
        (None, "192.0.2.3/24"),
        ("192.0.2.3", "192.0.2.5/24"),
        ("10.0.0.7/8", "10.0.0.9/8"),
        ("10.0.0.1/29", "10.0.0.3/29"),
        ("10.0.0.254/24", "10.0.0.252/24"),
        ("10.0.0.1/30", None),
    ],
)
def test_this_machine_has_an_address_of_its_own_beside_board_and_bench(
    board: str | None, host: str | None
) -> None:
    station = station_at(board)
    if host is None:
        with pytest.raises(UserError, match="has no room for this machine"):
            host_beside_both(station)
    else:
        found = host_beside_both(station)
        assert f"{found.ip}/{found.prefix}" == host
        assert found.ip not in (station.ip, host_beside(station).ip)


# What crosses it


class FakeTap:
    """What this machine has sent, and what it was given."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.given: list[bytes] = []
        self.down = self.gone = False

    name = "board0"

    def fileno(self) -> int:
        return 0

    def read(self) -> bytes | None:
        if self.gone:
            raise OSError(errno.EBADFD, "File descriptor in bad state")
        return self.sent.pop(0) if self.sent else None

    def write(self, frame: bytes) -> bool:
        if not self.down:
            self.given.append(frame)
        return not self.down


class Joined:
    """A board without a CPU that answers ARP and ping, on a TAP that is none.

    `asked` is what the bench has sent of its own accord when the TAP was joined.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.machine = FakeMachine()
        self.live = LiveBoard(Board(self.machine))
        self.tap = FakeTap()
        loop = asyncio.new_event_loop()
        monkeypatch.setattr(loop, "add_reader", lambda _file, callback: setattr(self, "readable", callback))
        monkeypatch.setattr(loop, "remove_reader", lambda _file: None)

        async def make() -> TapBridge:
            return TapBridge(self.live, self.tap)  # type: ignore[arg-type]

        self.bridge = loop.run_until_complete(make())
        loop.close()
        self.asked, self.tap.given, self.machine.received = self.tap.given, [], []

    def send(self, *frames: bytes) -> None:
        self.tap.sent += frames
        self.readable()

    def readable(self) -> None:
        raise AssertionError("the loop was not asked to watch the TAP")


@pytest.fixture
def joined(monkeypatch: pytest.MonkeyPatch) -> Joined:
    return Joined(monkeypatch)


def ping(number: int = 1) -> bytes:
    frame = Ether(src=HOST.mac, dst=BOARD.mac) / IP(src=HOST.ip, dst=BOARD.ip) / ICMP(seq=number)
    return bytes(frame)


def test_this_machine_and_the_board_hear_each_other(joined: Joined) -> None:
    joined.send(ping())
    joined.live.board.run(0.1)
    assert joined.machine.received == [ping()]
    (reply,) = joined.tap.given
    assert Ether(reply)[ICMP].type == 0
    assert Ether(reply)[IP].dst == HOST.ip


def test_frames_of_the_benchs_own_station_are_heard_and_its_own_not_repeated(joined: Joined) -> None:
    own = bytes(Ether(src="00:00:5e:00:53:02", dst=BOARD.mac) / ARP(pdst="192.0.2.77"))
    joined.live.wire.send(own)
    joined.send(ping())
    assert joined.tap.given == [own]


def test_more_than_the_cable_carries_is_dropped_not_kept(joined: Joined) -> None:
    frame = ping() + bytes(1400)
    for _ in range(10):
        joined.send(*[frame] * AT_ONCE)
    carried = len(joined.machine.received)
    assert joined.bridge.dropped == 10 * AT_ONCE - carried
    assert carried == pytest.approx(QUEUE * 10_000_000 / 8 / len(frame), rel=0.1)
    joined.live.board.run(2 * QUEUE)
    joined.send(frame)
    assert len(joined.machine.received) == carried + 1


def test_the_board_gets_its_turn_between_the_frames_of_a_flood(joined: Joined) -> None:
    joined.send(*[ping()] * (AT_ONCE + 5))
    assert len(joined.machine.received) == AT_ONCE
    joined.readable()
    assert len(joined.machine.received) == AT_ONCE + 5


def test_a_tap_that_is_down_takes_nothing_and_harms_nothing(joined: Joined) -> None:
    joined.tap.down = True
    joined.live.feed.publish(FrameEvent(0.0, bytes(60), "from-board"))
    assert (joined.tap.given, joined.bridge.dropped) == ([], 1)
    joined.bridge.close()
    joined.live.feed.publish(FrameEvent(0.0, bytes(60), "from-board"))
    assert joined.bridge.dropped == 1


def test_a_tap_that_somebody_removes_ends_the_run_with_a_reason(joined: Joined) -> None:
    joined.tap.gone = True
    joined.readable()
    with pytest.raises(UserError, match="the TAP board0 can no longer be used: File descriptor in bad state"):
        asyncio.run(asyncio.wait_for(joined.live.run(), TIMEOUT))


# A real one, in a network of its own

INSIDE = """
import fcntl, json, signal, socket, struct, subprocess, sys
from websockets.sync.client import connect
from bench.tests.serve_process import ServeProcess

with socket.socket() as control:  # the loopback interface is down in a new network
    fcntl.ioctl(control, 0x8914, struct.pack("16sH22x", b"lo", 1))
told = {}
with ServeProcess("--fast", "--port", "0", "--console", "0", "--tap", "board0") as server:
    relayed = server.read_until(r"(ws://127.0.0.1:\\d+/) to port 8080")[1]
    told["said"] = server.read_until(r"TAP")[0] and server.lines[-1]
    urls = {"ipv4": "ws://192.0.2.1:8080/", "ipv6": "ws://[2001:db8::1]:8080/", "relay": relayed}
    for name, url in urls.items():
        with connect(url, open_timeout=60) as client:
            client.send("x" * 3000)
            told[name] = client.recv(60) == "x" * 3000
    second = ServeProcess("--port", "0", "--console", "0", "--tap", "board0")
    with second:
        told["second"] = second.process.communicate(timeout=60)[1].splitlines()[0]
    told["before"] = [name for _, name in socket.if_nameindex()]
    server.end(getattr(signal, sys.argv[1]))
told["after"] = [name for _, name in socket.if_nameindex()]
print(json.dumps(told))
"""


def own_network() -> list[str]:
    """A command that runs another in a network of its own, with all rights over it. Skips without."""
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare to make a network of one's own with")
    for command in (["unshare", "--net"], ["unshare", "--map-root-user", "--net"]):
        trial = [
            *command,
            sys.executable,
            "-c",
            "from bench.live import TapDevice; TapDevice('board0').close()",
        ]
        if (done := subprocess.run(trial, capture_output=True, text=True, check=False)).returncode == 0:
            return command
    pytest.skip(f"no TAP can be had here: {(done.stderr.strip() or 'no reason given').splitlines()[-1]}")


@pytest.mark.parametrize("number", ["SIGINT", "SIGKILL"])
def test_programs_reach_the_board_by_its_own_addresses(number: str) -> None:
    command = [*own_network(), sys.executable, "-c", INSIDE, number]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["said"] == "ws://192.0.2.1:8080/ reaches the board by the TAP board0"
    assert (told["ipv4"], told["ipv6"], told["relay"]) == (True, True, True)
    assert told["second"] == "error: the TAP board0 is used by another program"
    assert (told["before"], told["after"]) == (["lo", "board0"], ["lo"])


OF_AN_ADMINISTRATOR = """
import fcntl, json, socket
from bench.live import TapDevice

def there():
    return "board0" in [name for _, name in socket.if_nameindex()]

with TapDevice("board0") as device:
    fcntl.ioctl(device.fileno(), 0x400454CB, 1)  # TUNSETPERSIST
    made = device.made
with TapDevice("board0") as device:
    again = device.made
print(json.dumps([made, again, there()]))
"""


def test_one_that_an_administrator_has_made_stays() -> None:
    command = [*own_network(), sys.executable, "-c", OF_AN_ADMINISTRATOR]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [True, False, True]
