"""How the firmware lays out its data, from the debug information of its ELF: structures and enumerations.

Whoever looks into guest memory takes offsets from here instead of copying them from headers: they follow the
options the firmware was built with. Only the compilation unit that is asked for is read, some milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from elftools.common.exceptions import DWARFError, ELFError
from elftools.elf.elffile import ELFFile

from emulation.errors import UserError

_TRANSPARENT = ("DW_TAG_typedef", "DW_TAG_const_type", "DW_TAG_volatile_type")
_COMPOSITE = ("DW_TAG_structure_type", "DW_TAG_union_type")
_POINTER_SIZE = 4


@dataclass(frozen=True)
class Member:
    """Where a member lies in its structure: offset and size in bytes (an array's size is all of it)."""

    offset: int
    size: int


@dataclass(frozen=True)
class Structure:
    """A structure's size in bytes and its members; one of a nested structure is named `outer.inner`."""

    name: str
    size: int
    members: dict[str, Member] = field(repr=False)

    def read(self, data: bytes, name: str) -> int:
        """The unsigned little-endian value of a member in `data`, the bytes of the structure.

        Raises KeyError for a member it does not have.
        """
        member = self.members[name]
        return int.from_bytes(data[member.offset : member.offset + member.size], "little")


class DebugInfo:
    """The debug information of an ELF. Raises UserError for a file without it."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._structures: dict[tuple[str, str], Structure] = {}
        self._enumerations: dict[tuple[str, str], dict[int, str]] = {}
        try:
            self._file = self.path.open("rb")
            elf = ELFFile(self._file)
            if not elf.has_dwarf_info(strict=True):
                raise UserError(f"{path} has no debug information", "build it with `bench firmware`")
            self._units: dict[str, Any] = {}
            for unit in elf.get_dwarf_info().iter_CUs():
                name = unit.get_top_DIE().attributes.get("DW_AT_name")
                if name is not None:
                    self._units[name.value.decode("utf-8", "replace")] = unit
        except (OSError, ELFError, DWARFError) as error:
            raise UserError(
                f"cannot read the debug information of {path}: {error}", "build it again"
            ) from None

    def structure(self, name: str, unit: str) -> Structure:
        """A structure as the source file whose path ends in `unit` sees it. Raises UserError."""
        if (known := self._structures.get((name, unit))) is not None:
            return known
        die = self._find("DW_TAG_structure_type", name, unit)
        found = Structure(name, die.attributes["DW_AT_byte_size"].value, dict(self._members(die)))
        self._structures[name, unit] = found
        return found

    def enumeration(self, name: str, unit: str) -> dict[int, str]:
        """The names of an enumeration's values, as the source file whose path ends in `unit` sees it.

        `name` is the enumeration's own, or that of a typedef for it. Raises UserError.
        """
        if (known := self._enumerations.get((name, unit))) is not None:
            return known
        try:
            die = self._find("DW_TAG_enumeration_type", name, unit)
        except UserError:
            die = _resolve(self._find("DW_TAG_typedef", name, unit))
        found = self._enumerations[name, unit] = {
            child.attributes["DW_AT_const_value"].value: _name(child)
            for child in die.iter_children()
            if child.tag == "DW_TAG_enumerator"
        }
        return found

    def address(self, name: str, unit: str) -> int:
        """The address of a variable, static ones too, of the source file whose path ends in `unit`.

        Raises UserError.
        """
        die = self._find("DW_TAG_variable", name, unit, "DW_AT_location")
        location = bytes(die.attributes["DW_AT_location"].value)
        return int.from_bytes(location[1:5], "little")  # DW_OP_addr

    def _find(self, tag: str, name: str, unit: str, needed: str = "") -> Any:
        for path, found in self._units.items():
            if path == unit or path.endswith("/" + unit):
                for die in found.iter_DIEs():
                    if die.tag == tag and _name(die) == name and "DW_AT_declaration" not in die.attributes:
                        if needed and needed not in die.attributes:
                            continue
                        return die
        raise UserError(
            f"the debug information of {self.path} has no {name} in {unit}", "build it with `bench firmware`"
        )

    def _members(self, die: Any, prefix: str = "", base: int = 0) -> list[tuple[str, Member]]:
        found = []
        for child in die.iter_children():
            if child.tag != "DW_TAG_member" or "DW_AT_data_bit_offset" in child.attributes:
                continue
            at = child.attributes.get("DW_AT_data_member_location")
            offset = base + (at.value if at is not None else 0)
            kind = _resolve(child)
            name = prefix + _name(child)
            if _name(child):
                found.append((name, Member(offset, _size(kind))))
            if kind is not None and kind.tag in _COMPOSITE:
                inner = f"{name}." if _name(child) else prefix
                found.extend(self._members(kind, inner, offset))
        return found


@lru_cache(maxsize=4)
def debug_info(path: Path) -> DebugInfo:
    """The debug information of an ELF, read once. Raises UserError."""
    return DebugInfo(path)


def _name(die: Any) -> str:
    name = die.attributes.get("DW_AT_name")
    return "" if name is None else str(name.value.decode("utf-8", "replace"))


def _resolve(die: Any) -> Any:
    """The type of a member or variable, without typedefs and qualifiers; None for void."""
    while "DW_AT_type" in die.attributes:
        die = die.get_DIE_from_attribute("DW_AT_type")
        if die.tag not in _TRANSPARENT:
            return die
    return None


def _size(kind: Any) -> int:
    if kind is None:
        return 0
    if kind.tag in ("DW_TAG_pointer_type", "DW_TAG_subroutine_type"):
        return _POINTER_SIZE
    if kind.tag != "DW_TAG_array_type":
        return int(kind.attributes["DW_AT_byte_size"].value)
    size = _size(_resolve(kind))
    for child in kind.iter_children():
        if child.tag == "DW_TAG_subrange_type":
            upper = child.attributes.get("DW_AT_upper_bound")
            size *= upper.value + 1 if upper is not None else 0
    return size
