"""UART of the Quark SE: an NS16550A with the DesignWare DW_apb_uart extensions, registers 4 bytes apart.

Sources: NS16550A data sheet, DW_apb_uart databook.

The line takes no time. What is written to THR has left when the write returns; what arrives fills the
16-byte receive FIFO at once. Bytes that do not fit wait on the other side of the line without limit and
follow as software makes room, as if the sender obeyed perfect flow control: nothing typed at a console is
lost, and the receiver never overruns except in loopback.

As there is no time between characters, the character time-out interrupt of a FIFO that is not empty but
below its trigger level comes immediately.

Programmable THRE interrupt mode (IER bit 7 with FIFOs on): LSR bit 5 then means "transmit FIFO full", which
an instantaneous transmitter never is. Zephyr's and QMSI's drivers use this mode.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import ClassVar

from emulation.quark.peripheral import Line, Peripheral

STRIDE = 4

# Register numbers (offset / STRIDE); the first two lead to the divisor latch while LCR.DLAB is set.
RBR_THR_DLL = 0
IER_DLH = 1
IIR_FCR = 2
LCR = 3
MCR = 4
LSR = 5
MSR = 6
SCR = 7
USR = 0x7C // STRIDE
HTX = 0xA4 // STRIDE
DMASA = 0xA8 // STRIDE
DLF = 0xC0 // STRIDE

FIFO_DEPTH = 16
TRIGGER_LEVELS = (1, 4, 8, 14)
"""Characters in the receive FIFO that raise the interrupt, by FCR[7:6]."""

# IER
ERBFI = 0x01
ETBEI = 0x02
ELSI = 0x04
EDSSI = 0x08
PTIME = 0x80

# IIR
NO_INTERRUPT = 0x01
MODEM_STATUS = 0x00
THR_EMPTY = 0x02
RECEIVED_DATA = 0x04
LINE_STATUS = 0x06
CHARACTER_TIMEOUT = 0x0C
FIFOS_ENABLED = 0xC0

FCR_ENABLE = 0x01
FCR_RESET_RECEIVER = 0x02
LCR_DLAB = 0x80
MCR_LOOPBACK = 0x10

# LSR
DATA_READY = 0x01
OVERRUN = 0x02
THRE = 0x20
TEMT = 0x40
LSR_ERRORS = 0x1E

# USR (DW_apb_uart)
TX_FIFO_NOT_FULL = 0x02
TX_FIFO_EMPTY = 0x04
RX_FIFO_NOT_EMPTY = 0x08
RX_FIFO_FULL = 0x10

MODEM_INPUTS = 0xB0
"""DCD, DSR and CTS asserted, as Renode's model has them: the far end is always there."""


