from __future__ import annotations

import contextlib
import re
import signal
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import Ether

from bench import Board, board, engines
from bench.tests.fake_machine import FakeMachine
from emulation.errors import GuestFault, UserError
from emulation.machine import Stop


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An engine `fake`, and a file that passes for its firmware."""
    monkeypatch.setitem(engines.ENGINES, "fake", ("bench.tests.fake_machine", "FakeMachine"))
    elf = tmp_path / "fake.elf"
    elf.write_bytes(b"\x7fELF")
    return elf


def test_the_example_of_the_package_works(fake: Path) -> None:
    with Board.boot("fake", fake) as board:
        assert board.clock.now == 0
        board.uart.wait_for("listening", timeout=5)
        assert board.clock.now == 0.5
        assert board.wire.sr1(Ether() / IP(dst=board.ip) / ICMP(), timeout=1)[ICMP].type == 0
        state = board.snapshot()
        then = board.clock.now
        board.run(3)
        board.restore(state)
        assert board.clock.now == then


def test_leaving_the_context_switches_the_board_off(fake: Path) -> None:
    with Board.boot("fake", fake) as board:
        pass
    assert isinstance(board.machine, FakeMachine)
    assert board.machine.closed


def test_a_missing_firmware_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(board, "DEFAULT_FIRMWARE", tmp_path / "none.elf")
    with pytest.raises(UserError, match=r"no firmware at .*none.elf.*bench firmware"):
        Board.boot()
    with pytest.raises(UserError, match="--firmware"):
        Board.boot(firmware=tmp_path / "none.elf")


def test_an_unknown_engine_is_refused_with_the_names_of_the_known_ones(fake: Path) -> None:
    with pytest.raises(UserError, match=r"no engine 'quartz'.*quark"):
        Board.boot("quartz", fake)


def test_the_console_gives_text_lines_and_a_match() -> None:
    board = Board(FakeMachine())
    found = board.uart.wait_for(re.compile(r"listening on (\S+) ports (.*)"), timeout=1)
    assert found[1] == board.ip
    assert board.uart.lines == ["fake board", "ws_server: listening on 192.0.2.1 ports 8080, 8081, 8082"]
    assert board.uart.text.startswith("fake board\n")


def test_text_that_was_printed_before_is_found_at_once() -> None:
    board = Board(FakeMachine())
    board.run(1)
    board.uart.wait_for("listening", timeout=0)
    assert board.clock.now == 1


def test_waiting_for_new_text_starts_where_the_caller_says() -> None:
    board = Board(FakeMachine())
    board.uart.wait_for("board")
    mark = len(board.uart.text)
    board.uart.write("board?\n")
    assert board.uart.wait_for("board", after=mark).start() == mark


def test_text_that_does_not_come_ends_the_wait_with_the_last_lines() -> None:
    board = Board(FakeMachine())
    with pytest.raises(
        TimeoutError, match=r"(?s)'never' did not appear .* within 2 virtual seconds.*listening"
    ):
        board.uart.wait_for("never", timeout=2)
    assert board.clock.now == 2


def test_a_console_that_stays_silent_is_told_apart() -> None:
    board = Board(FakeMachine())
    with pytest.raises(TimeoutError, match="nothing at all"):
        board.uart.wait_for("x", timeout=0.1)


def test_restore_brings_back_console_unread_frames_randomness_and_neighbour() -> None:
    board = Board(FakeMachine())
    board.uart.wait_for("listening")
    board.wire.send(IP(dst=board.ip) / ICMP(id=1))
    board.run(0.1)
    state = board.snapshot()
    text, drawn = board.uart.text, board.random.random()
    heard: list[bytes] = []
    board.wire.listen(lambda _t, frame: heard.append(frame))
    board.wire.neighbour.enabled = False
    assert board.wire.recv()[ICMP].id == 1
    board.uart.write("typed")
    board.run(1)
    board.restore(state)
    assert board.uart.text == text
    assert board.random.random() == drawn
    assert board.wire.neighbour.enabled
    assert board.wire.recv()[ICMP].id == 1
    board.wire.sr1(IP(dst=board.ip) / ICMP(), timeout=1)
    assert heard == []


def test_frames_in_flight_come_after_a_restore_too() -> None:
    board = Board(FakeMachine())
    board.wire.send(IP(dst=board.ip) / ICMP(id=9))
    state = board.snapshot()
    for _ in range(2):
        board.restore(state)
        assert [p[ICMP].id for p in board.wire.sniff(timeout=1)] == [9]


def test_a_fault_is_remembered_until_the_board_is_restored() -> None:
    machine = FakeMachine()
    board = Board(machine)
    state = board.snapshot()
    machine.at(0.1, "fault")
    with pytest.raises(GuestFault):
        board.run(1)
    with pytest.raises(GuestFault, match="0xdeadbeef"):
        board.health.check()
    with pytest.raises(GuestFault):
        board.run(1)
    assert board.uart.lines == ["last words"]
    board.restore(state)
    board.health.check()
    board.run(1)


def test_a_python_traceback_on_the_console_is_a_fault() -> None:
    machine = FakeMachine()
    board = Board(machine)
    machine.at(
        0.6,
        "uart",
        b'Traceback (most recent call last):\r\n  File "main.py", line 3, in f\r\nValueError: no\r\n',
    )
    board.run(0.55)
    board.health.check()
    board.run(0.1)
    with pytest.raises(GuestFault, match="ValueError: no") as caught:
        board.health.check()
    assert caught.value.kind == "exception"
    assert "main.py" in caught.value.evidence.uart_tail


@pytest.mark.parametrize("line", ["panic: tcplen > rcv_wnd", "CPU exception: divide error"])
def test_a_firmware_that_started_anew_is_a_fault(line: str) -> None:
    machine = FakeMachine()
    board = Board(machine)
    machine.at(0.6, "uart", f"\r\n*** {line}\r\n\r\n*** restarting\r\nlistening\r\n".encode())
    board.run(0.55)
    board.health.check()
    board.run(0.1)
    with pytest.raises(GuestFault, match=f"the firmware started anew: {line}") as caught:
        board.health.check()
    assert caught.value.kind == "exception"


def test_ctrl_c_is_never_lost_in_the_engine() -> None:
    """The signal comes while the guest is inside a register access, where a raised exception would vanish."""

    class Interrupting(FakeMachine):
        pressed = False

        def run(self, until: float, wake: Stop = Stop.DEADLINE) -> Stop:
            if self.now >= 3 and not self.pressed:
                self.pressed = True
                with contextlib.suppress(KeyboardInterrupt):
                    signal.raise_signal(signal.SIGINT)
            return super().run(until, wake)

    board = Board(Interrupting())
    with pytest.raises(KeyboardInterrupt):
        board.run(100)
    assert 4 <= board.clock.now < 5


def test_memory_and_symbols_can_be_looked_at() -> None:
    board = Board(FakeMachine())
    assert board.read_memory(board.symbol("main"), 2) == b"\x30\x31"
    with pytest.raises(KeyError):
        board.symbol("nothing")


def test_a_reset_begins_anew_and_keeps_those_who_listen(fake: Path) -> None:
    with Board.boot("fake", fake) as board:
        heard: list[bytes] = []
        board.wire.listen(lambda _time, frame: heard.append(frame))
        board.uart.wait_for("listening")
        assert isinstance(board.machine, FakeMachine)
        board.machine.at(0.6, "fault")
        with pytest.raises(GuestFault):
            board.run(1)
        board.reset()
        assert (board.clock.now, board.uart.text, board.health.fault) == (0.0, "", None)
        board.uart.wait_for("listening")
        assert board.wire.sr1(Ether() / IP(dst=board.ip) / ICMP(), timeout=1) is not None
        assert len(heard) == 1


def test_the_console_can_be_trimmed_to_its_end(fake: Path) -> None:
    with Board.boot("fake", fake) as board:
        board.uart.wait_for("\n")
        board.uart.trim(7)
        assert board.uart.text == "board\n"
        board.uart.trim(100)
        assert board.uart.text == "board\n"
