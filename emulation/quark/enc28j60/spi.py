"""SPI instructions: the byte stream of DS39662E section 4 as a machine whose states are functions."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any, ClassVar, cast

from emulation.quark.enc28j60 import registers as r
from emulation.quark.enc28j60.registers import BUFFER_SIZE, POINTER_MASK
from emulation.quark.peripheral import Peripheral


class SpiInstructions(Peripheral):
    """Decodes instructions and moves buffer bytes; what a control register does is for the subclass.

    Reading or writing a packet is one call a byte, so the opcode byte picks the function that takes the bytes
    after it, and what those two functions need (ERDPT, EWRPT, AUTOINC, the receive buffer's bounds) is kept
    in attributes, not in the register values.
    """

    STATE: ClassVar[tuple[str, ...]] = (
        "ram",
        "_read_pointer",
        "_write_pointer",
        "_auto_increment",
        "_rx_start",
        "_rx_end",
        "_bank",
        "_register",
    )

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.ram = bytearray(BUFFER_SIZE)
        self._read_pointer = 0
        self._write_pointer = 0
        self._auto_increment = True
        self._rx_start = 0
        self._rx_end = 0
        self._bank = 0
        self._register = 0
        self._command: Callable[[int], int] = self._opcode

    def save(self) -> dict[str, Any]:
        """A copy of the state, also in the middle of an instruction."""
        return {**super().save(), "command": cast(MethodType, self._command).__name__}

    def restore(self, state: dict[str, Any]) -> None:
        """Back to a saved state."""
        super().restore(state)
        self._command = getattr(self, state["command"])

    def read_register(self, number: int) -> int:
        """Value of a control register."""
        raise NotImplementedError

    def write_register(self, number: int, value: int) -> None:
        """Store a control register."""
        raise NotImplementedError

    def system_reset(self) -> None:
        """What the SRC instruction resets."""
        raise NotImplementedError

    def exchange(self, mosi: int) -> int:
        """Clock one byte in and one out."""
        return self._command(mosi)

    def deselect(self) -> None:
        """CS rises: the instruction ends, the next byte is an opcode."""
        self._command = self._opcode

    def _opcode(self, mosi: int) -> int:
        opcode, argument = mosi & 0xE0, mosi & 0x1F
        if mosi == 0x3A:
            self._command = self._read_buffer
        elif mosi == 0x7A:
            self._command = self._write_buffer
        elif mosi == 0xFF:
            self._command = self._ignore
            self.system_reset()
        else:
            self._register = argument if argument >= r.COMMON else self._bank | argument
            if opcode == 0x00:
                behind_mac = self._register in r.MAC_MII
                self._command = self._read_dummy if behind_mac else self._read_control
            elif opcode == 0x40:
                self._command = self._write_control
            elif opcode == 0x80:
                self._command = self._bit_set
            elif opcode == 0xA0:
                self._command = self._bit_clear
            else:
                self._command = self._ignore
                self.unknown("write", mosi, 1)
        return 0

    def _read_buffer(self, _mosi: int) -> int:
        address = self._read_pointer
        if self._auto_increment:
            self._read_pointer = self._rx_start if address == self._rx_end else (address + 1) & POINTER_MASK
        return self.ram[address]

    def _write_buffer(self, mosi: int) -> int:
        address = self._write_pointer
        self.ram[address] = mosi
        if self._auto_increment:
            self._write_pointer = (address + 1) & POINTER_MASK
        return 0

    def _read_dummy(self, _mosi: int) -> int:
        self._command = self._read_control
        return 0

    def _read_control(self, _mosi: int) -> int:
        """RCR. The data sheet shows one data byte; clocked on, the chip shows the same register again."""
        return self.read_register(self._register)

    def _write_control(self, mosi: int) -> int:
        self._command = self._ignore
        self.write_register(self._register, mosi)
        return 0

    def _bit_set(self, mosi: int) -> int:
        self._command = self._ignore
        if self._register in r.MAC_MII:
            self.unknown("write", self._register, 1)
        else:
            self.write_register(self._register, self.read_register(self._register) | mosi)
        return 0

    def _bit_clear(self, mosi: int) -> int:
        self._command = self._ignore
        if self._register in r.MAC_MII:
            self.unknown("write", self._register, 1)
        else:
            self.write_register(self._register, self.read_register(self._register) & ~mosi)
        return 0

    def _ignore(self, _mosi: int) -> int:
        return 0
