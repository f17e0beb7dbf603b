"""System Control Subsystem of the Quark SE (data sheet, chapters SCSS and AON counters).

Register names are those of Intel's QMSI.

Clock gates, pin multiplexers, interrupt routing masks and most of the rest are plain storage: this
machine's clocks always run, its pins are wired by the board, and every interrupt is routed to the x86 core.
What acts: oscillator and regulator status (always locked and good), the always-on counter and periodic
timer, the always-on GPIO port, and the reset register.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from emulation.quark.clock import HZ, Clock
from emulation.quark.gpio import DwGpio
from emulation.quark.peripheral import Line, Peripheral

# Clock control unit
OSC0_STAT1 = 0x004

# General purpose
WO_SP = 0x130
WO_ST = 0x134

# Power management
AON_VR = 0x540
HOST_VR = 0x54C
RSTC = 0x570

# Always-on counter and periodic timer
AONC_CNT = 0x700
AONC_CFG = 0x704
AONPT_CNT = 0x708
AONPT_STAT = 0x70C
AONPT_CTRL = 0x710
AONPT_CFG = 0x714

# Always-on GPIO: a DW_apb_gpio of six pins
AON_GPIO = 0xB00
AON_GPIO_END = 0xC00
AON_GPIO_PINS = 6

END = 0x4000

RTC_HZ = 32_768
"""The always-on domain's clock, a watch crystal (data sheet, AON counters). Renode counts at 32,000 Hz."""

OSC0_LOCKED = 0b11
"""OSC0_STAT1: silicon oscillator (bit 0) and crystal (bit 1) have locked."""
VR_OK = 1 << 10
"""Regulator status bit of the four voltage regulator registers: the output is good."""
AONC_ENABLE = 1 << 0
AONPT_CLEAR = 1 << 0
AONPT_RESTART = 1 << 1
RSTC_WARM = 1 << 1
RSTC_COLD = 1 << 3

READ_ONLY = (OSC0_STAT1, AONC_CNT, AONPT_CNT, AONPT_STAT)


