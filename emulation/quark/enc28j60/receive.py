"""Receive logic: a frame from the wire into the circular buffer (DS39662E section 7.2, table 7-3).

A frame is stored as a whole at the moment its last bit has arrived, or not at all: the chip aborts a frame
that runs into ERXRDPT, and then nothing of it is visible to the host.
"""

from __future__ import annotations

from typing import ClassVar

from emulation.quark.enc28j60 import ethernet, filters
from emulation.quark.enc28j60 import registers as r
from emulation.quark.enc28j60.registers import POINTER_MASK, Part, RaiseFlags, Registers

PACKET_HEADER_SIZE = 6
MAX_PACKETS = 255


class Receiver(Part):
    """The MAC's receive half and the receive hardware's write pointer."""

    STATE: ClassVar[tuple[str, ...]] = ("_write_pointer", "_dropped_one", "_drops")

    def __init__(self, registers: Registers, ram: bytearray, raise_flags: RaiseFlags) -> None:
        self._registers = registers
        self._ram = ram
        self._raise_flags = raise_flags
        self._drops: tuple[tuple[str, int], ...] = ()
        self.reset()

    def reset(self) -> None:
        """Power-on, system reset."""
        self._write_pointer = self._registers.word(r.ERXSTL)
        self._dropped_one = False
        self._drops = ()

    def hold_in_reset(self) -> None:
        """ECON1.RXRST: reception off, no packet pending."""
        self._registers.values[r.ECON1] &= ~r.RXEN
        self._registers.values[r.EPKTCNT] = 0
        self._dropped_one = False

    def boundary_written(self) -> None:
        """ERXST or ERXND was written: the hardware's write pointer goes to ERXST."""
        self._write_pointer = self._registers.word(r.ERXSTL)
        self._registers.set_word(r.ERXWRPTL, self._write_pointer)

    @property
    def drops(self) -> dict[str, int]:
        """How many frames were not stored, by reason, since reset."""
        return dict(self._drops)

    def drop(self, reason: str) -> bool:
        """Count a frame that is not stored."""
        drops = dict(self._drops)
        drops[reason] = drops.get(reason, 0) + 1
        self._drops = tuple(drops.items())
        return False

    def accept(self, frame: bytes, fcs: bytes) -> bool:
        """Take a frame from the wire. True when it is in the buffer."""
        registers = self._registers
        values = registers.values
        if values[r.ECON1] & (r.RXEN | r.RXRST) != r.RXEN or not values[r.MACON1] & r.MARXEN:
            return self.drop("reception off")
        size = len(frame) + len(fcs)
        if len(frame) < ethernet.HEADER_SIZE:
            return self.drop("shorter than 18 bytes")
        if size > registers.word(r.MAMXFLL) and not values[r.MACON3] & r.HFRMEN:
            self._dropped_one = True
            return self.drop("longer than MAMXFL")
        fcs_ok = fcs == ethernet.fcs(frame)
        if ethernet.is_control(frame) and not values[r.MACON1] & r.PASSALL:
            return self.drop("MAC control frame")
        if not filters.accepts(registers, frame, fcs, fcs_ok):
            return self.drop("receive filters")
        checked = bool(values[r.MACON3] & r.FRMLNEN)
        status = ethernet.receive_status(frame, size, fcs_ok, registers.mac_address, checked)
        if self._dropped_one:
            status |= ethernet.LONG_OR_DROP_EVENT
        return self._store(frame + fcs, status)

    def _store(self, data: bytes, status: int) -> bool:
        """Write header, frame and FCS at the write pointer and move it on to the next even offset."""
        registers = self._registers
        start = registers.word(r.ERXSTL)
        size = ((registers.word(r.ERXNDL) - start) & POINTER_MASK) + 1
        head = (self._write_pointer - start) & POINTER_MASK
        read = (registers.word(r.ERXRDPTL) - start) & POINTER_MASK
        needed = PACKET_HEADER_SIZE + len(data)
        needed += needed & 1
        # A read pointer outside the buffer forbids nothing, so the whole of it is free.
        free = (read - head - 1) % size if read < size else size - 1
        if needed > free or registers.values[r.EPKTCNT] == MAX_PACKETS:
            self._dropped_one = True
            self._raise_flags(r.RXERIF)
            return self.drop("receive buffer full" if needed > free else "255 packets pending")
        following = (start + (head + needed) % size) & POINTER_MASK
        self._write_ring(
            start, size, head, following.to_bytes(2, "little") + status.to_bytes(4, "little") + data
        )
        self._write_pointer = following
        registers.set_word(r.ERXWRPTL, following)
        registers.values[r.EPKTCNT] += 1
        self._dropped_one = False
        self._raise_flags(0)
        return True

    def _write_ring(self, start: int, size: int, offset: int, data: bytes) -> None:
        """Copy into the circular buffer, which itself may span 1FFFh to 0000h."""
        while data:
            address = (start + offset) & POINTER_MASK
            run = min(len(data), size - offset, POINTER_MASK + 1 - address)
            self._ram[address : address + run] = data[:run]
            data = data[run:]
            offset = (offset + run) % size
