"""A board with one connection, or two, in the state a sequence begins in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bench.layers.reassembly import distance
from bench.layers.tcp_state import State
from bench.lwip import Connection, connection_of
from bench.matrix.states import PORT, STATES, Ends
from bench.oracle import Oracle, OracleState
from bench.peer import Peer


@dataclass(frozen=True)
class End:
    """What is known of one connection: the numbers that segments need, and lwIP's view of the board's end."""

    ends: Ends
    connection: Connection
    sent: bytes = b""
    """What the board has sent by then and the bench has not acknowledged."""


@dataclass(frozen=True)
class SequenceScene:
    """A board in a state: its snapshot, and the connections in it."""

    ends: tuple[End, ...]
    snapshot: OracleState


def prepare(oracle: Oracle, state: str, connections: int) -> SequenceScene:
    """Bring so many connections of a fresh oracle's board into a state. Raises PeerError."""
    peers: list[Peer] = []
    for _ in range(connections):
        peer = STATES[state](oracle, False)
        peer.silent = True
        peers.append(peer)
    oracle.board.run(0.02)
    oracle.begin()
    return SequenceScene(tuple(_end(oracle, state, peer) for peer in peers), oracle.snapshot())


def _end(oracle: Oracle, state: str, peer: Peer) -> End:
    connection = connection_of(oracle.board, peer)
    assert connection is not None, f"the board has no connection in state {state}"
    assert connection.state is not State.LISTEN, f"the board has no connection in state {state}"
    ends = Ends(state, peer.tcp.local, peer.tcp.remote, connection.receive_next, connection.send_next)
    assert ends.target.port == PORT
    if state == "queued":  # what waits has not been acknowledged, whatever probes have been sent
        ends = replace(ends, ack=connection.unacknowledged)
    pieces = [
        (distance(record.segment.seq, ends.ack), record.segment.payload)
        for record in peer.tcp.history
        if not record.sent
    ]
    return End(ends, connection, joined(pieces))


def joined(pieces: Iterable[tuple[int, bytes]], begun: bytes = b"") -> bytes:
    """The bytes in one piece with `begun`, which is the stream from 0 on, of pieces with their offsets."""
    stream = begun
    for at, data in sorted(pieces, key=lambda piece: (piece[0], len(piece[1]))):
        if at <= len(stream) < at + len(data):
            stream += data[len(stream) - at :]
    return stream
