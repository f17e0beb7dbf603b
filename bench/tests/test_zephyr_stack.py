"""The firmware on Zephyr's network stack, on the bench; skipped without a Zephyr tree (ZEPHYR_BASE)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import ARP, Ether

from bench import Board
from bench.cli import main
from bench.layers.websocket import WebSocket
from bench.peer import Peer
from bench.stacks import STACKS, firmware_on
from emulation.errors import UserError
from emulation.zephyr.tree import find_tools, find_tree

CONNECTIONS = 5
"""At the same time, each with messages of 4 KiB in turn."""


@pytest.fixture(scope="module")
def elf() -> Path:
    try:
        find_tree()
        find_tools()
    except UserError as lack:
        pytest.skip(lack.message)
    return STACKS["zephyr"].build().elf


@pytest.fixture
def zephyr(elf: Path) -> Iterator[Board]:
    with Board.boot(firmware=elf) as board:
        found = board.uart.wait_for("listening", timeout=5)
        board.uart.wait_for("\n", timeout=1, after=found.end())
        yield board


def test_its_own_requests_carry_its_address(zephyr: Board) -> None:
    """Zephyr's stock driver of the controller asks as 0.0.0.0, and never gets an answer."""
    frames: list[Ether] = []
    zephyr.wire.listen(lambda _time, frame: frames.append(Ether(frame)))
    assert zephyr.wire.sr1(IP(dst=zephyr.ip) / ICMP(id=3), timeout=1) is not None
    requests = [frame[ARP] for frame in frames if ARP in frame and frame[ARP].op == 1]
    assert [request.psrc for request in requests] == [zephyr.ip]


def test_pings_are_answered_by_ipv4_and_ipv6(zephyr: Board) -> None:
    four = zephyr.wire.sr1(IP(dst=zephyr.ip) / ICMP(id=7) / b"hello", timeout=1)
    six = zephyr.wire.sr1(IPv6(dst=zephyr.ip6) / ICMPv6EchoRequest(id=7, data=b"hello"), timeout=1)
    assert four is not None and four[ICMP].type == 0
    assert six is not None and six[ICMPv6EchoReply].data == b"hello"


@pytest.mark.parametrize("six", [False, True])
def test_messages_of_4_kib_come_back(zephyr: Board, six: bool) -> None:
    with Peer(zephyr.wire, ipv6=six) as peer:
        peer.upgrade("/")
        peer.echo("Hello")
        peer.echo(bytes(range(256)) * 16)


def test_connections_are_served_at_the_same_time(zephyr: Board) -> None:
    with ExitStack() as stack:
        peers = [stack.enter_context(Peer(zephyr.wire)) for _ in range(CONNECTIONS)]
        for peer in peers:
            peer.upgrade("/")
        for number, peer in enumerate(peers):
            peer.echo(f"number {number}")
            peer.echo(bytes([number]) * 1024)


def test_a_second_reset_does_not_take_the_next_client_s_connection(zephyr: Board) -> None:
    """Zephyr 1.14 gives a connection back for each reset, although its socket still uses it.

    The second one answers what the board sends when Python fetches the data that were there before the first.
    """
    for _ in range(5):
        peer = Peer(zephyr.wire).connect()
        peer.upgrade("/")
        peer.send_frame(WebSocket(opcode="binary", fin=0) / bytes(4000))
        zephyr.run(0.02)
        peer.reset()
    with Peer(zephyr.wire) as other:
        other.upgrade("/")
        other.echo("mine alone")


def test_connections_that_end_before_they_are_accepted_leave_nothing_behind(zephyr: Board) -> None:
    """More of them than Zephyr has descriptors for."""
    for _ in range(30):
        peer = Peer(zephyr.wire).connect()
        peer.close()
    zephyr.run(2)
    with Peer(zephyr.wire) as peer:
        peer.upgrade("/")
        peer.echo("still here")


@pytest.mark.timeout(600)
def test_the_suites_of_masking_pings_and_limits_are_green(elf: Path, tmp_path: Path) -> None:
    suites = ["masking", "ping_pong", "payload_limits"]
    done = CliRunner().invoke(main, ["run", *suites, "--firmware", str(elf), "--report", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "0 failed, 0 skipped" in done.output


def test_two_names_of_a_firmware_are_refused() -> None:
    with pytest.raises(UserError, match="both name a firmware"):
        firmware_on("zephyr", Path("other.elf"))
