"""The time-outs that every server has by default: not earlier than they say, and not later.

Those that an application has to ask for are in test_keep_alive.py and test_server_options.py.
"""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from bench import Wire
from bench.layers.http_upgrade import UpgradeRequest
from bench.layers.websocket import WebSocket, WebSocketClose
from bench.peer import Peer

pytestmark = [pytest.mark.usefixtures("unharmed"), pytest.mark.needs("exact-clock")]

LATE = 0.3
"""Seconds by which the server may notice a deadline late: it looks four times a second."""
LOOKS = 2.0
"""Seconds by which lwIP may notice late that a peer takes nothing: it looks once a second."""
OPEN_TIMEOUT, SEND_TIMEOUT, LINGER = 10.0, 30.0, 0.5
BACKLOG = 8


@pytest.mark.parametrize("begun", [b"", b"G", bytes(UpgradeRequest())[:-1]], ids=["silent", "a byte", "most"])
def test_a_request_that_is_not_whole_is_refused_when_the_open_timeout_is_over(
    wire: Wire, begun: bytes
) -> None:
    with Peer(wire) as peer:
        start = wire.clock.now
        if begun:
            wire.run(1)
            peer.send(begun)
        peer.expect_silence(start + OPEN_TIMEOUT - 0.1 - wire.clock.now, rfc="`open_timeout` of the server")
        peer.receive_response(408, timeout=0.1 + LATE)
        peer.expect_end(timeout=LINGER + LATE)


def test_a_request_that_is_whole_in_time_is_answered(wire: Wire) -> None:
    with Peer(wire) as peer:
        request = bytes(UpgradeRequest())
        peer.send(request[:-1])
        peer.expect_silence(OPEN_TIMEOUT - 0.5)
        peer.send(request[-1:])
        peer.receive_response(101)
        peer.expect_silence(OPEN_TIMEOUT)
        peer.echo("still here")


def test_a_connection_that_has_failed_is_read_on_for_a_moment(wire: Wire) -> None:
    """So that what was on its way does not cause a reset, which could overtake the Close frame."""
    with Peer(wire) as peer:
        peer.upgrade()
        peer.send(b"\x81\x00")
        close = peer.receive_frame(expected="a Close frame")
        assert close[WebSocketClose].code == 1002
        peer.expect_silence(LINGER - 0.1)
        peer.send(b"on its way")
        peer.expect_silence(0.05)
        peer.expect_end(timeout=0.05 + LATE)


def test_a_client_that_takes_nothing_is_given_up_by_the_send_timeout(wire: Wire) -> None:
    """Clients that do not open their window have all places: a new one is served when time is over."""
    with ExitStack() as stack:
        peers = [stack.enter_context(Peer(wire, window=0)) for _ in range(BACKLOG)]
        for peer in peers:
            peer.send(UpgradeRequest())
        start = wire.clock.now
        wire.run(SEND_TIMEOUT - 1)
        with Peer(wire) as early:
            early.upgrade(expect=503)
        assert not any(peer.closed_by_board for peer in peers)
        wire.run(start + SEND_TIMEOUT + LOOKS - wire.clock.now)
        assert all(peer.closed_by_board for peer in peers)
        late = stack.enter_context(Peer(wire))
        late.upgrade()
        late.echo("a place at last")


def test_a_client_that_takes_a_little_now_and_then_is_served_in_the_end(wire: Wire) -> None:
    data = bytes(range(250)) * 16  # does not fit into what lwIP takes at once, 1072 bytes
    with Peer(wire, timeout=60) as peer:
        peer.upgrade()
        peer.send_frame(WebSocket(opcode="binary") / data)
        taken = []
        for _ in range(3):
            peer.silent = True
            wire.run(SEND_TIMEOUT - 3)
            taken.append(len(peer.tcp.received))
            peer.acknowledge()  # all that lwIP had taken of the message, not all of it
            wire.run(0.1)
        assert taken == sorted(set(taken)), "each time a little more"
        assert taken[-1] < len(data)
        peer.silent = False
        peer.acknowledge()
        peer.expect_frame("binary", data)
        peer.echo("and on")


def test_a_client_that_has_taken_everything_may_be_silent(wire: Wire) -> None:
    with Peer(wire) as peer:
        peer.upgrade()
        for _ in range(2):
            peer.echo("x" * 1000)
            peer.expect_silence(4 * SEND_TIMEOUT)
        peer.echo("still here")


def test_a_client_that_vanishes_with_an_answer_on_its_way_leaves_its_place(wire: Wire) -> None:
    """It acknowledges nothing any more; TCP alone would try again for minutes."""
    with ExitStack() as stack:
        peers = [stack.enter_context(Peer(wire)) for _ in range(BACKLOG)]
        for peer in peers:
            peer.upgrade()
        for peer in peers:
            peer.send_frame(WebSocket() / b"any news?")
            peer.silent = True
        wire.run(SEND_TIMEOUT - 1)
        with Peer(wire) as early:
            early.upgrade(expect=503)
        wire.run(1 + LOOKS)
        late = stack.enter_context(Peer(wire))
        late.upgrade()
        late.echo("a place at last")
