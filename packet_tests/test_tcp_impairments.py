"""The board behind a bad network: loss, repetition, reordering and overlap, in both directions (RFC 9293)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise, permutations

import pytest

from bench import Board, Wire
from bench.expectations import Message, Pong, Silence
from bench.layers.schedule import Schedule
from bench.layers.tcp_options import NOP, Options, timestamps
from bench.layers.tcp_state import State
from bench.layers.tcpip import SYN
from bench.layers.websocket import WebSocket
from bench.peer import Peer

Rewind = Callable[[Peer], Callable[[], None]]

TEXT = "a message in five pieces"
PIECES = [6, 6, 6, 6]


@pytest.mark.parametrize("ipv6", [False, True], ids=["ipv4", "ipv6"])
def test_four_segments_arrive_in_every_order(wire: Wire, rewind: Rewind, ipv6: bool) -> None:
    with Peer(wire, ipv6=ipv6) as peer:
        peer.upgrade()
        back = rewind(peer)
        for order in permutations(range(4)):
            back()
            peer.send(WebSocket() / TEXT[:16], split=[6, 6, 5], order=order)
            peer.expect(Message(TEXT[:16]))


@pytest.mark.parametrize("lost", range(5))
def test_any_segment_may_be_lost_once(peer: Peer, lost: int) -> None:
    peer.send(WebSocket() / TEXT, split=PIECES, schedule=Schedule(drop=[lost]))
    peer.expect(Message(TEXT), timeout=10)
    peer.expect(Silence(1.0))


@pytest.mark.parametrize("overlap", [1, 5, 6, 7, 30])
def test_segments_may_repeat_what_came_before(peer: Peer, overlap: int) -> None:
    peer.send(WebSocket() / TEXT, split=PIECES, schedule=Schedule(order=[1, 3, 0, 2, 4], overlap=overlap))
    peer.expect(Message(TEXT), Silence(1.0))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_board_repeats_what_is_lost_until_it_arrives(peer: Peer, count: int) -> None:
    peer.lose(count)
    peer.send(WebSocket(opcode="ping") / b"here?")
    peer.expect(Pong(b"here?"), timeout=30)
    sent = peer.lost[0].payload
    times = [r.time for r in peer.tcp.history if not r.sent and r.segment.payload == sent]
    assert len(times) == count + 1
    gaps = [b - a for a, b in pairwise(times)]
    assert gaps == sorted(gaps), "the retransmission timeout must not shrink (RFC 6298, section 5.5)"


@pytest.mark.usefixtures("unharmed")
def test_a_lost_syn_ack_is_sent_again(wire: Wire) -> None:
    peer = Peer(wire)
    peer.lose(1, lambda segment: bool(segment.flags & SYN))
    with peer.connect(timeout=10):
        peer.upgrade()
        peer.echo("in the end")


@pytest.mark.usefixtures("unharmed")
def test_data_beyond_the_boards_window_are_sent_again(wire: Wire) -> None:
    with Peer(wire, heed_window=False) as peer:
        peer.upgrade()
        peer.send(WebSocket(opcode="binary") / bytes(4000))
        peer.expect(Message(bytes(4000)), timeout=30)


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize(
    "options",
    [
        Options(window_scale=7),
        Options(sack_permitted=True),
        Options(timestamps=True),
        Options(window_scale=14, sack_permitted=True, timestamps=True),
        Options(syn=b"\xfe\x04\x12\x34" * 10),
        Options(syn=b""),
        Options(data=b"\xfd\x05abc"),
        Options(data=NOP * 40),
        Options(data=timestamps(1, 2)),
    ],
    ids=[
        "scale",
        "SACK",
        "timestamps",
        "all",
        "unknown in SYN",
        "none",
        "unknown in data",
        "NOPs",
        "no offer",
    ],
)
def test_options_of_any_kind_do_not_disturb(wire: Wire, options: Options) -> None:
    """RFC 9293, section 3.1: an option that is not understood is skipped."""
    with Peer(wire, options=options) as peer:
        peer.upgrade()
        peer.echo("text")
        peer.echo(bytes(2000))


def test_a_segment_that_is_repeated_for_ever_is_still_one(board: Board, peer: Peer) -> None:
    peer.send(WebSocket() / b"once", order=[0] * 50)
    peer.expect(Message("once"), Silence(2.0))
    assert peer.tcp.state is State.ESTABLISHED
