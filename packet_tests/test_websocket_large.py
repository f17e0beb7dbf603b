"""Messages of 16 KiB on the board: `max_payload=16384` is all that the application changes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench import Board, Wire
from bench.board import BoardState
from bench.layers.websocket import WebSocket
from bench.peer import Peer
from emulation.firmware.build import DEFAULT_APP, build

LONGEST = 16384
TIMEOUT = 20.0
DATA = bytes(range(256)) * (LONGEST // 256)
TEXT = "\u00e9" * (LONGEST // 2)


@pytest.fixture(scope="module")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Board, BoardState]]:
    """A board with the application as it is, but for the longest message."""
    folder = tmp_path_factory.mktemp("large")
    text = DEFAULT_APP.read_text()
    assert text.count("MAX_PAYLOAD = 4096\n") == 1
    (folder / "main.py").write_text(text.replace("MAX_PAYLOAD = 4096\n", f"MAX_PAYLOAD = {LONGEST}\n"))
    with Board.boot(firmware=build(folder / "firmware", app=folder / "main.py").elf) as board:
        board.uart.wait_for("listening", timeout=5)
        yield board, board.snapshot()


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("data", [DATA, TEXT], ids=["binary", "text"])
def test_a_message_of_16_kib_comes_back_again_and_again(peer: Peer, data: bytes | str) -> None:
    for _ in range(3):
        peer.echo(data, timeout=TIMEOUT)


def test_one_byte_more_is_refused(peer: Peer) -> None:
    peer.send_frame(WebSocket(opcode="binary") / (DATA + b"x"))
    peer.expect_close(1009, rfc="RFC 6455, section 7.4.1")


@pytest.mark.parametrize("size", [500, 4096, 10000])
@pytest.mark.parametrize("opcode", ["text", "binary"])
def test_its_fragments_are_put_together(peer: Peer, opcode: str, size: int) -> None:
    data = TEXT.encode() if opcode == "text" else DATA
    for start in range(0, LONGEST, size):
        last = start + size >= LONGEST
        piece = data[start : start + size]
        peer.send_frame(WebSocket(fin=last, opcode="continuation" if start else opcode) / piece)
    peer.expect_frame(opcode, data, timeout=TIMEOUT)


@pytest.mark.usefixtures("unharmed")
def test_two_clients_with_16_kib_each_take_turns(wire: Wire) -> None:
    """There is room for one such message at a time: the second waits for the first."""
    with Peer(wire) as one, Peer(wire) as two:
        one.upgrade()
        two.upgrade()
        for peer in (one, two):
            peer.send_frame(WebSocket(opcode="binary") / DATA)
        for peer in (one, two):
            peer.expect_frame("binary", DATA, timeout=TIMEOUT)


def test_a_masked_answer_of_16_kib_is_too_much_and_ends_only_its_connection(wire: Wire) -> None:
    """Masking takes a copy of its own, for which there is no room."""
    with Peer(wire) as other, Peer(wire, port=8082) as peer:
        other.upgrade()
        peer.upgrade(protocols=["masked-echo"])
        peer.send_frame(WebSocket(opcode="binary") / DATA)
        peer.expect_close(1011, timeout=TIMEOUT)
        other.echo("unharmed")
