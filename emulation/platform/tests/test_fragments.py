"""What each construct of the format means: a fragment, and the entries it makes."""

from pathlib import Path

import pytest

from emulation.platform import (
    AddressRange,
    Dictionary,
    Empty,
    Entry,
    Enumeration,
    Interrupt,
    Memory,
    NewObject,
    Reference,
    Registration,
    Tag,
    load_platform,
)

HERE = Registration("sysbus", 0x1000)

FRAGMENTS = {
    "nothing at all": ("", []),
    "a type alone": ("a: T", [Entry("a", "T")]),
    "a type in a namespace": ("a: UART.NS16550", [Entry("a", "UART.NS16550")]),
    "registered by address": ("a: T @ sysbus 0x1000", [Entry("a", "T", (HERE,))]),
    "registered by decimal address": ("a: T @ sysbus 4096", [Entry("a", "T", (HERE,))]),
    "registered by start and end": (
        "a: T @ sysbus <0x1000, 0x1100>",
        [Entry("a", "T", (Registration("sysbus", AddressRange(0x1000, 0x1100)),))],
    ),
    "registered by start and size": (
        "a: T @ sysbus <0x1000, +0x100>",
        [Entry("a", "T", (Registration("sysbus", AddressRange(0x1000, 0x1100)),))],
    ),
    "registered without a place": ("a: T @ sysbus", [Entry("a", "T", (Registration("sysbus"),))]),
    "registered nowhere, said aloud": ("a: T @ none", [Entry("a", "T")]),
    "registered twice": (
        "a: T @ { sysbus 0x1000; sysbus <0x2000, +0x10> }",
        [Entry("a", "T", (HERE, Registration("sysbus", AddressRange(0x2000, 0x2010))))],
    ),
    "registered twice, over several lines": (
        "a: T @ {\n        sysbus 0x1000;\n        sysbus 0x2000\n    }\n    x: 1",
        [Entry("a", "T", (HERE, Registration("sysbus", 0x2000)), {"x": 1})],
    ),
    "registered on another entry": (
        "bus: B\na: T @ bus 3",
        [Entry("bus", "B"), Entry("a", "T", (Registration("bus", 3),))],
    ),
    "registered by an object": (
        "a: T @ sysbus new Bus.Point { address: 0x1000; offset: 4 }\n    x: 1",
        [
            Entry(
                "a",
                "T",
                (Registration("sysbus", NewObject("Bus.Point", (("address", 0x1000), ("offset", 4)))),),
                {"x": 1},
            )
        ],
    ),
    "an alias": ('a: T @ sysbus 0x1000 as "b"', [Entry("a", "T", (HERE,), alias="b")]),
    "numbers": (
        "a: T\n    dec: 12\n    hex: 0xFf\n    negative: -3\n    parts: 1_000\n    real: 1.5",
        [Entry("a", "T", attributes={"dec": 12, "hex": 255, "negative": -3, "parts": 1000, "real": 1.5})],
    ),
    "booleans": ("a: T\n    x: true\n    y: False", [Entry("a", "T", attributes={"x": True, "y": False})]),
    "a string": (
        r"a: T" '\n    x: "one \\"two\\" \\\\"',
        [Entry("a", "T", attributes={"x": 'one "two" \\'})],
    ),
    "a string that looks like layout": (
        'a: T\n    x: "} // { ; /*"\n    y: 1',
        [Entry("a", "T", attributes={"x": "} // { ; /*", "y": 1})],
    ),
    "a string over several lines": (
        "a: T\n    x: '''one\n  two {\n'''\n    y: 1",
        [Entry("a", "T", attributes={"x": "one\n  two {\n", "y": 1})],
    ),
    "a reference": (
        "b: U\na: T\n    x: b",
        [Entry("b", "U"), Entry("a", "T", attributes={"x": Reference("b")})],
    ),
    "enumerations": (
        "a: T\n    x: Endian.Little\n    y: .Big",
        [Entry("a", "T", attributes={"x": Enumeration(("Endian", "Little")), "y": Enumeration(("", "Big"))})],
    ),
    "no value": ("a: T\n    x: none", [Entry("a", "T", attributes={"x": None})]),
    "the default value": ("a: T\n    x: empty", [Entry("a", "T", attributes={"x": Empty.EMPTY})]),
    "a list": ("a: T\n    x: [1, [2], ]", [Entry("a", "T", attributes={"x": (1, (2,))})]),
    "a dictionary": (
        'a: T\n    x: { "k": 1; 2: true }',
        [Entry("a", "T", attributes={"x": Dictionary((("k", 1), (2, True)))})],
    ),
    "an object by indentation": (
        "a: T\n    x: new U\n        y: 1\n        z: 2\n    w: 3",
        [Entry("a", "T", attributes={"x": NewObject("U", (("y", 1), ("z", 2))), "w": 3})],
    ),
    "the only interrupt": (
        "p: P\na: T\n    -> p@3",
        [Entry("p", "P"), Entry("a", "T", interrupts=(Interrupt(None, "p", 3),))],
    ),
    "a numbered interrupt": (
        "p: P\na: T\n    0 -> p@19",
        [Entry("p", "P"), Entry("a", "T", interrupts=(Interrupt(0, "p", 19),))],
    ),
    "a named interrupt": (
        "p: P\na: T\n    IRQ -> p@8",
        [Entry("p", "P"), Entry("a", "T", interrupts=(Interrupt("IRQ", "p", 8),))],
    ),
    "a range of interrupts": (
        "p: P\na: T\n    [0-2] -> p@[4-6]",
        [Entry("p", "P"), Entry("a", "T", interrupts=tuple(Interrupt(n, "p", n + 4) for n in range(3)))],
    ),
    "interrupts in reverse": (
        "p: P\na: T\n    [0-1] -> p@[6-5]",
        [Entry("p", "P"), Entry("a", "T", interrupts=(Interrupt(0, "p", 6), Interrupt(1, "p", 5)))],
    ),
    "a list of interrupts": (
        "p: P\na: T\n    [IRQ, 0x2, 4-5] -> p@[1, 2, 8-9]",
        [
            Entry("p", "P"),
            Entry(
                "a",
                "T",
                interrupts=(
                    Interrupt("IRQ", "p", 1),
                    Interrupt(2, "p", 2),
                    Interrupt(4, "p", 8),
                    Interrupt(5, "p", 9),
                ),
            ),
        ],
    ),
    "an interrupt with several targets": (
        "p: P\na: T\n    IRQ -> p@1 | p#1@2",
        [
            Entry("p", "P"),
            Entry("a", "T", interrupts=(Interrupt("IRQ", "p", 1), Interrupt("IRQ", "p", 2, index=1))),
        ],
    ),
    "an interrupt left open": ("a: T\n    IRQ -> none", [Entry("a", "T")]),
    "monitor commands": (
        'a: T\n    init:\n        Do <0x0 4> "x; y"   // why\n        Again\n    x: 1',
        [Entry("a", "T", attributes={"x": 1}, statements={"init": ('Do <0x0 4> "x; y"', "Again")})],
    ),
    "braces instead of indentation": (
        "a: T @ sysbus 0x1000 { x: 1; IRQ -> a@0; init: { Do it; Again } }; b: U",
        [
            Entry("a", "T", (HERE,), {"x": 1}, (Interrupt("IRQ", "a", 0),), {"init": ("Do it", "Again")}),
            Entry("b", "U"),
        ],
    ),
    "no attributes in braces": ("a: T {}", [Entry("a", "T")]),
    "comments": (
        "// first\n/* of\n several */\na: T // end\n    // between\n    x: /* one */ 1\n",
        [Entry("a", "T", attributes={"x": 1})],
    ),
    "line ends of another system": ("a: T\r\n    x: 1\r\n", [Entry("a", "T", attributes={"x": 1})]),
    "words that begin like words of the format": (
        "newest: T\n    usingIt: true\n    initial: 1\n    asIs: 2",
        [Entry("newest", "T", attributes={"usingIt": True, "initial": 1, "asIs": 2})],
    ),
}


