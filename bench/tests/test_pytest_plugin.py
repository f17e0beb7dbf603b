"""The fixtures as a user's own tests get them: in a pytest of their own, on the real firmware."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bench.board import DEFAULT_SEED, ROOT
from bench.engines import DEFAULT_ENGINE
from bench.pytest_plugin import ENGINE, SEED
from bench.tests.elf import UD2, with_code_at


def pytest_on(folder: Path, tests: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    (folder / "test_own.py").write_text(tests)
    options = ["-p", "bench.pytest_plugin", "-p", "no:cacheprovider", "--board-report", folder / "captures"]
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            *map(str, options),
            *map(str, arguments),
            str(folder / "test_own.py"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
    )


def test_every_test_starts_from_the_same_listening_board(tmp_path: Path) -> None:
    done = pytest_on(
        tmp_path,
        """
times = []

def test_first(board):
    assert "listening" in board.uart.text
    times.append(board.clock.now)
    board.run(10)

def test_second(board, wire):
    assert board.wire is wire
    assert [board.clock.now] == times
""",
        "--board-seed",
        "5",
    )
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
    assert "seed 5" in done.stdout
    assert not (tmp_path / "captures").exists()


def test_a_failed_test_leaves_its_capture_and_the_console(tmp_path: Path) -> None:
    done = pytest_on(
        tmp_path,
        """
from scapy.layers.inet import ICMP, IP

def test_wrong(board):
    assert board.wire.sr1(IP(dst=board.ip) / ICMP(), timeout=1) is None
""",
    )
    assert done.returncode == 1
    captures = list((tmp_path / "captures").glob("*.pcapng"))
    assert [c.name for c in captures] == ["test_own.py_test_wrong.pcapng"]
    assert f"capture: {captures[0]}" in done.stdout
    assert "ws_server: listening" in done.stdout


def test_a_guest_that_crashes_unnoticed_fails_its_test_and_no_other(tmp_path: Path) -> None:
    elf = with_code_at("icmp6_input", UD2, tmp_path / "defective.elf")
    done = pytest_on(
        tmp_path,
        """
import pytest
from emulation.errors import GuestFault
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6

def test_crash(board):
    with pytest.raises(GuestFault):
        board.wire.sr1(IPv6(dst=board.ip6) / ICMPv6EchoRequest(), timeout=1)

def test_after(board):
    board.health.check_alive()
""",
        "--firmware",
        elf,
    )
    assert "2 passed, 1 error" in done.stdout, done.stdout
    assert "icmp6_input" in done.stdout


def test_a_missing_firmware_is_one_line(tmp_path: Path) -> None:
    done = pytest_on(tmp_path, "def test_it(board): pass\n", "--firmware", tmp_path / "none.elf")
    assert f"there is no firmware at {tmp_path / 'none.elf'}" in done.stdout
    assert "Traceback" not in done.stdout


def pytest_alone(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """As where the package is installed: nobody names the plugin, pytest finds it."""
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


def test_the_plugin_is_found_without_being_named(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(board):\n    board.health.check_alive()\n")
    done = pytest_alone(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bench: engine quark, seed 1" in done.stdout
    named_as_well = pytest_alone(tmp_path, "-p", "bench.pytest_plugin", "--board-seed", "3")
    assert "1 passed" in named_as_well.stdout, named_as_well.stdout + named_as_well.stderr
    assert "bench: engine quark, seed 3" in named_as_well.stdout


def test_a_run_that_has_nothing_to_do_with_the_bench_does_not_notice_it(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        """
import sys

def test_it():
    assert not {"scapy", "unicorn", "bench.board", "emulation", "rich"}.intersection(sys.modules)

def test_that_fails():
    assert False
