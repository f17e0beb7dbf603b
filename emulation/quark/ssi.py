"""DesignWare DW_apb_ssi in master mode: the SPI controllers of the Quark SE (DW_apb_ssi databook).

Transfers take no time: a frame written to the data register has been exchanged with the slave when
the write returns, so the TX FIFO is empty again and BUSY clear, except where the databook makes the
controller wait (no slave enabled, receive FIFO full in a receive-only transfer).

What follows from that, stated once:

- Chip select. The databook's controller drops the slave's select line whenever its TX FIFO runs
  empty, which here would be after every frame. Drivers avoid that on the chip (they keep the FIFO
  filled or use a GPIO as chip select for a whole transaction), and what all of them have in common
  is that a transaction ends by disabling the controller or the slave. So the slave is deselected
  when SSIENR goes from 1 to 0 or SER drops to 0, and at no other time.
- Receive-only and EEPROM-read transfers fetch frames as fast as software reads them: they never
  overflow the RX FIFO.
- In an EEPROM read with the slave already enabled, the control frames are sent as they are written,
  and the controller cannot know which was the last one. It starts to receive when software has
  looked at its registers EEPROM_PATIENCE times without writing another.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import ClassVar, Protocol

from emulation.quark.peripheral import Line, Peripheral

# Register offsets
CTRLR0 = 0x00
CTRLR1 = 0x04
SSIENR = 0x08
MWCR = 0x0C
SER = 0x10
BAUDR = 0x14
TXFTLR = 0x18
RXFTLR = 0x1C
TXFLR = 0x20
RXFLR = 0x24
SR = 0x28
IMR = 0x2C
ISR = 0x30
RISR = 0x34
TXOICR = 0x38
RXOICR = 0x3C
RXUICR = 0x40
MSTICR = 0x44
ICR = 0x48
DMACR = 0x4C
DMATDLR = 0x50
DMARDLR = 0x54
IDR = 0x58
SSI_COMP_VERSION = 0x5C
DR = 0x60
DR_END = 0xF0
RX_SAMPLE_DLY = 0xF0

FIFO_DEPTH = 8
EEPROM_PATIENCE = 8

# CTRLR0 fields
TMOD_SHIFT = 8
TMOD_TX_RX = 0
TMOD_TX = 1
TMOD_RX = 2
TMOD_EEPROM_READ = 3
SRL = 1 << 11
DFS_32_SHIFT = 16

# SR bits
BUSY = 1 << 0
TFNF = 1 << 1
TFE = 1 << 2
RFNE = 1 << 3
RFF = 1 << 4

# Interrupt bits, the same in IMR, ISR and RISR
TXE = 1 << 0
TXO = 1 << 1
RXU = 1 << 2
RXO = 1 << 3
RXF = 1 << 4
MST = 1 << 5

REGISTERS: dict[int, tuple[int, int, bool]] = {
    # offset: (reset value, writable bits, writable only while SSIENR is 0)
    CTRLR0: (0x00070000, 0x001FFFFF, True),
    CTRLR1: (0, 0xFFFF, True),
    MWCR: (0, 7, True),
    SER: (0, 0xF, False),
    BAUDR: (0, 0xFFFE, True),
    TXFTLR: (0, FIFO_DEPTH - 1, False),
    RXFTLR: (0, FIFO_DEPTH - 1, False),
    IMR: (0x3F, 0x3F, False),
    DMACR: (0, 3, False),
    DMATDLR: (0, FIFO_DEPTH - 1, False),
    DMARDLR: (0, FIFO_DEPTH - 1, False),
    RX_SAMPLE_DLY: (0, 0xFF, True),
}
"""Registers that are storage."""

CONSTANTS = {IDR: 0xFFFFFFFF, SSI_COMP_VERSION: 0x3332322A}
"""Identification, which no known driver reads: plausible values, the version is "322*" in ASCII."""

CLEARED_BY_READ = {TXOICR: TXO, RXOICR: RXO, RXUICR: RXU, MSTICR: MST, ICR: TXO | RXU | RXO | MST}


class SpiSlave(Protocol):
    """A device on the SPI bus."""

    def exchange(self, mosi: int) -> int:
        """Shift one byte in and give the byte shifted out."""

    def deselect(self) -> None:
        """Chip select goes inactive."""


class _NoSlave:
    """An open MISO line, pulled up."""

    def exchange(self, mosi: int) -> int:
        return 0xFF

    def deselect(self) -> None:
        pass


class DwSsi(Peripheral):
    """An SPI master with one slave, which any bit of SER selects."""

    SIZE: ClassVar[int] = 0x400
    STATE: ClassVar[tuple[str, ...]] = (
        "_regs",
        "_enabled",
        "_rx",
        "_tx",
        "_latched",
        "_remaining",
        "_dummy",
        "_looks",
    )
    LINES: ClassVar[tuple[str, ...]] = ("irq",)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.irq = Line(f"{name}.irq")
        """The combined interrupt, active high."""
        self._slave: SpiSlave = _NoSlave()
        self._init_state()

    def _init_state(self) -> None:
        self._regs = {offset: reset for offset, (reset, _, _) in REGISTERS.items()}
        self._enabled = False
        self._rx: deque[int] = deque()
        self._tx: deque[int] = deque()
        self._latched = 0  # TXO, RXU, RXO: stay until their clear register is read
        self._remaining = 0  # frames a receive-only or EEPROM-read transfer has yet to fetch
        self._dummy = 0  # what such a transfer sends meanwhile
        self._looks = -1  # looks since the last EEPROM control frame; -1: no control phase
        self._derive()

    def _derive(self) -> None:
        """Recompute what the hot path wants ready-made from the registers."""
        ctrlr0 = self._regs[CTRLR0]
        self._tmod = ctrlr0 >> TMOD_SHIFT & 3
        self._bits = max(ctrlr0 >> DFS_32_SHIFT & 0x1F, 3) + 1  # 0 to 2 are reserved
        self._frame_mask = (1 << self._bits) - 1
        self._frame: Callable[[int], int] = self._slave.exchange
        if ctrlr0 & SRL:
            self._frame = self._loopback
        elif self._bits > 8:
            self._frame = self._wide_frame
        # A DR write can be handed straight to the slave (while the controller is enabled: _direct).
        self._simple = self._regs[SER] != 0 and self._tmod <= TMOD_TX
        self._direct = self._enabled and self._simple
        self._receives = self._tmod == TMOD_TX_RX
        # The length of the RX FIFO at which the interrupt line may change; none while RXF is masked.
        self._rxf_level = self._regs[RXFTLR] + 1 if self._regs[IMR] & RXF else 0
        # Frames pass through the FIFO in no time, but they do pass: with threshold 0 TXE drops and returns.
        self._txe_pulses = bool(self._regs[IMR] & TXE) and self._regs[TXFTLR] == 0

    @property
    def slave(self) -> SpiSlave | None:
        """The device on the bus."""
        return None if isinstance(self._slave, _NoSlave) else self._slave

    @slave.setter
    def slave(self, slave: SpiSlave | None) -> None:
        self._slave = _NoSlave() if slave is None else slave
        self._derive()

    def reset(self) -> None:
        """Power-on values; a selected slave is deselected."""
        selected = self._enabled and self._regs[SER]
        self._init_state()
        if selected:
            self._slave.deselect()
        self._update_irq()

    def restore(self, state: dict[str, object]) -> None:
        """Back to a saved state."""
        super().restore(state)
        self._derive()

    # Bus. The data register comes first: every byte of every Ethernet frame passes here twice.

    def read(self, offset: int, width: int) -> int:
        """Value of `width` bytes at `offset`."""
        if DR <= offset < DR_END:
            rx = self._rx
            if rx:
                length = len(rx)
                value = rx.popleft()
                if self._remaining or self._looks >= 0:
                    self._look()
                    self._receive()
                if length == self._rxf_level:
                    self._update_irq()
            else:
                value = self._read_empty()
            # A frame can be wider than the access, which gets its low part wherever in the window it goes.
            return value if width == 4 else value & (1 << width * 8) - 1
        base = offset & ~3
        if base == SR:
            if self._looks >= 0:
                self._look()
            value = TFNF | TFE
            if self._rx:
                value = TFNF | TFE | RFNE | RFF if len(self._rx) == FIFO_DEPTH else TFNF | TFE | RFNE
            if self._tx or self._remaining or self._looks >= 0:
                value = self._busy_status(value)
        elif base == RXFLR:
            if self._looks >= 0:
                self._look()
            value = len(self._rx)
        else:
            value = self._read_other(base)
        return value if width == 4 else value >> ((offset & 3) * 8) & ((1 << width * 8) - 1)

    def write(self, offset: int, width: int, value: int) -> None:
        """Store `width` bytes at `offset`."""
        if DR <= offset < DR_END:
            if not self._direct:
                self._queue(value)
                return
            received = self._frame(value & self._frame_mask)
            if self._receives:
                rx = self._rx
                length = len(rx) + 1
                if length <= FIFO_DEPTH:
                    rx.append(received)
                    if length == self._rxf_level:
                        self._update_irq()
                else:
                    self._latched |= RXO
                    self._update_irq()
            if self._txe_pulses:
                self._pulse_txe()
            return
        base = offset & ~3
        if width != 4:
            shift = (offset & 3) * 8
            lanes = ((1 << width * 8) - 1) << shift
            value = self._regs.get(base, 0) & ~lanes | value << shift & lanes
        if base == SSIENR:  # begins and ends every transaction
            self._write_ssienr(bool(value & 1))
        elif base in REGISTERS:
            _, writable, locked = REGISTERS[base]
            if locked and self._enabled:
                return  # databook: "impossible to write to this register when the DW_apb_ssi is enabled"
            self._store(base, value & writable)
        elif base not in CONSTANTS and not TXFLR <= base <= ICR:
            self.unknown("write", offset, width)

    def _read_other(self, base: int) -> int:
        if base in self._regs:
            return self._regs[base]
        if base == SSIENR:
            return int(self._enabled)
        if base in (ISR, RISR):
            if self._looks >= 0:
                self._look()
            raw = self._raw_interrupts()
            return raw & self._regs[IMR] if base == ISR else raw
        if base == TXFLR:
            return len(self._tx)
        if base in CLEARED_BY_READ:
            bits = CLEARED_BY_READ[base]
            was = bool(self._latched & bits)
            self._latched &= ~bits
            self._update_irq()
            return int(was)
        if base in CONSTANTS:
            return CONSTANTS[base]
        return self.unknown("read", base, 4)

    # The rest is off the hot path.

    def _store(self, base: int, value: int) -> None:
        if value == self._regs[base]:
            return
        deselected = base == SER and value == 0 and self._enabled
        self._regs[base] = value
        self._derive()
        if deselected:
            self._slave.deselect()
        elif base == SER and value:
            self._start()
        self._update_irq()

    def _write_ssienr(self, enable: bool) -> None:
        if enable == self._enabled:
            return
        self._enabled = enable
        self._direct = enable and self._simple
        if not enable:
            self._rx.clear()
            self._tx.clear()
            self._remaining = 0
            self._looks = -1
            if self._regs[SER]:
                self._slave.deselect()
        if self._regs[IMR]:
            self._update_irq()

    def _read_empty(self) -> int:
        if self._looks >= 0:
            self._look()
            if self._rx:
                return self.read(DR, 4)
        if self._enabled:
            self._latched |= RXU
            self._update_irq()
        return 0

    def _queue(self, value: int) -> None:
        """A DR write that does not go straight to the slave."""
        if not self._enabled:
            return
        if len(self._tx) == FIFO_DEPTH:
            self._latched |= TXO
        else:
            self._tx.append(value & self._frame_mask)
        self._start()
        self._update_irq()

    def _start(self) -> None:
        """Move what the TX FIFO holds, as far as the transfer mode lets it go."""
        if not self._enabled or not self._regs[SER] or not self._tx or self._remaining:
            return
        if self._tmod == TMOD_RX:
            # The first frame only starts the transfer; it is sent over and over.
            self._dummy = self._tx.popleft()
            self._remaining = self._regs[CTRLR1] + 1
            self._receive()
            return
        while self._tx:
            received = self._frame(self._tx.popleft())
            if self._receives:
                if len(self._rx) < FIFO_DEPTH:
                    self._rx.append(received)
                else:
                    self._latched |= RXO
        if self._tmod == TMOD_EEPROM_READ:
            self._looks = 0
        if self._txe_pulses:
            self._pulse_txe()

    def _look(self) -> None:
        """Software looked at the receiving side during an EEPROM read's control phase."""
        if self._looks < 0:
            return
        self._looks += 1
        if self._looks >= EEPROM_PATIENCE:
            self._looks = -1
            self._dummy = 0
            self._remaining = self._regs[CTRLR1] + 1
            self._receive()
            self._update_irq()

    def _receive(self) -> None:
        """Fetch frames of a receive-only or EEPROM-read transfer while the RX FIFO has room."""
        while self._remaining and len(self._rx) < FIFO_DEPTH:
            self._rx.append(self._frame(self._dummy))
            self._remaining -= 1
        if not self._remaining and self._tx:
            self._start()

    def _busy_status(self, value: int) -> int:
        if self._remaining or self._looks >= 0:
            value |= BUSY
        if self._tx:
            value &= ~TFE
            if len(self._tx) == FIFO_DEPTH:
                value &= ~TFNF
        return value

    def _loopback(self, mosi: int) -> int:
        return mosi

    def _wide_frame(self, mosi: int) -> int:
        """A frame of more than 8 bits: most significant byte first, a last odd piece left-justified."""
        count = (self._bits + 7) // 8
        pad = count * 8 - self._bits
        miso = 0
        for byte in (mosi << pad).to_bytes(count, "big"):
            miso = miso << 8 | self._slave.exchange(byte)
        return miso >> pad

    def _raw_interrupts(self) -> int:
        raw = self._latched
        if self._enabled:
            if len(self._tx) <= self._regs[TXFTLR]:
                raw |= TXE
            if len(self._rx) > self._regs[RXFTLR]:
                raw |= RXF
        return raw

    def _update_irq(self) -> None:
        self.irq.set(bool(self._raw_interrupts() & self._regs[IMR]))

    def _pulse_txe(self) -> None:
        """The frame was in the FIFO for a moment: an edge-triggered input must see TXE return."""
        if not self._raw_interrupts() & self._regs[IMR] & ~TXE:
            self.irq.set(False)
        self._update_irq()
