"""What a platform description says: entries, where they are registered, how their interrupts are wired."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from emulation.errors import UserError

BUS = "sysbus"
"""The system bus: always there, never declared."""

MEMORY_TYPE = "Memory.MappedMemory"


@dataclass(frozen=True)
class Location:
    """A place in a platform description; line and column count from 1."""

    path: Path
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class PlatformError(UserError):
    """A mistake in a platform description. `location` says where."""

    def __init__(self, location: Location, problem: str, hint: str = "") -> None:
        super().__init__(f"{location}: {problem}", hint)
        self.location = location
        self.problem = problem


@dataclass(frozen=True)
class Reference:
    """The name of another entry, used as a value."""

    name: str


@dataclass(frozen=True)
class Enumeration:
    """A value such as `Endianness.LittleEndian`; of the shorthand `.LittleEndian` the first part is empty."""

    parts: tuple[str, ...]


@dataclass(frozen=True)
class AddressRange:
    """Addresses `start` up to but not including `end`."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """Number of bytes."""
        return self.end - self.start

    def overlaps(self, other: AddressRange) -> bool:
        """Whether the two share an address."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True)
class NewObject:
    """An object made in place: `new Bus.BusPointRegistration { address: 0x0 }`."""

    type: str
    attributes: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True)
class Dictionary:
    """`{ key: value; key: value }`, in the order written."""

    items: tuple[tuple[Value, Value], ...] = ()


class Empty(enum.Enum):
    """The value `empty`: Renode's own default for the attribute's type."""

    EMPTY = "empty"


Value: TypeAlias = (
    "bool | int | float | str | Reference | Enumeration | AddressRange | NewObject | Dictionary | Empty"
    " | tuple[Value, ...] | None"
)
"""What an attribute can be set to; `None` is the word `none`, a tuple is a list."""


@dataclass(frozen=True)
class Registration:
    """One place where an entry is attached: on `parent`, at an address, a range, a number or nothing."""

    parent: str
    point: Value = None
    location: Location | None = field(default=None, compare=False)

    @property
    def address(self) -> int | None:
        """First address, None for a registration that is not by address."""
        if isinstance(self.point, AddressRange):
            return self.point.start
        if isinstance(self.point, int) and not isinstance(self.point, bool):
            return self.point
        return None

    @property
    def range(self) -> AddressRange | None:
        """The addresses, where the description spells out both ends."""
        return self.point if isinstance(self.point, AddressRange) else None


@dataclass(frozen=True)
class Interrupt:
    """One wire, from an output of the entry that owns it to input `pin` of entry `target`.

    `source` is the number or name of the output, None for the only one of the entry. `index` picks one of the
    target's receivers where it has several (`target#index@pin`).
    """

    source: int | str | None
    target: str
    pin: int
    index: int | None = None
    location: Location | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Entry:
    """A block of the board. `type` is the name of Renode's model, empty for the system bus itself."""

    name: str
    type: str
    registrations: tuple[Registration, ...] = ()
    attributes: dict[str, Value] = field(default_factory=dict)
    interrupts: tuple[Interrupt, ...] = ()
    statements: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Monitor commands of `preinit`, `init` and `reset`: for Renode alone."""
    alias: str | None = None
    location: Location | None = field(default=None, compare=False)

    @property
    def address(self) -> int:
        """First address on the system bus. Raises KeyError for an entry that has none."""
        for registration in self.registrations:
            if registration.parent == BUS and registration.address is not None:
                return registration.address
        raise KeyError(f"{self.name} has no address on the system bus")

    @property
    def parent(self) -> str | None:
        """What the entry is attached to, None for an entry that is attached to nothing."""
        return self.registrations[0].parent if self.registrations else None

    def interrupt(self, source: int | str | None = None) -> Interrupt | None:
        """The first wire from `source`, None where that is not connected."""
        return next((wire for wire in self.interrupts if wire.source == source), None)


@dataclass(frozen=True)
class Memory:
    """A range of memory, in bytes. Ranges of the same name are the same bytes seen at several addresses."""

    name: str
    start: int
    size: int

    @property
    def end(self) -> int:
        """First address after it."""
        return self.start + self.size

    @property
    def range(self) -> AddressRange:
        """Its addresses."""
        return AddressRange(self.start, self.end)


@dataclass(frozen=True)
class Tag:
    """Addresses of a block that no model stands for: reads give `value`, writes are ignored, both quietly."""

    name: str
    start: int
    size: int
    value: int = 0


NUMBER = "0[xX][0-9A-Fa-f]{1,16}|[0-9]{1,19}"
TAG_COMMAND = re.compile(
    rf'Tag\s*<\s*({NUMBER})[\s,]+\+?({NUMBER})\s*>\s*"([^"]*)"(?:\s+({NUMBER}))?', re.ASCII
)


def tag_number(text: str) -> int:
    """A number of a monitor command, which may begin with zeros."""
    return int(text, 16 if text[:2].lower() == "0x" else 10)


@dataclass(frozen=True)
class Platform:
    """A whole board. Entries are in the order in which they were declared."""

    entries: dict[str, Entry]
    path: Path
    bus: Entry = field(default_factory=lambda: Entry(BUS, ""))
    """What the description says of the system bus itself."""

    def __getitem__(self, name: str) -> Entry:
        """The entry called `name`. Raises UserError, naming those there are."""
        try:
            return self.entries[name]
        except KeyError:
            known = ", ".join(self.entries)
            raise UserError(f"{self.path} has no entry `{name}`", f"it has {known}") from None

    def __contains__(self, name: object) -> bool:
        return name in self.entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries.values())

    def of_type(self, type_name: str) -> list[Entry]:
        """Entries whose model is `type_name`."""
        return [entry for entry in self if entry.type == type_name]

    def children(self, parent: str) -> list[Entry]:
        """Entries attached to `parent`."""
        return [entry for entry in self if any(r.parent == parent for r in entry.registrations)]

    def tags(self) -> list[Tag]:
        """The blocks that `init` of the system bus marks with the monitor's command `Tag`."""
        commands = self.bus.statements.get("init", ())
        found = (TAG_COMMAND.fullmatch(command) for command in commands)
        return [
            Tag(match[3], tag_number(match[1]), tag_number(match[2]), tag_number(match[4] or "0"))
            for match in found
            if match
        ]

    def memories(self) -> list[Memory]:
        """Every range of memory on the system bus, aliases included, in the order written."""
        return [
            Memory(entry.name, registration.address, size)
            for entry in self.of_type(MEMORY_TYPE)
            for registration in entry.registrations
            if registration.parent == BUS and registration.address is not None
            if isinstance(size := entry.attributes["size"], int)
        ]
