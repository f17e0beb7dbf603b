"""Reads a platform description with all the files it uses, and checks that it makes sense."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from emulation.errors import UserError
from emulation.platform.checks import check
from emulation.platform.model import BUS, Entry, Interrupt, Location, Platform, PlatformError, Value
from emulation.platform.syntax import Using, WrittenEntry, parse

ARDUINO_101 = Path(__file__).with_name("arduino_101.repl")
"""The board of this project."""


def load_platform(path: Path = ARDUINO_101) -> Platform:
    """The platform described by the file `path` and those it uses.

    `using "./part.repl"` is relative to the file that says so, as in Renode. Raises PlatformError, a
    UserError with file, line and column, for whatever is wrong with them.
    """
    written = _collect(path, None, [], set())
    entries = _merge(written)
    bus = entries.pop(BUS, Entry(BUS, ""))
    platform = Platform(entries, path, bus)
    check(platform, [reference for entry in written for reference in entry.references])
    return platform


def _collect(path: Path, using: Using | None, stack: list[Path], seen: set[Path]) -> list[WrittenEntry]:
    """Every entry, those of used files first: the order in which they extend each other."""
    where = using.location if using else Location(path, 1, 1)
    try:
        identity = path.resolve()
    except (OSError, RuntimeError, ValueError):  # links in a circle, a NUL
        raise PlatformError(where, f"{str(path)!r} is no path of a file", "check the path") from None
    if identity in stack:
        raise PlatformError(where, f"{path.name} uses itself", "remove one `using` of the circle")
    if identity in seen:
        raise PlatformError(where, f"{path.name} is used twice", "remove one of the two")
    seen.add(identity)
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a path that no file can have
        reason = error.strerror if isinstance(error, OSError) else "not a text file"
        hint = "paths in `using` that start with ./ are relative to the file they stand in"
        if using is None:
            raise UserError(
                f"cannot read the platform description {path}: {reason}", "check the path"
            ) from None
        raise PlatformError(where, f"cannot read {path}: {reason}", hint) from None
    try:
        description = parse(source, path)
    except RecursionError:
        raise PlatformError(Location(path, 1, 1), "values nested too deeply", "nest fewer of them") from None
    entries: list[WrittenEntry] = []
    for inner in description.usings:
        entries += _collect(path.parent / inner.file, inner, [*stack, identity], seen)
    return entries + description.entries


def _merge(written: list[WrittenEntry]) -> dict[str, Entry]:
    """Entries of the same name made one: later attributes, wires and registrations replace earlier ones."""
    entries: dict[str, Entry] = {}
    for part in written:
        if part.type or part.name == BUS:
            if part.type and part.name in entries:
                raise PlatformError(
                    part.location,
                    f"`{part.name}` is declared twice, first at {_brief(entries[part.name], part)}",
                    "remove one of the two types; an entry without a type extends the earlier one",
                )
            entries.setdefault(part.name, Entry(part.name, part.type, location=part.location))
        if part.name not in entries:
            declared = any(other.type and other.name == part.name for other in written)
            raise PlatformError(
                part.location,
                f"`{part.name}` has no type" + (" yet: it is declared further down" if declared else ""),
                "declare it first" if declared else f"write `{part.name}: Name.Of.Model`",
            )
        entries[part.name] = _extend(entries[part.name], part)
    return entries


def _extend(entry: Entry, part: WrittenEntry) -> Entry:
    attributes: dict[str, Value] = {**entry.attributes, **part.attributes}
    statements = {**entry.statements, **part.statements}
    for kind, commands in part.added.items():
        statements[kind] = statements.get(kind, ()) + commands
    replaced = {wire.source for wire in part.interrupts}
    kept = tuple(wire for wire in entry.interrupts if wire.source not in replaced)
    return replace(
        entry,
        registrations=entry.registrations if part.registrations is None else part.registrations,
        alias=entry.alias if part.alias is None else part.alias,
        attributes=attributes,
        statements=statements,
        interrupts=kept + tuple(_connected(part)),
    )


def _connected(part: WrittenEntry) -> list[Interrupt]:
    """The wires of one entry as written. Raises PlatformError where an output is connected twice."""
    first: dict[int | str | None, Interrupt] = {}
    for wire in part.interrupts:
        earlier = first.setdefault(wire.source, wire)
        if earlier.location and wire.location and earlier.location.line != wire.location.line:
            name = "the interrupt" if wire.source is None else f"interrupt `{wire.source}`"
            raise PlatformError(
                wire.location,
                f"{name} of `{part.name}` is connected twice",
                "to reach several targets write `-> a@0 | b@1`",
            )
    return [wire for wire in part.interrupts if wire.target]


def _brief(entry: Entry, part: WrittenEntry) -> str:
    """Where `entry` is, without the path if that is also the path of `part`."""
    if entry.location is None:
        return "an earlier place"
    if entry.location.path == part.location.path:
        return f"line {entry.location.line}"
    return str(entry.location)
