"""Captures: what Scapy's own reader finds in the files, and that the same frames give the same bytes."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from scapy.utils import PcapNgReader, RawPcapNgReader

from bench.capture import INBOUND, OUTBOUND, Capture
from emulation.errors import UserError

FRAMES = [
    (0.0, bytes(60), "to-board", ""),
    (1 / 32_000_000, bytes(range(61)), "from-board", "one cycle later"),
    (5000.000000001, bytes(range(64)) * 3, "to-board", "grüße"),
]


def filled() -> Capture:
    capture = Capture()
    for time, data, direction, comment in FRAMES:
        capture.add(time, data, direction, comment)
    return capture


def test_scapy_reads_back_frames_directions_comments_and_nanoseconds(tmp_path: Path) -> None:
    path = filled().write(tmp_path / "a" / "b.pcapng", "suite: test, seed 7")
    with RawPcapNgReader(str(path)) as reader:
        came = list(reader)
    assert [data for data, _ in came] == [frame[1] for frame in FRAMES]
    metadata = [meta for _, meta in came]
    assert [meta.direction for meta in metadata] == [INBOUND, OUTBOUND, INBOUND]
    assert [meta.comments for meta in metadata] == [None, [b"one cycle later"], ["grüße".encode()]]
    assert {meta.tsresol for meta in metadata} == {10**9}
    stamps = [(meta.tshigh << 32) + meta.tslow for meta in metadata]
    assert stamps == [0, 31, 5_000_000_000_001]


def test_scapy_packets_carry_the_virtual_time(tmp_path: Path) -> None:
    path = filled().write(tmp_path / "a.pcapng")
    with PcapNgReader(str(path)) as reader:
        assert [float(packet.time) for packet in reader] == pytest.approx([0, 31e-9, 5000.000000001])


def test_the_section_header_carries_the_comment_of_the_whole_capture() -> None:
    data = filled().encode("packet_tests: echo, seed 7")
    kind, size = struct.unpack_from("<II", data)
    assert kind == 0x0A0D0D0A
    code, length = struct.unpack_from("<HH", data, 24)
    assert (code, data[28 : 28 + length]) == (1, b"packet_tests: echo, seed 7")
    assert data[size - 4 : size] == struct.pack("<I", size)


def test_the_same_frames_give_the_same_bytes() -> None:
    assert filled().encode("c") == filled().encode("c")


def test_every_block_is_a_multiple_of_four_bytes() -> None:
    capture = Capture()
    for size in range(8):
        capture.add(0.0, bytes(size), "to-board", "x" * size)
    data, at, blocks = capture.encode("abc"), 0, 0
    while at < len(data):
        size = struct.unpack_from("<I", data, at + 4)[0]
        assert size % 4 == 0
        assert struct.unpack_from("<I", data, at + size - 4)[0] == size
        at, blocks = at + size, blocks + 1
    assert blocks == 2 + 8


def test_a_slice_since_a_mark_holds_only_what_came_after_it(tmp_path: Path) -> None:
    capture = Capture()
    capture.add(0.0, b"before", "to-board")
    mark = capture.mark()
    capture.add(1.0, b"after", "from-board")
    assert [frame.data for frame in capture.since(mark)] == [b"after"]
    with RawPcapNgReader(str(capture.write(tmp_path / "x.pcapng", since=mark))) as reader:
        assert [data for data, _ in reader] == [b"after"]


def test_going_back_to_a_snapshot_forgets_what_came_after_it() -> None:
    capture = filled()
    mark = capture.mark()
    before = capture.encode()
    capture.add(9.0, b"undone", "from-board")
    capture.rewind(mark)
    assert capture.encode() == before


def test_a_followed_file_is_complete_after_every_frame(tmp_path: Path) -> None:
    capture, path = Capture(), tmp_path / "live.pcapng"
    capture.follow(path, "live")
    for time, data, direction, comment in FRAMES:
        capture.add(time, data, direction, comment)
        assert path.read_bytes() == capture.encode("live")
    capture.unfollow()


def test_a_comment_too_long_for_an_option_is_cut_at_a_character(tmp_path: Path) -> None:
    capture = Capture()
    capture.add(0.0, bytes(60), "to-board", "ü" * 40_000)
    with RawPcapNgReader(str(capture.write(tmp_path / "x.pcapng"))) as reader:
        ((_, metadata),) = list(reader)
    assert metadata.comments is not None
    assert set(metadata.comments[0].decode()) == {"ü"}


def test_an_unknown_direction_is_refused() -> None:
    with pytest.raises(ValueError, match="to-board, from-board, not 'up'"):
        Capture().add(0.0, b"", "up")


def test_an_unwritable_folder_is_the_users_to_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="cannot write the capture"):
        Capture().write(tmp_path / "file" / "x.pcapng")


def test_time_goes_on_when_a_board_is_reset() -> None:
    capture = Capture()
    capture.add(0.5, b"before", "to-board")
    capture.epoch += 2.0  # the board was reset at this time of its own
    capture.add(0.25, b"after", "from-board")
    assert [frame.time for frame in capture.frames] == [0.5, 2.25]
