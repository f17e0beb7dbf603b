"""The ENC28J60 driver and lwIP's side of it, with frames straight from the cable."""

from __future__ import annotations

import pytest

from emulation.firmware.tests.wire import (
    BOARD_MAC,
    OTHER_MAC,
    arp,
    boot,
    counters,
    fragment,
    ping,
    pongs,
    pools_in_use,
    run,
)
from emulation.quark.enc28j60 import registers
from emulation.quark.machine import QuarkMachine

FULL = 1472
"""Bytes of data in a ping that fills a frame."""


@pytest.fixture
def board(machine: QuarkMachine) -> QuarkMachine:
    boot(machine)
    return machine


def test_an_arp_request_is_answered(board: QuarkMachine) -> None:
    board.send_frame(arp(1))
    replies = [f for f in run(board, 0.1) if f[12:14] == b"\x08\x06" and f[20:22] == b"\0\2"]
    assert [f[22:28] for f in replies] == [BOARD_MAC]


@pytest.mark.parametrize("size", [0, 1, 17, 18, 56, 255, 256, 257, 1471, FULL])
def test_a_ping_of_any_size_comes_back(board: QuarkMachine, size: int) -> None:
    board.send_frame(ping(1, bytes(i & 0xFF for i in range(size))))
    replies = run(board, 0.1)
    assert pongs(replies) == [1]
    assert replies[0][42 : 42 + size] == bytes(i & 0xFF for i in range(size))


def test_unicast_for_another_station_is_dropped_by_the_driver_where_the_controller_lets_it_through(
    board: QuarkMachine,
) -> None:
    # Promiscuous, as an emulation without address filters: ERXFCON lets everything with a good CRC in.
    chip = board._soc.ethernet
    assert chip is not None
    chip._registers.values[registers.ERXFCON] = 0x20
    board.send_frame(ping(1, to=OTHER_MAC))
    assert pongs(run(board, 0.1)) == []
    assert counters(board)["foreign"] == 1


def test_a_burst_beyond_the_receive_ring_loses_frames_but_nothing_else(board: QuarkMachine) -> None:
    for sequence in range(60):
        board.send_frame(ping(sequence, bytes(FULL if sequence % 2 else 10)))
    answered = pongs(run(board, 1))
    assert answered == sorted(answered)
    board.send_frame(ping(100))
    assert pongs(run(board, 0.1)) == [100]
    assert pools_in_use(board)[-1] == 0


def test_the_ring_wraps_at_every_offset(board: QuarkMachine) -> None:
    for sequence in range(150):
        board.send_frame(ping(sequence, bytes([sequence]) * (sequence * 37 % FULL)))
        assert pongs(run(board, 0.05)) == [sequence]
    assert counters(board)["resyncs"] == 0


def test_every_frame_that_was_read_is_counted_off(board: QuarkMachine) -> None:
    """EPKTCNT is what tells that there is more to read (DS39662E, section 7.2.4)."""
    board.send_frame(ping(1))
    assert pongs(run(board, 0.05)) == [1]
    count = board.peripheral("ethernet").receive_ring["EPKTCNT"]
    assert count == 0, f"EPKTCNT is {count} with nothing left to read"


def test_a_damaged_ring_is_started_anew(board: QuarkMachine) -> None:
    chip = board._soc.ethernet
    assert chip is not None
    # The next packet will be found with a pointer that leads out of the ring.
    place = board.read_memory(board.symbol("next_packet"), 2)
    board.send_frame(ping(1))
    board.run(board.now + 0.000_078)  # just arrived, not yet fetched
    at = int.from_bytes(place, "little")
    chip.ram[at : at + 2] = b"\xff\x7f"
    assert pongs(run(board, 0.1)) == []
    assert counters(board)["resyncs"] == 1
    for sequence in (2, 3):
        board.send_frame(ping(sequence))
        assert pongs(run(board, 0.1)) == [sequence]


def test_a_transmitter_that_never_ends_is_given_up(board: QuarkMachine) -> None:
    chip = board._soc.ethernet
    assert chip is not None
    board.send_frame(ping(1))
    # The reply begins to leave, and then the transmit logic hangs: its end never comes.
    while not chip._registers.values[registers.ECON1] & registers.TXRTS:
        board.run(board.now + 0.000_01)
    board._clock.cancel((chip.name, "transmitted"))
    assert pongs(run(board, 0.05)) == []
    board.send_frame(ping(2))
    board.send_frame(ping(3))
    assert pongs(run(board, 0.1))[-1] == 3
    assert counters(board)["tx_timeouts"] >= 1


def test_pools_are_back_to_their_baseline_after_garbage(board: QuarkMachine) -> None:
    before = pools_in_use(board)
    header = BOARD_MAC + OTHER_MAC
    for length in range(0, 120, 3):
        for kind in (b"\x08\x00", b"\x86\xdd", b"\x08\x06", b"\x12\x34"):
            junk = bytes((length * 7 + i * 13) & 0xFF for i in range(length))
            board.send_frame(header + kind + junk)
            board.send_frame(header + kind + b"\x45" + junk)
            board.send_frame(header + kind + b"\x60" + junk)
        run(board, 0.05)
    run(board, 1)
    assert pools_in_use(board) == before
    board.send_frame(ping(9))
    assert pongs(run(board, 0.1)) == [9]


def test_a_ping_in_fragments_comes_back_in_fragments(board: QuarkMachine) -> None:
    data = bytes(i & 0xFF for i in range(1800))
    whole = ping(1, data)
    message = whole[34:]
    for offset in (0, 1000):
        board.send_frame(fragment(whole, message[offset : offset + 1000], offset, offset == 0))
    replies = [f for f in run(board, 0.1) if f[12:14] == b"\x08\x00"]
    assert len(replies) == 2
    assert pongs(replies[:1]) == [1]
    answered = b"".join(f[34 : 14 + int.from_bytes(f[16:18], "big")] for f in replies)
    assert answered[8:] == data
    assert pools_in_use(board)[-1] == 0
