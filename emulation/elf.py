"""The firmware file: what is loaded where, and which function and source line an address belongs to."""

from __future__ import annotations

import bisect
import hashlib
import os
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from emulation.errors import UserError

_MACHINE = "EM_386"
LARGEST, MOST_LOADED = 256 << 20, 64 << 20
"""Bytes of the file, with all that is for debuggers, and of its segments: a board has less than one MiB."""


@dataclass(frozen=True)
class Segment:
    """Bytes of a PT_LOAD entry and the physical address they are loaded to."""

    address: int
    data: bytes
    executable: bool


class Firmware:
    """A loaded ELF: 32-bit x86, statically linked.

    Raises UserError for a file that is missing, damaged, or made for another machine.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.segments: list[Segment] = []
        self.symbols: dict[str, int] = {}
        self.sha256 = ""
        """SHA-256 of the file, hexadecimal."""
        try:
            with self.path.open("rb") as stream:
                self._parse(stream)
                stream.seek(0)
                self.sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        except FileNotFoundError:
            raise UserError(f"no firmware at {path}", "build it with `bench firmware`") from None
        except OSError as error:
            raise UserError(f"cannot read {path}: {error.strerror}", "name a readable ELF file") from None
        except (
            ELFError,
            UnicodeDecodeError,
            ValueError,
            KeyError,
            AttributeError,
            IndexError,
            OverflowError,
        ) as error:
            why = str(error) or type(error).__name__
            raise UserError(f"{path} is not a usable ELF file: {why}", "build it again") from None

    def _parse(self, stream: BinaryIO) -> None:
        status = os.fstat(stream.fileno())
        size = status.st_size
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is no regular file")
        if size > LARGEST:
            raise UserError(
                f"{self.path} has {size >> 20} MiB, and no firmware for this board more than {LARGEST >> 20}",
                "strip it of what is not for the board (objcopy, strip)",
            )
        elf = ELFFile(stream)
        machine = elf["e_machine"]
        if machine != _MACHINE or elf.elfclass != 32:
            raise UserError(
                f"{self.path} is for another machine ({elf.get_machine_arch()}, {elf.elfclass} bits)",
                "this board takes 32-bit x86 ELF files",
            )
        if elf["e_type"] != "ET_EXEC":
            raise UserError(
                f"{self.path} is not an executable ({elf['e_type']})", "link it for the board's addresses"
            )
        self.entry: int = elf["e_entry"]
        total = 0
        for segment in elf.iter_segments("PT_LOAD"):
            if segment["p_offset"] + segment["p_filesz"] > size:
                raise ValueError("a segment reaches beyond the end of the file")
            total += segment["p_filesz"]
            if total > MOST_LOADED:
                raise ValueError(f"its segments load more than {MOST_LOADED >> 20} MiB")
            if segment["p_filesz"]:
                self.segments.append(
                    Segment(segment["p_paddr"], segment.data(), bool(segment["p_flags"] & 1))
                )
        if not self.segments:
            raise ValueError("nothing in it is to be loaded")
        functions: list[tuple[int, int, str]] = []
        for section in elf.iter_sections():
            if isinstance(section, SymbolTableSection):
                for symbol in section.iter_symbols():
                    if not symbol.name or symbol["st_shndx"] == "SHN_UNDEF":
                        continue
                    kind = symbol["st_info"]["type"]
                    if kind in ("STT_FUNC", "STT_OBJECT", "STT_NOTYPE"):
                        self.symbols.setdefault(symbol.name, symbol["st_value"])
                    if kind == "STT_FUNC":
                        functions.append((symbol["st_value"], symbol["st_size"], symbol.name))
        self._functions = sorted(functions)
        self._starts = [start for start, _, _ in self._functions]

    def holds(self, address: int) -> bool:
        """Whether something is loaded to a physical address."""
        return any(each.address <= address < each.address + len(each.data) for each in self.segments)

    def symbol_at(self, address: int) -> str:
        """`function+0x12`, or an empty string where no function covers the address."""
        i = bisect.bisect_right(self._starts, address) - 1
        if i < 0:
            return ""
        start, size, name = self._functions[i]
        if address >= start + max(size, 1):
            return ""
        return f"{name}+0x{address - start:x}" if address > start else name

    def source_line(self, address: int) -> str:
        """`file.c:123` of an address, or an empty string without line information or without addr2line."""
        tool = shutil.which("addr2line")
        if not tool:
            return ""
        try:
            done = subprocess.run(
                [tool, "-s", "-e", str(self.path), hex(address)],
                capture_output=True,
                text=True,
                timeout=20,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        line = done.stdout.strip().split(" (")[0]
        return "" if line.startswith("??") or line.endswith(":?") else line
