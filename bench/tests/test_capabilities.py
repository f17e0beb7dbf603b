"""What a board offers is found out from the board: the project's own, and one that has only ARP and ping."""

from __future__ import annotations

import pytest
from robot.api import TestSuite as Suite

from bench import Board
from bench.board import ROOT
from bench.capabilities import Capabilities, Capability, check
from bench.readiness import await_ready
from bench.robot.listener import needs
from bench.tests.elf import real_firmware
from bench.tests.fake_machine import FakeMachine
from emulation.errors import UserError


@pytest.fixture(scope="module")
def own() -> Board:
    board = Board.boot(firmware=real_firmware())
    await_ready(board)
    return board


def fake(first: str) -> Board:
    """A machine that answers ARP and ping, and prints one line."""
    machine = FakeMachine()
    machine.at(0.1, "uart", first.encode() + b"\r\n")
    return Board(machine)


class Foreign(FakeMachine):
    """Says nothing of servers, and has a MAC address of its own."""

    def reset(self) -> None:
        super().reset()
        self._state["events"].clear()
        self.at(0.1, "uart", b"Hello World!\r\n")


def test_our_firmware_offers_everything_and_is_not_run_for_it(own: Board) -> None:
    before, printed = own.clock.now, own.uart.text
    offers = Capabilities(own)
    assert offers.lacking([*Capability, "tcp:8080", "tcp:8081", "tcp:8082"]) == []
    assert (own.clock.now, own.uart.text) == (before, printed)
    assert offers.describe() == {"Offers": ", ".join(Capability)}


def test_no_test_of_ours_is_skipped_with_our_firmware(own: Board) -> None:
    offers = Capabilities(own)
    wanted = set()
    for path in sorted((ROOT / "bench" / "robot").glob("*.robot")):
        for test in Suite.from_file_system(path).tests:
            asked = needs(test.tags)
            assert asked, f"{path.name}: {test.name} does not say what it needs"
            wanted |= set(asked)
    assert wanted >= {"websocket", "servers", "ping", "arp", "ipv6", "tcp:8080"}
    assert offers.lacking(sorted(wanted)) == []


def test_what_our_firmware_declares_is_there_when_it_is_tried(
    own: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    offers = Capabilities(own)
    monkeypatch.setattr(offers, "_declared", lambda _need: None)
    tried = [
        each for each in Capability if each not in (Capability.CONSOLE, Capability.LWIP, Capability.PYTHON)
    ]
    before = own.clock.now
    assert offers.lacking([*tried, "tcp:8081"]) == []
    assert own.clock.now == before
    assert offers.find("tcp:4242").reason == "SYN to port 4242: refused"


def test_a_foreign_firmware_offers_what_it_answers() -> None:
    board = Board(Foreign())
    assert await_ready(board) == []
    offers = Capabilities(board)
    now = board.clock.now
    offered = {each for each in Capability if offers.offers(each)}
    assert offered == {Capability.CONSOLE, Capability.ARP, Capability.PING}
    assert offers.lacking(["ping", "websocket", "lwip"]) == [
        "needs websocket: SYN to port 8080: no answer",
        "needs lwip: no symbol tcp_active_pcbs",
    ]
    assert board.clock.now == now


def test_what_is_said_on_the_console_is_believed_so_that_a_broken_server_fails_its_tests() -> None:
    board = fake("nothing to see here")
    await_ready(board)  # then comes the line of the servers
    assert Capabilities(board).lacking(["websocket", "servers", "tcp:8082"]) == []


def test_a_capability_nobody_knows_is_answered_with_the_known_ones(own: Board) -> None:
    with pytest.raises(UserError, match=r"there is no capability 'wobsocket'.*websocket"):
        Capabilities(own).find("wobsocket")
    for wrong in ("tcp:", "tcp:0", "tcp:70000", "udp:1"):
        with pytest.raises(UserError):
            check(wrong)


class Silent(FakeMachine):
    """Prints nothing, answers nothing."""

    def reset(self) -> None:
        super().reset()
        self._state["events"].clear()

    def send_frame(self, frame: bytes, fcs: bytes | None = None, *, pad: bool = True) -> float:
        return self.now


def test_a_firmware_of_which_nothing_is_there_is_refused() -> None:
    with pytest.raises(UserError, match=r"printed nothing, and nobody answers ARP for 192\.0\.2\.1 .*--ip"):
        await_ready(Board(Silent()))


def test_a_line_that_does_not_come_is_an_error_and_says_what_was_printed() -> None:
    with pytest.raises(UserError, match=r"(?s)'up and running' did not appear.*Hello World!.*--ready"):
        await_ready(Board(Foreign()), "up and running")


def test_the_mac_address_is_what_the_board_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    from bench.addresses import BOARD, with_mac
    from bench.tests import fake_machine

    monkeypatch.setattr(fake_machine, "BOARD", with_mac(BOARD, "00:04:a3:00:00:01"))
    board = Board(Foreign())
    assert await_ready(board) == ["the board's MAC address is 00:04:a3:00:00:01"]
    assert board.mac == board.wire.board.mac == "00:04:a3:00:00:01"
    assert board.link_local == "fe80::204:a3ff:fe00:1"
    assert Capabilities(board).offers("ping")
