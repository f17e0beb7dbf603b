"""The four questions, each with a board that fails it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP, UDP

from bench.board import Board
from bench.oracle import Oracle, OracleError, anything, silence
from bench.peer import Peer
from bench.tests.elf import UD2, with_code_at

RETURN_ZERO = b"\x31\xc0\xc3"


def boot(firmware: Path | None = None) -> Board:
    board = Board.boot(firmware=firmware)
    board.uart.wait_for("listening", timeout=5)
    return board


@pytest.fixture
def oracle() -> Iterator[Oracle]:
    with boot() as board:
        yield Oracle(board)


def test_a_board_that_is_left_alone_passes(oracle: Oracle) -> None:
    verdict = oracle.verdict(silence, fresh=True)
    assert verdict.problems == ()
    assert verdict.frames == ()
    verdict.check()


def test_a_harmless_frame_passes_and_its_answer_is_given(oracle: Oracle) -> None:
    oracle.send(IP() / ICMP(id=1))
    verdict = oracle.verdict(lambda frames: [] if len(frames) == 1 else ["no single answer"])
    assert verdict.passed
    assert len(verdict.frames) == 1


def test_an_answer_that_is_not_expected_fails(oracle: Oracle) -> None:
    oracle.send(IP() / ICMP(id=1))
    verdict = oracle.verdict(silence)
    assert [problem[:3] for problem in verdict.problems] == ["(a)"]
    with pytest.raises(OracleError, match="an answer where silence was expected"):
        verdict.check()


def test_connections_that_a_case_leaves_are_wound_down(oracle: Oracle) -> None:
    for upgrade in (False, True):
        peer = Peer(oracle.board.wire).connect()
        if upgrade:
            peer.upgrade()
    assert len(oracle.others()) == 2
    assert oracle.verdict(anything).problems == ()
    assert oracle.others() == []


def test_restoring_begins_a_new_case(oracle: Oracle) -> None:
    state = oracle.snapshot()
    first = []
    for _ in range(2):
        oracle.restore(state)
        oracle.send(IP() / ICMP(id=1))
        verdict = oracle.verdict(anything, fresh=True)
        assert verdict.problems == ()
        first.append(verdict.frames)
    assert first[0] == first[1]


def test_a_fault_of_the_guest_fails(tmp_path: Path) -> None:
    with boot(with_code_at("udp_input", UD2, tmp_path / "udp.elf")) as board:
        oracle = Oracle(board)
        oracle.send(IP() / UDP())
        verdict = oracle.verdict(anything)
        assert verdict.fault is not None
        assert verdict.problems[0].startswith("(b) guest fault (exception)")


def test_a_board_that_no_longer_serves_fails(oracle: Oracle) -> None:
    oracle.witness.reset()
    problems = oracle.verdict(anything).problems
    assert problems[0].startswith("(c) the connection that was open before: ")
    assert any(line.startswith("(d) 1 TCP PCB less in ESTABLISHED") for line in problems)


def test_buffers_that_are_not_freed_fail(tmp_path: Path) -> None:
    with boot(with_code_at("udp_input", RETURN_ZERO, tmp_path / "udp.elf")) as board:
        oracle = Oracle(board)
        oracle.send(IP() / UDP())
        assert oracle.verdict(anything).problems == ("(d) 1 block more of pool PBUF_POOL",)
