"""What must hold for a platform as a whole, whatever its files look like."""

from __future__ import annotations

from dataclasses import dataclass

from emulation.platform.model import (
    BUS,
    MEMORY_TYPE,
    TAG_COMMAND,
    AddressRange,
    Entry,
    Location,
    Platform,
    PlatformError,
)

ADDRESSES = 1 << 32
_BUILT_IN = frozenset({BUS, "machine"})


def check(platform: Platform, references: list[tuple[str, Location]]) -> None:
    """Raise PlatformError for the first contradiction; `references` are the names that values refer to."""
    known = _BUILT_IN | platform.entries.keys()
    for name, location in references:
        if name not in known:
            raise PlatformError(location, f"no entry is called `{name}`", _suggest(name, known))
    for entry in platform:
        _check_wiring(entry, known)
        if entry.type == MEMORY_TYPE:
            _check_size(entry)
    _check_addresses(platform)
    _check_tags(platform.bus)


def _check_wiring(entry: Entry, known: frozenset[str]) -> None:
    for registration in entry.registrations:
        if registration.parent not in known:
            raise PlatformError(
                _place(registration.location, entry),
                f"`{entry.name}` is registered on `{registration.parent}`, which no entry is called",
                _suggest(registration.parent, known),
            )
    for wire in entry.interrupts:
        if wire.target not in known:
            raise PlatformError(
                _place(wire.location, entry),
                f"an interrupt of `{entry.name}` goes to `{wire.target}`, which no entry is called",
                _suggest(wire.target, known),
            )


def _check_tags(bus: Entry) -> None:
    for command in bus.statements.get("init", ()):
        if command.startswith("Tag ") and not TAG_COMMAND.fullmatch(command):
            raise PlatformError(
                _place(None, bus),
                f"cannot read the command `{command}`",
                'write `Tag <0x100 0x10> "NAME" 0x0`',
            )


def _check_size(entry: Entry) -> None:
    size = entry.attributes.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or size <= 0:
        what = "has no `size`" if size is None else f"has the size `{size}`"
        raise PlatformError(
            _place(None, entry),
            f"the memory `{entry.name}` {what}",
            "give it one in bytes, such as `size: 0x1000`",
        )
    for registration in entry.registrations:
        start = registration.address
        if registration.parent == BUS and start is not None and not 0 <= start <= ADDRESSES - size:
            raise PlatformError(
                _place(registration.location, entry),
                f"the memory `{entry.name}` does not lie within 4 GiB",
                "the core has 32 address lines",
            )


@dataclass(frozen=True)
class _Area:
    """Addresses that an entry is known to occupy: of a peripheral, without its model, only the first."""

    range: AddressRange
    entry: Entry
    location: Location


def _check_addresses(platform: Platform) -> None:
    areas: list[_Area] = []
    for entry in platform:
        size = entry.attributes["size"] if entry.type == MEMORY_TYPE else 1
        for registration in entry.registrations:
            if registration.parent != BUS or registration.address is None or not isinstance(size, int):
                continue
            taken = registration.range or AddressRange(registration.address, registration.address + size)
            area = _Area(taken, entry, _place(registration.location, entry))
            for other in areas:
                if area.range.overlaps(other.range):
                    start, end = area.range.start, area.range.end - 1
                    raise PlatformError(
                        area.location,
                        f"`{entry.name}` at {start:#x}-{end:#x} overlaps `{other.entry.name}`"
                        f" at {other.range.start:#x}-{other.range.end - 1:#x}",
                        "move one of the two or make it smaller",
                    )
            areas.append(area)


def _place(location: Location | None, entry: Entry) -> Location:
    found = location or entry.location
    assert found is not None, "entries that were read from a file have a location"
    return found


def _suggest(name: str, known: frozenset[str]) -> str:
    """A hint: the known name that differs in case only, or all of them."""
    same = [candidate for candidate in known if candidate.lower() == name.lower()]
    return f"did you mean `{same[0]}`?" if same else f"known are {', '.join(sorted(known))}"
