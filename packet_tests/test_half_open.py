"""Many clients at once, and clients that never complete their handshake (RFC 4987)."""

from __future__ import annotations

import pytest
from scapy.layers.inet import IP, TCP

from bench import Board, Wire
from bench.layers.tcp_state import State, TcpResetError
from bench.layers.tcpip import ACK, SYN
from bench.lwip import connections
from bench.peer import Peer

QUEUE = 10
"""SYNs that one server of the firmware keeps: its backlog of 8, and two clients that it can refuse."""
POOL = 12
"""Connections of lwIP, in all states but LISTEN."""
GRACE = 1.0
"""Virtual seconds for which a half-open connection is safe."""

pytestmark = pytest.mark.usefixtures("unharmed")


def burst(wire: Wire, count: int, gap: float) -> list[Peer]:
    """So many clients that connect at once, `gap` virtual seconds apart, and ask for an upgrade."""
    peers = [Peer(wire) for _ in range(count)]
    for peer in peers:
        peer.tcp.connect(wire.clock.now)
        wire.run(gap)
        peer._flush()
    for peer in peers:
        assert peer.wait_until(lambda peer=peer: peer.tcp.state is State.ESTABLISHED, 3)  # type: ignore[misc]
    return peers


def leave(wire: Wire, peers: list[Peer]) -> None:
    """All of them are gone."""
    for peer in peers:
        peer.reset()
    wire.run(0.5)


def syns(peer: Peer) -> int:
    """How often a client had to ask."""
    return sum(1 for record in peer.tcp.history if record.sent and record.segment.flags & SYN)


def half_open(wire: Wire, count: int, first: int = 20000, port: int = 8080) -> list[Peer]:
    """SYNs whose senders do not go on."""
    peers = [Peer(wire, sport=first + number, port=port) for number in range(count)]
    for peer in peers:
        peer.silent = True
        peer.inject(peer.segment(SYN))
        wire.run(0.002)
    return peers


def answered(peer: Peer) -> bool:
    """Whether the board has sent SYN+ACK."""
    return any(not r.sent and r.segment.flags & SYN for r in peer.tcp.history)


def waiting(board: Board) -> int:
    """How many connections are half-open."""
    return sum(1 for c in connections(board) if c.state is State.SYN_RECEIVED)


@pytest.mark.parametrize("gap", [0.0, 0.001, 0.01])
def test_as_many_clients_as_the_backlog_may_come_at_once(wire: Wire, gap: float) -> None:
    peers = burst(wire, 8, gap)
    for peer in peers:
        peer.upgrade()
    for peer in peers:
        peer.echo("served")
    assert [syns(peer) for peer in peers] == [1] * 8, "nobody had to ask twice"
    leave(wire, peers)


def test_of_more_clients_than_there_is_room_for_none_is_reset(wire: Wire) -> None:
    """A SYN beyond the queue is dropped and comes again; a connection in the queue is never reset."""
    peers = [Peer(wire) for _ in range(POOL + 3)]
    for peer in peers:
        peer.tcp.connect(wire.clock.now)
        peer._flush()
    wire.run(0.5)
    assert not [peer for peer in peers if isinstance(peer.tcp.error, TcpResetError)]
    assert sum(1 for peer in peers if peer.tcp.state is State.ESTABLISHED) == QUEUE
    leave(wire, peers)


@pytest.mark.parametrize("count", [QUEUE, 40])
def test_half_open_connections_make_room_for_a_client(board: Board, wire: Wire, count: int) -> None:
    half_open(wire, count)
    assert waiting(board) == QUEUE
    wire.run(GRACE)
    with Peer(wire) as peer:
        peer.upgrade()
        peer.echo("let in")
        assert syns(peer) == 1, "at once"
    assert waiting(board) == QUEUE - 1, "one place was needed"


def test_the_oldest_half_open_connection_goes_first(wire: Wire) -> None:
    old = half_open(wire, 1)
    wire.run(GRACE)
    half_open(wire, QUEUE - 1, 20100)
    wire.run(GRACE)
    with Peer(wire) as peer:
        before = len(old[0].tcp.history)
        wire.run(8)  # lwIP sends SYN+ACK again as long as it waits
        assert not [r for r in old[0].tcp.history[before:] if not r.sent]
        peer.upgrade()


def test_a_client_that_is_about_to_answer_keeps_its_place(board: Board, wire: Wire) -> None:
    first, *_ = half_open(wire, QUEUE)
    late = half_open(wire, 1, 20100)
    wire.run(0.1)
    assert not answered(late[0]), "the queue is full"
    syn_ack = next(r.segment for r in first.tcp.history if not r.sent)
    wire.send(
        IP() / TCP(sport=20000, dport=8080, flags="A", seq=syn_ack.ack, ack=(syn_ack.seq + 1) % (1 << 32))
    )
    wire.run(0.01)
    assert waiting(board) == QUEUE - 1
    assert any(c.remote_port == 20000 and c.state is State.ESTABLISHED for c in connections(board))


def test_half_open_connections_of_one_server_do_not_keep_clients_from_another(wire: Wire) -> None:
    half_open(wire, POOL - 1)
    half_open(wire, POOL - 1, 20100, port=8082)
    wire.run(GRACE)
    with Peer(wire, port=8081) as peer:
        peer.upgrade(expect=401)
        assert syns(peer) == 1


def test_a_connection_in_use_does_not_make_room(wire: Wire) -> None:
    peers = burst(wire, 8, 0.01)
    for peer in peers:
        peer.upgrade()
    half_open(wire, 20)
    wire.run(GRACE)
    half_open(wire, 20, 20100)
    wire.run(GRACE)
    for peer in peers:
        peer.echo("still here")
    leave(wire, peers)


def test_a_half_open_connection_that_is_left_alone_can_be_completed(wire: Wire) -> None:
    """The opposite: without others that want its place it keeps it for a while (lwIP: 20 s)."""
    with Peer(wire) as peer:
        peer.upgrade()
    (old,) = half_open(wire, 1)
    wire.run(10)
    assert answered(old)
    syn_ack = next(r.segment for r in old.tcp.history if not r.sent)
    old.inject(old.segment(ACK, seq=1))
    assert syn_ack.flags & SYN
    wire.run(0.1)
    assert not isinstance(old.tcp.error, TcpResetError)
