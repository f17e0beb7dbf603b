"""Firmware of somebody else on the bench: a program in C (emulation/quark/tests/foreign.py), and yours.

`ZEPHYR_ELF=path/to/zephyr.elf pytest bench/tests/test_other_firmware.py` tries an ELF of your own as well.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

from bench import Board
from bench.addresses import station_at
from bench.board import BoardState
from bench.capabilities import Capabilities
from bench.cli import main
from bench.readiness import await_ready
from bench.tcp_peer import TcpPeer
from emulation.errors import GuestFault
from emulation.paths import ROOT
from emulation.quark.tests.foreign import foreign_elf
from emulation.quark.tests.guest import assemble

READY = "up after"
MAC = "02:00:00:00:00:28"


@pytest.fixture(scope="module")
def booted() -> Iterator[tuple[Board, BoardState]]:
    with Board.boot(firmware=foreign_elf()) as board:
        await_ready(board, READY)
        yield board, board.snapshot()


@pytest.fixture
def foreign(booted: tuple[Board, BoardState]) -> Board:
    """The board with a firmware that is not the project's, after boot."""
    board, state = booted
    board.restore(state)
    return board


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "bench", *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


def outcomes(report: Path) -> dict[str, tuple[str, str]]:
    """Status and message of each test of a run."""
    tests = ElementTree.parse(report / "output.xml").iter("test")
    return {
        test.attrib["name"]: (test.find("status").attrib["status"], test.find("status").text or "")  # type: ignore[union-attr]
        for test in tests
    }


# From Python


def test_its_console_symbols_and_memory_can_be_seen(foreign: Board) -> None:
    assert foreign.uart.lines[0] == "*** foreign firmware ***"
    assert 0x40000000 <= foreign.symbol("answer") < 0x40030000
    ticks = foreign.symbol("ticks")
    before = int.from_bytes(foreign.read_memory(ticks, 4), "little")
    foreign.run(1)
    assert int.from_bytes(foreign.read_memory(ticks, 4), "little") == before + 100


def test_it_answers_ping_and_udp_at_its_own_mac_address(foreign: Board) -> None:
    assert foreign.mac == MAC
    reply = foreign.wire.sr1(IP() / ICMP(id=1) / b"hello", timeout=1)
    assert (reply.src, reply[ICMP].type) == (MAC, 0)
    reply = foreign.wire.sr1(IP() / UDP(sport=5000, dport=4242) / b"hello", timeout=1)
    assert bytes(reply[UDP].payload)[:5] == b"hello"
    foreign.health.check_alive()


def test_it_echoes_over_tcp(foreign: Board) -> None:
    with TcpPeer(foreign.wire, port=4242) as peer:
        for size in (1, 100, 1000):
            peer.send(b"x" * size)
            assert peer.receive(size) == b"x" * size


def test_a_crash_is_reported_with_function_and_source_line(foreign: Board) -> None:
    with pytest.raises(GuestFault) as caught:
        foreign.wire.sr1(IP() / UDP(sport=5000, dport=666), timeout=1)
    assert caught.value.kind == "exception"
    assert caught.value.evidence.symbol == "crash_here"
    assert caught.value.evidence.source.startswith("echo.c:")
    assert "fatal: CPU exception" in caught.value.evidence.uart_tail


def test_what_it_offers_is_told(foreign: Board) -> None:
    offers = Capabilities(foreign)
    assert offers.describe()["Offers"] == "console, arp, ping, tcp"
    assert offers.lacking(["tcp:4242"]) == []
    assert offers.lacking(["websocket"]) == ["needs websocket: SYN to port 8080: refused"]


