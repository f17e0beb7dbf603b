"""Whatever can be said in the format is read back as it was meant, in either of its two layouts."""

import string
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from emulation.platform import (
    AddressRange,
    Dictionary,
    Empty,
    Entry,
    Enumeration,
    Interrupt,
    NewObject,
    Reference,
    Registration,
    Value,
    load_platform,
)

WORDS = {"using", "new", "as", "preinit", "init", "reset", "local", "true", "True", "false", "False", "none"}
RESERVED = WORDS | {"empty", "add", "sysbus", "machine"}

names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True).filter(lambda name: name not in RESERVED)
types = st.lists(names, min_size=1, max_size=3).map(".".join)
pins = st.integers(0, 0xFFFF)
ranges = st.tuples(st.integers(0, 2**40), st.integers(0, 2**40)).map(
    lambda p: AddressRange(p[0], p[0] + p[1])
)
printable = string.ascii_letters + string.digits + string.punctuation + " äß"
texts = st.text(printable, max_size=12)
scalars: st.SearchStrategy[Value] = st.one_of(
    st.integers(-(2**63), 2**64 - 1),
    st.booleans(),
    texts,
    ranges,
    st.lists(names, min_size=2, max_size=3).map(lambda parts: Enumeration(tuple(parts))),
)
values: st.SearchStrategy[Value] = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(tuple),
        st.builds(
            NewObject, types, st.dictionaries(names, inner, max_size=2).map(lambda d: tuple(d.items()))
        ),
    ),
    max_leaves=4,
)
settings: st.SearchStrategy[Value] = st.one_of(
    values,
    st.none(),
    st.just(Empty.EMPTY),
    st.lists(st.tuples(scalars, values), min_size=1, max_size=2).map(lambda items: Dictionary(tuple(items))),
)
commands = st.from_regex(r'[A-Z][A-Za-z0-9<> ]{0,8}("[^"\\\n\r]{0,5}")?[A-Za-z0-9]', fullmatch=True)


@st.composite
def platforms(draw: st.DrawFn) -> list[Entry]:
    """Entries that refer to each other but do not claim the same addresses."""
    declared = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    entries = []
    for number, name in enumerate(declared):
        places = draw(st.integers(0, 2))
        registrations = [Registration("sysbus", 0x1000 * (2 * number + place)) for place in range(places)]
        if draw(st.booleans()):
            registrations.append(Registration(draw(st.sampled_from(declared)), draw(st.none() | pins)))
        attributes = draw(
            st.dictionaries(names, settings | st.sampled_from(declared).map(Reference), max_size=3)
        )
        outputs = draw(st.lists(st.one_of(st.none(), pins, names), unique=True, max_size=3))
        wires = [
            Interrupt(
                output, draw(st.sampled_from(declared)), draw(pins), draw(st.none() | st.integers(0, 9))
            )
            for output in outputs
            for _ in range(draw(st.integers(1, 2)))
        ]
        statements = {}
        if draw(st.booleans()):
            statements["init"] = tuple(draw(st.lists(commands, min_size=1, max_size=3)))
        alias = draw(st.none() | texts) if registrations else None
        kind = draw(types.filter(lambda t: t != "Memory.MappedMemory"))
        entries.append(Entry(name, kind, tuple(registrations), attributes, tuple(wires), statements, alias))
    return entries


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def show(value: Value) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case str():
            return quoted(value)
        case Reference(name):
            return name
        case Enumeration(parts):
            return ".".join(parts)
        case AddressRange(start, end):
            return f"<{start:#x}, {end:#x}>"
        case NewObject(type_name, attributes):
            return f"new {type_name} {{ {'; '.join(f'{n}: {show(v)}' for n, v in attributes)} }}"
        case Dictionary(items):
            return f"{{ {'; '.join(f'{show(k)}: {show(v)}' for k, v in items)} }}"
        case Empty():
            return value.value
        case tuple():
            return f"[{', '.join(show(item) for item in value)}]"


def places(entry: Entry) -> str:
    shown = [f"{r.parent} {show(r.point)}" if r.point is not None else r.parent for r in entry.registrations]
    if not shown:
        return ""
    text = f" @ {shown[0]}" if len(shown) == 1 else f" @ {{ {'; '.join(shown)} }}"
    return text + (f" as {quoted(entry.alias)}" if entry.alias is not None else "")


def wires(entry: Entry) -> list[str]:
    lines: dict[int | str | None, list[str]] = {}
    for wire in entry.interrupts:
        index = "" if wire.index is None else f"#{wire.index}"
        lines.setdefault(wire.source, []).append(f"{wire.target}{index}@{wire.pin}")
    return [f"{'' if s is None else s} -> {' | '.join(targets)}".strip() for s, targets in lines.items()]


def indented(entry: Entry) -> str:
    lines = [f"{entry.name}: {entry.type}{places(entry)}"]
    lines += [f"    {name}: {show(value)}" for name, value in entry.attributes.items()]
    lines += [f"    {wire}" for wire in wires(entry)]
    for kind, written in entry.statements.items():
        lines += [f"    {kind}:", *(f"        {command}" for command in written)]
    return "\n".join(lines)


def braced(entry: Entry) -> str:
    parts = [f"{name}: {show(value)}" for name, value in entry.attributes.items()] + wires(entry)
    parts += [f"{kind}: {{ {'; '.join(written)} }}" for kind, written in entry.statements.items()]
    return f"{entry.name}: {entry.type}{places(entry)} {{ {'; '.join(parts)} }}"


def read(text: str) -> list[Entry]:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "board.repl"
        file.write_text(text, encoding="utf-8")
        return list(load_platform(file))


@given(platforms())
def test_indented(entries: list[Entry]) -> None:
    assert read("\n\n".join(indented(entry) for entry in entries)) == entries


@given(platforms())
def test_braced(entries: list[Entry]) -> None:
    assert read("\n".join(braced(entry) for entry in entries)) == entries
