"""Captures that somebody hands in: ours, Scapy's, and damaged ones. Others: `test_capture_blocks`."""

from __future__ import annotations

from pathlib import Path

import pytest
from scapy.layers.inet import IP
from scapy.layers.l2 import Ether
from scapy.utils import PcapNgWriter, PcapWriter

from bench.capture import Capture
from bench.capture_file import StoredFrame, read_capture
from emulation.errors import UserError

FRAMES = [
    StoredFrame(0.25, bytes(60), "to-board", "a comment", number=1),
    StoredFrame(1.5, b"\1" * 61, "from-board", "a comment", number=2),
]


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    capture = Capture()
    for frame in FRAMES:
        capture.add(frame.time, frame.data, frame.direction, "a comment")
    return capture.write(tmp_path / "ours.pcapng", "a test")


def test_our_own_captures_come_back_with_time_and_direction(ours: Path) -> None:
    capture = read_capture(ours)
    assert capture.frames == FRAMES
    assert (capture.own, capture.comment) == (True, "a test")


@pytest.mark.parametrize("pad", [False, True])
@pytest.mark.parametrize("fcs", [None, b"\1\2\3\4"])
def test_runts_and_a_given_fcs_come_back(tmp_path: Path, fcs: bytes | None, pad: bool) -> None:
    capture = Capture()
    capture.add(1.0, b"x" * 42, "to-board", fcs=fcs, pad=pad)
    (frame,) = read_capture(capture.write(tmp_path / "runt.pcapng")).frames
    on_cable = frame.data.ljust(60, b"\0") if frame.pad else frame.data
    assert on_cable == (b"x" * 42).ljust(60 if pad else 42, b"\0")
    assert frame.fcs == fcs


@pytest.mark.parametrize("writer", [PcapWriter, PcapNgWriter])
def test_captures_of_scapy_come_back(tmp_path: Path, writer: type) -> None:
    packet = Ether() / IP(src="192.0.2.2", dst="192.0.2.1")
    packet.time = 1000.5
    with writer(str(tmp_path / "scapy.cap")) as file:
        file.write(packet)
    capture = read_capture(tmp_path / "scapy.cap")
    (frame,) = capture.frames
    assert (frame.time, frame.data, frame.direction) == (1000.5, bytes(packet), "")
    assert not capture.own


def test_a_capture_that_is_cut_anywhere_is_refused_or_whole_up_to_there(ours: Path) -> None:
    content = ours.read_bytes()
    whole = 0
    for size in range(len(content)):
        ours.write_bytes(content[:size])
        try:
            found = read_capture(ours).frames
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


def test_damage_of_any_byte_is_found_or_harmless(ours: Path) -> None:
    """Whatever is turned round, nothing but a UserError comes, and no frame is made up."""
    content = ours.read_bytes()
    for at in range(len(content)):
        ours.write_bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
        try:
            # A block whose kind nobody knows has to be skipped (draft-ietf-opsawg-pcapng, section 3.1).
            assert len(read_capture(ours).frames) in (len(FRAMES) - 1, len(FRAMES))
        except UserError as error:
            assert "is no usable capture" in str(error)