def test_a_firmware_may_have_another_address() -> None:
    elf = foreign_elf("IP=0x0A000005u")
    with Board.boot(firmware=elf, station=station_at("10.0.0.5/8")) as board:
        await_ready(board, READY)
        assert (board.ip, board.mac, board.wire.host.ip) == ("10.0.0.5", MAC, "10.0.0.6")
        reply = board.wire.sr1(IP() / ICMP(id=1), timeout=1)
        assert (reply[IP].src, reply[IP].dst) == ("10.0.0.5", "10.0.0.6")
        with TcpPeer(board.wire, port=4242) as peer:
            peer.send(b"hello")
            assert peer.receive(5) == b"hello"


def test_a_firmware_that_polls_is_given_the_time_that_is_named() -> None:
    elf = foreign_elf("POLLING")
    with Board.boot(firmware=elf) as board:
        await_ready(board, READY)
        with pytest.raises(GuestFault, match="no progress in 5 virtual seconds"):
            board.run(6)
    with Board.boot(firmware=elf, spin_limit=7) as board:
        await_ready(board, READY)
        board.run(6)
        assert board.wire.sr1(IP() / ICMP(id=1), timeout=1) is not None
        with pytest.raises(GuestFault, match="no progress in 7 virtual seconds"):
            board.run(8)


# bench run

OWN = """\
*** Settings ***
Library             bench.robot.BoardLibrary
Test Teardown       Conclude Test

*** Test Cases ***
Ping
    [Tags]    needs:ping
    Packet Should Be Answered    IP()/ICMP(id=1)/b"abc"    ICMP.type=0    Raw.load=abc

Echo Port
    [Tags]    needs:tcp:4242
    Packet Should Be Answered    IP()/TCP(sport=40000, dport=4242, seq=100, flags="S")    TCP.flags=SA

Web Server
    [Tags]    needs:tcp:80
    [Setup]    Fail    never run
    Fail    never run

WebSocket
    [Tags]    needs:websocket
    Open WebSocket

No Needs
    Open WebSocket
"""


def test_a_suite_is_skipped_as_far_as_the_firmware_lacks_what_it_needs(tmp_path: Path) -> None:
    suite = tmp_path / "own.robot"
    suite.write_text(OWN)
    report = tmp_path / "report"
    done = run("run", suite, "--firmware", foreign_elf(), "--ready", READY, "--report", report)
    results = outcomes(report)
    assert {name: status for name, (status, _) in results.items()} == {
        "Ping": "PASS",
        "Echo Port": "PASS",
        "Web Server": "SKIP",
        "WebSocket": "SKIP",
        "No Needs": "FAIL",
    }
    assert results["Web Server"][1] == "needs tcp:80: SYN to port 80: refused"
    assert results["WebSocket"][1] == "needs websocket: SYN to port 8080: refused"
    assert "expected SYN+ACK" in results["No Needs"][1]
    assert done.returncode == 1
    assert "5 tests: 2 passed, 1 failed, 2 skipped" in done.stdout
    assert "1 skipped: needs tcp:80: SYN to port 80: refused" in done.stdout


