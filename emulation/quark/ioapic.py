"""I/O APIC of the Quark SE (Intel 82093AA data sheet; EOI register as in the later I/O xAPICs).

Indirect registers behind IOREGSEL/IOWIN at 0xFEC00000, one redirection table entry (RTE) an input line.

Choices, with their sources:

- An edge on a masked input is lost, and unmasking never sends anything for an edge-triggered input:
  "Edge-sensitive interrupts signaled on a masked interrupt pin are ignored (i.e., not delivered or held
  pending)" (82093AA, RTE mask bit).
- The Quark SE's local APIC does not forward EOIs of level-triggered interrupts: software must write the
  vector to the I/O APIC's EOI register (QMSI's QM_ISR_EOI, Zephyr's CONFIG_EOI_FORWARDING_BUG). Firmware
  that forgets gets each level interrupt once on the board, and here; `eoi_broadcast=True` gives a chip
  without this erratum.
- 32 entries, the size the chip's version register reports (QMSI's QM_IOAPIC_NUM_RTES). Zephyr initialises
  64: accesses to entries that are not there are ignored silently, as the hardware does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from emulation.quark.lapic import Lapic
from emulation.quark.peripheral import Peripheral

# Directly addressed registers
IOREGSEL = 0x00
IOWIN = 0x10
EOI = 0x40

# Registers selected by IOREGSEL
IOAPICID = 0x00
IOAPICVER = 0x01
IOAPICARB = 0x02
IOREDTBL = 0x10

VERSION = 0x20
"""The first version with an EOI register."""

# Bits of an RTE
VECTOR = 0xFF
DELIVERY_MODE = 7 << 8
LOGICAL = 1 << 11
DELIVERY_STATUS = 1 << 12
ACTIVE_LOW = 1 << 13
REMOTE_IRR = 1 << 14
LEVEL = 1 << 15
MASKED = 1 << 16
WRITABLE_LOW = 0x0001AFFF
WRITABLE_HIGH = 0xFF000000
RTE_RESET = MASKED


class IoApic(Peripheral):
    """The I/O APIC: interrupt lines in, messages to the local APIC out."""

    SIZE: ClassVar[int] = 0x1000
    STATE: ClassVar[tuple[str, ...]] = ("rte", "levels", "_select", "_id")

    def __init__(self, name: str, lapic: Lapic, entries: int = 32, eoi_broadcast: bool = False) -> None:
        super().__init__(name)
        self._lapic = lapic
        self.entries = entries
        self.levels = [False] * entries
        """Electrical levels of the input lines; they belong to the devices, a reset does not change them."""
        self._init_state()
        lapic.on_enable.append(self._evaluate_all)
        if eoi_broadcast:
            lapic.on_eoi.append(self.end_of_interrupt)

    def _init_state(self) -> None:
        self.rte = [RTE_RESET] * self.entries
        self._select = 0
        self._id = 0

    def reset(self) -> None:
        """Power-on values: all entries masked."""
        self._init_state()

    def input(self, line: int) -> Callable[[bool], None]:
        """The listener to connect an interrupt line to: `irq.connect(ioapic.input(6))`. Raises IndexError."""
        if not 0 <= line < self.entries:
            raise IndexError(f"{self.name} has inputs 0 to {self.entries - 1}, not {line}")
        return lambda level: self.set_input(line, level)

    def set_input(self, line: int, level: bool) -> None:
        """The electrical level of an input changes."""
        changed = level != self.levels[line]
        self.levels[line] = level
        entry = self.rte[line]
        if entry & LEVEL:
            self._evaluate(line)
        elif changed and level != bool(entry & ACTIVE_LOW) and not entry & MASKED:
            self._send(entry)

    def end_of_interrupt(self, vector: int) -> None:
        """Software has served the level interrupts of this vector: those still asserted are sent again."""
        for line, entry in enumerate(self.rte):
            if entry & REMOTE_IRR and entry & VECTOR == vector:
                self.rte[line] = entry & ~REMOTE_IRR
                self._evaluate(line)

    def _evaluate(self, line: int) -> None:
        """Send a level-triggered interrupt if its line is active and no earlier one is being served."""
        entry = self.rte[line]
        if (
            entry & (LEVEL | MASKED | REMOTE_IRR) == LEVEL
            and self.levels[line] != bool(entry & ACTIVE_LOW)
            and self._send(entry)
        ):
            self.rte[line] = entry | REMOTE_IRR

    def _evaluate_all(self) -> None:
        for line in range(self.entries):
            self._evaluate(line)

    def _send(self, entry: int) -> bool:
        if entry & DELIVERY_MODE > 1 << 8:  # SMI, NMI, INIT and ExtINT have no receiver in this machine
            return False
        if not self._lapic.is_destination(entry >> 56, bool(entry & LOGICAL)):
            return False
        return self._lapic.raise_vector(entry & VECTOR, bool(entry & LEVEL))

    def read(self, offset: int, width: int) -> int:
        """Value of `width` bytes at `offset`."""
        base = offset & ~3
        if base == IOWIN:
            value = self._read_selected()
        elif base == IOREGSEL:
            value = self._select
        elif base == EOI:
            value = 0
        else:
            return self.unknown("read", offset, width)
        return value if width == 4 else value >> ((offset & 3) * 8) & ((1 << width * 8) - 1)

    def _read_selected(self) -> int:
        index = self._select
        if index >= IOREDTBL:
            line = (index - IOREDTBL) >> 1
            if line >= self.entries:
                return 0
            return self.rte[line] >> 32 if index & 1 else self.rte[line] & 0xFFFFFFFF
        if index in (IOAPICID, IOAPICARB):
            return self._id
        if index == IOAPICVER:
            return (self.entries - 1) << 16 | VERSION
        return 0

    def write(self, offset: int, width: int, value: int) -> None:
        """Store `width` bytes at `offset`."""
        base = offset & ~3
        if width != 4:
            shift = (offset & 3) * 8
            lanes = ((1 << width * 8) - 1) << shift
            old = 0 if base == EOI else self.read(base, 4) if base in (IOREGSEL, IOWIN) else 0
            value = old & ~lanes | value << shift & lanes
        if base == IOREGSEL:
            self._select = value & 0xFF
        elif base == IOWIN:
            self._write_selected(value)
        elif base == EOI:
            self.end_of_interrupt(value & 0xFF)
        else:
            self.unknown("write", offset, width)

    def _write_selected(self, value: int) -> None:
        index = self._select
        if index >= IOREDTBL:
            line = (index - IOREDTBL) >> 1
            if line >= self.entries:
                return
            entry = self.rte[line]
            if index & 1:
                entry = entry & 0xFFFFFFFF | (value & WRITABLE_HIGH) << 32
            else:
                entry = entry & ~WRITABLE_LOW | value & WRITABLE_LOW
                if not entry & LEVEL:
                    entry &= ~REMOTE_IRR
            self.rte[line] = entry
            self._evaluate(line)
        elif index == IOAPICID:
            self._id = value & 0x0F000000