class Ns16550(Peripheral):
    """A UART. `transmit` gets each byte sent; `receive` takes what arrives."""

    SIZE: ClassVar[int] = 0x400
    STATE: ClassVar[tuple[str, ...]] = (
        "_rx",
        "_line",
        "_ier",
        "_fcr",
        "_lcr",
        "_mcr",
        "_scr",
        "_divisor",
        "_extra",
        "_errors",
        "_msr_deltas",
        "_thre_pending",
    )
    LINES: ClassVar[tuple[str, ...]] = ("irq",)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.irq = Line(f"{name}.irq")
        """The interrupt, active high."""
        self.transmit: Callable[[int], None] = lambda _byte: None
        """Called with each byte that leaves the UART."""
        self._init_state()

    def _init_state(self) -> None:
        self._rx: deque[int] = deque()  # the receive FIFO (or the one receiver buffer)
        self._line: deque[int] = deque()  # what waits on the other side of the line
        self._ier = 0
        self._fcr = 0
        self._lcr = 0
        self._mcr = 0
        self._scr = 0
        self._divisor = 0
        self._extra = {HTX: 0, DLF: 0}
        self._errors = 0
        self._msr_deltas = 0
        self._thre_pending = False

    def reset(self) -> None:
        """Power-on values; what was still on the line is gone too."""
        self._init_state()
        self._update_irq()

    def receive(self, data: bytes) -> None:
        """Bytes arrive on the line."""
        self._line.extend(data)
        self._refill()
        self._update_irq()

    def _refill(self) -> None:
        if self._mcr & MCR_LOOPBACK:
            return  # the receiver is cut off from the line
        depth = FIFO_DEPTH if self._fcr & FCR_ENABLE else 1
        while self._line and len(self._rx) < depth:
            self._rx.append(self._line.popleft())

    # Interrupts

    def _identify(self) -> int:
        """IIR[3:0]: the pending interrupt of the highest priority."""
        ier = self._ier
        if ier & ELSI and self._errors:
            return LINE_STATUS
        if ier & ERBFI and self._rx:
            if not self._fcr & FCR_ENABLE or len(self._rx) >= TRIGGER_LEVELS[self._fcr >> 6]:
                return RECEIVED_DATA
            return CHARACTER_TIMEOUT
        if ier & ETBEI and self._thre_pending:
            return THR_EMPTY
        if ier & EDSSI and self._msr_deltas:
            return MODEM_STATUS
        return NO_INTERRUPT

    def _update_irq(self) -> None:
        self.irq.set(self._identify() != NO_INTERRUPT)

    # Bus

    def read(self, offset: int, width: int) -> int:
        """Value of `width` bytes at `offset`; the registers are 8 bits wide, other byte lanes read 0."""
        if offset & 3:
            return 0
        register = offset >> 2
        if register == LSR:
            return self._read_lsr()
        if register == RBR_THR_DLL:
            if self._lcr & LCR_DLAB:
                return self._divisor & 0xFF
            return self._read_rbr()
        if register == IIR_FCR:
            return self._read_iir()
        if register == IER_DLH:
            return self._divisor >> 8 if self._lcr & LCR_DLAB else self._ier
        if register == LCR:
            return self._lcr
        if register == MCR:
            return self._mcr
        if register == MSR:
            return self._read_msr()
        if register == SCR:
            return self._scr
        if register == USR:
            return self._read_usr()
        if register in self._extra:
            return self._extra[register]
        if register == DMASA:
            return 0
        return self.unknown("read", offset, width)

    def write(self, offset: int, width: int, value: int) -> None:
        """Store `width` bytes at `offset`; byte lanes beyond the first are ignored."""
        if offset & 3:
            return
        register = offset >> 2
        value &= 0xFF
        if register == RBR_THR_DLL:
            if self._lcr & LCR_DLAB:
                self._divisor = self._divisor & 0xFF00 | value
            else:
                self._send(value)
        elif register == IER_DLH:
            if self._lcr & LCR_DLAB:
                self._divisor = self._divisor & 0xFF | value << 8
            else:
                self._write_ier(value)
        elif register == IIR_FCR:
            self._write_fcr(value)
        elif register == LCR:
            self._lcr = value
        elif register == MCR:
            self._write_mcr(value & 0x7F)
        elif register == SCR:
            self._scr = value
        elif register in self._extra:
            self._extra[register] = value
        elif register not in (LSR, MSR, USR, DMASA):  # the first three are read-only
            self.unknown("write", offset, width)

    def _send(self, value: int) -> None:
        if self._thre_pending:
            # The character was in THR for a moment: an edge-triggered input must see THRE return.
            self._thre_pending = False
            self._update_irq()
        if self._mcr & MCR_LOOPBACK:
            if len(self._rx) < (FIFO_DEPTH if self._fcr & FCR_ENABLE else 1):
                self._rx.append(value)
            else:
                self._errors |= OVERRUN
        else:
            self.transmit(value)
        self._thre_pending = True
        self._update_irq()

    def _read_rbr(self) -> int:
        if not self._rx:
            return 0
        value = self._rx.popleft()
        if self._line:
            self._refill()
        self._update_irq()
        return value

    def _read_lsr(self) -> int:
        programmable = self._ier & PTIME and self._fcr & FCR_ENABLE
        value = TEMT if programmable else TEMT | THRE
        if self._rx:
            value |= DATA_READY
        if self._errors:
            value |= self._errors
            self._errors = 0
            self._update_irq()
        return value

    def _read_iir(self) -> int:
        source = self._identify()
        if source == THR_EMPTY:
            self._thre_pending = False
            self._update_irq()
        return source | FIFOS_ENABLED if self._fcr & FCR_ENABLE else source

    def _read_usr(self) -> int:
        value = TX_FIFO_NOT_FULL | TX_FIFO_EMPTY
        if self._rx:
            value |= RX_FIFO_NOT_EMPTY
            if len(self._rx) == FIFO_DEPTH:
                value |= RX_FIFO_FULL
        return value

    def _write_ier(self, value: int) -> None:
        if value & ETBEI and not self._ier & ETBEI:
            self._thre_pending = True  # enabling the interrupt reports the empty THR at once
        self._ier = value & (ERBFI | ETBEI | ELSI | EDSSI | PTIME)
        self._update_irq()

    def _write_fcr(self, value: int) -> None:
        if value & FCR_RESET_RECEIVER or (value ^ self._fcr) & FCR_ENABLE:
            self._rx.clear()
        # The other bits count only while the FIFOs are enabled; the two reset bits clear themselves.
        self._fcr = value & 0xF9 if value & FCR_ENABLE else 0
        self._refill()
        self._update_irq()

    # Modem lines

    def _modem_inputs(self) -> int:
        if not self._mcr & MCR_LOOPBACK:
            return MODEM_INPUTS
        mcr = self._mcr
        # RTS -> CTS, DTR -> DSR, OUT1 -> RI, OUT2 -> DCD
        return (mcr & 2) << 3 | (mcr & 1) << 5 | (mcr & 4) << 4 | (mcr & 8) << 4

    def _read_msr(self) -> int:
        value = self._modem_inputs() | self._msr_deltas
        self._msr_deltas = 0
        self._update_irq()
        return value

    def _write_mcr(self, value: int) -> None:
        before = self._modem_inputs()
        self._mcr = value
        after = self._modem_inputs()
        changed = (before ^ after) >> 4
        trailing_ri = (before & ~after) >> 4 & 4  # TERI: only the end of RI counts
        self._msr_deltas |= changed & 0xB | trailing_ri
        self._refill()
        self._update_irq()
