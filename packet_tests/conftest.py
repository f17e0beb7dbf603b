"""Every test here gets a listening board, leaves a healthy one, and writes its capture.

The captures go below `--captures` (reports/pytest), one file a test, named after it. The fixtures `board` and
`wire` are those of `bench.pytest_plugin`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from scapy.layers.inet import ICMP, IP

from bench import Board, Wire
from bench.capture import Capture
from bench.peer import Peer

pytest.register_assert_rewrite("packet_tests.checks")


@pytest.fixture(autouse=True)
def capture(request: pytest.FixtureRequest, board: Board) -> Iterator[Capture]:
    """Keep what crosses the wire during the test, and write it when the test is over, however it ends."""
    kept = board.wire.capture = Capture()
    yield kept
    name = re.sub(r"[^\w.-]+", "_", request.node.name).strip("_")
    folder = request.config.rootpath / request.config.getoption("captures") / request.path.stem
    kept.write(folder / f"{name}.pcapng", f"{request.node.nodeid}, seed {board.seed}")


@pytest.fixture
def peer(wire: Wire) -> Iterator[Peer]:
    """A client of the echo server on port 8080, after the opening handshake."""
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
def unharmed(wire: Wire) -> Iterator[None]:
    """After the test, the board must still answer a ping and serve a new client."""
    yield
    reply = wire.sr1(IP() / ICMP(id=0x7E57) / b"still there?", timeout=1)
    assert reply is not None, "the board no longer answers ICMP echo requests"
    with Peer(wire) as client:
        client.upgrade()
        client.echo("still there?")
