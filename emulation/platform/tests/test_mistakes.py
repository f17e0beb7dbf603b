"""A mistake is answered with the place where it is and what was expected there."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.errors import UserError
from emulation.platform import ARDUINO_101, PlatformError, load_platform
from emulation.quark.soc import Soc

MISTAKES = {
    # Not in the format.
    "no colon": ("uart UART.X", "1:6", "expected ':', found 'UART.X'"),
    "no address after the parent's comma": ("a: T @ sysbus <0x0>", "1:19", "expected ',', found '>'"),
    "no parent": (
        "a: T @ 0x1000",
        "1:8",
        "expected 'none', a name or an indented block, found '0x1000'",
    ),
    "an attribute without a value": (
        "a: T\n    x:\n    y: 1",
        "2:7",
        "expected a value, 'empty', 'none' or an indented block, found the end of the line",
    ),
    "an attribute that is no attribute": (
        "a: T\n    x 1",
        "2:7",
        "expected '->' or ':', found '1'",
    ),
    "an interrupt without a pin": (
        "a: T\n    IRQ -> a",
        "2:13",
        "expected '#' or '@', found the end of the line",
    ),
    "an interrupt without a target": ("a: T\n    -> @3", "2:8", "expected 'none' or a name, found '@'"),
    "a pin that is no number": (
        "a: T\n    -> a@x",
        "2:10",
        "expected '[' or a number that is not negative, found 'x'",
    ),
    "a strange character": ("a: T\n    x: $1", "2:8", "expected a value"),
    "a word of the format as a name": ("using: T", "1:6", "expected a string in double quotes, found ':'"),
    "a brace that is never closed": (
        "a: T {\n    x: 1\n",
        "3:1",
        "expected the end of the block or the end of the line, found the end of the file",
    ),
    "a separator too many": ("a: T;;\nb: T", "1:6", "expected an entry, found ';'"),
    "a separator that the end of the line makes twice": (
        "a: T;\nb: T",
        "1:6",
        "expected an entry, found the end of the line",
    ),
    "a brace too many": ("a: T }", "1:6", "found '}'"),
    "a string that is never closed": ('a: T\n    x: "one\n', "2:8", "a string that is never closed"),
    "a long string that is never closed": ("a: T\n    x: '''one\n", "2:8", "a string that is never closed"),
    "a comment that is never closed": ("a: T\n/* b: U\n", "2:1", "a comment that is never closed"),
    "text after a comment": ("/* b */ a: T", "1:8", "text after a comment"),
    "a range that runs backwards": (
        "a: T @ sysbus <0x20, 0x10>",
        "1:15",
        "a range that ends at 0x10, before its start 0x20",
    ),
    "using after an entry": ('a: T\nusing "./b.repl"', "2:1", "`using` after an entry"),
    "a local entry": ("local a: T", "1:1", "`local` entries are not supported"),
    # Layout.
    "an odd indentation": ("a: T\n   x: 1", "2:4", "indented by 3 spaces"),
    "a tab": ("a: T\n\tx: 1", "2:1", "a tab in the indentation"),
    "indented too far": ("a: T\n        x: 1", "2:1", "indented by 8 spaces where at most 4 make sense"),
    "an indented first line": ("    a: T", "1:1", "indented by 4 spaces where at most 0 make sense"),
    # Meaning.
    "an empty entry": ("a: T\n\na:", "3:1", "entry `a` is empty"),
    "an entry without a type": ("a:\n    x: 1", "1:1", "`a` has no type"),
    "an extension before the declaration": ("a:\n    x: 1\n\na: T", "1:1", "`a` has no type yet"),
    "declared twice": ("a: T\n\na: U", "3:1", "`a` is declared twice, first at line 1"),
    "set twice": ("a: T\n    x: 1\n    x: 2", "3:5", "`x` is set twice in one entry"),
    "two init blocks": ("a: T\n    init:\n        X\n    init:\n        Y", "4:5", "a second `init` block"),
    "an alias of nothing": ('a: T as "b"', "1:6", "an alias for an entry that is registered nowhere"),
    "an unknown parent": ("a: T @ spi7", "1:8", "`a` is registered on `spi7`, which no entry is called"),
    "an unknown interrupt target": (
        "a: T\n    IRQ -> pic@3",
        "2:12",
        "an interrupt of `a` goes to `pic`, which no entry is called",
    ),
    "an unknown reference": ("a: T\n    x: b", "2:8", "no entry is called `b`"),
    "an unknown reference inside an object": (
        "a: T\n    x: new U { y: b }",
        "2:19",
        "no entry is called `b`",
    ),
    "more outputs than pins": (
        "a: T\n    [0-3] -> a@[0-2]",
        "2:14",
        "4 outputs connected to 3 pins of `a`",
    ),
    "an output connected twice": (
        "a: T\n    IRQ -> a@0\n    IRQ -> a@1",
        "3:12",
        "interrupt `IRQ` of `a` is connected twice",
    ),
    "a memory without a size": ("m: Memory.MappedMemory @ sysbus 0x0", "1:1", "the memory `m` has no `size`"),
    "a memory of a strange size": (
        'm: Memory.MappedMemory @ sysbus 0x0\n    size: "big"',
        "1:1",
        "the memory `m` has the size `big`",
    ),
    "memories that overlap": (
        "a: Memory.MappedMemory @ sysbus 0x0\n    size: 0x100\n\n"
        "b: Memory.MappedMemory @ sysbus 0xFF\n    size: 0x100",
        "4:26",
        "`b` at 0xff-0x1fe overlaps `a` at 0x0-0xff",
    ),
    "a memory that overlaps its own alias": (
        "a: Memory.MappedMemory @ { sysbus 0x0; sysbus 0x10 }\n    size: 0x100",
        "1:40",
        "`a` at 0x10-0x10f overlaps `a` at 0x0-0xff",
    ),
    "a peripheral inside a memory": (
        "a: Memory.MappedMemory @ sysbus 0x0\n    size: 0x100\n\nb: T @ sysbus 0x80",
        "4:8",
        "`b` at 0x80-0x80 overlaps `a` at 0x0-0xff",
    ),
    "two peripherals at one address": ("a: T @ sysbus 0x80\nb: T @ sysbus 0x80", "2:8", "overlaps `a`"),
    "a tag that cannot be read": (
        'sysbus:\n    init:\n        Tag <0x100> "A"',
        "1:1",
        'cannot read the command `Tag <0x100> "A"`',
    ),
    "a used file that is not there": ('using "./none.repl"\n', "1:1", "cannot read"),
    "a file that uses itself": ('using "./board.repl"\n', "1:1", "board.repl uses itself"),
    # Numbers, depths and names that no board has.
    "a tag at what is no number": (
        'sysbus:\n    init:\n        Tag <xB0100000 0x400> "FLASH"',
        "1:1",
        'cannot read the command `Tag <xB0100000 0x400> "FLASH"`',
    ),
    "a tag of more than 64 bits": (
        f'sysbus:\n    init:\n        Tag <0x1 {"9" * 5000}> "FLASH"',
        "1:1",
        "cannot read the command",
    ),
    "a number of thousands of digits": ("a: T\n    x: " + "9" * 5000, "2:8", "more than 64 bits"),
    "an address of more than 64 bits": ("a: T @ sysbus 0x1" + "0" * 16, "1:15", "more than 64 bits"),
    "more pins than any chip has": ("a: T\n    0-99999999 -> a@0-99999999", "2:5", "more than 1024 pins"),
    "a value nested too deeply": ("a: T\n    x: " + "[" * 5000 + "]" * 5000, "1:1", "nested too deeply"),
    "a path that no file can have": ('using "a\0b"', "1:1", "is no path of a file"),
    "a memory beyond the last address": (
        "a: Memory.MappedMemory @ sysbus 0xFFFFF000\n    size: 0x2000",
        "1:26",
        "does not lie within 4 GiB",
    ),
    "a memory before the first address": (
        "a: Memory.MappedMemory @ sysbus -0x1000\n    size: 0x2000",
        "1:26",
        "does not lie within 4 GiB",
    ),
}


@pytest.mark.parametrize(("text", "place", "problem"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistake(tmp_path: Path, text: str, place: str, problem: str) -> None:
    file = tmp_path / "board.repl"
    file.write_text(text)
    with pytest.raises(PlatformError) as caught:
        load_platform(file)
    location = caught.value.location
    assert (location.path, f"{location.line}:{location.column}") == (file, place), caught.value
    assert problem in caught.value.problem
    assert caught.value.message.startswith(f"{file}:{place}: ")
    assert "\n" not in str(caught.value)


def test_a_mistake_in_a_used_file_is_placed_there(tmp_path: Path) -> None:
    (tmp_path / "chip.repl").write_text("a: T\nb T\n")
    board = tmp_path / "board.repl"
    board.write_text('using "./chip.repl"\n')
    with pytest.raises(PlatformError) as caught:
        load_platform(board)
    location = caught.value.location
    assert (location.path, location.line, location.column) == (tmp_path / "chip.repl", 2, 3)


def test_a_file_used_twice(tmp_path: Path) -> None:
    (tmp_path / "chip.repl").write_text("a: T\n")
    board = tmp_path / "board.repl"
    board.write_text('using "./chip.repl"\nusing "./chip.repl"\n')
    with pytest.raises(PlatformError, match=r"board\.repl:2:1: chip\.repl is used twice"):
        load_platform(board)


def test_a_platform_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        load_platform(tmp_path / "none.repl")


def test_a_platform_that_is_not_text(tmp_path: Path) -> None:
    file = tmp_path / "board.repl"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="not a text file"):
        load_platform(file)


def test_the_hint_names_an_entry_that_differs_in_case(tmp_path: Path) -> None:
    file = tmp_path / "board.repl"
    file.write_text("ioapic: A\na: T\n    -> ioAPIC@1\n")
    with pytest.raises(PlatformError) as caught:
        load_platform(file)
    assert caught.value.hint == "did you mean `ioapic`?"


def test_asking_for_an_entry_that_is_not_there(tmp_path: Path) -> None:
    file = tmp_path / "board.repl"
    file.write_text("uartA: U\nuartB: U\n")
    with pytest.raises(UserError, match=r"no entry `uart0` \(it has uartA, uartB\)"):
        load_platform(file)["uart0"]


WORDS = [
    *("a", "b: T", "sysbus", "@", "->", "none", "empty", "new", "using", "init:", "init add:", "add", "true"),
    *("Memory.MappedMemory", "size:", "x:", "0x1000", "-5", "1.5", "7-0", "Tag <0x0 1>", '"s"', "'''"),
    *(
        "[",
        "]",
        "{",
        "}",
        "<",
        ">",
        ",",
        ";",
        ":",
        "|",
        "#",
        "+",
        "\n",
        "\n    ",
        "\n        ",
        "\0",
        "\t",
        "\\",
    ),
]


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=3), max_size=30))
def test_whatever_a_file_says_is_read_or_refused(words: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "board.repl"
        file.write_text(" ".join(words), encoding="utf-8", errors="replace")
        try:
            platform = load_platform(file)
        except UserError:
            return
        assert all(memory.size > 0 for memory in platform.memories())
        assert all(tag.size >= 0 for tag in platform.tags())


def test_an_input_that_the_interrupt_controller_lacks(tmp_path: Path) -> None:
    folder = tmp_path / "platform"
    shutil.copytree(ARDUINO_101.parent, folder)
    chip = folder / "quark_se" / "peripherals.repl"
    chip.write_text(chip.read_text().replace("-> ioapic@6", "-> ioapic@600"))
    with pytest.raises(UserError, match=r"peripherals\.repl:\d+:\d+: ioapic has inputs 0 to \d+, not 600"):
        Soc(load_platform(folder / ARDUINO_101.name), 1, lambda _what, _address, _size: 0)
