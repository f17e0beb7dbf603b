"""The system bus: memories, and the windows in which peripherals answer."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import unicorn

from emulation.errors import UserError
from emulation.quark.peripheral import Peripheral

PAGE = 0x1000
_SLOT_BITS = 8  # peripherals start at multiples of 256 bytes

_READ_EXECUTE = unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC

_READ_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_uint64, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint, ctypes.c_void_p
)
_WRITE_CALLBACK = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint, ctypes.c_uint64, ctypes.c_void_p
)


@dataclass
class Memory:
    """A memory of the board; `data` is what the guest sees, shared with the CPU."""

    name: str
    starts: tuple[int, ...]
    data: mmap.mmap
    writable: bool
    executed: bool = False
    """Code ran from it, although it is writable."""

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.data)

    def contains(self, address: int, size: int = 1) -> int | None:
        """Offset of `address` in `data` if all `size` bytes lie in it."""
        for start in self.starts:
            if start <= address and address + size <= start + self.size:
                return address - start
        return None


def _pointer(memory: Memory) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory.data))


class Window:
    """An address range of peripherals, mapped into Unicorn as one region.

    The callbacks go straight from Unicorn to the peripheral: an access is the most frequent thing that
    happens outside translated code. An exception in a model must not be lost in the C code between, so it is
    kept in `error` and the guest is stopped through `on_error`.
    """

    def __init__(self, start: int, size: int, on_unclaimed: Callable[[str, int, int], int]) -> None:
        self.start = start
        self.size = size
        self.error: BaseException | None = None
        self.on_error: Callable[[], None] = lambda: None
        reads: dict[int, tuple[Callable[[int, int], int], int]] = {}
        writes: dict[int, tuple[Callable[[int, int, int], None], int]] = {}
        self._reads, self._writes = reads, writes

        def read(_uc: Any, offset: int, width: int, _user: Any) -> int:
            try:
                slot = reads.get(offset >> _SLOT_BITS)
                if slot is None:
                    return on_unclaimed("read", start + offset, width)
                return slot[0](offset - slot[1], width)
            except BaseException as error:
                self._failed(error)
                return 0

        def write(_uc: Any, offset: int, width: int, value: int, _user: Any) -> None:
            try:
                slot = writes.get(offset >> _SLOT_BITS)
                if slot is None:
                    on_unclaimed("write", start + offset, width)
                else:
                    slot[0](offset - slot[1], width, value)
            except BaseException as error:
                self._failed(error)

        self._read = _READ_CALLBACK(read)
        self._write = _WRITE_CALLBACK(write)

    def _failed(self, error: BaseException) -> None:
        self.error = self.error or error
        self.on_error()

    def add(self, address: int, size: int, peripheral: Peripheral) -> None:
        """Let `peripheral` answer `size` bytes from `address` on."""
        offset = address - self.start
        for slot in range(offset >> _SLOT_BITS, (offset + size - 1 >> _SLOT_BITS) + 1):
            self._reads[slot] = (peripheral.read, offset)
            self._writes[slot] = (peripheral.write, offset)

    def map(self, uc: Any) -> None:
        """Make the window visible to the CPU."""
        uclib = unicorn.unicorn_py3.unicorn.uclib
        status = uclib.uc_mmio_map(
            uc._uch,
            ctypes.c_uint64(self.start),
            ctypes.c_uint64(self.size),
            ctypes.cast(self._read, ctypes.c_void_p),
            None,
            ctypes.cast(self._write, ctypes.c_void_p),
            None,
        )
        if status != unicorn.UC_ERR_OK:
            raise unicorn.UcError(status)


class Bus:
    """All memories and windows of a board."""

    def __init__(self) -> None:
        self.memories: list[Memory] = []
        self.windows: list[Window] = []

    def add_memory(self, name: str, starts: tuple[int, ...], size: int, *, writable: bool) -> Memory:
        """Add a memory that answers at each of `starts`. Raises UserError unless pages are whole."""
        for start in starts:
            if start % PAGE or size % PAGE or not size:
                raise UserError(
                    f"memory {name} at 0x{start:x} with 0x{size:x} bytes is not made of whole 4 KiB pages",
                    "use multiples of 0x1000 in the platform file",
                )
        memory = Memory(name, starts, mmap.mmap(-1, size), writable)
        self.memories.append(memory)
        return memory

    def map(self, uc: Any) -> None:
        """Make everything visible to the CPU.

        Writable memory cannot be executed until somebody tries (`allow_execution`): Unicorn checks each store
        to executable memory for translated code under it, which costs the firmware, which runs from flash, a
        third of its speed.
        """
        for memory in self.memories:
            for start in memory.starts:
                rights = unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE if memory.writable else _READ_EXECUTE
                uc.mem_map_ptr(start, memory.size, rights, _pointer(memory))
        for window in self.windows:
            window.map(uc)

    def allow_execution(self, uc: Any, address: int) -> bool:
        """Make the writable memory at `address` executable. False if there is none, or it was already."""
        found = self.find(address)
        if found is None or not found[0].writable or found[0].executed:
            return False
        memory = found[0]
        memory.executed = True
        for start in memory.starts:
            uc.mem_protect(start, memory.size, unicorn.UC_PROT_ALL)
        return True

    def find(self, address: int, size: int = 1) -> tuple[Memory, int] | None:
        """The memory that holds `size` bytes from `address` on, and their offset in it."""
        for memory in self.memories:
            offset = memory.contains(address, size)
            if offset is not None:
                return memory, offset
        return None
