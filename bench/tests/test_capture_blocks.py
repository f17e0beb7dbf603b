"""What the reader makes of files that other tools write, and of files that lie: it never guesses."""

from __future__ import annotations

import gzip
import os
import struct
import threading
import time
from pathlib import Path

import pytest

from bench.capture import right_fcs
from bench.capture_file import StoredCapture, StoredFrame, read_capture
from bench.tests.capture_bytes import PING, SECTION, block, interface, option, packet, pcap, simple_packet
from emulation.errors import UserError

WHOLE = PING.ljust(60, b"\0")
WITH_FCS = WHOLE + right_fcs(WHOLE)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "some.cap"


def read(file: Path, content: bytes) -> StoredCapture:
    file.write_bytes(content)
    return read_capture(file)


def frames(file: Path, content: bytes) -> list[StoredFrame]:
    return read(file, content).frames


def refused(file: Path, content: bytes) -> str:
    with pytest.raises(UserError) as raised:
        read(file, content)
    assert "\n" not in raised.value.message
    return raised.value.message


def test_a_simple_packet_without_a_snap_length_is_whole(file: Path) -> None:
    capture = read(file, SECTION + interface(snap=0) + simple_packet() + packet(time=5))
    assert [(f.data, f.missing, f.time) for f in capture.frames] == [(PING, 0, 5.0), (PING, 0, 5.0)]
    assert capture.untimed == 1


def test_a_simple_packet_is_cut_by_the_snap_length(file: Path) -> None:
    (frame,) = frames(file, SECTION + interface(snap=30) + simple_packet(PING[:30], len(PING)))
    assert (frame.data, frame.missing) == (PING[:30], len(PING) - 30)
    assert "claims 47 bytes" in refused(file, SECTION + interface() + simple_packet(PING[:30], len(PING)))


def test_an_obsolete_packet_block_is_read(file: Path) -> None:
    old = block(2, struct.pack("<HHIIII", 0, 9, 0, 1500, len(PING), len(PING)) + PING)
    (frame,) = frames(file, SECTION + interface() + old)
    assert (frame.data, frame.time) == (PING, 0.0015)


def test_a_frame_that_was_cut_says_how_much_is_missing(file: Path) -> None:
    (frame,) = frames(file, pcap((PING[:30], 1, 60)))
    assert (frame.data, frame.missing) == (PING[:30], 30)


def test_times_are_in_the_unit_and_from_the_point_that_the_interface_says(file: Path) -> None:
    nano = option(9, b"\x09") + option(14, struct.pack("<q", 100)) + option(0, b"")
    halves = option(9, b"\x81")
    content = (
        SECTION
        + interface(options=nano)
        + interface(options=halves)
        + packet(time=2000)
        + packet(PING, 3e-6, 1)
    )
    assert [frame.time for frame in frames(file, content)] == [102.0, 1.5]


@pytest.mark.parametrize(
    "content",
    [
        pcap((WITH_FCS, 1), link=2 << 28 | 1 << 26 | 1),
        pcap(
            (WITH_FCS, 1), link=1 << 28 | 1 << 26 | 1
        ),  # some count in other units: Ethernet's has four bytes
        SECTION + interface(options=option(13, b"\x04")) + packet(WITH_FCS),
        SECTION + interface(options=option(13, b"\x20")) + packet(WITH_FCS),
        SECTION + interface() + packet(WITH_FCS, options=option(2, struct.pack("<I", 4 << 5))),
    ],
)
def test_an_fcs_that_is_announced_is_taken_off(file: Path, content: bytes) -> None:
    (frame,) = frames(file, content)
    assert (frame.data, frame.fcs, frame.missing) == (WHOLE, None, 0)


def test_what_is_not_announced_stays(file: Path) -> None:
    assert frames(file, pcap((WITH_FCS, 1)))[0].data == WITH_FCS
    assert frames(file, pcap((WITH_FCS, 1), link=2 << 28 | 1))[0].data == WITH_FCS, "the bit is not set"
    assert frames(file, pcap((PING, 1), link=2 << 28 | 1 << 26 | 101))[0].data == PING, "not Ethernet"


def test_a_wrong_fcs_is_kept_apart_and_a_runt_stays_one(file: Path) -> None:
    wrong, link = b"\1\2\3\4", 2 << 28 | 1 << 26 | 1
    (frame,) = frames(file, pcap((PING + wrong, 1), link=link))
    assert (frame.data, frame.fcs, frame.pad) == (PING, wrong, False)
    assert "shorter than its FCS" in refused(file, pcap((b"abcd", 1), link=link))


