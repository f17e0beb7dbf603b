"""DesignWare DW_apb_gpio, port A: the GPIO controllers of the Quark SE (DW_apb_gpio databook).

Up to 32 pins. `set_pin` is the outside world driving a pin; `outputs` are the pins as the world sees them.

An edge-sensitive pin latches the edge while its interrupt is enabled, masked or not; the latch stands until
EOI is written. A level-sensitive pin follows its input: EOI does nothing for it. Debouncing is stored only:
inputs of this machine do not bounce, and nobody sends pulses shorter than the debounce clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from emulation.quark.peripheral import Line, Peripheral

SWPORTA_DR = 0x00
SWPORTA_DDR = 0x04
SWPORTA_CTL = 0x08
INTEN = 0x30
INTMASK = 0x34
INTTYPE_LEVEL = 0x38
INT_POLARITY = 0x3C
INTSTATUS = 0x40
RAW_INTSTATUS = 0x44
DEBOUNCE = 0x48
PORTA_EOI = 0x4C
EXT_PORTA = 0x50
LS_SYNC = 0x60
ID_CODE = 0x64
INT_BOTHEDGE = 0x68
VER_ID_CODE = 0x6C

STORED = (
    SWPORTA_DR,
    SWPORTA_DDR,  # 1: output
    SWPORTA_CTL,
    INTEN,
    INTMASK,  # 1: masked
    INTTYPE_LEVEL,  # 1: edge
    INT_POLARITY,  # 1: active high or rising
    DEBOUNCE,
    LS_SYNC,
    INT_BOTHEDGE,  # 1: both edges, whatever the two registers above say
)
"""Registers that are storage, one bit a pin (LS_SYNC: bit 0 only); all reset to 0."""

CONSTANTS = {ID_CODE: 0, VER_ID_CODE: 0x3230382A}
"""Identification, which no known driver reads: plausible values, the version is "208*" in ASCII."""


class DwGpio(Peripheral):
    """One port of general purpose I/O with a combined interrupt."""

    SIZE: ClassVar[int] = 0x400
    STATE: ClassVar[tuple[str, ...]] = ("_regs", "_latched", "_inputs", "_driven")
    LINES: ClassVar[tuple[str, ...]] = ("irq",)

    def __init__(self, name: str, pins: int = 32) -> None:
        super().__init__(name)
        self.pins = pins
        self._all = (1 << pins) - 1
        self.irq = Line(f"{name}.irq")
        """Any unmasked interrupt, active high."""
        self.outputs = [Line(f"{name}.{n}") for n in range(pins)]
        """What the port drives; a pin that is an input drives nothing and shows False."""
        self._driven = 0  # levels of `outputs`, as bits
        self._inputs = 0  # belongs to the outside world: a reset does not change it
        self._init_state()

    def _init_state(self) -> None:
        self._regs = dict.fromkeys(STORED, 0)
        self._latched = 0

    def reset(self) -> None:
        """Power-on values: all pins inputs, interrupts disabled."""
        self._init_state()
        self._drive()
        self._update_irq()

    def pin(self, n: int) -> Callable[[bool], None]:
        """The listener to connect a line to: `line.connect(gpio.pin(19))`. Raises IndexError.

        A line that is already high must be told once: `gpio.set_pin(19, line.level)`.
        """
        if not 0 <= n < self.pins:
            raise IndexError(f"{self.name} has pins 0 to {self.pins - 1}, not {n}")
        return lambda level: self.set_pin(n, level)

    def set_pin(self, n: int, level: bool) -> None:
        """The outside world drives pin `n`."""
        bit = 1 << n
        if level == bool(self._inputs & bit):
            return
        self._inputs ^= bit
        regs = self._regs
        if regs[INTEN] & ~regs[SWPORTA_DDR] & bit:
            both = regs[INT_BOTHEDGE] & bit
            if both or (regs[INTTYPE_LEVEL] & bit and level == bool(regs[INT_POLARITY] & bit)):
                self._latched |= bit
            self._update_irq()

    def _raw(self) -> int:
        regs = self._regs
        edge = regs[INTTYPE_LEVEL] | regs[INT_BOTHEDGE]
        active = ~(self._inputs ^ regs[INT_POLARITY]) & ~edge
        return (self._latched | active) & regs[INTEN] & ~regs[SWPORTA_DDR] & self._all

    def _update_irq(self) -> None:
        self.irq.set(bool(self._raw() & ~self._regs[INTMASK]))

    def _drive(self) -> None:
        # Bit by bit over what changes: drivers toggle one chip select pin around every SPI command.
        driven = self._regs[SWPORTA_DR] & self._regs[SWPORTA_DDR]
        changed = driven ^ self._driven
        self._driven = driven
        while changed:
            n = (changed & -changed).bit_length() - 1
            changed &= changed - 1
            self.outputs[n].set(bool(driven >> n & 1))

    def read(self, offset: int, width: int) -> int:
        """Value of `width` bytes at `offset`."""
        base = offset & ~3
        regs = self._regs
        if base in regs:
            value = regs[base]
        elif base == EXT_PORTA:
            # Inputs show the pin, outputs what is driven.
            value = self._inputs & ~regs[SWPORTA_DDR] | regs[SWPORTA_DR] & regs[SWPORTA_DDR]
        elif base == INTSTATUS:
            value = self._raw() & ~regs[INTMASK]
        elif base == RAW_INTSTATUS:
            value = self._raw()
        elif base == PORTA_EOI:
            value = 0
        elif base in CONSTANTS:
            value = CONSTANTS[base]
        else:
            return self.unknown("read", offset, width)
        return value if width == 4 else value >> ((offset & 3) * 8) & ((1 << width * 8) - 1)

    def write(self, offset: int, width: int, value: int) -> None:
        """Store `width` bytes at `offset`."""
        base = offset & ~3
        if width != 4:
            shift = (offset & 3) * 8
            lanes = ((1 << width * 8) - 1) << shift
            value = self._regs.get(base, 0) & ~lanes | value << shift & lanes
        value &= self._all
        if base == SWPORTA_DR:  # has no part in interrupts
            self._regs[SWPORTA_DR] = value
            self._drive()
            return
        if base == PORTA_EOI:
            self._latched &= ~value
        elif base in self._regs:
            self._regs[base] = value & 1 if base == LS_SYNC else value
            if base in (INTEN, INTTYPE_LEVEL, INT_BOTHEDGE):
                # An edge latched under the old setting means nothing under the new one.
                edge = self._regs[INTTYPE_LEVEL] | self._regs[INT_BOTHEDGE]
                self._latched &= self._regs[INTEN] & edge
            if base == SWPORTA_DDR:
                self._drive()
        elif base not in CONSTANTS and base not in (EXT_PORTA, INTSTATUS, RAW_INTSTATUS):
            self.unknown("write", offset, width)
        self._update_irq()

    def restore(self, state: dict[str, Any]) -> None:
        """Back to a saved state."""
        super().restore(state)
        for n, line in enumerate(self.outputs):
            line.level = bool(self._driven >> n & 1)
