"""Keep-alive: the server on port 8082 pings who is silent for 30 s, and gives up who does not answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench import Wire
from bench.layers.websocket import WebSocket
from bench.peer import Peer

pytestmark = pytest.mark.usefixtures("unharmed")

INTERVAL = 30.0
TIMEOUT = 5.0
LATE = 0.3
"""Seconds by which the server may notice a deadline late: it looks four times a second."""


@pytest.fixture
def quiet(wire: Wire) -> Iterator[Peer]:
    """A client that has said nothing yet."""
    with Peer(wire, port=8082) as peer:
        peer.upgrade(protocols=["echo"])
        yield peer


@pytest.mark.needs("exact-clock")
def test_a_silent_client_is_pinged(quiet: Peer) -> None:
    quiet.expect_silence(INTERVAL - 0.1)
    quiet.expect_frame("ping", b"", timeout=0.1 + LATE, rfc="RFC 6455, section 5.5.2")


def test_a_client_that_answers_stays_and_is_pinged_again(quiet: Peer) -> None:
    for _ in range(3):
        # The answer counts as a word, so that the next Ping may come after twice the interval.
        asked = quiet.receive_frame(timeout=2 * INTERVAL + LATE, expected="a Ping")
        assert asked.opcode == 9
        quiet.send_frame(WebSocket(opcode="pong") / asked.data)
    quiet.echo("still here")


def test_a_client_that_does_not_answer_is_given_up(quiet: Peer) -> None:
    quiet.expect_frame("ping", b"", timeout=INTERVAL + LATE)
    quiet.expect_silence(TIMEOUT - 0.1)
    quiet.expect_end(timeout=0.1 + LATE, rfc="`ping_timeout` of the server")


def test_a_client_that_talks_is_not_pinged(quiet: Peer) -> None:
    for _ in range(5):
        quiet.expect_silence(0.8 * INTERVAL)
        quiet.echo("busy")


def test_without_an_interval_nobody_is_pinged(peer: Peer) -> None:
    peer.expect_silence(4 * INTERVAL)
    peer.echo("still here")
