"""Two ends whose numbers disagree: the board answers every segment that does not fit, the bench must not."""

from __future__ import annotations

import pytest

from bench import Board
from bench.layers.tcpip import ACK, PSH, RST, SYN
from bench.peer import Peer


@pytest.mark.parametrize("size", [1, 100])
def test_data_that_the_bench_knows_nothing_of_does_not_make_both_ends_talk_for_ever(
    board: Board, size: int
) -> None:
    with Peer(board.wire) as peer:
        before = len(peer.tcp.history)
        peer.inject(peer.segment(PSH | ACK, bytes(size)))
        board.run(1)
        crossed = [str(record.segment) for record in peer.tcp.history[before:]]
        assert 3 <= len(crossed) <= 5, crossed
        before = len(peer.tcp.history)
        board.run(5)
        assert not peer.tcp.history[before:]
        peer.reset()


@pytest.mark.parametrize(("flags", "seq"), [(SYN, 5), (RST, 5), (SYN, -1), (ACK, -1), (ACK, 100_000)])
def test_a_challenge_of_the_board_is_not_answered(board: Board, flags: int, seq: int) -> None:
    with Peer(board.wire) as peer:
        before = len(peer.tcp.history)
        peer.inject(peer.segment(flags, seq=seq))
        board.run(1)
        sent, *came = peer.tcp.history[before:]
        assert [record.sent for record in (sent, *came)] == [True, False], came
        assert came[0].segment.flags == ACK
        peer.upgrade()
        peer.echo("and all is well")
