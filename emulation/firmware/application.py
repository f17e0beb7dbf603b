"""An application of one's own on the board: frozen into the firmware, or laid beside it in flash.

Freezing builds the firmware anew and wants compiler and sources. Placing wants neither: the text of main.py
goes to the end of the second flash bank, which the firmware leaves free (`port/files.c`, `linker.ld`), and
the board compiles it when it starts. The byte code then takes some of the Python heap; all else is the same.
"""

from __future__ import annotations

import os
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from emulation.errors import UserError
from emulation.files import write_whole
from emulation.firmware import no_floats
from emulation.firmware.build import build
from emulation.firmware.sources import Progress, find_sources, silent
from emulation.paths import FIRMWARE, default_firmware

NAME = b"main.py\0"
_HEADER = struct.Struct("<8sI")
"""Name and length of the text (`struct application` in port/files.c)."""

_PHDR = struct.Struct("<8I")
"""`Elf32_Phdr`: type, offset, vaddr, paddr, filesz, memsz, flags, align."""
_PHOFF, _PHENTSIZE = 0x1C, 0x2A
"""Offsets in `Elf32_Ehdr`; e_phnum follows e_phentsize."""
_PT_LOAD, _PF_R = 1, 4
_TOOLS = ("gcc", "ld", "make")
_HINT = "use the bench's own firmware"


@dataclass(frozen=True)
class OnBoard:
    """A firmware with an application."""

    elf: Path
    frozen: bool
    """Whether it is part of the firmware; False: it lies beside it and is compiled on the board."""


LARGEST = 1 << 20
"""Bytes of an application: its flash takes a fraction of that."""


def put_on_board(
    app: Path, folder: Path, *, freeze: bool | None = None, progress: Progress = silent
) -> OnBoard:
    """The firmware, below `folder`, that runs `app` as its main.py.

    `freeze` says whether to freeze or to place it; None freezes where compiler and sources are at hand.
    Raises UserError: no such file, a mistake in it, what `build` and `place` want.
    """
    check(app)
    if can_freeze() if freeze is None else freeze:
        return OnBoard(build(folder, app=app, progress=progress).elf, frozen=True)
    return OnBoard(place(app, folder / f"placed_{FIRMWARE}"), frozen=False)


def can_freeze() -> bool:
    """Whether the firmware could be built here and now, without fetching anything."""
    prefix = os.environ.get("CROSS_COMPILE", "")
    tools = (tool if tool == "make" else prefix + tool for tool in _TOOLS)
    return all(map(shutil.which, tools)) and find_sources() is not None


def check(app: Path) -> str:
    """The text of an application.

    Raises UserError: no such file, not UTF-8, not Python, a number that the board cannot have.
    """
    try:
        if app.exists() and (not app.is_file() or app.stat().st_size > LARGEST):
            raise UserError(
                f"{app} is no Python file that a board could hold", "give the application's main.py"
            )
        text = app.read_text(encoding="utf-8")
        compile(text, app.name, "exec", dont_inherit=True)
    except FileNotFoundError:
        raise UserError(
            f"there is no application at {app}", "give the main.py to put onto the board"
        ) from None
    except OSError as error:
        raise UserError(f"cannot read {app}: {error.strerror}", "give a Python file") from None
    except SyntaxError as error:
        raise UserError(f"{app}, line {error.lineno}: {error.msg}", "mend the application") from None
    except ValueError as error:  # of which UnicodeDecodeError is one
        raise UserError(f"{app} is not Python: {error}", "give a Python file in UTF-8") from None
    no_floats.refuse(text, app)
    return text


def place(app: Path, out: Path, firmware: Path | None = None) -> Path:
    """Write `out`: a copy of a firmware (default: the bench's own) that runs `app`, which it compiles itself.

    Raises UserError: an application that does not fit, a firmware without room for one, no firmware.
    """
    text = check(app).encode()
    source = firmware or default_firmware()
    try:
        image = source.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {source}: {error.strerror}", "build it with `bench firmware`") from None
    start, end = _room(source)
    data = _HEADER.pack(NAME, len(text)) + text
    if len(data) > end - start:
        raise UserError(
            f"{app} takes {len(data):,} bytes of flash, there are {end - start:,} for applications",
            "make it shorter, or freeze it into the firmware (`bench firmware --app`)",
        )
    write_whole(out, with_segment(image, start, data), "make the folder writable")
    return out


def _room(firmware: Path) -> tuple[int, int]:
    """Addresses of the first byte for an application and of the first one behind."""
    try:
        with firmware.open("rb") as file:
            elf = ELFFile(file)
            table = elf.get_section_by_name(".symtab")
            symbols = {s.name: s["st_value"] for s in table.iter_symbols()} if table else {}
            loaded = [(s["p_paddr"], s["p_filesz"]) for s in elf.iter_segments("PT_LOAD")]
        start, end = symbols["__application_start"], symbols["__application_end"]
    except (ELFError, KeyError):
        raise UserError(f"{firmware} leaves no room for an application", _HINT) from None
    if any(start < address + size and address < end for address, size in loaded):
        raise UserError(f"{firmware} has something where an application would go", _HINT)
    return start, end


def with_segment(image: bytes, address: int, data: bytes) -> bytes:
    """An ELF32 file with one more segment to load; the table of segments moves to its end, to have room."""
    (offset,) = struct.unpack_from("<I", image, _PHOFF)
    entry_size, count = struct.unpack_from("<HH", image, _PHENTSIZE)
    table = image[offset : offset + entry_size * count]
    at = (len(image) + 3) & ~3
    segment = _PHDR.pack(_PT_LOAD, at, address, address, len(data), len(data), _PF_R, 1)
    body = image.ljust(at, b"\0") + data
    body = body.ljust((len(body) + 3) & ~3, b"\0")
    result = bytearray(body + table + segment)
    struct.pack_into("<I", result, _PHOFF, len(body))
    struct.pack_into("<H", result, _PHENTSIZE + 2, count + 1)
    return bytes(result)
