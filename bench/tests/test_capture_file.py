"""Captures that somebody hands in: ours, Scapy's, and damaged ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from scapy.layers.inet import IP
from scapy.layers.l2 import Ether
from scapy.utils import PcapNgWriter, PcapWriter

from bench.capture import Capture
from bench.capture_file import StoredFrame, read_capture
from emulation.errors import UserError

FRAMES = [StoredFrame(0.25, bytes(60), "to-board"), StoredFrame(1.5, b"\1" * 61, "from-board")]


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    capture = Capture()
    for frame in FRAMES:
        capture.add(frame.time, frame.data, frame.direction, "a comment")
    return capture.write(tmp_path / "ours.pcapng", "a test")


def test_our_own_captures_come_back_with_time_and_direction(ours: Path) -> None:
    assert read_capture(ours) == FRAMES


@pytest.mark.parametrize("writer", [PcapWriter, PcapNgWriter])
def test_captures_of_scapy_come_back(tmp_path: Path, writer: type) -> None:
    packet = Ether() / IP(src="192.0.2.2", dst="192.0.2.1")
    packet.time = 1000.5
    with writer(str(tmp_path / "scapy.cap")) as file:
        file.write(packet)
    (frame,) = read_capture(tmp_path / "scapy.cap")
    assert (frame.time, frame.data, frame.direction) == (1000.5, bytes(packet), "")


def test_a_capture_that_is_cut_anywhere_is_refused_or_whole_up_to_there(ours: Path) -> None:
    content = ours.read_bytes()
    whole = 0
    for size in range(len(content)):
        ours.write_bytes(content[:size])
        try:
            found = read_capture(ours)
        except UserError as error:
            assert "\n" not in str(error)
        else:
            assert found == FRAMES[: len(found)]
            whole += 1
    assert whole == 3  # after the section, the interface, the first frame


def test_a_pcap_that_is_cut_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scapy.pcap"
    with PcapWriter(str(path)) as file:
        file.write(Ether() / IP())
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match="it ends inside the record at byte 24"):
        read_capture(path)


@pytest.mark.parametrize("at", [4, 8, 12, 30])
def test_damage_is_found(ours: Path, at: int) -> None:
    content = bytearray(ours.read_bytes())
    content[at] ^= 0xFF
    ours.write_bytes(content)
    try:
        assert len(read_capture(ours)) == len(FRAMES)
    except UserError as error:
        assert "is no usable capture" in str(error)


def test_other_link_types_and_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "raw.pcap"
    with PcapWriter(str(path), linktype=101) as file:
        file.write(IP())
    with pytest.raises(UserError, match="link type 101"):
        read_capture(path)
    path.write_text("no capture at all, but long enough to be one")
    with pytest.raises(UserError, match="neither pcap nor pcapng"):
        read_capture(path)
    with pytest.raises(UserError, match="cannot read"):
        read_capture(tmp_path / "nowhere")