@pytest.mark.parametrize(("text", "entries"), FRAGMENTS.values(), ids=FRAGMENTS.keys())
def test_fragment(tmp_path: Path, text: str, entries: list[Entry]) -> None:
    file = tmp_path / "board.repl"
    file.write_bytes(text.encode())
    assert list(load_platform(file)) == entries


EXTENSIONS = {
    "adds attributes": ("a: T\n    x: 1\n\na:\n    y: 2", Entry("a", "T", attributes={"x": 1, "y": 2})),
    "replaces attributes": ("a: T\n    x: 1\n\na:\n    x: 2", Entry("a", "T", attributes={"x": 2})),
    "moves": ("a: T @ sysbus 0x0\n\na: @ sysbus 0x1000", Entry("a", "T", (HERE,))),
    "detaches": ("a: T @ sysbus 0x0\n\na: @ none", Entry("a", "T")),
    "rewires one output": (
        "a: T\n    0 -> a@1\n    1 -> a@2\n\na:\n    0 -> a@7",
        Entry("a", "T", interrupts=(Interrupt(1, "a", 2), Interrupt(0, "a", 7))),
    ),
    "disconnects": ("a: T\n    0 -> a@1\n\na:\n    0 -> none", Entry("a", "T")),
    "replaces commands": (
        "a: T\n    init:\n        One\n\na:\n    init:\n        Two",
        Entry("a", "T", statements={"init": ("Two",)}),
    ),
    "adds commands": (
        "a: T\n    init:\n        One\n\na:\n    init add:\n        Two",
        Entry("a", "T", statements={"init": ("One", "Two")}),
    ),
}


