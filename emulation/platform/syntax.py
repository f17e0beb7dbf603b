"""From the text of one platform description to its entries as written: no merging, no meaning yet."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from emulation.platform.layout import apply_layout
from emulation.platform.model import (
    AddressRange,
    Dictionary,
    Empty,
    Enumeration,
    Interrupt,
    Location,
    NewObject,
    PlatformError,
    Reference,
    Registration,
    Value,
)

PINS = 1024
"""The most that a range may name: what is connected is kept pin by pin."""
DIGITS = 32


@dataclass
class Using:
    """`using "file"`."""

    file: str
    location: Location


@dataclass
class WrittenEntry:
    """One entry of one file; several of the same name make up the entry of the platform.

    `registrations` is None where the entry says nothing about them, and empty for `@ none`. An interrupt
    whose target is empty is `-> none`.
    """

    name: str
    type: str
    location: Location
    registrations: tuple[Registration, ...] | None = None
    alias: str | None = None
    attributes: dict[str, Value] = field(default_factory=dict)
    interrupts: list[Interrupt] = field(default_factory=list)
    statements: dict[str, tuple[str, ...]] = field(default_factory=dict)
    added: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Statements of `init add:`, which join those of earlier entries of the name."""
    references: list[tuple[str, Location]] = field(default_factory=list)
    """Every entry that an attribute's value refers to."""


@dataclass
class Description:
    """One file."""

    usings: list[Using]
    entries: list[WrittenEntry]


def parse(source: str, path: Path) -> Description:
    """The entries of a description. Raises PlatformError at the first thing that is not in the format."""
    text = apply_layout(source, path)
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        raise _explain(error, source, path) from None
    return _Reader(path).description(tree)


@functools.cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(
        grammar, parser="lalr", lexer="contextual", propagate_positions=True, maybe_placeholders=False
    )


# --- Explaining mistakes ------------------------------------------------------------------------------------

_VALUE = frozenset({"STRING", "NUMBER", "TRUE", "NAME", "LESS"})
_VALUE_STARTS = _VALUE | {"MULTILINE_STRING", "FALSE", "DOTTED_NAME", "SHORT_ENUMERATION", "NEW", "LBRACKET"}
_ATTRIBUTE = frozenset({"NAME", "ARROW", "INIT"})
_ATTRIBUTE_STARTS = _ATTRIBUTE | {"PREINIT", "RESET", "LBRACKET", "UNSIGNED"}
_ENTRY = frozenset({"NAME", "LOCAL"})
_ENTRY_STARTS = _ENTRY | {"USING"}
_GROUPS = (
    ("a value", _VALUE, _VALUE_STARTS),
    ("an attribute", _ATTRIBUTE, _ATTRIBUTE_STARTS),
    ("an entry", _ENTRY, _ENTRY_STARTS),
)

_FRIENDLY = {
    "NAME": "a name",
    "DOTTED_NAME": "a name with dots",
    "SHORT_ENUMERATION": "a value of an enumeration",
    "NUMBER": "a number",
    "UNSIGNED": "a number that is not negative",
    "STRING": "a string in double quotes",
    "MULTILINE_STRING": "a string in triple quotes",
    "STATEMENT": "a monitor command",
    "_SEPARATOR": "the end of the line",
    "LBRACE": "an indented block",
    "RBRACE": "the end of the block",
    "$END": "the end of the file",
}


def _explain(error: UnexpectedInput, source: str, path: Path) -> PlatformError:
    lines = source.replace("\r", "").split("\n")
    if isinstance(error, UnexpectedToken):
        expected = set(error.accepts or error.expected)
        found = repr(str(error.token))
        line, column = error.line, error.column
        if error.token.type == "$END":
            line, column = len(lines), len(lines[-1]) + 1
            found = "the end of the file"
    elif isinstance(error, UnexpectedCharacters):
        expected, found = set(error.allowed), repr(error.char)
        line, column = error.line, error.column
    else:  # pragma: no cover - the other kinds come from other parsers
        raise error
    written = lines[line - 1].rstrip()
    if column > len(written):
        column = len(written) + 1
        if found != "the end of the file":
            found = "the end of the line"
    hint = f"the line reads `{written.strip()}`" if written else ""
    return PlatformError(Location(path, line, column), f"expected {_name(expected)}, found {found}", hint)


