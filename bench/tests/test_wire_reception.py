"""What a frame that a real peer would drop does on the wire: onlookers see it, partners do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import ARP, Ether

from bench import Board
from bench.addresses import BENCH, BOARD
from bench.capabilities import Capabilities, Capability
from bench.capture import Capture
from bench.layers.tcp_state import State
from bench.peer import Peer, PeerError
from bench.readiness import await_ready
from bench.tests.test_peer import ServerMachine
from emulation.errors import GuestFault
from emulation.machine import TimedFrame


def is_echo_reply(frame: bytes) -> bool:
    return frame[12:14] == b"\x08\x00" and frame[23] == 1


def flip(at: int, times: int = 1 << 30, where: Callable[[bytes], bool] = lambda _frame: True) -> Any:
    """Changes a byte of the first so many frames of a kind."""
    left = times

    def spoil(frame: bytes) -> bytes:
        nonlocal left
        if left <= 0 or not where(frame):
            return frame
        left -= 1
        return frame[:at] + bytes([frame[at] ^ 1]) + frame[at + 1 :]

    return spoil


class SpoilingMachine(ServerMachine):
    """Its frames are changed on their way."""

    spoil: Any = staticmethod(lambda frame: frame)

    def frames(self) -> list[TimedFrame]:
        return [TimedFrame(frame.time, self.spoil(frame.data)) for frame in super().frames()]


@pytest.fixture
def machine() -> SpoilingMachine:
    return SpoilingMachine()


@pytest.fixture
def board(machine: SpoilingMachine) -> Board:
    board = Board(machine)
    board.uart.wait_for("listening", timeout=5)
    return board


def test_an_error_of_a_peer_tells_what_was_dropped(board: Board, machine: SpoilingMachine) -> None:
    machine.spoil = flip(51)
    peer = Peer(board.wire, timeout=2.0)
    told = r"came: nothing until .*; 2 TCP segments with a wrong checksum dropped \(RFC 9293, section 3.1\)"
    with pytest.raises(PeerError, match=told):
        peer.connect()


def test_a_lenient_wire_takes_it(board: Board, machine: SpoilingMachine) -> None:
    machine.spoil = flip(51)
    board.wire.reception.strict = False
    with Peer(board.wire) as peer:
        peer.upgrade()
        peer.echo("whatever its checksum")
        assert peer.tcp.state is State.ESTABLISHED
    board.wire.reception.check()


def test_it_is_no_answer_but_a_sniffer_sees_it(board: Board, machine: SpoilingMachine) -> None:
    machine.spoil = flip(36, where=is_echo_reply)
    capture = board.wire.capture = Capture()
    seen: list[bytes] = []
    heard: list[bytes] = []
    board.wire.listen(lambda _time, frame: seen.append(frame))
    board.wire.listen(lambda _time, frame: heard.append(frame), partner=True)
    with board.wire.tap() as end:
        assert board.wire.sr1(IP() / ICMP(), timeout=1) is None
        assert len(end.queue) == 1
    assert (len(seen), len(heard)) == (1, 0)
    comments = [frame.comment for frame in capture.frames if frame.direction == "from-board"]
    assert comments == ["dropped: ICMP message with a wrong checksum, RFC 792"]


def test_a_partner_hears_nothing_that_is_for_another_station(board: Board, machine: SpoilingMachine) -> None:
    machine.spoil = flip(5)
    seen: list[bytes] = []
    heard: list[bytes] = []
    board.wire.listen(lambda _time, frame: seen.append(frame))
    board.wire.listen(lambda _time, frame: heard.append(frame), partner=True)
    board.wire.send(ARP(op=1, pdst=BOARD.ip))
    board.run(1)
    assert (len(seen), len(heard)) == (1, 0)


def test_the_neighbour_does_not_answer_it(board: Board, machine: SpoilingMachine) -> None:
    request = Ether(src=BOARD.mac, dst="ff:ff:ff:ff:ff:ff") / ARP(
        hwsrc=BOARD.mac, psrc=BOARD.ip, pdst=BENCH.ip
    )
    for spoil, answers in ((flip(27), 0), (flip(27, times=0), 1)):
        machine.spoil = spoil
        machine.received.clear()
        machine.at(machine.now + 0.1, "frame", bytes(request))
        board.run(1)
        assert len(machine.received) == answers


def test_a_snapshot_keeps_strictness_and_restoring_forgets_no_finding(
    board: Board, machine: SpoilingMachine
) -> None:
    state, reception = board.snapshot(), board.wire.reception
    machine.spoil = flip(36, where=is_echo_reply)
    board.wire.sr1(IP() / ICMP(), timeout=1)
    reception.strict = False
    board.restore(state)
    assert reception.strict
    assert reception.findings() == ["1 ICMP message with a wrong checksum dropped (RFC 792)"]
    reception.begin()
    reception.check()


def test_a_ping_of_the_health_check_says_why_nobody_answers(board: Board, machine: SpoilingMachine) -> None:
    machine.spoil = flip(36, where=is_echo_reply)
    with pytest.raises(
        GuestFault, match=r"no answer to a ping .*1 ICMP message with a wrong checksum dropped"
    ):
        board.health.check_alive()


def test_what_answers_wrongly_is_not_taken_for_what_does_not_answer(machine: SpoilingMachine) -> None:
    """Its tests have to fail, not to be skipped."""
    machine.spoil = flip(36, where=is_echo_reply)
    machine.at(0.3, "uart", b"ready\r\n")
    board = Board(machine)
    await_ready(board, "ready")
    offers = Capabilities(board)
    assert offers.offers(Capability.PING)
    board.wire.reception.check()
    assert board.wire.sr1(IP() / ICMP(), timeout=1) is None