@pytest.mark.parametrize(("text", "entry"), EXTENSIONS.values(), ids=EXTENSIONS.keys())
def test_a_later_entry_without_a_type(tmp_path: Path, text: str, entry: Entry) -> None:
    file = tmp_path / "board.repl"
    file.write_text(text)
    assert list(load_platform(file)) == [entry]


def test_a_file_extends_the_files_it_uses(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "chip.repl").write_text('using "./core.repl"\n\nuart: U\n    -> core@1\n')
    (tmp_path / "parts" / "core.repl").write_text("core: C\n    x: 1\n")
    board = tmp_path / "board.repl"
    board.write_text('using "./parts/chip.repl"\n\ncore:\n    x: 2\n')
    platform = load_platform(board)
    assert list(platform) == [
        Entry("core", "C", attributes={"x": 2}),
        Entry("uart", "U", interrupts=(Interrupt(None, "core", 1),)),
    ]
    location = platform["uart"].location
    assert location is not None
    assert (location.path.name, location.line, location.column) == ("chip.repl", 3, 1)


def test_memories_are_listed_with_their_aliases(tmp_path: Path) -> None:
    file = tmp_path / "board.repl"
    file.write_text(
        "rom: Memory.MappedMemory @ { sysbus 0xF000; sysbus 0x0 }\n    size: 0x1000\n\n"
        "ram: Memory.MappedMemory @ sysbus 0x8000\n    size: 16\n\nother: T @ sysbus 0x100000\n"
    )
    assert load_platform(file).memories() == [
        Memory("rom", 0xF000, 0x1000),
        Memory("rom", 0, 0x1000),
        Memory("ram", 0x8000, 16),
    ]


def test_tags_of_the_system_bus(tmp_path: Path) -> None:
    file = tmp_path / "board.repl"
    file.write_text('sysbus:\n    init:\n        Tag <0x100 0x10> "A"\n        Tag <0x200, +4> "B" 0xFF\n')
    assert load_platform(file).tags() == [Tag("A", 0x100, 0x10), Tag("B", 0x200, 4, 0xFF)]