"""
    )
    done = pytest_alone(tmp_path)
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "bench:" not in done.stdout
    assert "capture" not in done.stdout


def test_a_seed_of_the_users_conftest_is_theirs(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("def pytest_addoption(parser):\n    parser.addoption('--seed')\n")
    (tmp_path / "test_it.py").write_text(
        "def test_it(board, request):\n"
        "    assert (request.config.getoption('seed'), board.seed) == ('barley', 1)\n"
    )
    done = pytest_alone(tmp_path, "--seed", "barley")
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_its_defaults_are_those_of_the_bench() -> None:
    assert (ENGINE, SEED) == (DEFAULT_ENGINE, DEFAULT_SEED)


SPOILING = """
import pytest
from emulation.machine import TimedFrame
from scapy.layers.inet import ICMP, IP

def spoil(board, monkeypatch):
    right = board.machine.frames
    def wrong(data):
        icmp = data[12:14] == bytes([8, 0]) and data[23] == 1
        return data[:36] + bytes([data[36] ^ 1]) + data[37:] if icmp else data
    monkeypatch.setattr(board.machine, "frames", lambda: [TimedFrame(f.time, wrong(f.data)) for f in right()])

def test_nothing_came(board, wire, monkeypatch):
    spoil(board, monkeypatch)
    assert wire.sr1(IP() / ICMP(), timeout=1) is not None

def test_all_is_as_expected(board, wire, monkeypatch):
    spoil(board, monkeypatch)
    wire.send(IP() / ICMP())
    assert wire.sniff(count=1, timeout=1, lfilter=lambda packet: ICMP in packet)

def test_it_is_declared(board, wire, monkeypatch):
    spoil(board, monkeypatch)
    assert wire.sr1(IP() / ICMP(), timeout=1) is None
    assert wire.reception.take() == ["1 ICMP message with a wrong checksum dropped (RFC 792)"]

@pytest.mark.lenient
def test_the_bench_is_lenient(board, wire, monkeypatch):
    spoil(board, monkeypatch)
    assert wire.sr1(IP() / ICMP(), timeout=1) is not None

def test_the_next_is_strict_again(board, wire):
    assert wire.reception.strict
    assert wire.sr1(IP() / ICMP(), timeout=1) is not None

@pytest.fixture
def late(wire, monkeypatch, board):
    yield
    spoil(board, monkeypatch)
    wire.sr1(IP() / ICMP(), timeout=1)

def test_after_the_test(board, late):
    pass
"""


def test_what_a_peer_would_drop_fails_the_test_and_is_named(tmp_path: Path) -> None:
    done = pytest_on(tmp_path, SPOILING)
    told = "1 ICMP message with a wrong checksum dropped (RFC 792)"
    assert done.returncode == 1
    assert "2 failed, 4 passed, 1 error" in done.stdout, done.stdout
    assert f"FAILED test_own.py::test_nothing_came - {told}" in done.stdout
    assert f"in this test: {told}" in done.stdout
    assert f"ReceptionError: the board sends what it must not: {told}" in done.stdout
    assert (
        f"ERROR test_own.py::test_after_the_test - Failed: the board sends what it must not: {told}"
        in done.stdout
    )


def test_the_evidence_of_a_failure_outlives_what_a_test_does(tmp_path: Path) -> None:
    """It goes to another folder, has a name that no file can have, or leaves no place for its capture."""
    done = pytest_on(
        tmp_path,
        """
import os, pathlib, pytest

def test_elsewhere(board):
    os.chdir("/")
    assert False

@pytest.mark.parametrize("long", ["x"], ids=["x" * 300])
def test_long(board, long):
    assert False

def test_in_the_way(board):
    here = pathlib.Path(__file__).parent
    (here / "captures").rename(here / "kept")
    (here / "captures").write_text("in the way")
    assert False
""",
        "--board-report",
        "captures",
    )
    assert "3 failed" in done.stdout, done.stdout
    assert "error" not in done.stdout.splitlines()[-1]
    assert done.stdout.count("UART:\nws_server: listening") == 3
    assert "cannot write the capture" in done.stdout
    names = sorted(path.name[:25] for path in (tmp_path / "kept").iterdir())
    assert names == ["test_own.py_test_elsewher", "test_own.py_test_long[xxx"]