def _name(terminals: Iterable[str]) -> str:
    """Names for a set of terminals as a reader knows them."""
    rest = set(terminals)
    names = []
    for name, sign, members in _GROUPS:
        if sign <= rest:
            names.append(name)
            rest -= members
    names += sorted(_FRIENDLY.get(terminal) or _literal(terminal) for terminal in rest)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _literal(terminal: str) -> str:
    definition = next((t for t in _parser().terminals if t.name == terminal), None)
    pattern = definition.pattern.value if definition else terminal
    return repr(re.sub(r"\\b$", "", pattern).replace("[Tt]", "t").replace("[Ff]", "f"))


# --- Reading the tree ---------------------------------------------------------------------------------------


class _Reader:
    """Turns the tree of one file into its description."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.references: list[tuple[str, Location]] = []

    def at(self, item: Tree[Token] | Token) -> Location:
        place = item if isinstance(item, Token) else item.meta
        return Location(self.path, place.line or 0, place.column or 0)

    def description(self, tree: Tree[Token]) -> Description:
        usings: list[Using] = []
        entries: list[WrittenEntry] = []
        for item in _trees(tree):
            if item.data == "entry":
                entries.append(self.entry(item))
            elif entries:
                raise PlatformError(self.at(item), "`using` after an entry", "move it to the top of the file")
            else:
                usings.append(Using(_unquote(_tokens(item)[1]), self.at(item)))
        return Description(usings, entries)

    def entry(self, tree: Tree[Token]) -> WrittenEntry:
        tokens = _tokens(tree)
        if tokens[0].type == "LOCAL":
            raise PlatformError(
                self.at(tokens[0]), "`local` entries are not supported", "give the entry a name of its own"
            )
        parts = {str(part.data): part for part in _trees(tree)}
        entry = WrittenEntry(str(tokens[0]), "", self.at(tokens[0]))
        self.references = entry.references
        if "type" in parts:
            entry.type = str(_tokens(parts["type"])[0])
        if "registrations" in parts:
            entry.registrations = tuple(self.registrations(parts["registrations"]))
        if "alias" in parts:
            if not entry.registrations:
                raise PlatformError(
                    self.at(parts["alias"]),
                    "an alias for an entry that is registered nowhere",
                    'say where: `@ sysbus 0x0 as "name"`',
                )
            entry.alias = _unquote(_tokens(parts["alias"])[1])
        if "attributes" in parts:
            self.attributes(parts["attributes"], entry)
        elif len(parts) == 0:
            raise PlatformError(
                entry.location, f"entry `{entry.name}` is empty", "give it a type or an attribute"
            )
        return entry

    def registrations(self, tree: Tree[Token]) -> Iterator[Registration]:
        for item in _trees(tree):
            if item.data == "registration":
                values = _trees(item)
                point = self.value(values[0]) if values else None
                yield Registration(str(_tokens(item)[0]), point, self.at(item))

    def attributes(self, tree: Tree[Token], entry: WrittenEntry) -> None:
        for item in _trees(tree):
            if item.data == "property":
                name = _tokens(item)[0]
                if name in entry.attributes:
                    raise PlatformError(
                        self.at(name), f"`{name}` is set twice in one entry", "remove one of the two"
                    )
                entry.attributes[str(name)] = self.value(_trees(item)[0])
            elif item.data == "statements":
                self.statements(item, entry)
            else:
                entry.interrupts.extend(self.interrupts(item))

    def statements(self, tree: Tree[Token], entry: WrittenEntry) -> None:
        kind, *rest = (token for token in _tokens(tree))
        commands = tuple(str(token).strip() for token in rest if token.type == "STATEMENT")
        if kind in entry.statements or kind in entry.added:
            raise PlatformError(self.at(kind), f"a second `{kind}` block in one entry", "put both into one")
        into = entry.added if any(token.type == "ADD" for token in rest) else entry.statements
        into[str(kind)] = commands

    def interrupts(self, tree: Tree[Token]) -> Iterator[Interrupt]:
        location = self.at(tree)
        sources: list[int | str | None] = [None]
        for item in _trees(tree):
            if item.data == "sources":
                sources = list(self.pins(item))
            elif item.data == "no_destination":
                yield from (Interrupt(source, "", 0, location=location) for source in sources)
            else:
                yield from self.destination(item, sources)

    def destination(self, tree: Tree[Token], sources: list[int | str | None]) -> Iterator[Interrupt]:
        tokens = _tokens(tree)
        index = next((self.integer(token) for token in tokens if token.type == "UNSIGNED"), None)
        pins = list(self.pins(tree))
        if len(pins) != len(sources):
            raise PlatformError(
                self.at(tree),
                f"{_count(len(sources), 'output')} connected to {_count(len(pins), 'pin')} of `{tokens[0]}`",
                "name as many pins as outputs",
            )
        for source, pin in zip(sources, pins, strict=True):
            if isinstance(pin, int):
                yield Interrupt(source, str(tokens[0]), pin, index, self.at(tree))

    def pins(self, tree: Tree[Token]) -> Iterator[int | str]:
        for item in _trees(tree):
            tokens = [token for token in _tokens(item) if token.type != "MINUS"]
            if item.data == "pin_name":
                yield str(tokens[0])
            elif item.data == "pin":
                yield self.integer(tokens[0])
            else:
                first, last = (self.integer(token) for token in tokens)
                if abs(last - first) >= PINS:
                    raise PlatformError(
                        self.at(item), f"a range of more than {PINS} pins", "name those that are there"
                    )
                yield from range(first, last + 1) if last >= first else range(first, last - 1, -1)

    def value(self, tree: Tree[Token]) -> Value:
        tokens, children = _tokens(tree), _trees(tree)
        match tree.data:
            case "string":
                return _unquote(tokens[0])
            case "number":
                return self.number(tokens[0])
            case "boolean":
                return tokens[0].type == "TRUE"
            case "enumeration":
                return Enumeration(tuple(tokens[0].split(".")))
            case "reference":
                self.references.append((str(tokens[0]), self.at(tree)))
                return Reference(str(tokens[0]))
            case "range":
                return self.range(tree)
            case "object":
                inner = WrittenEntry("", "", self.at(tree))
                for attributes in children[1:]:
                    self.attributes(attributes, inner)
                return NewObject(str(_tokens(children[0])[0]), tuple(inner.attributes.items()))
            case "list":
                return tuple(self.value(child) for child in children)
            case "dictionary":
                pairs = (_trees(child) for child in children)
                return Dictionary(tuple((self.value(key), self.value(value)) for key, value in pairs))
            case "empty":
                return Empty.EMPTY
        return None

    def integer(self, token: Token) -> int:
        number = self.number(token)
        assert isinstance(number, int), "the grammar has no other here"
        return number

    def number(self, token: Token) -> int | float:
        text = token.replace("_", "")
        if "." in text:
            return float(text)
        # Python refuses decimals of thousands of digits; no bus has more than 64 bits.
        if len(text) > DIGITS or abs(number := int(text, 16 if "x" in text else 10)) >= 1 << 64:
            raise PlatformError(self.at(token), "a number of more than 64 bits", "write a smaller one")
        return number

    def range(self, tree: Tree[Token]) -> AddressRange:
        tokens = _tokens(tree)
        start, end = (self.integer(token) for token in tokens if token.type == "UNSIGNED")
        if any(token.type == "PLUS" for token in tokens):
            end += start
        if end < start:
            raise PlatformError(
                self.at(tree),
                f"a range that ends at {end:#x}, before its start {start:#x}",
                f"for a size write <{start:#x}, +{end:#x}>",
            )
        return AddressRange(start, end)


def _trees(tree: Tree[Token]) -> list[Tree[Token]]:
    return [child for child in tree.children if isinstance(child, Tree)]


def _tokens(tree: Tree[Token]) -> list[Token]:
    return [child for child in tree.children if isinstance(child, Token)]


def _unquote(token: Token) -> str:
    if token.startswith("'''"):
        return token[3:-3].replace("\\'''", "'''")
    return re.sub(r"\\([\"\\])", r"\1", token[1:-1])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