def test_the_projects_suites_end_green_with_reasons(tmp_path: Path) -> None:
    done = run("run", "--firmware", foreign_elf(), "--ready", READY, "--report", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    results = outcomes(tmp_path)
    passed = [name for name, (status, _) in results.items() if status == "PASS"]
    skipped = [message for status, message in results.values() if status == "SKIP"]
    assert len(passed) + len(skipped) == len(results)
    assert "An Echo Request Comes Back With Its Data" in passed
    assert "A Closed Port Answers With A Reset" in passed
    assert all(message.startswith("needs ") for message in skipped)
    assert "Offers:   console, arp, ping, tcp" in done.stdout
    assert f"the board's MAC address is {MAC}" in done.stdout


def test_a_name_that_is_no_capability_fails_the_test_that_uses_it(tmp_path: Path) -> None:
    suite = tmp_path / "own.robot"
    suite.write_text(OWN.replace("needs:ping", "needs:pong"))
    done = run(
        "run", suite, "--test", "Ping", "--firmware", foreign_elf(), "--ready", READY, "--report", tmp_path
    )
    assert done.returncode == 1
    assert "there is no capability 'pong'" in done.stdout


def test_what_is_required_is_not_skipped(tmp_path: Path) -> None:
    words = ["run", "masking", "--firmware", str(foreign_elf()), "--ready", READY, "--report", str(tmp_path)]
    done = run(*words, "--require", "ping", "--require", "tcp:4242")
    assert done.returncode == 0
    done = run(*words, "--require", "ping", "--require", "ipv6")
    assert "error: the firmware lacks what is required of it: needs ipv6: ICMPv6 echo request" in done.stderr
    assert done.returncode > 1
    assert "SKIP" not in done.stdout


def test_an_address_that_is_none_is_refused(tmp_path: Path) -> None:
    for option, value in (("--ip", "300.1.1.1"), ("--mac", "00:00")):
        done = run("run", "masking", option, value, "--report", tmp_path)
        assert "write it like" in done.stderr
        assert done.returncode > 1


# pytest

TESTS = """
import pytest
from scapy.layers.inet import ICMP, IP

pytestmark = pytest.mark.needs("arp")

@pytest.mark.needs("ping")
def test_ping(board):
    assert board.wire.sr1(IP() / ICMP(id=1), timeout=1)[ICMP].type == 0

@pytest.mark.needs("tcp:4242", "websocket")
def test_websocket(board):
    assert False

def test_of_its_own_choice(board, offers):
    assert offers.offers("tcp:4242") and not offers.offers("ipv6")

@pytest.mark.needs("pong")
def test_mistake(board):
    pass
"""


def pytest_on(folder: Path, *options: str) -> str:
    """What pytest prints for the tests in a folder."""
    words = ["-p", "bench.pytest_plugin", "-p", "no:cacheprovider", "-rs", "--firmware", str(foreign_elf())]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *words, "--board-ready", READY, *options, str(folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ).stdout


def test_pytest_skips_what_the_firmware_lacks(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(TESTS)
    printed = pytest_on(tmp_path)
    assert "2 passed, 1 skipped, 1 error" in printed
    assert "needs websocket: SYN to port 8080: refused" in printed
    assert "there is no capability 'pong'" in printed
    assert "2 passed, 1 skipped" in pytest_on(tmp_path, "--board-require", "ping")
    required = pytest_on(tmp_path, "--board-require", "ping", "--board-require", "ipv6")
    assert "the firmware lacks what is required of it: needs ipv6" in required
    assert "4 errors" in required


# The other commands


def test_frames_are_injected_into_it(tmp_path: Path) -> None:
    packet = (
        Ether(src="00:00:5e:00:53:02", dst=MAC) / IP(src="192.0.2.2", dst="192.0.2.1") / ICMP(id=7) / b"hello"
    )
    wrpcap(str(tmp_path / "ping.pcap"), [packet])
    words = ["inject", str(tmp_path / "ping.pcap"), "--firmware", str(foreign_elf()), "--ready", READY]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    assert "echo-reply" in result.stdout
    assert "healthy: no fault, no traceback, and a ping is answered" in result.stdout


def cases(tmp_path: Path, *words: str, elf: Path | None = None) -> Result:
    options = [
        "--firmware",
        str(elf or foreign_elf()),
    ]
    return CliRunner().invoke(main, ["cases", "run", *words, *options, "--report", str(tmp_path)])


def test_the_catalogue_is_judged_from_outside(tmp_path: Path) -> None:
    result = cases(tmp_path, "ipv4-8", "ipv4-9", "icmp-23")
    assert result.exit_code == 0, result.output
    verdicts = {c["id"]: c for c in json.loads((tmp_path / "results.json").read_text())["cases"]}
    assert verdicts["ipv4-08-header-length-15"]["verdict"] == "passed"
    skipped = [case for case in verdicts.values() if case["verdict"] == "skipped"]
    assert skipped
    assert {case["came"][0] for case in skipped} <= {
        "needs ipv6: ICMPv6 echo request to 2001:db8::1: no answer",
        "needs udp: datagram to port 9: no answer",
    }
    assert f"{len(skipped)} skipped" in result.stdout


def test_a_case_that_needs_our_server_is_skipped(tmp_path: Path) -> None:
    result = cases(tmp_path, "websocket-50", "tcp-40")
    assert result.exit_code == 0, result.output
    assert "skipped: needs websocket: SYN to port 8080: refused" in result.stdout
    assert "0 passed, 0 known departures, 0 failed" in result.stdout


def test_a_defect_is_found_from_outside(tmp_path: Path) -> None:
    """A stack that does not look at the header's checksum."""
    result = cases(tmp_path, "ipv4-11", elf=foreign_elf("NO_HEADER_CHECKSUM"))
    assert result.exit_code == 1
    assert "(a) expected silence; came ICMP echo reply" in result.stdout


def test_a_firmware_without_a_network_has_no_cases(tmp_path: Path) -> None:
    elf = assemble('main: say "Hello World!\\n"\n 5: sti\n hlt\n jmp 5b')
    result = cases(tmp_path, "ipv4-8", elf=elf)
    assert result.exit_code == 2
    assert "no case can be run on this firmware: needs arp: ARP for 192.0.2.1: no answer" in result.stderr


# Files that cannot run


def linked(tmp_path: Path, *flags: str) -> Path:
    """A program of one instruction, linked in another way."""
    source, elf = tmp_path / "wrong.S", tmp_path / "wrong.elf"
    source.write_text(".globl _start\n_start: hlt\n")
    subprocess.run(["gcc", "-nostdlib", "-no-pie", *flags, str(source), "-o", str(elf)], check=True)
    return elf


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("-m32", "-static", "-Wl,-Ttext=0x00100000"), "is outside the board's memories"),
        (("-m64", "-static"), "is for another machine"),
        (("-m32", "-c"), "is not an executable (ET_REL)"),
        (("-m32", "-shared"), "is not an executable (ET_DYN)"),
    ],
    ids=["memory", "machine", "object", "library"],
)
@pytest.mark.parametrize(
    "command", [("serve", "--port", "0"), ("cases", "run", "ipv4-8")], ids=["serve", "cases"]
)
def test_a_file_that_cannot_run_is_one_line(
    tmp_path: Path, flags: tuple[str, ...], said: str, command: tuple[str, ...]
) -> None:
    elf = linked(tmp_path, *flags)
    result = CliRunner().invoke(main, [*command, "--firmware", str(elf)])
    assert result.exit_code == 2
    assert said in result.stderr.splitlines()[0]
    assert result.stderr.splitlines()[1].startswith("  what to do: ")


def test_a_firmware_of_which_nothing_is_heard_is_refused(tmp_path: Path) -> None:
    elf = assemble("main: sti\n hlt\n jmp main")
    done = run("run", "masking", "--firmware", elf, "--report", tmp_path)
    assert "it has printed nothing, and nobody answers ARP for 192.0.2.1" in done.stderr
    assert done.returncode > 1


# The user's own


def test_an_elf_of_the_users_own_ends_green(tmp_path: Path) -> None:
    elf = os.environ.get("ZEPHYR_ELF")
    if not elf:
        pytest.skip("no ELF is named: set ZEPHYR_ELF to the path of a zephyr.elf for this board")
    words = ["--ready", os.environ["ZEPHYR_READY"]] if "ZEPHYR_READY" in os.environ else []
    done = run("run", "--firmware", Path(elf).resolve(), "--report", tmp_path, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    results = outcomes(tmp_path)
    assert results
    assert all(message.startswith("needs ") for status, message in results.values() if status == "SKIP")
    with Board.boot(firmware=elf) as board:
        await_ready(board)
        board.run(600)
        board.health.check()
        assert board.uart.text
        if Capabilities(board).offers("ping"):
            board.health.check_alive()
