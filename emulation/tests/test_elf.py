"""Files that are no firmware, whatever their size: refused before they are read."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulation.elf import LARGEST, MOST_LOADED, Firmware
from emulation.errors import UserError

HEADER = (
    b"\x7fELF\1\1\1" + bytes(9) + struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, 0x1000, 52, 0, 0, 52, 32, 0, 0, 0, 0)
)


def program(*segments: tuple[int, int]) -> bytes:
    """An ELF of 32-bit x86 with segments of (offset, bytes in the file)."""
    header = HEADER[:44] + struct.pack("<HHHH", len(segments), 0, 0, 0)
    header = header[:52].ljust(52, b"\0")
    return header + b"".join(
        struct.pack("<8I", 1, offset, 0x1000, 0x1000, length, length, 5, 4) for offset, length in segments
    )


def refused(path: Path) -> str:
    with pytest.raises(UserError) as raised:
        Firmware(path)
    return raised.value.message


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """Sparse files take no room."""
    yield tmp_path / "some.elf"


def test_a_file_larger_than_any_firmware_is_refused_by_its_size(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_bytes(program((0, 84)))
    os.truncate(file, 2_500_000_000)
    monkeypatch.setattr("hashlib.file_digest", lambda *_: pytest.fail("it is read"))
    assert "has 2384 MiB, and no firmware for this board more than 256" in refused(file)


def test_segments_that_fit_in_no_board_are_not_read(file: Path) -> None:
    half = MOST_LOADED // 2 + 1
    file.write_bytes(program((0, half), (0, half)))
    os.truncate(file, half)
    assert "its segments load more than 64 MiB" in refused(file)
    assert half < LARGEST


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    assert "no regular file" in refused(Path("/dev/zero"))
    assert "Is a directory" in refused(tmp_path)


def test_a_small_program_is_taken(file: Path) -> None:
    file.write_bytes(program((0, 84)))
    firmware = Firmware(file)
    assert (firmware.entry, len(firmware.segments[0].data), len(firmware.sha256)) == (0x1000, 84, 64)
