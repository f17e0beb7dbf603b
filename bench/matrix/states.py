"""The protocol states a case begins in: each reached once, then restored for every case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from bench.addresses import BENCH, BOARD
from bench.board import BoardState
from bench.layers.tcp_state import State
from bench.layers.tcpip import Endpoint
from bench.layers.websocket import WebSocket
from bench.lwip import Connection, connection_of
from bench.matrix.replies import sort_replies
from bench.oracle import Oracle, OracleState
from bench.peer import Peer
from bench.tcp_states import reach

PORT = 8080
LISTENING = (8080, 8081, 8082)
"""Where the board's application listens (emulation/firmware/app/main.py)."""
FREE_PORT = 40000
"""Source port of packets that belong to no connection."""
FRAGMENT = b"frag"
"""The first fragment of the message in state `fragmented`."""
REQUEST_BEGUN = b"GET / HTTP/1.1\r\nHost: 192.0.2.1\r\nUpgr"
"""What has been sent in state `requesting`."""
QUEUED = 2
"""Messages whose echoes wait in state `queued`, behind a window that is closed."""
WAITING = b"q" * 100
"""What each of them says."""
UNMASKED = WebSocket(opcode="text", mask=0) / b"x"
"""The violation behind state `failed`."""

TCP_STATES = (
    "syn-received",
    "established",
    "close-wait",
    "fin-wait-1",
    "fin-wait-2",
    "closing",
    "last-ack",
    "time-wait",
)
"""States of the board's end of a connection, as `bench.tcp_states.reach` knows them."""


UNACKNOWLEDGED = {"syn-received": 1, "fin-wait-1": 1, "closing": 1, "last-ack": 1, "close-wait": 1}
"""Bytes, SYN or FIN that the board has sent in a state and that are not acknowledged."""
MODEL_WINDOW, SEND_WINDOW = 1072, 4096
"""Bytes that the board offers and is offered, where there is no board to ask."""


@dataclass(frozen=True)
class Ends:
    """What a packet has to carry to belong to a connection in some state."""

    state: str
    source: Endpoint
    """The bench's end."""
    target: Endpoint
    """The board's end."""
    seq: int = 1000
    """The sequence number that the board expects next; any, without a connection."""
    ack: int = 2000
    """The sequence number that the board sends next."""

    @classmethod
    def model(cls, state: str, *, ipv6: bool = False) -> Ends:
        """Ends with fixed numbers, to generate cases from without a board."""
        source = Endpoint.of(BENCH.mac, BENCH.ip6 if ipv6 else BENCH.ip, FREE_PORT)
        target = Endpoint.of(BOARD.mac, BOARD.ip6 if ipv6 else BOARD.ip, PORT)
        return cls(state, source, target, 0x12345678, 0x23456789)


@dataclass(frozen=True)
class Scene:
    """A board in a state: its snapshot, and what is known about the connection in it."""

    ends: Ends
    snapshot: OracleState
    connection: Connection | None
    """The connection as lwIP holds it; None in state `listen`."""
    background: frozenset[str] = frozenset()
    """Kinds of frames that the board sends in this state by itself: repeated segments, window probes."""


def model_scene(state: str, *, ipv6: bool = False) -> Scene:
    """What a board in a state would be like, with fixed numbers: to judge packets without a board."""
    ends = Ends.model(state, ipv6=ipv6)
    nowhere = OracleState(cast(BoardState, None), ())
    if state == "listen":
        return Scene(ends, nowhere, None)
    tcp = State(state.upper()) if state in TCP_STATES else State.ESTABLISHED
    there, here = ends.target, ends.source
    unacknowledged = ends.ack - UNACKNOWLEDGED.get(state, 0)
    connection = Connection(
        *(tcp, there.ip, there.port, here.ip, here.port),
        *(ends.ack, unacknowledged, ends.seq, MODEL_WINDOW, SEND_WINDOW),
    )
    return Scene(ends, nowhere, connection)


def prepare(oracle: Oracle, state: str, *, ipv6: bool = False) -> Scene:
    """Bring the board of a fresh oracle into a state. Raises ValueError for an unknown one, PeerError."""
    ends, connection = enter(oracle, state, ipv6=ipv6)
    snapshot = oracle.snapshot()
    oracle.send()
    background = frozenset(reply.kind for reply in sort_replies(oracle.frames))
    return Scene(ends, snapshot, connection, background)


def enter(oracle: Oracle, state: str, *, ipv6: bool = False) -> tuple[Ends, Connection | None]:
    """Open a connection, if need be, and bring it into a state. Raises ValueError, PeerError."""
    if state == "listen":
        return Ends.model(state, ipv6=ipv6), None
    if state not in STATES:
        raise ValueError(f"there is no state {state!r}; there are: {', '.join(STATES)}")
    peer = STATES[state](oracle, ipv6)
    peer.silent = True
    oracle.board.run(0.02)
    oracle.begin()
    connection = connection_of(oracle.board, peer)
    assert connection is not None, f"the board has no connection in state {state}"
    ends = Ends(state, peer.tcp.local, peer.tcp.remote, connection.receive_next, connection.send_next)
    return ends, connection


def _tcp(state: str) -> Callable[[Oracle, bool], Peer]:
    return lambda oracle, ipv6: reach(oracle.board.wire, state.upper(), ipv6=ipv6, port=PORT)


def _upgraded(oracle: Oracle, ipv6: bool) -> Peer:
    peer = reach(oracle.board.wire, "ESTABLISHED", ipv6=ipv6, port=PORT)
    peer.silent = False
    peer.upgrade()
    return peer


def _fragmented(oracle: Oracle, ipv6: bool) -> Peer:
    peer = _upgraded(oracle, ipv6)
    peer.send_frame(WebSocket(opcode="text", fin=0) / FRAGMENT)
    peer.wait_acknowledged()
    return peer


def _failed(oracle: Oracle, ipv6: bool) -> Peer:
    peer = _upgraded(oracle, ipv6)
    peer.send(bytes(UNMASKED))
    peer.receive_frame()
    oracle.board.run(0.02)
    return peer


def _requesting(oracle: Oracle, ipv6: bool) -> Peer:
    peer = reach(oracle.board.wire, "ESTABLISHED", ipv6=ipv6, port=PORT)
    peer.silent = False
    peer.send(REQUEST_BEGUN)
    peer.wait_acknowledged()
    return peer


def _queued(oracle: Oracle, ipv6: bool) -> Peer:
    """Behind a closed window: the server has answered, and reads on, but its answers cannot leave."""
    peer = _upgraded(oracle, ipv6)
    peer.tcp.window = 0
    peer.acknowledge()
    for _ in range(QUEUED):
        # Its acknowledgement may come with a probe of the window, for which there is no room.
        peer.send_frame(WebSocket(opcode="binary") / WAITING)
        oracle.board.run(0.05)
    return peer


STATES: dict[str, Callable[[Oracle, bool], Peer]] = {
    **{state: _tcp(state) for state in TCP_STATES},
    "requesting": _requesting,
    "upgraded": _upgraded,
    "queued": _queued,
    "fragmented": _fragmented,
    "failed": _failed,
}
"""How each state but `listen` is reached."""
