"""The heap as the bench sees it from outside, beside what MicroPython itself says of it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import Board, engines
from bench.guest_heap import BLOCK, GuestHeap, HeapUse
from bench.layers.websocket import WebSocket
from bench.peer import Peer
from emulation.errors import UserError

MEM_INFO = re.compile(r"GC: total: (\d+), used: (\d+), free: (\d+)\n.* max free sz: (\d+)\n")


@pytest.fixture
def board() -> Iterator[Board]:
    with Board.boot() as booted:
        booted.uart.wait_for("listening", timeout=5)
        booted.run(0.1)
        yield booted


@pytest.fixture
def repl(board: Board) -> Board:
    """The same board after Ctrl-C, at MicroPython's prompt."""
    board.uart.write(b"\x03")
    board.uart.wait_for(">>> ")
    return board


def typed(board: Board, line: str, until: str) -> None:
    after = len(board.uart.text)
    board.uart.write(line + "\r")
    board.uart.wait_for(until, after=after + len(line))


def told(board: Board) -> HeapUse:
    """What mem_info prints; the board has just begun to do so."""
    board.run(0.5)
    found = MEM_INFO.findall(board.uart.text)[-1]
    return HeapUse(int(found[1]), int(found[2]), BLOCK * int(found[3]))


def test_it_is_what_mem_info_tells_to_the_byte(repl: Board) -> None:
    heap = GuestHeap(repl)
    for line in ("import micropython, gc", "a = bytearray(3000); b = bytearray(5000); del a"):
        typed(repl, line, ">>> ")
        typed(repl, "micropython.mem_info()", "GC: total")
        seen = heap.read()
        assert seen == (heap.used(), heap.free(), heap.largest_free())
        assert seen == told(repl)
        assert heap.size == seen.used + seen.free


def test_collected_is_what_a_collection_leaves(repl: Board) -> None:
    heap = GuestHeap(repl)
    typed(repl, "import micropython, gc", ">>> ")
    typed(repl, "x = [bytearray(100) for _ in range(20)]; x = x[:10]", ">>> ")
    garbage = heap.used() - heap.collected().used
    assert garbage >= 10 * 112
    typed(repl, "gc.collect(); micropython.mem_info()", "GC: total")
    expected = heap.collected()
    after = told(repl)
    # Some words of its own stack, which differ from what lies there by now, may keep an object or two.
    assert 0 <= after.used - expected.used <= 16 * BLOCK
    assert after.largest_free <= expected.largest_free


def test_looking_does_not_disturb(board: Board) -> None:
    heap = GuestHeap(board)
    before = board.snapshot()
    heap.collected()
    after = board.snapshot()
    assert before.machine.memories == after.machine.memories
    assert (before.machine.executed, before.machine.clock) == (after.machine.executed, after.machine.clock)


def test_what_a_client_leaves_behind_is_nothing(board: Board) -> None:
    def visit() -> int:
        with Peer(board.wire) as peer:
            peer.upgrade()
            peer.echo("x" * 1000)
        board.run(1)
        return heap.collected().used

    heap = GuestHeap(board)
    for _ in range(10):
        visit()
    first = visit()
    assert {visit() for _ in range(5)} == {first}


def test_clients_in_quick_succession_leave_nothing_behind_either(board: Board) -> None:
    """One comes while the end of another is still being worked off: asyncio's queue has both tasks."""
    heap = GuestHeap(board)
    kept = []
    for _ in range(4):
        for _ in range(10):
            with Peer(board.wire) as peer:
                peer.upgrade()
                peer.echo("Hello")
        board.run(0.5)
        kept.append(heap.collected().used)
    # A queue that is not empty at that moment takes a few words more; a connection would be above 1000 bytes.
    assert max(kept) - min(kept) < 500


def test_a_message_that_is_being_received_is_seen(board: Board) -> None:
    heap = GuestHeap(board)
    with Peer(board.wire) as peer:
        peer.upgrade()
        board.run(0.1)
        before = heap.collected().used
        peer.send_frame(WebSocket(opcode="binary", fin=0) / bytes(3000))
        board.run(0.1)
        assert heap.collected().used - before >= 3000


def test_other_firmware_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(engines.ENGINES, "fake", ("bench.tests.fake_machine", "FakeMachine"))
    elf = tmp_path / "fake.elf"
    elf.write_bytes(b"\x7fELF")
    with Board.boot("fake", elf) as board, pytest.raises(UserError, match="mp_state_ctx"):
        GuestHeap(board)


def test_a_board_that_has_not_booted_is_refused() -> None:
    with Board.boot() as board, pytest.raises(UserError, match="boot"):
        GuestHeap(board)
