"""The board in Renode, if this machine has one: the same frames, the same answers, in its virtual time.

`pytest --engine renode packet_tests` runs everything else on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

from bench import Board
from bench.board import BoardState
from bench.capture import Capture, CapturedFrame
from bench.compare import EXCHANGE, Side, compare
from bench.peer import Peer
from emulation.errors import EngineLacks, UserError
from emulation.renode.find import find_renode


@pytest.fixture(scope="module")
def in_renode() -> Iterator[tuple[Board, BoardState]]:
    """A listening board in Renode, and its snapshot."""
    try:
        find_renode()
    except UserError as error:
        pytest.skip(str(error))
    with Board.boot("renode") as board:
        board.uart.wait_for("8082", timeout=10)
        board.uart.wait_for("\n", timeout=1)
        yield board, board.snapshot()


@pytest.fixture
def renode(in_renode: tuple[Board, BoardState]) -> Board:
    """The board, as it was after boot."""
    board, state = in_renode
    board.restore(state)
    return board


def exchange(board: Board) -> list[CapturedFrame]:
    """What crosses the wire while a client connects, gets an echo and leaves."""
    capture = board.wire.capture = Capture()
    with Peer(board.wire) as peer:
        peer.upgrade("/")
        peer.echo(bytes(range(256)) * 8)
    return capture.frames


def test_an_exchange_is_the_same_again_to_the_microsecond(
    renode: Board, in_renode: tuple[Board, BoardState]
) -> None:
    first = exchange(renode)
    renode.restore(in_renode[1])
    assert exchange(renode) == first


def test_a_snapshot_of_an_open_connection_can_be_gone_back_to(renode: Board) -> None:
    with Peer(renode.wire) as peer:
        peer.upgrade("/")
        state, ours = renode.snapshot(), peer.snapshot()
        for text in ("once", "more"):
            peer.echo(text)
            renode.restore(state)
            peer.restore(ours)
        peer.echo("at last")


def test_malformed_packets_get_through_to_the_board(renode: Board) -> None:
    """Renode's own packet library would refuse this one."""
    renode.wire.send(Ether(dst=renode.mac) / IP(dst=renode.ip, proto=1) / Raw(b"\x08"))
    renode.run(0.1)
    assert renode.wire.sr1(IP() / ICMP() / b"well?", timeout=1) is not None


def test_a_wrong_fcs_is_dropped(renode: Board) -> None:
    request = Ether(dst="ff:ff:ff:ff:ff:ff") / ARP(pdst=renode.ip)
    renode.wire.send(request, fcs=b"\0\0\0\0")
    assert not renode.wire.sniff(timeout=0.2, lfilter=lambda p: ARP in p)
    renode.wire.send(request)
    assert renode.wire.sniff(count=1, timeout=0.2, lfilter=lambda p: ARP in p)


def test_idle_time_is_virtual(renode: Board) -> None:
    before = renode.clock.now
    renode.run(30)
    assert renode.clock.now == pytest.approx(before + 30)


def test_a_runt_is_refused_with_the_reason(renode: Board) -> None:
    with pytest.raises(EngineLacks, match="takes frames of any size"):
        renode.wire.send(bytes(20), pad=False)


def test_it_listens_on_no_port(renode: Board) -> None:
    process = renode.machine._process  # type: ignore[attr-defined]
    pending, members = [process._guard.pid], set()
    while pending:
        pid = pending.pop()
        members.add(pid)
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            pending += map(int, children.read_text().split())
    inodes = {
        str(link.readlink())
        for pid in members
        for link in Path(f"/proc/{pid}/fd").iterdir()
        if str(link.readlink()).startswith("socket:")
    }
    listening = {
        f"socket:[{line.split()[9]}]"
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A"
    }
    assert len(members) > 1
    assert not inodes & listening


def test_it_does_the_same_as_the_embedded_emulator(renode: Board) -> None:
    (comparison,) = compare(Side("quark"), Side("renode"), [EXCHANGE])
    assert not comparison.skipped
    assert not comparison.differences, "\n".join(map(str, comparison.differences))


def test_a_board_that_has_run_in_renode_can_be_reset(renode: Board) -> None:
    renode.run(0.1)
    renode.reset()
    assert renode.clock.now == 0.0
    assert renode.uart.text == ""
    renode.uart.wait_for("listening", timeout=5)
    with Peer(renode.wire) as peer:
        peer.upgrade("/")
        peer.echo("after a reset")
