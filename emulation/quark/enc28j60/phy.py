"""The PHY module: its nine registers, the link, and the MII management interface that reaches them."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from emulation.quark.clock import HZ, Clock
from emulation.quark.enc28j60 import registers as r
from emulation.quark.enc28j60.registers import Part, Registers

PHCON1, PHSTAT1, PHID1, PHID2 = 0x00, 0x01, 0x02, 0x03
PHCON2, PHSTAT2, PHIE, PHIR, PHLCON = 0x10, 0x11, 0x12, 0x13, 0x14

PRST, PLOOPBK, PPWRSV, PDPXMD = 1 << 15, 1 << 14, 1 << 11, 1 << 8  # PHCON1
PFDPX, PHDPX, LLSTAT, JBSTAT = 1 << 12, 1 << 11, 1 << 2, 1 << 1  # PHSTAT1
FRCLNK, TXDIS, JABBER, HDLDIS = 1 << 14, 1 << 13, 1 << 10, 1 << 8  # PHCON2
LSTAT, DPXSTAT = 1 << 10, 1 << 9  # PHSTAT2
PLNKIE, PGEIE = 1 << 4, 1 << 1  # PHIE
PLNKIF, PGIF = 1 << 4, 1 << 2  # PHIR

# register: (reset value, writable bits); DS39662E table 3-3. PHCON1.PDPXMD comes up as LEDB is wired to the
# pin (section 2.6): clear, half duplex, as with an LED to ground.
_REGISTERS: dict[int, tuple[int, int]] = {
    PHCON1: (0, PLOOPBK | PPWRSV | PDPXMD),
    PHCON2: (0, FRCLNK | TXDIS | JABBER | HDLDIS),
    PHIE: (0, PLNKIE | PGEIE),
    PHLCON: (0x3422, 0x0FFE),
}

MII_CYCLES = -(-1024 * HZ // 100_000_000)
"""One register takes 10.24 us to cross the MII (DS39662E section 3.3.1)."""


class Phy(Part):
    """The 10BASE-T transceiver. `on_interrupt(level)` is told when EIR.LINKIF is to change."""

    STATE: ClassVar[tuple[str, ...]] = ("cable", "_values", "_link_stayed_up", "_link_changed")

    def __init__(self, on_interrupt: Callable[[bool], None]) -> None:
        self.on_interrupt = on_interrupt
        self.cable = True
        """Whether a link partner is at the other end."""
        self.reset()

    def reset(self) -> None:
        """Power-on and PHCON1.PRST: registers to their reset values; what is plugged in stays plugged in."""
        self._values = {n: reset for n, (reset, _) in _REGISTERS.items()}
        self._link_stayed_up = False
        self._link_changed = False
        self.on_interrupt(False)

    @property
    def link_up(self) -> bool:
        """PHSTAT2.LSTAT."""
        if self._values[PHCON1] & PPWRSV:
            return False
        return self.cable or bool(self._values[PHCON2] & FRCLNK)

    @property
    def loopback(self) -> bool:
        """PHCON1.PLOOPBK: what is sent comes back, and the twisted pair is off."""
        return bool(self._values[PHCON1] & PLOOPBK)

    @property
    def returns_own_frames(self) -> bool:
        """Whether the MAC hears what it sends: loopback, or half duplex without PHCON2.HDLDIS."""
        if self.loopback:
            return True
        return not self._values[PHCON1] & PDPXMD and not self._values[PHCON2] & HDLDIS

    @property
    def sends(self) -> bool:
        """Whether what the MAC sends reaches the twisted pair."""
        return self.hears and not self._values[PHCON2] & TXDIS

    @property
    def hears(self) -> bool:
        """Whether what is on the twisted pair reaches the MAC."""
        return self.cable and not self.loopback and not self._values[PHCON1] & PPWRSV

    def set_cable(self, plugged: bool) -> None:
        """Plug or unplug the link partner."""
        was = self.link_up
        self.cable = plugged
        self._link_may_have_changed(was)

    def _link_may_have_changed(self, was: bool) -> None:
        if self.link_up == was:
            return
        self._link_changed = True
        if was:
            self._link_stayed_up = False
        self._drive_interrupt()

    def _drive_interrupt(self) -> None:
        enabled = self._values[PHIE] & (PLNKIE | PGEIE) == PLNKIE | PGEIE
        self.on_interrupt(self._link_changed and enabled)

    def read(self, register: int) -> int:
        """The 16-bit value of a PHY register; 0 for one that is not there.

        Reading PHSTAT1 arms LLSTAT again, reading PHIR clears the link change flags and with them EIR.LINKIF.
        """
        if register == PHSTAT1:
            latched = self._link_stayed_up
            self._link_stayed_up = self.link_up
            return PFDPX | PHDPX | (LLSTAT if latched else 0)
        if register == PHSTAT2:
            duplex = self._values[PHCON1] & PDPXMD
            return (LSTAT if self.link_up else 0) | (DPXSTAT if duplex else 0)
        if register == PHIR:
            flags = (PLNKIF | (PGIF if self._values[PHIE] & PLNKIE else 0)) if self._link_changed else 0
            self._link_changed = False
            self._drive_interrupt()
            return flags
        if register == PHID1:
            return 0x0083
        if register == PHID2:
            return 0x1400
        return self._values.get(register, 0)

    def write(self, register: int, value: int) -> None:
        """Store a PHY register; read-only and missing ones are left alone."""
        if register == PHCON1 and value & PRST:
            self.reset()
            return
        if register not in _REGISTERS:
            return
        was = self.link_up
        reset, writable = _REGISTERS[register]
        values = dict(self._values)
        values[register] = reset & ~writable | value & writable
        self._values = values
        self._link_may_have_changed(was)
        self._drive_interrupt()


class Mii(Part):
    """MICMD, MISTAT, MIWR, MIRD: PHY accesses, each of which keeps MISTAT.BUSY set for 10.24 us."""

    STATE: ClassVar[tuple[str, ...]] = ("_operation", "_scan_valid_from")

    def __init__(self, key: tuple[str, str], clock: Clock, registers: Registers, phy: Phy) -> None:
        self._key = key
        self._clock = clock
        self._registers = registers
        self._phy = phy
        self._operation = ""
        self._scan_valid_from = -1
        clock.register(key, self._complete)

    def reset(self) -> None:
        """Nothing under way."""
        self._operation = ""
        self._scan_valid_from = -1
        self._clock.cancel(self._key)

    @property
    def _scanning(self) -> bool:
        return self._scan_valid_from >= 0

    def command(self, value: int, previous: int) -> None:
        """MICMD was written: a rising MIIRD starts a read, MIISCAN starts or ends a scan."""
        if value & r.MIISCAN and not self._scanning:
            self._scan_valid_from = self._clock.now + MII_CYCLES
        elif not value & r.MIISCAN:
            self._scan_valid_from = -1
        if value & r.MIIRD and not previous & r.MIIRD:
            self._start("read")

    def write(self) -> None:
        """MIWRH was written: MIWR goes to the PHY register that MIREGADR names."""
        self._start("write")

    def _start(self, operation: str) -> None:
        self._operation = operation
        self._clock.schedule(self._key, self._clock.now + MII_CYCLES)

    def _complete(self) -> None:
        operation, self._operation = self._operation, ""
        register = self._registers.values[r.MIREGADR]
        if operation == "read":
            self._registers.set_word(r.MIRDL, self._phy.read(register))
        elif operation == "write":
            self._phy.write(register, self._registers.word(r.MIWRL))

    def status(self) -> int:
        """MISTAT."""
        if self._scanning:
            valid = self._clock.now >= self._scan_valid_from
            return r.BUSY | r.SCAN | (0 if valid else r.NVALID)
        return r.BUSY if self._operation else 0

    def read_data(self, index: int) -> int:
        """MIRDL or MIRDH. While a scan runs they follow the PHY register, so it is read here and now."""
        if self._scanning and self._clock.now >= self._scan_valid_from:
            self._registers.set_word(r.MIRDL, self._phy.read(self._registers.values[r.MIREGADR]))
        return self._registers.values[index]
