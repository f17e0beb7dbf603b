"""Local APIC of the Quark SE's x86 core (Intel SDM volume 3, Advanced Programmable Interrupt Controller).

One processor, physical address 0xFEE00000. Interrupts come from the I/O APIC (`raise_vector`), from the
timer and from self-IPIs; the core looks at `deliverable`, takes the vector with `acknowledge`, and software
ends it with EOI.

The timer counts the virtual clock exactly: nothing happens per tick, the current count is computed when it
is read, and an event is scheduled only for an expiry that will interrupt. A masked timer therefore costs
nothing and never wakes an idle core, while its count still reads right. It interrupts when the count reaches
0; in periodic mode the reload takes one more tick, so that the period is initial count + 1 ticks (what
Zephyr's 0x4E1FF for 10 ms expects).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from emulation.quark.clock import Clock
from emulation.quark.peripheral import Peripheral

# Register offsets: 32-bit registers on 16-byte boundaries (SDM table "Local APIC Register Address Map").
ID = 0x020
VERSION = 0x030
TPR = 0x080
APR = 0x090
PPR = 0x0A0
EOI = 0x0B0
RRD = 0x0C0
LDR = 0x0D0
DFR = 0x0E0
SVR = 0x0F0
ISR = 0x100
TMR = 0x180
IRR = 0x200
ESR = 0x280
LVT_CMCI = 0x2F0
ICR_LOW = 0x300
ICR_HIGH = 0x310
LVT_TIMER = 0x320
LVT_THERMAL = 0x330
LVT_PERFORMANCE = 0x340
LVT_LINT0 = 0x350
LVT_LINT1 = 0x360
LVT_ERROR = 0x370
INITIAL_COUNT = 0x380
CURRENT_COUNT = 0x390
DIVIDE_CONFIGURATION = 0x3E0

SVR_ENABLE = 1 << 8
LVT_MASKED = 1 << 16
LVT_PERIODIC = 1 << 17
ESR_SEND_ILLEGAL_VECTOR = 1 << 5
ESR_RECEIVED_ILLEGAL_VECTOR = 1 << 6

RESET_VALUES: dict[int, int] = {
    ID: 0,
    LDR: 0,
    DFR: 0xFFFFFFFF,
    SVR: 0xFF,
    ICR_LOW: 0,
    ICR_HIGH: 0,
    LVT_CMCI: LVT_MASKED,
    LVT_TIMER: LVT_MASKED,
    LVT_THERMAL: LVT_MASKED,
    LVT_PERFORMANCE: LVT_MASKED,
    LVT_LINT0: LVT_MASKED,
    LVT_LINT1: LVT_MASKED,
    LVT_ERROR: LVT_MASKED,
    DIVIDE_CONFIGURATION: 0,
}
"""The registers that are storage, with their values after a power-on reset."""

WRITABLE_BITS: dict[int, int] = {
    ID: 0xFF000000,
    LDR: 0xFF000000,
    DFR: 0xF0000000,
    SVR: 0x000003FF,
    ICR_HIGH: 0xFF000000,
    LVT_CMCI: 0x000107FF,
    LVT_TIMER: 0x000300FF,
    LVT_THERMAL: 0x000107FF,
    LVT_PERFORMANCE: 0x000107FF,
    LVT_LINT0: 0x0001A7FF,
    LVT_LINT1: 0x0001A7FF,
    LVT_ERROR: 0x000100FF,
    DIVIDE_CONFIGURATION: 0x0000000B,
}
LVTS = (LVT_CMCI, LVT_TIMER, LVT_THERMAL, LVT_PERFORMANCE, LVT_LINT0, LVT_LINT1, LVT_ERROR)

VERSION_VALUE = 0x00030010
"""An integrated APIC with four LVT entries; what Renode's model of this chip reports."""

DIVIDERS = {0b0000: 2, 0b0001: 4, 0b0010: 8, 0b0011: 16, 0b1000: 32, 0b1001: 64, 0b1010: 128, 0b1011: 1}


