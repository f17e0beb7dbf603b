"""What a guest holds is counted by its firmware's own symbols; leaks are made by damaging the firmware."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP, fragment

from bench.baseline import Baseline, compare, ring_problems
from bench.board import Board
from bench.layers.tcpip import SYN, Endpoint, Segment, build
from bench.peer import Peer
from bench.tests.elf import with_code_at
from bench.wire import Wire

RETURN_ZERO = b"\x31\xc0\xc3"
RING = {"ERXST": 0, "ERXND": 0x13FF, "ERXRDPT": 0x0FF, "ERXWRPT": 0x100, "EPKTCNT": 0}


@pytest.fixture
def board() -> Iterator[Board]:
    with Board.boot() as board:
        board.uart.wait_for("listening", timeout=5)
        board.run(0.1)
        board.wire.sr1(IP() / ICMP(), timeout=1)  # the neighbour is known from now on
        yield board


def half_open(wire: Wire, port: int) -> bytes:
    """A SYN from an address that nobody has, so that nobody resets what it opens."""
    board, host = wire.board, wire.host
    return build(
        Endpoint.of(host.mac, "192.0.2.99", port), Endpoint.of(board.mac, board.ip, 8080), Segment(1, 0, SYN)
    )


def test_nothing_differs_at_once_and_after_a_ping(board: Board) -> None:
    baseline = Baseline.take(board)
    assert baseline.differences(board) == []
    board.wire.sr1(IP() / ICMP() / bytes(1000), timeout=1)
    assert baseline.differences(board) == []
    assert baseline.lingering(board) == 0


def test_counting_does_not_disturb_the_guest(board: Board) -> None:
    state = board.snapshot()

    def later() -> bytes:
        board.run(0.5)
        with Peer(board.wire) as peer:
            peer.upgrade()
            return b"".join(record.frame for record in peer.tcp.history)

    undisturbed = later()
    board.restore(state)
    Baseline.take(board).differences(board)
    assert later() == undisturbed


def test_half_open_connections_are_named_and_linger(board: Board) -> None:
    baseline = Baseline.take(board)
    for port in (1111, 2222):
        board.wire.send(half_open(board.wire, port))
    board.run(0.1)
    (states,) = [line for line in baseline.differences(board) if "PCB" in line]
    assert states.startswith("2 TCP PCBs more in SYN-RECEIVED (")
    assert "SYN-RECEIVED on port 8080 with 192.0.2.99:1111" in states
    assert 20 < baseline.lingering(board) < 30
    assert baseline.settle(board) == []


def test_a_connection_counts_until_it_is_gone(board: Board) -> None:
    with Peer(board.wire) as peer:
        peer.upgrade()
    board.run(1)
    baseline = Baseline.take(board)
    with Peer(board.wire) as peer:
        peer.upgrade()
        found = baseline.differences(board)
        assert any(line.startswith("1 TCP PCB more in ESTABLISHED (") for line in found)
    board.run(1)
    assert baseline.differences(board) == []


def test_time_wait_is_no_leak(board: Board) -> None:
    with Peer(board.wire) as peer:
        peer.upgrade()
    board.run(1)
    baseline = Baseline.take(board)
    with Peer(board.wire) as peer:
        peer.send(b"no HTTP\r\n\r\n")  # refused: the board closes first, and waits
        peer.expect_end()
    board.run(1)
    pool = board.read_memory(board.symbol("memp_stats_TCP_PCB"), 6)
    assert int.from_bytes(pool[4:], "little") == 1
    assert [line for line in baseline.differences(board) if "PCB" in line] == []


def test_lone_fragments_linger_until_their_time_is_over(board: Board) -> None:
    baseline = Baseline.take(board)
    board.wire.send(fragment(IP(dst=board.ip, id=7) / ICMP() / bytes(1000), 512)[0])
    board.run(0.1)
    assert baseline.differences(board) == [
        "1 block more of pool REASSDATA",
        "3 blocks more of pool PBUF_POOL",
    ]
    before = board.clock.now
    assert baseline.settle(board) == []
    assert 14 < board.clock.now - before < 17  # RFC 791, section 3.2: 15 seconds


def test_buffers_that_are_not_freed_are_named(tmp_path: Path) -> None:
    with Board.boot(firmware=with_code_at("icmp_input", RETURN_ZERO, tmp_path / "leak.elf")) as board:
        board.uart.wait_for("listening", timeout=5)
        board.run(0.1)
        baseline = Baseline.take(board)
        assert board.wire.sr1(IP() / ICMP(), timeout=1) is None
        assert baseline.differences(board) == ["1 block more of pool PBUF_POOL"]


def test_every_kind_of_difference_is_told(board: Board) -> None:
    before = Baseline.take(board).counts
    now = replace(
        before,
        used={**before.used, "MEM": before.used["MEM"] + 40, "TCP_PCB": before.used["TCP_PCB"] + 1},
        illegal={**before.illegal, "PBUF": 1},
        python=before.python - 4096,
        driver={**before.driver, "resyncs": 2},
        ring={**RING, "EPKTCNT": 1},
    )
    assert sorted(compare(before, now)) == [
        "1 block more of pool TCP_PCB",
        "ENC28J60 driver: +2 restarts of the receive ring",
        "ENC28J60: EPKTCNT is 1: received, but not fetched",
        "PBUF: a block was freed that was not in use",
        "Python heap -4096 bytes",
        "lwIP's heap +40 bytes",
    ]


def test_a_leak_of_python_objects_is_more_than_what_ended_connections_leave(board: Board) -> None:
    for _ in range(3):
        with Peer(board.wire) as peer:
            peer.upgrade()
        board.run(1)
    baseline = Baseline.take(board)
    for _ in range(2):
        with Peer(board.wire), Peer(board.wire) as peer:
            peer.upgrade()
        board.run(1)
        assert baseline.differences(board) == []


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({}, ""),
        ({"ERXWRPT": 0, "ERXRDPT": 0x13FF}, ""),
        ({"ERXRDPT": 0x0FD}, "ERXRDPT is 0x00fd with nothing to fetch, expected 0x00ff"),
    ],
)
def test_an_empty_ring_has_its_pointers_next_to_each_other(changed: dict[str, int], problem: str) -> None:
    assert problem in "".join(ring_problems({**RING, **changed}))
    assert bool(ring_problems({**RING, **changed})) == bool(problem)
