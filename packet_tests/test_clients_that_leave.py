"""A client may go away at any byte of any exchange; the next one is served as if nothing had been."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bench import Board, Wire
from bench.layers.http_upgrade import UpgradeRequest
from bench.layers.websocket import WebSocket, WebSocketClose
from bench.peer import Peer
from bench.tcp_states import reach

Rewind = Callable[[Peer], Callable[[], None]]
EXCHANGE = (
    WebSocket(opcode="text") / b"echo",
    WebSocket(opcode="text", fin=0) / b"frag",
    WebSocket(opcode="ping") / b"ping",
    WebSocket(opcode="continuation") / b"ment",
    WebSocket() / WebSocketClose(code=1000, reason="bye"),
)


def reset(peer: Peer) -> None:
    peer.reset()
    peer.wire.run(0.01)


def fin(peer: Peer) -> None:
    peer.shutdown()
    peer.expect_end(rfc="RFC 6455, section 7.1.1")


LEAVE = pytest.mark.parametrize("leave", [reset, fin], ids=lambda leave: leave.__name__)


def leave_after_every_byte(
    peer: Peer, back: Callable[[], None], data: bytes, leave: Callable[[Peer], None]
) -> None:
    """From the same point again and again: so many bytes, then nothing of this client any more."""
    for count in range(len(data) + 1):
        back()
        if count:
            peer.send(data[:count])
            peer.wire.run(0.01)
        leave(peer)
        with Peer(peer.wire) as next_client:
            next_client.upgrade()
            next_client.echo(f"after {count} bytes")


@LEAVE
def test_at_every_byte_of_the_request(wire: Wire, rewind: Rewind, leave: Callable[[Peer], None]) -> None:
    with Peer(wire) as peer:
        leave_after_every_byte(peer, rewind(peer), bytes(UpgradeRequest()), leave)


@LEAVE
@pytest.mark.rfc6455("10.1-non-browser")
def test_at_every_byte_of_the_frames(peer: Peer, rewind: Rewind, leave: Callable[[Peer], None]) -> None:
    data = b"".join(bytes(peer.prepare(frame)) for frame in EXCHANGE)
    leave_after_every_byte(peer, rewind(peer), data, leave)


@LEAVE
def test_thirty_clients_that_leave_take_no_place_from_the_next(
    wire: Wire, leave: Callable[[Peer], None]
) -> None:
    """Without going back between them: more clients than the backlog has places, each at another byte."""
    for number in range(30):
        with Peer(wire) as peer:
            request = bytes(UpgradeRequest())
            frames = b"".join(bytes(peer.prepare(frame)) for frame in EXCHANGE)
            data = request + frames
            peer.send(data[: 1 + number * (len(data) - 1) // 29])
            wire.run(0.01)
            leave(peer)
    with Peer(wire) as peer:
        peer.upgrade()
        peer.echo("still here")


@LEAVE
@pytest.mark.parametrize("request_bytes", [b"", bytes(UpgradeRequest())], ids=["connected", "asked"])
def test_at_any_moment_while_the_board_is_busy_with_it(
    wire: Wire, rewind: Rewind, request_bytes: bytes, leave: Callable[[Peer], None]
) -> None:
    """Between accepting a connection and serving it the board does a good many things with it."""
    with Peer(wire) as peer:
        if request_bytes:
            peer.send(request_bytes)
        back = rewind(peer)
        for step in range(60):
            back()
            wire.run(step * 0.0001)
            leave(peer)
            with Peer(wire) as next_client:
                next_client.upgrade()
                next_client.echo(f"after {step * 100} microseconds")


@LEAVE
@pytest.mark.parametrize("more", [b"", b"x"], ids=["quiet", "talking"])
def test_while_the_server_has_more_to_send_than_it_takes(
    wire: Wire, more: bytes, leave: Callable[[Peer], None]
) -> None:
    """Its window is closed, so the server waits to send; leaving must end that wait, and nothing else."""
    with Peer(wire, timeout=30) as peer, Peer(wire) as other:
        other.upgrade()
        peer.upgrade()
        peer.tcp.window = 0
        peer.send_frame(WebSocket(opcode="binary") / bytes(3000))
        wire.run(1)
        if more:
            peer.send(more)
            wire.run(0.1)
        if leave is fin:  # takes what is still to come, or the server could not end either
            peer.tcp.window = 65535
            peer.shutdown()
            peer.expect_frame("binary", bytes(3000))
            peer.expect_end(rfc="RFC 9293, section 3.6")
        else:
            leave(peer)
        other.echo("still here")
    with Peer(wire) as next_client:
        next_client.upgrade()
        next_client.echo("served")


def test_half_closed_while_the_server_waits_to_send_leaves_the_board_at_rest(board: Board) -> None:
    """The client has sent FIN and its window is closed: until it opens there is nothing to be done."""
    reach(board.wire, "CLOSE-WAIT")
    before = board.instructions
    board.run(10)
    assert board.instructions - before < 10 * 32_000_000 // 10, "the board computes while it waits"
    assert board.health.fault is None