class Lapic(Peripheral):
    """The local APIC. `on_pending` is called whenever `deliverable` changes."""

    SIZE: ClassVar[int] = 0x1000
    STATE: ClassVar[tuple[str, ...]] = (
        "irr",
        "isr",
        "tmr",
        "tpr",
        "deliverable",
        "_regs",
        "_esr",
        "_esr_pending",
        "_divider",
        "_initial",
        "_anchor_cycle",
        "_anchor_count",
        "_counting",
    )

    def __init__(self, name: str, clock: Clock) -> None:
        super().__init__(name)
        self._clock = clock
        self._timer_key = f"{name}.timer"
        clock.register(self._timer_key, self._timer_expired)
        self.on_pending: Callable[[], None] = lambda: None
        """Told each change of `deliverable`; set by the core."""
        self.on_eoi: list[Callable[[int], None]] = []
        """Told the vector of each EOI of a level-triggered interrupt (the broadcast to the I/O APIC)."""
        self.on_enable: list[Callable[[], None]] = []
        """Told when software enables the APIC: from now on it accepts interrupts."""
        self._init_state()

    def _init_state(self) -> None:
        self.irr = 0
        self.isr = 0
        self.tmr = 0
        """Interrupt request, in-service and trigger mode registers: bit n stands for vector n."""
        self.tpr = 0
        self.deliverable = False
        """An interrupt above the processor's priority waits for the core."""
        self._regs = dict(RESET_VALUES)
        self._esr = 0
        self._esr_pending = 0
        self._divider = 2
        self._initial = 0
        # While counting: at _anchor_cycle the current count was _anchor_count. Otherwise the count is 0.
        self._anchor_cycle = 0
        self._anchor_count = 0
        self._counting = False

    def reset(self) -> None:
        """Power-on values: software-disabled, everything masked, timer stopped."""
        self._clock.cancel(self._timer_key)
        was = self.deliverable
        self._init_state()
        if was:
            self.on_pending()

    # What the core sees

    @property
    def enabled(self) -> bool:
        """Software has enabled the APIC (SVR bit 8); a disabled one accepts no interrupts."""
        return bool(self._regs[SVR] & SVR_ENABLE)

    @property
    def ppr(self) -> int:
        """Processor priority: the higher of TPR and the class of the vector in service."""
        in_service = (self.isr.bit_length() - 1) & 0xF0 if self.isr else 0
        return self.tpr if self.tpr & 0xF0 >= in_service else in_service

    def pending_vector(self) -> int | None:
        """The vector the core would be given now: the highest request if its class is above PPR's."""
        return self.irr.bit_length() - 1 if self.deliverable else None

    def acknowledge(self) -> int:
        """The core takes the interrupt: its vector goes from IRR to ISR.

        With nothing deliverable (any more) the core gets the spurious vector, which has no ISR bit.
        """
        if not self.deliverable:
            return self._regs[SVR] & 0xFF
        vector = self.irr.bit_length() - 1
        self.irr &= ~(1 << vector)
        self.isr |= 1 << vector
        self._update()
        return vector

    def raise_vector(self, vector: int, level: bool = False) -> bool:
        """An interrupt message arrives; False if it is not accepted (APIC disabled or reserved vector)."""
        if not self.enabled:
            return False
        if vector < 16:
            self._error(ESR_RECEIVED_ILLEGAL_VECTOR)
            return False
        bit = 1 << vector
        self.irr |= bit
        if level:
            self.tmr |= bit
        else:
            self.tmr &= ~bit
        self._update()
        return True

    def is_destination(self, destination: int, logical: bool) -> bool:
        """Whether a message with this 8-bit destination field reaches this processor."""
        if not logical:
            return destination in (self._regs[ID] >> 24, 0xFF) or destination & 0xF == 0xF
        ldr = self._regs[LDR] >> 24
        if self._regs[DFR] >> 28 == 0xF:  # flat model
            return bool(destination & ldr)
        return destination >> 4 in (ldr >> 4, 0xF) and bool(destination & ldr & 0xF)

    # Bus

    def read(self, offset: int, width: int) -> int:
        """Value of `width` bytes at `offset`."""
        value = self._read32(offset & ~3)
        return value if width == 4 else value >> ((offset & 3) * 8) & ((1 << width * 8) - 1)

    def _read32(self, offset: int) -> int:
        if offset & 0xF:
            return self.unknown("read", offset, 4)
        if 0x100 <= offset < 0x280:
            bank = self.isr if offset < TMR else self.tmr if offset < IRR else self.irr
            return bank >> ((offset & 0x70) << 1) & 0xFFFFFFFF
        value = self._regs.get(offset)
        if value is not None:
            return value
        if offset == CURRENT_COUNT:
            return self._current_count()
        if offset == INITIAL_COUNT:
            return self._initial
        if offset == TPR:
            return self.tpr
        if offset == PPR:
            return self.ppr
        if offset == ESR:
            return self._esr
        if offset == VERSION:
            return VERSION_VALUE
        if offset in (EOI, APR, RRD):
            return 0
        return self.unknown("read", offset, 4)

    def write(self, offset: int, width: int, value: int) -> None:
        """Store `width` bytes at `offset`."""
        if width != 4:
            base = offset & ~3
            shift = (offset & 3) * 8
            lanes = ((1 << width * 8) - 1) << shift
            # EOI and ESR are commands: what they read has no part in what is written.
            old = 0 if base in (EOI, ESR) else self._read32(base)
            offset, value = base, old & ~lanes | value << shift & lanes
        if offset == EOI:
            self._end_of_interrupt()
        elif offset == TPR:
            self.tpr = value & 0xFF
            self._update()
        elif offset == INITIAL_COUNT:
            self._initial = value
            self._anchor_cycle = self._clock.now
            self._anchor_count = value
            self._counting = value != 0
            self._schedule_timer()
        elif offset == SVR:
            self._write_svr(value)
        elif offset == LVT_TIMER:
            self._reanchor()
            self._store_lvt(offset, value)
            self._schedule_timer()
        elif offset in LVTS:
            self._store_lvt(offset, value)
        elif offset == DIVIDE_CONFIGURATION:
            self._reanchor()
            self._regs[offset] = value & WRITABLE_BITS[offset]
            self._divider = DIVIDERS[value & 0xB]
            self._schedule_timer()
        elif offset == ICR_LOW:
            self._regs[offset] = value & 0x000CCFFF
            self._send_ipi(value)
        elif offset == ESR:
            self._esr, self._esr_pending = self._esr_pending, 0
        elif offset in WRITABLE_BITS:
            bits = WRITABLE_BITS[offset]
            self._regs[offset] = self._regs[offset] & ~bits | value & bits
        else:
            self.unknown("write", offset, width)

    # Interrupt logic

    def _update(self) -> None:
        now = False
        if self.irr:
            now = self.irr.bit_length() - 1 & 0xF0 > self.ppr & 0xF0
        if now != self.deliverable:
            self.deliverable = now
            self.on_pending()

    def _end_of_interrupt(self) -> None:
        if not self.isr:
            return
        vector = self.isr.bit_length() - 1
        self.isr &= ~(1 << vector)
        self._update()
        if self.tmr >> vector & 1:
            for listener in self.on_eoi:
                listener(vector)

    def _write_svr(self, value: int) -> None:
        was = self.enabled
        self._regs[SVR] = value & WRITABLE_BITS[SVR]
        if was and not self.enabled:
            # SDM "Local APIC State After It Has Been Software Disabled": all LVT mask bits are set; what is
            # in IRR and ISR stays and is delivered.
            for lvt in LVTS:
                self._regs[lvt] |= LVT_MASKED
            self._schedule_timer()
        elif self.enabled and not was:
            for listener in self.on_enable:
                listener()

    def _store_lvt(self, offset: int, value: int) -> None:
        self._regs[offset] = value & WRITABLE_BITS[offset] | (0 if self.enabled else LVT_MASKED)

    def _error(self, bit: int) -> None:
        self._esr_pending |= bit
        lvt = self._regs[LVT_ERROR]
        if not lvt & LVT_MASKED and lvt & 0xFF >= 16:
            self.raise_vector(lvt & 0xFF)

    def _send_ipi(self, command: int) -> None:
        mode = command >> 8 & 7
        shorthand = command >> 18 & 3
        if shorthand == 0:
            mine = self.is_destination(self._regs[ICR_HIGH] >> 24, bool(command & 1 << 11))
        else:
            mine = shorthand in (1, 2)  # self, all including self
        if mode > 1:  # only fixed and lowest priority carry a vector to an otherwise idle bus
            self.unknown("write", ICR_LOW, 4)
        elif command & 0xFF < 16:
            self._error(ESR_SEND_ILLEGAL_VECTOR)
        elif mine:
            self.raise_vector(command & 0xFF)

    # Timer

    def _current_count(self) -> int:
        if not self._counting:
            return 0
        ticks = (self._clock.now - self._anchor_cycle) // self._divider
        if ticks <= self._anchor_count:
            return self._anchor_count - ticks
        if not self._regs[LVT_TIMER] & LVT_PERIODIC:
            return 0
        return self._initial - (ticks - self._anchor_count - 1) % (self._initial + 1)

    def _reanchor(self) -> None:
        """Before the mode or the rate changes: the count goes on from where it is."""
        count = self._current_count()
        if count == 0 and not self._regs[LVT_TIMER] & LVT_PERIODIC:
            self._counting = False  # a one-shot that is over stays so until the next initial count
        self._anchor_cycle = self._clock.now
        self._anchor_count = count

    def _schedule_timer(self) -> None:
        lvt = self._regs[LVT_TIMER]
        if not self._counting or lvt & LVT_MASKED:
            self._clock.cancel(self._timer_key)
            return
        elapsed = self._clock.now - self._anchor_cycle
        expiry = self._anchor_count * self._divider
        if elapsed >= expiry:
            if not lvt & LVT_PERIODIC:
                self._clock.cancel(self._timer_key)
                return
            period = (self._initial + 1) * self._divider
            expiry += ((elapsed - expiry) // period + 1) * period
        self._clock.schedule(self._timer_key, self._anchor_cycle + expiry)

    def _timer_expired(self) -> None:
        lvt = self._regs[LVT_TIMER]
        if not lvt & LVT_MASKED:
            self.raise_vector(lvt & 0xFF)
        self._schedule_timer()