def test_of_a_cut_frame_the_fcs_is_missing_first(file: Path) -> None:
    link = 2 << 28 | 1 << 26 | 1
    assert frames(file, pcap((WITH_FCS[:-2], 1, 64), link=link))[0] == StoredFrame(
        1.0, WHOLE, pad=False, number=1
    )
    assert frames(file, pcap((WITH_FCS[:40], 1, 64), link=link))[0].missing == 20


def test_directions_of_others_are_not_the_boards(file: Path) -> None:
    outbound = option(2, struct.pack("<I", 2))
    ours = option(2, b"Arduino 101 (emulated)") + option(4, b"bench") + option(0, b"")
    section = block(0x0A0D0D0A, SECTION[8:24] + ours)
    body = interface() + packet(options=outbound)
    assert [f.direction for f in frames(file, SECTION + body)] == [""]
    capture = read(file, section + body)
    assert (capture.own, capture.frames[0].direction) == (True, "from-board")
    assert not read(file, section + body + SECTION + body).own, "somebody has added to it"
    assert not read(file, SECTION + body + section + body).own


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (SECTION + packet(), "interface 0, but the section has described none"),
        (SECTION + interface() + packet(number=5), "interface 5, but the section has described only 1"),
        (SECTION + interface() + SECTION + packet(), "described none"),
        (SECTION + interface() + packet(captured=1000, size=1000), "claims 1000 bytes, and its block has 48"),
        (SECTION + interface() + packet(size=10), "has 47 bytes of 10"),
        (SECTION + interface() + packet(b""), "has no bytes"),
        (SECTION + interface() + packet(options=b"\2\0\xff\0"), "options of the block at byte 48 are longer"),
        (SECTION + interface(options=option(9, b"\6\0")), "option 9 of the interface at byte 28 has 2 bytes"),
        (SECTION[:8] + b"\1\2\3\4" + SECTION[12:], "no byte order"),
        (SECTION[:12] + b"\2" + SECTION[13:], "version 2"),
        (SECTION + struct.pack("<II", 6, 1 << 30), "has a size of 1073741824"),
        (SECTION + struct.pack("<II", 6, 8), "has a size of 8"),
        (pcap()[:23], "ends inside the header"),
        (pcap((b"", 1)), "has no bytes"),
        (pcap((PING, 1, 10)), "has 47 bytes of 10"),
        (pcap() + struct.pack("<IIII", 0, 0, 1 << 30, 1 << 30), "claims to have 1073741824 bytes"),
        (pcap() + struct.pack("<IIII", 0, 10**6, 1, 1) + b"x", "fraction of more than a second"),
        (b"\x34\xcd\xb2\xa1" + bytes(40), "neither pcap's nor pcapng's magic number"),
        (b"\x28\xb5\x2f\xfd" + bytes(40), "compressed with zstd"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_the_place(file: Path, content: bytes, why: str) -> None:
    assert why in refused(file, content)


def test_gzip_is_unpacked_and_damage_in_it_is_found(file: Path) -> None:
    packed = gzip.compress(pcap((PING, 1)))
    assert [frame.data for frame in frames(file, packed)] == [PING]
    assert "compressed data are damaged" in refused(file, packed[:-9])
    assert "compressed data are damaged" in refused(file, packed[:30] + b"\xff\xff" + packed[32:])


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(pcap((PING, 1), (PING, 2))))
    writer.start()
    assert [frame.time for frame in read_capture(pipe).frames] == [1.0, 2.0]
    writer.join()


def test_many_empty_records_are_refused_at_the_first(file: Path) -> None:
    file.write_bytes(pcap() + bytes(16) * 3_000_000)
    begin = time.process_time()
    with pytest.raises(UserError, match="packet 1, at byte 24, has no bytes"):
        read_capture(file)
    assert time.process_time() - begin < 1


def test_more_than_anybody_can_use_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.capture_file.MOST_FRAMES", 2)
    assert "more than 2 packets" in refused(file, pcap(*[(PING, 1)] * 3))
    assert len(frames(file, pcap(*[(PING, 1)] * 2))) == 2


def test_a_folder_and_a_file_that_is_not_there_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(UserError, match="cannot read the capture"):
            read_capture(path)
