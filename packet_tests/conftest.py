"""Every test here gets a listening board, leaves a healthy one, and writes its capture.

The captures go below `--board-report` (reports/pytest), one file a test, named after it. The fixtures `board`
and `wire` are those of `bench.pytest_plugin`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from scapy.layers.inet import ICMP, IP

from bench import Board, Wire
from bench.board import BoardState
from bench.capabilities import Capabilities, Capability
from bench.capture import Capture
from bench.peer import Peer
from bench.pytest_needs import capabilities_of, skip_unless_offered
from bench.pytest_plugin import captures_folder

pytest.register_assert_rewrite("packet_tests.checks")

NEEDS = {
    "test_arp": ["arp"],
    "test_ethernet": ["ping"],
    "test_icmp": ["ping"],
    "test_ipv4": ["ping"],
    "test_udp": ["udp"],
    "test_icmpv6": ["ipv6"],
    "test_ipv6": ["ipv6"],
    "test_tcp": ["websocket"],
    "test_tcp_impairments": ["websocket"],
    "test_http_upgrade": ["websocket"],
    "test_websocket_control": ["websocket"],
    "test_websocket_malformed": ["websocket"],
    "test_websocket_messages": ["websocket"],
    "test_websocket_segments": ["websocket"],
    "test_wsproto": ["websocket"],
    "test_catalogue": ["websocket", "lwip", "python"],
    "test_catalogue_tshark": ["websocket", "lwip", "python"],
    "test_matrix": ["websocket", "lwip", "python"],
    "test_memory": ["websocket", "lwip", "python"],
    "test_heap": ["websocket", "lwip", "python"],
    "test_tcp_states": ["websocket", "lwip"],
    "test_time_limits": ["servers", "lwip"],
}
"""What the firmware has to offer for the tests of a file (`bench.capabilities`)."""
EVERYTHING = ["servers", "ipv6"]
"""What it has to offer for those of any other."""


@pytest.fixture(autouse=True, scope="module")
def offered(request: pytest.FixtureRequest, booted: tuple[Board, BoardState]) -> None:
    """Skip the tests of a file whose needs the firmware does not meet."""
    needs = NEEDS.get(request.path.stem, EVERYTHING)
    skip_unless_offered(booted[0], capabilities_of(*booted), needs)


@pytest.fixture(autouse=True)
def capture(request: pytest.FixtureRequest, board: Board) -> Iterator[Capture]:
    """Keep what crosses the wire during the test, and write it when the test is over, however it ends."""
    kept = board.wire.capture = Capture()
    yield kept
    name = re.sub(r"[^\w.-]+", "_", request.node.name).strip("_")
    folder = request.config.rootpath / captures_folder(request.config) / request.path.stem
    kept.write(folder / f"{name}.pcapng", f"{request.node.nodeid}; {board.origin}")


@pytest.fixture
def peer(board: Board, wire: Wire, offers: Capabilities) -> Iterator[Peer]:
    """A client of the echo server on port 8080, after the opening handshake."""
    skip_unless_offered(board, offers, [Capability.WEBSOCKET])
    with Peer(wire) as client:
        client.upgrade()
        yield client


@pytest.fixture
def rewind(board: Board, capture: Capture) -> Callable[[Peer], Callable[[], None]]:
    """Try many variants from one point, which is marked now; what is given returns to it when called."""

    def remember(client: Peer) -> Callable[[], None]:
        state, ours, mark = board.snapshot(), client.snapshot(), capture.mark()

        def back() -> None:
            board.restore(state)
            client.restore(ours)
            capture.rewind(mark)

        return back

    return remember


@pytest.fixture
def unharmed(wire: Wire, offers: Capabilities) -> Iterator[None]:
    """After the test, the board must still answer a ping and serve a new client, if it ever does."""
    yield
    if offers.offers(Capability.PING):
        reply = wire.sr1(IP() / ICMP(id=0x7E57) / b"still there?", timeout=1)
        assert reply is not None, "the board no longer answers ICMP echo requests"
    if not offers.offers(Capability.WEBSOCKET):
        return
    with Peer(wire) as client:
        client.upgrade()
        client.echo("still there?")
