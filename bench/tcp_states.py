"""Bring the board's end of a fresh connection into a TCP state, by name, and leave it there.

    peer = reach(wire, "FIN-WAIT-2")
    peer.inject(peer.segment(SYN))

The peer that comes back is silent (`TcpEndpoint.silent`): it acknowledges and repeats nothing, so the state
stays until a segment of the caller's ends it or the board gives up. `bench.lwip.state_of` looks the state up
in the guest's memory.

How each state is held (RFC 9293, section 3.3.2); `LIFETIME` tells for how long the board lets it be:

- LISTEN: nothing has been sent.
- SYN-RECEIVED: the board's SYN+ACK is not acknowledged.
- ESTABLISHED: three-way handshake, nothing more.
- CLOSE-WAIT: the server has more to send than the window it was told, which is closed, lets through, so
  that it does not come to read our FIN. The server must be one that echoes.
- LAST-ACK: our FIN, answered by the board's, which is not acknowledged.
- FIN-WAIT-1: the server closes, because a Close frame came; its data are acknowledged, its FIN is not.
- FIN-WAIT-2: as before, and the FIN is acknowledged.
- CLOSING: FIN-WAIT-1, and our FIN, which acknowledges nothing of the board's.
- TIME-WAIT: FIN-WAIT-2, and our FIN.
- CLOSED: the connection was established and reset.

SYN-SENT cannot be reached: the firmware's servers open no connections.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.layers.tcp_state import State
from bench.layers.websocket import WebSocket, WebSocketClose
from bench.peer import Peer
from bench.wire import Wire

SETTLE = 0.02
"""Virtual seconds after which the board has dealt with a segment, whatever it is."""
LIFETIME = {
    State.SYN_RECEIVED: 20.0,  # lwIP's TCP_SYN_RCVD_TIMEOUT
    State.ESTABLISHED: 10.0,  # the server's open timeout
    State.CLOSE_WAIT: 400.0,  # and more: probes of a closed window go on
    State.LAST_ACK: 10.0,  # from here on: MicroPython gives up a socket that is slow to close
    State.FIN_WAIT_1: 10.0,
    State.FIN_WAIT_2: 10.0,
    State.CLOSING: 10.0,
    State.TIME_WAIT: 120.0,  # twice the maximum segment lifetime
}
"""Virtual seconds for which the board stays in a state if nothing comes, within half a second."""
MORE_THAN_FITS = 3000
"""Bytes: more than the board's send buffer, less than its largest message."""


def reach(wire: Wire, state: State | str, *, ipv6: bool = False, **options: Any) -> Peer:
    """A connection whose board's end is in `state`, a `State` or its name in the RFC.

    Options are those of `TcpPeer`. Raises PeerError if the board does not take part, ValueError for a state
    that it cannot be in.
    """
    wanted = State(state)
    if wanted not in _ROUTES:
        raise ValueError(f"the board cannot be brought into {wanted.value}: its servers open no connections")
    peer = Peer(wire, ipv6=ipv6, **options)
    _ROUTES[wanted](peer)
    peer.silent = True
    wire.run(SETTLE)
    return peer


def _listen(_peer: Peer) -> None:
    pass


def _syn_received(peer: Peer) -> None:
    peer.silent = True
    peer.connect()


def _established(peer: Peer) -> None:
    peer.connect()


def _close_wait(peer: Peer) -> None:
    peer.connect()
    peer.upgrade()
    peer.tcp.window = 0
    peer.send_frame(WebSocket(opcode="binary") / bytes(MORE_THAN_FITS))
    peer.wait_acknowledged()
    peer.silent = True
    peer.shutdown()
    peer.wait_acknowledged()


def _last_ack(peer: Peer) -> None:
    peer.connect()
    peer.silent = True
    peer.shutdown()
    peer.expect_end(rfc="RFC 9293, section 3.6")


def _fin_wait_1(peer: Peer) -> None:
    peer.connect()
    peer.upgrade()
    peer.silent = True
    peer.send_frame(WebSocket() / WebSocketClose(code=1000))
    peer.expect_end(rfc="RFC 6455, section 7.1.1")
    peer.acknowledge(peer.tcp.receive_next - 1)


def _fin_wait_2(peer: Peer) -> None:
    _fin_wait_1(peer)
    peer.acknowledge()


def _closing(peer: Peer) -> None:
    _fin_wait_1(peer)
    peer.shutdown()


def _time_wait(peer: Peer) -> None:
    _fin_wait_2(peer)
    peer.shutdown()
    peer.wait_acknowledged()


def _closed(peer: Peer) -> None:
    peer.connect()
    peer.reset()


_ROUTES: dict[State, Callable[[Peer], None]] = {
    State.LISTEN: _listen,
    State.SYN_RECEIVED: _syn_received,
    State.ESTABLISHED: _established,
    State.CLOSE_WAIT: _close_wait,
    State.LAST_ACK: _last_ack,
    State.FIN_WAIT_1: _fin_wait_1,
    State.FIN_WAIT_2: _fin_wait_2,
    State.CLOSING: _closing,
    State.TIME_WAIT: _time_wait,
    State.CLOSED: _closed,
}

REACHABLE = tuple(_ROUTES)
"""The states `reach` knows the way to."""
