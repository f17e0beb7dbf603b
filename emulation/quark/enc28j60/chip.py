"""The chip: what its control registers do, the INT pin, and the way of a frame through its parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from emulation.quark.clock import HZ, Clock
from emulation.quark.enc28j60 import ethernet
from emulation.quark.enc28j60 import registers as r
from emulation.quark.enc28j60.dma import Dma, self_test
from emulation.quark.enc28j60.phy import Mii, Phy
from emulation.quark.enc28j60.receive import Receiver
from emulation.quark.enc28j60.registers import BUFFER_SIZE, Registers
from emulation.quark.enc28j60.spi import SpiInstructions
from emulation.quark.enc28j60.transmit import Transmitter
from emulation.quark.peripheral import Line

OSCILLATOR_START_UP = 300 * HZ // 1_000_000
"""Cycles from power-on, or from leaving power save, to ESTAT.CLKRDY: 7500 periods of 25 MHz (section 2.2)."""

_FLAGS = r.PKTIF | r.DMAIF | r.LINKIF | r.TXIF | r.TXERIF | r.RXERIF


class Enc28j60(SpiInstructions):
    """An ENC28J60 on an SPI bus and on a 10 Mbit/s Ethernet segment.

    Towards the SPI master: `exchange(mosi)` for each byte while CS is low, `deselect()` when CS rises, and
    `int_pin`, active low. Towards the wire: `receive` gives it a frame whose last bit has just arrived, and
    `transmit` is called when the last bit of one of its own has left. `set_link` plugs the cable.
    """

    STATE: ClassVar[tuple[str, ...]] = (*SpiInstructions.STATE, "_read_low", "_clock_ready")
    LINES: ClassVar[tuple[str, ...]] = ("int_pin",)

    def __init__(self, name: str, clock: Clock, bit_rate: int = 10_000_000) -> None:
        super().__init__(name)
        self.int_pin = Line(f"{name} INT", level=True)
        self.transmit: Callable[[bytes, bool], None] = lambda _frame, _fcs_ok: None
        """Takes each frame as it has left: `(frame without FCS, True)`, or `(every byte that left, False)`
        where the FCS is wrong or the frame was cut short."""
        self._clock = clock
        self._registers = Registers()
        self._values = self._registers.values
        self.phy = Phy(self._link_interrupt)
        self._mii = Mii((name, "mii"), clock, self._registers, self.phy)
        self._receiver = Receiver(self._registers, self.ram, self._raise_flags)
        self._dma = Dma(name, clock, self._registers, self.ram, self._raise_flags, self._dma_ended)
        self._transmitter = Transmitter(
            name,
            clock,
            self._registers,
            self.ram,
            bit_rate,
            self._raise_flags,
            lambda: self._dma.busy,
            self._dma.transmission_ended,
            self._frame_left,
        )
        self._parts = {
            "phy": self.phy,
            "mii": self._mii,
            "receiver": self._receiver,
            "dma": self._dma,
            "transmitter": self._transmitter,
        }
        self._readers: dict[int, Callable[[], int]] = {
            r.ERDPTL: lambda: self._read_pointer & 0xFF,
            r.ERDPTH: lambda: self._read_pointer >> 8,
            r.EWRPTL: lambda: self._write_pointer & 0xFF,
            r.EWRPTH: lambda: self._write_pointer >> 8,
            r.ESTAT: self._read_estat,
            r.MIRDL: lambda: self._mii.read_data(r.MIRDL),
            r.MIRDH: lambda: self._mii.read_data(r.MIRDH),
            r.MISTAT: self._mii.status,
            r.EFLOCON: self._read_eflocon,
        }
        self._writers: dict[int, Callable[[int], None]] = {
            r.ERDPTL: self._write_erdptl,
            r.ERDPTH: self._write_erdpth,
            r.EWRPTL: self._write_ewrptl,
            r.EWRPTH: self._write_ewrpth,
            r.ERXSTL: lambda value: self._write_boundary(r.ERXSTL, value),
            r.ERXSTH: lambda value: self._write_boundary(r.ERXSTH, value),
            r.ERXNDL: lambda value: self._write_boundary(r.ERXNDL, value),
            r.ERXNDH: lambda value: self._write_boundary(r.ERXNDH, value),
            r.ERXRDPTL: self._write_erxrdptl,
            r.ERXRDPTH: self._write_erxrdpth,
            r.EIE: self._write_eie,
            r.EIR: self._write_eir,
            r.ESTAT: self._write_estat,
            r.ECON2: self._write_econ2,
            r.ECON1: self._write_econ1,
            r.MICMD: self._write_micmd,
            r.MIWRH: self._write_miwrh,
            r.EBSTCON: self._write_ebstcon,
            r.EFLOCON: self._write_eflocon,
        }
        self._init_state()

    # Reset, save, restore

    def reset(self) -> None:
        """Power-on reset, at cycle 0 of the clock. The cable stays as `set_link` left it."""
        self.ram[:] = bytes(BUFFER_SIZE)
        self._init_state()

    def _init_state(self) -> None:
        self._clock_ready = OSCILLATOR_START_UP
        self._command = self._opcode
        self._register = 0
        self.system_reset()

    def system_reset(self) -> None:
        """What power-on and the SRC instruction have in common: all but buffer and CLKRDY (section 11)."""
        self._values[:] = r.RESET_VALUES
        self._read_pointer = self._registers.word(r.ERDPTL)
        self._write_pointer = self._registers.word(r.EWRPTL)
        self._rx_start = self._registers.word(r.ERXSTL)
        self._rx_end = self._registers.word(r.ERXNDL)
        self._read_low = self._rx_start & 0xFF
        self._bank = 0
        self._auto_increment = True
        for part in self._parts.values():
            part.reset()
        self._drive_int()

    def save(self) -> dict[str, Any]:
        """A copy of the state."""
        parts = {name: part.save() for name, part in self._parts.items()}
        return {
            **super().save(),
            "registers": bytes(self._values),
            "parts": parts,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Back to a saved state. The clock's queue is the machine's to restore."""
        super().restore(state)
        self._values[:] = state["registers"]
        for name, part in self._parts.items():
            part.restore(state["parts"][name])

    # Control registers

    def read_register(self, number: int) -> int:
        """Value of a control register; 0 for one that is not there."""
        reader = self._readers.get(number)
        if reader is not None:
            return reader()
        if number not in r.NAMES:
            return self.unknown("read", number, 1)
        return self._values[number]

    def write_register(self, number: int, value: int) -> None:
        """Store the writable bits of a control register, with all that follows from it.

        Without its clock the MAC takes nothing: writes before ESTAT.CLKRDY are lost (section 2.2).
        """
        writable = r.WRITABLE.get(number)
        if writable is None:
            self.unknown("write", number, 1)
            return
        if number in r.MAC_MII and not self._clock_is_ready():
            return
        writer = self._writers.get(number)
        if writer is not None:
            writer(value & writable)
        elif writable:
            self._values[number] = value & writable | self._values[number] & ~writable

    def _write_erdptl(self, value: int) -> None:
        self._read_pointer = self._read_pointer & 0x1F00 | value

    def _write_erdpth(self, value: int) -> None:
        self._read_pointer = self._read_pointer & 0xFF | value << 8

    def _write_ewrptl(self, value: int) -> None:
        self._write_pointer = self._write_pointer & 0x1F00 | value

    def _write_ewrpth(self, value: int) -> None:
        self._write_pointer = self._write_pointer & 0xFF | value << 8

    def _write_boundary(self, number: int, value: int) -> None:
        self._values[number] = value
        self._rx_start = self._registers.word(r.ERXSTL)
        self._rx_end = self._registers.word(r.ERXNDL)
        self._receiver.boundary_written()

    def _write_erxrdptl(self, value: int) -> None:
        self._read_low = value

    def _write_erxrdpth(self, value: int) -> None:
        self._registers.set_word(r.ERXRDPTL, value << 8 | self._read_low)

    def _write_eie(self, value: int) -> None:
        self._values[r.EIE] = value
        self._drive_int()

    def _write_eir(self, value: int) -> None:
        """DMAIF, TXIF, TXERIF and RXERIF can be cleared, not set; PKTIF and LINKIF follow their sources."""
        self._values[r.EIR] &= value | ~r.WRITABLE[r.EIR]
        self._drive_int()

    def _write_estat(self, value: int) -> None:
        self._values[r.ESTAT] &= value | ~r.WRITABLE[r.ESTAT]

    def _read_estat(self) -> int:
        pending = self._values[r.EIE] & self._values[r.EIR] & _FLAGS
        ready = self._clock_is_ready()
        return self._values[r.ESTAT] | (r.INT if pending else 0) | (r.CLKRDY if ready else 0)

    def _clock_is_ready(self) -> bool:
        return not self._values[r.ECON2] & r.PWRSV and self._clock.now >= self._clock_ready

    def _write_econ2(self, value: int) -> None:
        if value & r.PKTDEC and self._values[r.EPKTCNT]:
            # Decrementing below 0 does not underflow to 255 (section 12.1.1).
            self._values[r.EPKTCNT] -= 1
        if self._values[r.ECON2] & r.PWRSV and not value & r.PWRSV:
            self._clock_ready = self._clock.now + OSCILLATOR_START_UP
        self._values[r.ECON2] = value & ~r.PKTDEC
        self._auto_increment = bool(value & r.AUTOINC)
        self._drive_int()

    def _write_econ1(self, value: int) -> None:
        previous = self._values[r.ECON1]
        self._values[r.ECON1] = value
        self._bank = (value & r.BSEL) << 5
        rising, falling = value & ~previous, previous & ~value
        if value & r.TXRST:
            if value & r.TXRTS or not previous & r.TXRST:
                self._transmitter.hold_in_reset()
        elif rising & r.TXRTS:
            self._transmitter.poll()
        elif falling & r.TXRTS:
            self._transmitter.cancel()
        if value & r.RXRST and not previous & r.RXRST:
            self._receiver.hold_in_reset()
            self._drive_int()
        if rising & r.DMAST:
            self._dma.start(transmitting=bool(self._values[r.ECON1] & r.TXRTS))
        elif falling & r.DMAST:
            self._dma.cancel()

    def _write_micmd(self, value: int) -> None:
        previous, self._values[r.MICMD] = self._values[r.MICMD], value
        self._mii.command(value, previous)

    def _write_miwrh(self, value: int) -> None:
        self._values[r.MIWRH] = value
        self._mii.write()

    def _write_ebstcon(self, value: int) -> None:
        self._values[r.EBSTCON] = value
        if value & (r.TME | r.BISTST) == r.TME | r.BISTST:
            self_test(self._registers, self.ram)

    def _read_eflocon(self) -> int:
        duplex = r.FULDPXS if self._values[r.MACON3] & r.FULDPX else 0
        return self._values[r.EFLOCON] & r.FCEN | duplex

    def _write_eflocon(self, value: int) -> None:
        self._values[r.EFLOCON] = value
        self._transmitter.flow_control()

    # Interrupts

    def _raise_flags(self, flags: int) -> None:
        self._values[r.EIR] |= flags
        self._drive_int()

    def _link_interrupt(self, pending: bool) -> None:
        self._values[r.EIR] = self._values[r.EIR] & ~r.LINKIF | (r.LINKIF if pending else 0)
        self._drive_int()

    def _drive_int(self) -> None:
        values = self._values
        flags = values[r.EIR] & ~r.PKTIF | (r.PKTIF if values[r.EPKTCNT] else 0)
        values[r.EIR] = flags
        enabled = values[r.EIE]
        self.int_pin.set(not (enabled & r.INTIE and enabled & flags & _FLAGS))

    def _dma_ended(self) -> None:
        self._transmitter.poll()

    # The wire

    def set_link(self, up: bool) -> None:
        """Plug or unplug the cable to the link partner. It is plugged at power-on."""
        self.phy.set_cable(up)

    @property
    def drops(self) -> dict[str, int]:
        """How many frames from the wire were not stored, by reason, since the last reset."""
        return self._receiver.drops

    @property
    def receive_ring(self) -> dict[str, int]:
        """The receive buffer's pointers and EPKTCNT, by register name (section 7.2.4), to look at."""
        names = {"ERXST": r.ERXSTL, "ERXND": r.ERXNDL, "ERXRDPT": r.ERXRDPTL, "ERXWRPT": r.ERXWRPTL}
        ring = {name: self._registers.word(low) for name, low in names.items()}
        return {**ring, "EPKTCNT": self._values[r.EPKTCNT]}

    def receive(self, frame: bytes, fcs: bytes | None = None) -> bool:
        """Take a frame whose last bit arrives now; True when it has gone into the receive buffer.

        `frame` is destination address to end of data or padding, `fcs` the four bytes that follow on the
        wire, the right ones by default. Nothing is padded here: as on the chip, a frame of 18 bytes or more
        is taken as it is, runt by IEEE 802.3 or not (section 5.1.6), and the shorter ones vanish.
        Raises ValueError for an FCS that is not four bytes.
        """
        if fcs is not None and len(fcs) != ethernet.FCS_SIZE:
            raise ValueError(f"an FCS has {ethernet.FCS_SIZE} bytes, not {len(fcs)}")
        if not self.phy.hears:
            return self._receiver.drop("no link")
        return self._accept(frame, ethernet.fcs(frame) if fcs is None else fcs)

    def _accept(self, frame: bytes, fcs: bytes) -> bool:
        if not self._clock_is_ready():
            return self._receiver.drop("clock not ready")
        if fcs == ethernet.fcs(frame) and self._values[r.MACON1] & r.RXPAUS:
            quanta = ethernet.pause_time(frame, self._registers.mac_address)
            if quanta is not None:
                self._transmitter.pause(quanta)
        return self._receiver.accept(frame, fcs)

    def _frame_left(self, frame: bytes, fcs_ok: bool) -> None:
        if self.phy.sends:
            self.transmit(frame, fcs_ok)
        if self.phy.returns_own_frames:
            if fcs_ok:
                self._accept(frame, ethernet.fcs(frame))
            else:
                self._accept(frame[:-4], frame[-4:])
