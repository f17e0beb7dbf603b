"""How full the board's Python heap is, read from outside: the guest does not notice.

MicroPython keeps its heap in blocks of 16 bytes and a table with two bits a block (free, head of an object,
tail of an object, marked; py/gc.c). Where both lie is written in `mp_state_ctx`, the interpreter's one
structure of global state. It is found there by its shape, so that no offset has to be known.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from bench.board import Board
from emulation.errors import UserError

BLOCK = 16
"""Bytes a block (MICROPY_BYTES_PER_GC_BLOCK: four words)."""
BLOCKS_PER_BYTE = 4
"""Of the allocation table."""
BLOCKS_PER_FINALISER_BYTE = 8
FREE, HEAD, TAIL, MARK = range(4)
LARGEST_CONTEXT = 0x1000
"""Bytes of `mp_state_ctx` that are looked through at most."""
WORD = 4


class HeapUse(NamedTuple):
    """Bytes, in whole blocks."""

    used: int
    """By objects, garbage or not."""
    free: int
    """In all, in however many pieces."""
    largest_free: int
    """What one object can have at most."""


class _Area(NamedTuple):
    """The beginning of `mp_state_mem_area_t`: addresses, and the size of the table in bytes."""

    table: int
    table_size: int
    finalisers: int
    pool: int
    pool_end: int

    @property
    def plausible(self) -> bool:
        blocks = self.table_size * BLOCKS_PER_BYTE
        # One byte of zeros lies between the two tables.
        return (
            self.table_size > 0
            and self.finalisers == self.table + self.table_size + 1
            and self.pool >= self.finalisers + blocks // BLOCKS_PER_FINALISER_BYTE
            and self.pool_end - self.pool == blocks * BLOCK
        )


class GuestHeap:
    """The heap of a board that runs MicroPython.

        heap = GuestHeap(board)
        before = heap.collected().used
        exchange(board)
        assert heap.collected().used == before

    `used`, `free` and `largest_free` are what `micropython.mem_info()` would print: garbage that has not
    been collected counts as used, so that they depend on when the guest collected last. `collected` is what
    they would be if it did so now. Only read memory is looked at; nothing runs, nothing is written.

    Limits: the board should be at rest (halted, waiting for something to happen), as it is whenever a wait
    has run out. In the middle of an allocation or of a collection the table is in between two states. One
    heap area (MICROPY_GC_SPLIT_HEAP off) with finalisers, 32-bit words.

    Raises UserError for a board whose firmware has no such heap, or has not set it up yet.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        try:
            self._context = board.symbol("mp_state_ctx")
        except KeyError:
            raise UserError(
                "this firmware has no MicroPython heap: it lacks the symbol mp_state_ctx",
                "measure the heap of the project's own firmware, not stripped",
            ) from None
        words = self._words(self._context, LARGEST_CONTEXT)
        candidates = (
            (index, _Area(*words[index : index + len(_Area._fields)])) for index in range(len(words) - 5)
        )
        found = next(((index, area) for index, area in candidates if area.plausible), None)
        if found is None:
            raise UserError("the firmware has not set up its heap", "let it boot before looking at its heap")
        self._roots, self._area = found

    @property
    def size(self) -> int:
        """Bytes of all blocks together."""
        return self._area.pool_end - self._area.pool

    def used(self) -> int:
        """Bytes in use, with what a collection would free."""
        return self.read().used

    def free(self) -> int:
        """Bytes that are free, together."""
        return self.read().free

    def largest_free(self) -> int:
        """Bytes of the longest run of free blocks."""
        return self.read().largest_free

    def read(self) -> HeapUse:
        """The heap as it is."""
        return _use(self._kinds())

    def collected(self) -> HeapUse:
        """The heap as it would be after a collection now.

        It does as `gc_collect` does: whatever looks like the address of an object keeps it, in the registers,
        on the stack, in the interpreter's state and in the objects kept. Needs an engine whose machine has
        `registers()`; raises UserError otherwise.
        """
        kinds = self._kinds()
        pool = self._words(self._area.pool, self.size)
        waiting = list(self._root_words())
        start, size = self._area.pool, self.size
        kept = bytearray(len(kinds))
        while waiting:
            offset = waiting.pop() - start
            if offset < 0 or offset >= size or offset % BLOCK:
                continue
            first = offset // BLOCK
            if kept[first] or kinds[first] not in (HEAD, MARK):
                continue
            end = first + 1
            while end < len(kinds) and kinds[end] == TAIL:
                end += 1
            kept[first:end] = b"\1" * (end - first)
            waiting += pool[first * BLOCK // WORD : end * BLOCK // WORD]
        return _use(kept)

    def _root_words(self) -> tuple[int, ...]:
        registers = getattr(self._board.machine, "registers", None)
        if registers is None:
            raise UserError(
                f"the engine {self._board.engine} does not show the CPU's registers",
                "measure with the embedded engine",
            )
        values: dict[str, int] = registers()
        # All of the context up to the heap's own part, whose addresses of the heap would keep its beginning.
        # The guest leaves a few words of it out; none of them is ever the only address of an object.
        context = self._words(self._context, self._roots * WORD)
        top = context[0]  # thread.stack_top
        stack = values["esp"] & -WORD
        frames = self._python_frames(context)
        return (*values.values(), *self._words(stack, max(top - stack, 0)), *frames, *context)

    def _python_frames(self, context: tuple[int, ...]) -> tuple[int, ...]:
        """What is on the stack of Python frames, where the firmware has one (MICROPY_ENABLE_PYSTACK)."""
        try:
            start = self._board.symbol("python_stack")
        except KeyError:
            return ()
        # thread.pystack_start, pystack_end, pystack_cur
        current = context[context.index(start) + 2] if start in context else start
        return self._words(start, current - start)

    def _kinds(self) -> bytes:
        table = self._board.read_memory(self._area.table, self._area.table_size)
        return b"".join(_UNPACKED[byte] for byte in table)

    def _words(self, address: int, size: int) -> tuple[int, ...]:
        return struct.unpack(f"<{size // WORD}I", self._board.read_memory(address, size))


_UNPACKED = [bytes(byte >> shift & 3 for shift in (0, 2, 4, 6)) for byte in range(256)]


def _use(blocks: bytes | bytearray) -> HeapUse:
    """From one byte a block, 0 for a free one."""
    flat = bytes(blocks).translate(bytes([FREE, *[HEAD] * 255]))
    runs = flat.split(bytes([HEAD]))
    free = flat.count(FREE)
    return HeapUse((len(flat) - free) * BLOCK, free * BLOCK, max(map(len, runs)) * BLOCK)