class Scss(Peripheral):
    """The system control registers. `seed` is the value the always-on counter has at power-on.

    On the board that counter runs from the coin cell's first contact, so firmware takes entropy from it;
    a chosen start value keeps runs of the emulator repeatable.
    """

    SIZE: ClassVar[int] = END
    STATE: ClassVar[tuple[str, ...]] = (
        "_storage",
        "_counter_base",
        "_counter_cycle",
        "_timer_cycle",
        "_timer_expired",
    )
    LINES: ClassVar[tuple[str, ...]] = ("aonpt_irq",)

    def __init__(self, name: str, clock: Clock, seed: int = 0) -> None:
        super().__init__(name)
        self._clock = clock
        self.seed = seed & 0xFFFFFFFF
        self.aon_gpio = DwGpio(f"{name}.aon_gpio", AON_GPIO_PINS)
        """The always-on GPIO port; its interrupt is IRQ 31."""
        self.aonpt_irq = Line(f"{name}.aonpt")
        """Interrupt of the always-on periodic timer, IRQ 28."""
        self.on_reset: Callable[[str], None] = lambda _kind: None
        """Told `"warm"` or `"cold"` when software asks for a reset of the chip."""
        self._timer_key = f"{name}.aonpt"
        clock.register(self._timer_key, self._expire)
        self._storage = bytearray(END)
        self._init_state()

    def _init_state(self) -> None:
        self._storage[:] = bytes(END)
        self._put(AONC_CFG, AONC_ENABLE)
        self._counter_base = self.seed  # the count at _counter_cycle; stands still while disabled
        self._counter_cycle = 0
        self._timer_cycle = 0  # when the periodic timer was last (re)started
        self._timer_expired = False

    def reset(self) -> None:
        """Power-on values; the counter starts at the seed again."""
        self._clock.cancel(self._timer_key)
        self._init_state()
        self._counter_cycle = self._clock.now
        self.aon_gpio.reset()
        self.aonpt_irq.set(False)

    def _get(self, base: int) -> int:
        return int.from_bytes(self._storage[base : base + 4], "little")

    def _put(self, base: int, value: int) -> None:
        self._storage[base : base + 4] = value.to_bytes(4, "little")

    # Bus

    def read(self, offset: int, width: int) -> int:
        """Value of `width` bytes at `offset`."""
        if AON_GPIO <= offset < AON_GPIO_END:
            return self.aon_gpio.read(offset - AON_GPIO, width)
        base = offset & ~3
        if base == AONC_CNT:
            value = self._count()
        elif base == OSC0_STAT1:
            value = OSC0_LOCKED
        elif base == AONPT_CNT:
            value = self._timer_count()
        elif base == AONPT_STAT:
            value = int(self._timer_expired)
        elif AON_VR <= base <= HOST_VR:
            value = self._get(base) | VR_OK
        else:
            return int.from_bytes(self._storage[offset : offset + width], "little")
        return value if width == 4 else value >> ((offset & 3) * 8) & ((1 << width * 8) - 1)

    def write(self, offset: int, width: int, value: int) -> None:
        """Store `width` bytes at `offset`."""
        if AON_GPIO <= offset < AON_GPIO_END:
            self.aon_gpio.write(offset - AON_GPIO, width, value)
            return
        base = offset & ~3
        if base in READ_ONLY:
            return
        if base == AONPT_CTRL:
            self._control_timer(value << (offset & 3) * 8)
            return
        old = self._get(base)
        enabled_count = self._count() if base == AONC_CFG else 0
        self._storage[offset : offset + width] = (value & (1 << width * 8) - 1).to_bytes(width, "little")
        if base in (WO_SP, WO_ST):
            self._put(base, self._get(base) | old)  # write-one-to-set
        elif base == AONC_CFG:
            self._counter_base = enabled_count
            self._counter_cycle = self._clock.now
        elif base == AONPT_CFG:
            self._restart_timer()
        elif base == RSTC:
            self._request_reset(self._get(base))

    def _request_reset(self, value: int) -> None:
        if value & RSTC_COLD:
            self.on_reset("cold")
        elif value & RSTC_WARM:
            self.on_reset("warm")

    # Always-on counter and periodic timer

    def _count(self) -> int:
        if not self._get(AONC_CFG) & AONC_ENABLE:
            return self._counter_base
        ticks = (self._clock.now - self._counter_cycle) * RTC_HZ // HZ
        return (self._counter_base + ticks) & 0xFFFFFFFF

    def _timer_count(self) -> int:
        count = self._get(AONPT_CFG)
        if not count:
            return 0
        return count - (self._clock.now - self._timer_cycle) * RTC_HZ // HZ % count

    def _control_timer(self, value: int) -> None:
        # The chip needs some of its slow clock's cycles for this and software polls the bits until they
        # clear; here they have cleared at once.
        if value & AONPT_CLEAR:
            self._timer_expired = False
            self.aonpt_irq.set(False)
        if value & AONPT_RESTART:
            self._restart_timer()

    def _restart_timer(self) -> None:
        self._timer_cycle = self._clock.now
        self._schedule()

    def _schedule(self) -> None:
        period = self._get(AONPT_CFG)
        if not period:  # a configuration of 0 stops the timer
            self._clock.cancel(self._timer_key)
            return
        # Counted from the start, not from the last expiry: rounding to whole cycles must not add up.
        expiry = ((self._clock.now - self._timer_cycle) * RTC_HZ // HZ // period + 1) * period
        self._clock.schedule(self._timer_key, self._timer_cycle - expiry * HZ // -RTC_HZ)

    def _expire(self) -> None:
        self._timer_expired = True
        self.aonpt_irq.set(True)
        self._schedule()

    # State of the GPIO port inside

    def save(self) -> dict[str, Any]:
        """A copy of the state."""
        return super().save() | {"aon_gpio": self.aon_gpio.save()}

    def restore(self, state: dict[str, Any]) -> None:
        """Back to a saved state."""
        super().restore(state)
        self.aon_gpio.restore(state["aon_gpio"])
