"""`bench inject`: what a replay promises, and what it does with captures of any kind."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import Ether

from bench import Board, Wire
from bench.addresses import BENCH, BOARD
from bench.board import ROOT
from bench.capture import BEGUN_LATER, Capture
from bench.cli import main
from bench.peer import Peer
from bench.tests.capture_bytes import PING, SECTION, interface, packet, pcap


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "some.pcapng"


def inject(*arguments: str | Path, given: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["inject", *map(str, arguments)], input=given, catch_exceptions=False)


def told(*arguments: str | Path) -> dict[str, Any]:
    result = inject(*arguments, "--json")
    assert result.exit_code == 0, result.output
    value: dict[str, Any] = json.loads(result.stdout)
    return value


def refused(file: Path, content: bytes, *options: str) -> str:
    file.write_bytes(content)
    result = inject(file, *options)
    assert result.exit_code == 2, result.output
    assert len(result.stderr.splitlines()) >= 2
    return result.stderr


@pytest.fixture
def kept(board: Board, wire: Wire, file: Path) -> Callable[[], Path]:
    """Write what has crossed since the test began, as a run of tests does."""
    capture = wire.capture
    assert isinstance(capture, Capture)
    return lambda: capture.write(file, f"a test; {board.origin}")


def test_a_capture_that_began_when_the_board_was_ready_is_replayed_exactly(
    wire: Wire, kept: Callable[[], Path]
) -> None:
    wire.run(0.7)
    with Peer(wire) as peer:
        peer.upgrade()
        peer.echo("the same again")
    for number in range(5):  # they wait for each other on the cable
        wire.send(IP() / ICMP(seq=number) / bytes(1400))
    wire.run(1)
    found = told(kept())
    assert (found["as_recorded"], found["not_compared"], found["notes"]) == (True, None, [])


def test_a_forced_fcs_and_a_runt_are_replayed_as_they_were(wire: Wire, kept: Callable[[], Path]) -> None:
    wire.sr1(IP() / ICMP(), timeout=1)
    wire.send(IP() / ICMP(seq=1), fcs=b"\1\2\3\4")
    wire.send(PING[:5], pad=False)
    wire.send(PING[:46], pad=False)
    wire.send(IP() / ICMP(seq=2))
    wire.run(0.5)
    found = told(kept())
    assert found["as_recorded"] is True
    assert found["notes"] == ["with a wrong FCS, which they are sent with: 1 of 6 frames"]
    assert [len(frame["data"]) // 2 for frame in found["frames"] if frame["direction"] == "to-board"][
        -3:
    ] == [5, 46, 42]


def test_another_seed_or_firmware_is_said_and_not_compared(
    wire: Wire, kept: Callable[[], Path], board: Board
) -> None:
    wire.sr1(IP() / ICMP(), timeout=1)
    path = kept()
    found = told(path, "--seed", "7")
    assert found["as_recorded"] is None
    assert found["not_compared"] == "it was captured with seed 1, and this is 7; choose it with --seed"
    path.write_bytes(path.read_bytes().replace(board.digest.encode(), b"0123456789abcdef"))
    assert "firmware 0123456789abcdef" in told(path)["not_compared"]


def test_a_capture_that_begins_in_the_middle_is_not_compared_and_the_bench_answers(
    wire: Wire, file: Path
) -> None:
    wire.sr1(IP() / ICMP(), timeout=1)  # the board asks for the bench's address, and is answered
    capture = wire.capture = Capture()
    wire.sr1(IP() / ICMP(seq=1), timeout=1)
    found = told(capture.write(file, f"a case; {BEGUN_LATER}"))
    assert (found["as_recorded"], found["not_compared"]) == (None, f"it {BEGUN_LATER}")
    assert found["healthy"] is True


def go_back(board: Board) -> None:
    state = board.snapshot()
    board.wire.sr1(IP() / ICMP(), timeout=1)
    board.restore(state)


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (lambda board: board.uart.write("\n"), "something was typed on the console (frame 5)"),
        (lambda board: board.reset(), "the board was reset (frame"),
        (go_back, "the board was set back to an earlier state (frame"),
    ],
)
def test_what_a_capture_cannot_hold_is_noted_and_said(
    board: Board, wire: Wire, kept: Callable[[], Path], event: Callable[[Board], None], why: str
) -> None:
    wire.sr1(IP() / ICMP(), timeout=1)
    event(board)
    wire.send(IP() / ICMP(seq=1))
    wire.run(0.1)
    assert why in str(told(kept())["not_compared"])


def test_going_back_to_where_the_capture_is_changes_nothing(
    board: Board, wire: Wire, kept: Callable[[], Path]
) -> None:
    wire.sr1(IP() / ICMP(), timeout=1)
    wire.run(1)
    state = board.snapshot()
    board.run(0.1)  # nothing crosses
    board.restore(state)
    wire.sr1(IP() / ICMP(seq=1), timeout=1)
    assert told(kept())["as_recorded"] is True


def test_frames_that_are_not_what_the_board_sends_now_are_told(wire: Wire, kept: Callable[[], Path]) -> None:
    wire.sr1(IP() / ICMP() / b"abc", timeout=1)
    path = kept()
    path.write_bytes(path.read_bytes()[::-1].replace(b"cba", b"cbX", 1)[::-1])  # in the answer alone
    result = inject(path)
    assert "the board's frame 2 is another than in the capture" in result.output


def test_a_capture_of_others_is_sent_with_its_distances_and_not_compared(file: Path) -> None:
    answer = bytes(Ether(src=BOARD.mac, dst=BENCH.mac) / IP(src=BOARD.ip, dst=BENCH.ip) / ICMP(type=0))
    file.write_bytes(pcap((PING, 1_700_000_000), (answer, 1_700_000_000.1), (PING, 1_700_000_003)))
    found = told(file)
    assert found["as_recorded"] is None
    assert "no capture of the bench" in found["not_compared"]
    times = [frame["time"] for frame in found["frames"] if bytes.fromhex(frame["data"])[:34] == PING[:34]]
    assert times[1] - times[0] == pytest.approx(3)
    assert any("echo-reply" in frame["summary"] for frame in found["frames"]), "the bench answers ARP"


def test_a_year_without_frames_is_shortened_and_said(file: Path) -> None:
    file.write_bytes(pcap((PING, 1), (PING, 31_536_001)))
    found = told(file)
    assert found["notes"] == ["a gap of 31,536,000 s before frame 2 is shortened to 10 s"]
    assert found["frames"][-1]["time"] < 12


def test_frames_shorter_than_a_header_are_sent_and_shown(file: Path) -> None:
    file.write_bytes(pcap((b"\1\2\3\4\5", 1), (PING, 1.1)))
    result = inject(file)
    assert result.exit_code == 0
    assert "5 bytes  shorter than an Ethernet header: 01 02 03 04 05" in result.output
    assert "echo-reply" in result.output


def test_a_cut_frame_cannot_be_sent(file: Path) -> None:
    assert "packet 2 was cut when it was captured, 30 of 47 bytes" in refused(
        file, pcap((PING, 1), (PING[:30], 1, 47))
    )


def test_one_ethernet_interface_among_others_is_taken_and_of_two_one_is_chosen(file: Path) -> None:
    content = SECTION + interface(113) + interface() + packet(bytes(60), 0, 0) + packet(PING, 1, 1)
    file.write_bytes(content)
    assert told(file)["notes"] == ["left out: 1 of 2 packets, of other links (type 113)"]
    content = SECTION + interface() + interface() + packet(PING, 0, 0) + packet(PING, 1, 1)
    assert "choose one with --interface: 0, 1" in refused(file, content)
    assert len([f for f in told(file, "--interface", "1")["frames"] if "echo-request" in f["summary"]]) == 1
    assert "no frames of interface 2" in refused(file, content, "--interface", "2")


def test_frames_for_others_are_said_and_can_be_addressed_to_the_board(file: Path) -> None:
    strange = bytes(
        Ether(src="02:00:00:00:00:07", dst="02:00:00:00:00:09") / IP(src="10.0.0.7", dst="10.0.0.9") / ICMP()
    )
    elsewhere = bytes(Ether(src=BENCH.mac, dst=BOARD.mac) / IP(src=BENCH.ip, dst="10.0.0.9") / ICMP())
    file.write_bytes(pcap((strange, 1), (elsewhere, 2)))
    notes = told(file)["notes"]
    assert [note.split(";")[0] for note in notes] == [
        f"for other MAC addresses than {BOARD.mac}: 1 of 2 frames",
        "for other IP addresses than the board's: 1 of 2 frames",
    ]
    found = told(file, "--rewrite")
    assert found["notes"] == ["2 of 2 frames, for 10.0.0.9, are addressed to the board"]
    assert sum("echo-reply" in frame["summary"] for frame in found["frames"]) == 2


def test_packets_of_ip_alone_can_be_put_into_frames(file: Path) -> None:
    raw = pcap((bytes(IP(src="10.0.0.7", dst="10.0.0.9") / ICMP()), 1), link=101)
    assert "link type 101" in refused(file, raw)
    assert any("echo-reply" in frame["summary"] for frame in told(file, "--rewrite")["frames"])


def test_standard_input_is_read() -> None:
    result = inject("-", given=pcap((PING, 1)))
    assert result.exit_code == 0, result.output
    assert "echo-reply" in result.output


def test_a_reader_that_leaves_is_no_error(file: Path) -> None:
    file.write_bytes(pcap(*[(PING, 1)] * 300))
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{sys.executable} -m bench inject {file} | head -n 5"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert "echo-request" in done.stdout
    assert "Traceback" not in done.stderr
