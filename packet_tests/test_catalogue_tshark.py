"""The captures of the catalogue in Wireshark's eyes: all of them dissect, and the fields are those we see.

Only what the board sends has to be well-formed: the frames to it are the malformed ones.
"""

from __future__ import annotations

import ipaddress
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.board import Board, BoardState
from bench.capture import Capture, CapturedFrame
from bench.cases import Runner, all_cases
from bench.cases.registry import spread
from bench.layers.tcpip import parse

TSHARK = shutil.which("tshark")
FROM_BOARD = "0x00000002"
FIELDS = [
    "frame.packet_flags_direction",
    "frame.len",
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.seq_raw",
    "tcp.ack_raw",
    "tcp.flags",
    "tcp.window_size_value",
    "tcp.len",
]
BAD = " || ".join(f"{name}.checksum.status == Bad" for name in ("ip", "tcp", "udp", "icmp", "icmpv6"))

pytestmark = pytest.mark.skipif(TSHARK is None, reason="tshark is not installed: apt-get install tshark")


@pytest.fixture(scope="module")
def frames(booted: tuple[Board, BoardState]) -> list[CapturedFrame]:
    """What crossed in one case of each kind."""
    board, state = booted
    board.restore(state)
    runner = Runner(board)
    return [frame for case in spread(all_cases(), 1) for frame in runner.run(case).frames]


@pytest.fixture
def path(frames: list[CapturedFrame], tmp_path: Path) -> Iterator[Path]:
    """All of it in one file."""
    capture = Capture()
    capture.frames.extend(frames)
    yield capture.write(tmp_path / "catalogue.pcapng")


def tshark(path: Path, *options: str) -> list[str]:
    """What tshark prints about a capture, with nothing but its own dissectors and no preferences."""
    checks = [word for name in ("ip", "tcp", "udp") for word in ("-o", f"{name}.check_checksum:TRUE")]
    command = [str(TSHARK), "-n", "-r", str(path), *checks, *options]
    home = {"HOME": str(path.parent), "WIRESHARK_CONFIG_DIR": str(path.parent), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=home)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_every_frame_dissects_and_the_fields_of_tcp_agree(frames: list[CapturedFrame], path: Path) -> None:
    lines = tshark(path, "-T", "fields", *(word for field in FIELDS for word in ("-e", field)))
    assert len(lines) == len(frames)
    compared = 0
    for frame, line in zip(frames, lines, strict=True):
        direction, size, *rest = line.split("\t")
        # A given FCS stands behind its frame and the padding of the cable.
        whole = len(frame.data) if frame.fcs is None else max(len(frame.data), 60) + len(frame.fcs)
        assert int(size) == whole
        assert (direction == FROM_BOARD) == (frame.direction == "from-board")
        received = parse(frame.data) if frame.direction == "from-board" else None
        if received is not None:
            v4, v6, numbers = rest[0:2], rest[2:4], rest[4:]
            ends = [str(ipaddress.ip_address(e.ip)) for e in (received.source, received.destination)]
            assert (v4 if v4[0] else v6) == ends
            segment = received.segment
            assert [int(number, 0) for number in numbers] == [
                received.source.port,
                received.destination.port,
                segment.seq,
                segment.ack,
                segment.flags,
                segment.window,
                len(segment.payload),
            ]
            compared += 1
    assert compared > 200


def test_nothing_that_the_board_sends_is_malformed(path: Path) -> None:
    wrong = tshark(path, "-Y", f"frame.packet_flags_direction == 2 && (_ws.malformed || {BAD})")
    # An ICMP error quotes what it is about, which is malformed by intent.
    assert [line for line in wrong if "ICMP" not in line] == []


def test_what_is_malformed_by_intent_is_seen_by_others_too(path: Path) -> None:
    seen = tshark(path, "-Y", f"frame.packet_flags_direction == 1 && (_ws.malformed || {BAD})")
    assert len(seen) >= 3
