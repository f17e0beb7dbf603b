"""Layouts from debug information, judged by the C compiler that made them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from emulation.dwarf import DebugInfo, Member
from emulation.errors import UserError

SOURCE = """
typedef unsigned short u16;
enum colour { RED, GREEN = 5 } last;
typedef enum { ONE = 1, TWO } number;
number counted;
struct inner { char tag; u16 value; };
struct record {
    struct record *next;
    enum colour colour;
    volatile u16 count;
    struct inner inner;
    union { int number; char letters[3]; };
    u16 table[2][3];
};
struct record first;
static volatile int hidden = 1;
int main(void) { first.count = (u16)hidden; return first.count; }
"""


@pytest.fixture(scope="module")
def elf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dwarf")
    (folder / "sample.c").write_text(SOURCE)
    flags = "-g -m32 -ffreestanding -nostdlib -static -fno-pic -no-pie -Wl,-e,main -o sample.elf"
    subprocess.run(["gcc", *flags.split(), "sample.c"], cwd=folder, check=True)
    return folder / "sample.elf"


def test_offsets_and_sizes_are_those_of_the_compiler(elf: Path) -> None:
    record = DebugInfo(elf).structure("record", "sample.c")
    assert record.size == 32
    assert record.members == {
        "next": Member(0, 4),
        "colour": Member(4, 4),
        "count": Member(8, 2),
        "inner": Member(10, 4),
        "inner.tag": Member(10, 1),
        "inner.value": Member(12, 2),
        "number": Member(16, 4),
        "letters": Member(16, 3),
        "table": Member(20, 12),
    }


def test_a_member_is_read_little_endian(elf: Path) -> None:
    record = DebugInfo(elf).structure("record", "sample.c")
    assert record.read(bytes(8) + b"\x34\x12" + bytes(22), "count") == 0x1234


def test_an_enumeration_gives_the_names_of_its_values(elf: Path) -> None:
    assert DebugInfo(elf).enumeration("colour", "sample.c") == {0: "RED", 5: "GREEN"}
    assert DebugInfo(elf).enumeration("number", "sample.c") == {1: "ONE", 2: "TWO"}


def test_a_static_variable_has_an_address(elf: Path) -> None:
    symbols = subprocess.run(["nm", str(elf)], capture_output=True, text=True, check=True).stdout
    expected = next(int(line.split()[0], 16) for line in symbols.splitlines() if line.endswith(" hidden"))
    assert DebugInfo(elf).address("hidden", "sample.c") == expected


def test_what_is_not_there_is_said(elf: Path) -> None:
    with pytest.raises(UserError, match=r"has no nothing in sample\.c"):
        DebugInfo(elf).structure("nothing", "sample.c")


def test_a_file_without_debug_information_is_said(elf: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.elf"
    subprocess.run(["strip", "-o", str(bare), str(elf)], check=True)
    with pytest.raises(UserError, match="no debug information"):
        DebugInfo(bare)
