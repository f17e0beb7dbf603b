"""The fixtures as a user's own tests get them: in a pytest of their own, on the real firmware."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bench.board import ROOT
from bench.tests.elf import UD2, with_code_at


def pytest_on(folder: Path, tests: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    (folder / "test_own.py").write_text(tests)
    options = ["-p", "bench.pytest_plugin", "-p", "no:cacheprovider", "--captures", folder / "captures"]
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
        env={**os.environ, "PYTHONPATH": str(ROOT)},
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
        "--seed",
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
