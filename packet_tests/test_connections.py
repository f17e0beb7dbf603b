"""Several clients at once, and one after the other."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from bench import Wire
from bench.layers.tcp_state import State
from bench.layers.tcpip import SYN
from bench.layers.websocket import WebSocket, WebSocketClose
from bench.peer import Peer

BACKLOG = 8


def open_clients(stack: ExitStack, wire: Wire, count: int) -> list[Peer]:
    peers = [stack.enter_context(Peer(wire, ipv6=number % 2 == 1)) for number in range(count)]
    for peer in peers:
        peer.upgrade()
    return peers


@pytest.mark.parametrize("count", [2, 5, BACKLOG])
def test_clients_at_the_same_time_do_not_mix(wire: Wire, count: int) -> None:
    with ExitStack() as stack:
        peers = open_clients(stack, wire, count)
        for turn in range(3):
            for number, peer in enumerate(peers):
                peer.send_frame(WebSocket() / f"client {number}, turn {turn}".encode())
            for number, peer in reversed(list(enumerate(peers))):
                peer.expect_frame("text", f"client {number}, turn {turn}")


@pytest.mark.parametrize("gap", [0.0, 0.001])
def test_as_many_clients_as_the_backlog_may_come_at_once(wire: Wire, gap: float) -> None:
    """None is reset, and none has to send its SYN again."""
    peers = [Peer(wire) for _ in range(BACKLOG)]
    for peer in peers:
        peer.tcp.connect(wire.clock.now)
        peer._flush()
        wire.run(gap)
    for peer in peers:
        peer.wait_until(lambda peer=peer: peer.tcp.state is State.ESTABLISHED, 0.9)  # type: ignore[misc]
        peer.upgrade()
    for peer in peers:
        peer.echo("served")
        assert sum(1 for r in peer.tcp.history if r.sent and r.segment.flags & SYN) == 1, "it asked again"
        peer.reset()


@pytest.mark.parametrize("size", [500, 1000, 2000])
def test_five_clients_with_long_messages(wire: Wire, size: int) -> None:
    with ExitStack() as stack:
        peers = open_clients(stack, wire, 5)
        for number, peer in enumerate(peers):
            peer.send_frame(WebSocket(opcode="binary") / bytes([number] * size))
        for number, peer in enumerate(peers):
            peer.expect_frame("binary", bytes([number] * size), timeout=20)


def test_one_client_waits_in_the_middle_of_a_frame_while_others_are_served(wire: Wire) -> None:
    with ExitStack() as stack:
        slow, other = open_clients(stack, wire, 2)
        data = bytes(slow.prepare(WebSocket() / b"slow"))
        slow.send(data[:7])
        other.echo("quick")
        slow.send(data[7:])
        slow.expect_frame("text", b"slow")


@pytest.mark.usefixtures("unharmed")
def test_one_client_too_many_is_told_and_served_once_a_place_is_free(wire: Wire) -> None:
    with ExitStack() as stack:
        peers = open_clients(stack, wire, BACKLOG)
        with Peer(wire) as refused:
            response = refused.upgrade(expect=503)
            assert "retry-after" in response.headers, "RFC 9110, section 15.6.4"
            refused.expect_end()
        peers[3].reset()
        wire.run(0.1)
        late = stack.enter_context(Peer(wire))
        late.upgrade()
        late.echo("at last")


def test_thirty_clients_one_after_the_other(wire: Wire) -> None:
    for number in range(30):
        with Peer(wire) as peer:
            peer.upgrade()
            peer.echo(f"client {number}")


def clients_of(peer: Peer) -> int:
    """How many clients the server counts, asked through one of them."""
    peer.send_frame(WebSocket() / b"how many?")
    return int(peer.receive_frame().data)


@pytest.mark.parametrize("leave", ["reset", "shutdown", "close"])
def test_the_server_knows_who_is_connected_and_nobody_who_has_left(wire: Wire, leave: str) -> None:
    with ExitStack() as stack:
        peers = [stack.enter_context(Peer(wire, port=8082)) for _ in range(4)]
        for count, peer in enumerate(peers, 1):
            peer.upgrade(protocols=["clients"])
            assert clients_of(peer) == count
        for peer in peers[1:3]:
            if leave == "close":
                peer.send_frame(WebSocket() / WebSocketClose(code=1000))
                peer.expect_close(1000)
            else:
                getattr(peer, leave)()
        wire.run(0.1)
        assert clients_of(peers[0]) == 2
