"""Binding of the compiled block hook (`native/blockclock.c`): the exact and fast instruction clock.

Compiled on first use with the system's C compiler, kept under a name that carries the hash of its source.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import capstone
import unicorn
from unicorn import x86_const

from emulation import paths
from emulation.errors import UserError
from emulation.firmware.lock import folder_lock
from emulation.leash import leashed

SOURCE = Path(__file__).parent / "native" / "blockclock.c"
FLAGS = ("-O2", "-shared", "-fPIC", "-Wall", "-Wextra", "-std=c11")
NEVER = (1 << 64) - 1

REASON_HALT = 0
REASON_DEADLINE = 1
REASON_REQUEST = 2
REASON_INTERRUPT = 3


class BlockClockState(ctypes.Structure):
    """`struct block_clock` of native/blockclock.c, where each field is explained."""

    _fields_ = (
        ("cycles", ctypes.c_uint64),
        ("deadline", ctypes.c_uint64),
        ("block", ctypes.c_uint32),
        ("block_size", ctypes.c_uint32),
        ("block_instructions", ctypes.c_uint32),
        ("request", ctypes.c_uint32),
        ("interrupt", ctypes.c_uint32),
        ("shadow", ctypes.c_uint32),
        ("reason", ctypes.c_uint32),
        ("rom_start", ctypes.c_uint32 * 4),
        ("rom_end", ctypes.c_uint32 * 4),
        ("ran_from_ram", ctypes.c_uint32),
        ("blocks", ctypes.c_uint64),
        ("emu_stop", ctypes.c_void_p),
        ("reg_read", ctypes.c_void_p),
        ("reg_write", ctypes.c_void_p),
        ("mem_read", ctypes.c_void_p),
        ("disasm_iter", ctypes.c_void_p),
        ("capstone", ctypes.c_size_t),
        ("insn", ctypes.c_void_p),
        ("reg_eflags", ctypes.c_int),
        ("reg_eip", ctypes.c_int),
        ("reg_eax", ctypes.c_int),
        ("reg_edx", ctypes.c_int),
        ("cache", ctypes.c_void_p),
    )


def cache_folder() -> Path:
    """Where the compiled hook lies: `build/native` of a checkout, else the user's cache folder."""
    if paths.IS_CHECKOUT and os.access(paths.ROOT, os.W_OK):
        return paths.build_folder() / "native"
    return paths.user_cache() / "native"


def compiled_folders() -> list[Path]:
    """Where the hook may lie compiled already: in the wheel, or in a checkout that may only be read."""
    return [paths.PREBUILT, *([paths.build_folder() / "native"] if paths.IS_CHECKOUT else [])]


def library_path() -> Path:
    """The file the compiled hook has or will have for this source, these flags and this machine."""
    key = hashlib.sha256(SOURCE.read_bytes() + " ".join((*FLAGS, os.uname().machine)).encode())
    name = f"blockclock-{key.hexdigest()[:16]}.so"
    compiled = (folder / name for folder in compiled_folders())
    return next((path for path in compiled if path.exists()), cache_folder() / name)


def build() -> Path:
    """Compile the hook unless that has been done; returns the library.

    Raises UserError where there is no C compiler, it fails, or the folder cannot be written.
    """
    target = library_path()
    if target.exists():
        return target
    compiler = os.environ.get("CC") or shutil.which("gcc") or shutil.which("cc")
    if not compiler:
        raise UserError(
            "no C compiler: the emulator's instruction clock is compiled on first use",
            "apt-get install gcc libc6-dev",
        )
    with folder_lock(target.parent, lambda _text: None):  # several test processes may come here at once
        if not target.exists():
            _compile(compiler, target)
    return target


def _compile(compiler: str, target: Path) -> None:
    """Compile under another name, and rename: there is never half a library, whoever is killed."""
    unfinished = target.with_suffix(".unfinished")
    with leashed([*compiler.split(), *FLAGS, str(SOURCE), "-o", str(unfinished)]) as child:
        assert child.stdout is not None
        said = child.stdout.read()
    if child.returncode:
        first = next((line for line in said.splitlines() if "error" in line), said.strip()[:200])
        raise UserError(f"compiling {SOURCE.name} failed: {first}", "apt-get install gcc libc6-dev")
    unfinished.replace(target)


def _address(function: Any) -> int | None:
    return ctypes.cast(function, ctypes.c_void_p).value


class BlockClock:
    """The hook installed in one Unicorn instance.

    `state` is shared with the compiled code: setting `state.request`, `state.interrupt` or lowering
    `state.deadline` works at any time, also from inside an MMIO callback.
    """

    def __init__(self, uc: Any, read_only: Iterable[tuple[int, int]]) -> None:
        self._library = ctypes.CDLL(str(build()))
        self.state = BlockClockState()
        if self._library.block_clock_size() != ctypes.sizeof(self.state):
            raise RuntimeError("BlockClockState does not match struct block_clock")
        self._uc = uc
        uclib = unicorn.unicorn_py3.unicorn.uclib
        cslib = capstone._cs
        self._capstone = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_32)
        self._cache = ctypes.create_string_buffer(self._library.block_cache_bytes())
        cslib.cs_malloc.restype = ctypes.c_void_p
        state = self.state
        state.deadline = NEVER
        state.emu_stop = _address(uclib.uc_emu_stop)
        state.reg_read = _address(uclib.uc_reg_read)
        state.reg_write = _address(uclib.uc_reg_write)
        state.mem_read = _address(uclib.uc_mem_read)
        state.disasm_iter = _address(cslib.cs_disasm_iter)
        state.capstone = self._capstone.csh.value
        state.insn = cslib.cs_malloc(self._capstone.csh)
        state.reg_eflags = x86_const.UC_X86_REG_EFLAGS
        state.reg_eip = x86_const.UC_X86_REG_EIP
        state.reg_eax = x86_const.UC_X86_REG_EAX
        state.reg_edx = x86_const.UC_X86_REG_EDX
        state.cache = ctypes.addressof(self._cache)
        for i, (start, end) in enumerate(read_only):
            state.rom_start[i], state.rom_end[i] = start, end
        self._uclib = uclib
        self._hook(unicorn.UC_HOOK_BLOCK, self._library.block_clock_hook)
        # Unicorn's Python binding does not know this one, its library does.
        self._hook(unicorn.UC_HOOK_INSN, self._library.rdtsc_hook, x86_const.UC_X86_INS_RDTSC)

    def _hook(self, kind: int, function: Any, *instruction: int) -> None:
        handle = ctypes.c_size_t()
        status = self._uclib.uc_hook_add(
            self._uc._uch,
            ctypes.byref(handle),
            kind,
            ctypes.cast(function, ctypes.c_void_p),
            ctypes.cast(ctypes.pointer(self.state), ctypes.c_void_p),
            ctypes.c_uint64(1),
            ctypes.c_uint64(0),
            *map(ctypes.c_int, instruction),
        )
        if status != unicorn.UC_ERR_OK:
            raise unicorn.UcError(status)

    def instructions_between(self, start: int, end: int) -> int:
        """Instructions from `start` up to and without the one at `end`, both in one block."""
        if not start <= end <= start + self.state.block_size:
            return 0
        code = bytes(self._uc.mem_read(start, end - start))
        return sum(1 for _ in self._capstone.disasm_lite(code, start))

    def forget_counts(self) -> None:
        """Drop every block's count: another firmware lies in flash now."""
        ctypes.memset(self._cache, 0, len(self._cache))
