"""Captures: what Scapy's own reader finds in the files, and that the same frames give the same bytes."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from scapy.utils import PcapNgReader, RawPcapNgReader

from bench.capture import INBOUND, OUTBOUND, Capture, right_fcs
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
    capture.settle("a reset", float("-inf"))
    capture.add(0.25, b"after", "from-board")
    assert [(frame.time, frame.comment) for frame in capture.frames] == [(0.5, ""), (2.25, "a reset")]


def test_a_frame_of_the_board_takes_its_place_before_those_still_on_the_cable(tmp_path: Path) -> None:
    """Frames to the board are added when they are queued, with the time at which they will have crossed."""
    capture, path = Capture(), tmp_path / "live.pcapng"
    capture.follow(path, "live")
    for time in (1.0, 2.0, 3.0):
        capture.add(time, b"to %.0f" % time, "to-board")
    mark = capture.mark()
    capture.add(2.0, b"from 2", "from-board")
    capture.add(2.5, b"from 2.5", "from-board")
    capture.add(4.0, b"to 4", "to-board")
    assert [frame.data for frame in capture.frames] == [
        b"to 1", b"to 2", b"from 2", b"from 2.5", b"to 3", b"to 4",
    ]  # fmt: skip
    assert path.read_bytes() == capture.encode("live")
    assert [frame.data for frame in capture.since(mark)] == [b"from 2", b"from 2.5", b"to 4"]
    capture.rewind(mark)
    assert [frame.data for frame in capture.frames] == [b"to 1", b"to 2", b"to 3"]
    capture.unfollow()


def test_nothing_is_put_before_what_crossed_in_another_life() -> None:
    capture = Capture()
    capture.add(9.0, b"to", "to-board")
    capture.settle()  # back to a snapshot, or a reset
    capture.add(1.0, b"from", "from-board")
    assert [frame.data for frame in capture.frames] == [b"to", b"from"]


def test_a_capture_that_lives_for_days_keeps_a_part_and_the_file_all(tmp_path: Path) -> None:
    capture, path = Capture(), tmp_path / "live.pcapng"
    capture.follow(path)
    for number in range(1, 101):
        capture.add(number, b"%d" % number, "to-board")
        capture.add(number - 0.5, b"%d" % number, "from-board")
        capture.forget(4)
        assert len(capture.frames) <= 8
    capture.unfollow()
    with RawPcapNgReader(str(path)) as reader:
        stamps = [(meta.tshigh << 32) + meta.tslow for _, meta in reader]
    assert len(stamps) == 200
    assert stamps == sorted(stamps)


@pytest.mark.parametrize(
    ("size", "fcs", "pad", "stored", "flags"),
    [
        (42, None, True, 42, INBOUND),
        (42, None, False, 42, INBOUND | 1 << 26),
        (60, None, False, 60, INBOUND),
        (42, b"\1\2\3\4", True, 64, INBOUND | 4 << 5 | 1 << 24),
        (42, b"\1\2\3\4", False, 46, INBOUND | 4 << 5 | 1 << 24 | 1 << 26),
        (60, right_fcs(bytes(60)), True, 64, INBOUND | 4 << 5),
    ],
)
def test_an_fcs_that_was_given_and_a_runt_are_told_as_pcapng_has_it(
    size: int, fcs: bytes | None, pad: bool, stored: int, flags: int
) -> None:
    capture = Capture()
    capture.add(0.0, bytes(size), "to-board", fcs=fcs, pad=pad)
    packet = capture.encode()[-struct.unpack("<I", capture.encode()[-4:])[0] :]
    captured, original = struct.unpack_from("<II", packet, 20)
    assert captured == original == stored
    if fcs is not None:
        assert packet[28 : 28 + stored].endswith(fcs)
    assert struct.unpack_from("<HHI", packet, len(packet) - 16) == (2, 4, flags)
