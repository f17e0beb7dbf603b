"""The UART by the NS16550A data sheet and the DW_apb_uart databook."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.quark import ns16550 as reg
from emulation.quark.clock import Clock
from emulation.quark.ns16550 import Ns16550
from emulation.quark.tests.accesses import Access, Board, accesses, assert_state_is_complete, play, watch

RBR = THR = DLL = 0x00
IER = DLH = 0x04
IIR = FCR = 0x08
LCR = 0x0C
MCR = 0x10
LSR = 0x14
MSR = 0x18
SCR = 0x1C
USR = 0x7C
DLF = 0xC0


def uart(*, ier: int = 0, fcr: int = 0) -> tuple[Ns16550, bytearray]:
    """A UART and what it has sent."""
    part = Ns16550("uart")
    sent = bytearray()
    part.transmit = sent.append
    part.write(FCR, 4, fcr)
    part.write(IER, 4, ier)
    return part, sent


def read_all(part: Ns16550) -> bytes:
    """What a polling driver reads."""
    received = bytearray()
    while part.read(LSR, 4) & reg.DATA_READY:
        received.append(part.read(RBR, 4))
    return bytes(received)


@pytest.mark.parametrize(
    ("offset", "value"),
    [(RBR, 0), (IER, 0), (IIR, 0x01), (LCR, 0), (MCR, 0), (LSR, 0x60), (MSR, 0xB0), (SCR, 0), (USR, 0x06)],
)
def test_power_on_values(offset: int, value: int) -> None:
    part, _ = uart()
    assert part.read(offset, 4) == value


@pytest.mark.parametrize("width", [1, 2, 4])
def test_a_byte_written_to_thr_is_sent_and_the_transmitter_is_empty_again(width: int) -> None:
    part, sent = uart()
    for byte in b"ok\n":
        part.write(THR, width, byte)
        assert part.read(LSR, width) == reg.THRE | reg.TEMT
    assert sent == b"ok\n"


def test_received_bytes_come_out_in_order() -> None:
    part, _ = uart(fcr=0x01)
    part.receive(b"ab")
    part.receive(b"c")
    assert part.read(LSR, 4) == reg.THRE | reg.TEMT | reg.DATA_READY
    assert read_all(part) == b"abc"
    assert part.read(RBR, 4) == 0


@pytest.mark.parametrize("fcr", [0x00, 0x01])
def test_nothing_typed_is_lost_however_long_it_waits(fcr: int) -> None:
    part, _ = uart(fcr=fcr)
    text = bytes(range(256)) * 4
    part.receive(text)
    assert read_all(part) == text


def test_the_fifo_holds_16_and_the_rest_waits_on_the_line() -> None:
    part, _ = uart(fcr=0x01)
    part.receive(bytes(20))
    assert part.read(USR, 4) & 0x18 == 0x18
    part.write(FCR, 4, 0x03)  # clears the receive FIFO; what had not arrived arrives now
    assert len(read_all(part)) == 4


def test_turning_the_fifos_on_or_off_clears_them() -> None:
    part, _ = uart(fcr=0x01)
    part.receive(b"abc")
    part.write(FCR, 4, 0x00)
    assert read_all(part) == b""


def test_the_divisor_latch_hides_behind_dlab() -> None:
    part, sent = uart()
    part.write(LCR, 4, 0x83)
    part.write(DLL, 4, 0x11)
    part.write(DLH, 4, 0x22)
    assert (part.read(DLL, 4), part.read(DLH, 4)) == (0x11, 0x22)
    assert part.read(LSR, 4) == 0x60  # only the two are hidden
    part.write(LCR, 4, 0x03)
    assert (part.read(RBR, 4), part.read(IER, 4)) == (0, 0)
    assert sent == b""
    part.write(LCR, 4, 0x83)
    assert (part.read(DLL, 4), part.read(DLH, 4)) == (0x11, 0x22)


@pytest.mark.parametrize(
    ("fcr", "waiting", "iir"),
    [
        (0x00, 1, 0x04),
        (0x01, 1, 0xC4),
        (0x41, 3, 0xCC),
        (0x41, 4, 0xC4),
        (0x81, 7, 0xCC),
        (0x81, 8, 0xC4),
        (0xC1, 13, 0xCC),
        (0xC1, 14, 0xC4),
        (0xC1, 100, 0xC4),
    ],
)
def test_receive_interrupt_at_the_trigger_level_and_time_out_below_it(
    fcr: int, waiting: int, iir: int
) -> None:
    part, _ = uart(ier=reg.ERBFI, fcr=fcr)
    part.receive(bytes(waiting))
    assert part.irq.level
    assert part.read(IIR, 4) == iir
    while part.irq.level:
        part.read(RBR, 4)
        waiting -= 1
    assert waiting == 0


def test_the_empty_transmitter_interrupts_when_enabled_until_iir_is_read() -> None:
    part, _ = uart(ier=reg.ETBEI)
    assert part.irq.level
    assert part.read(IIR, 4) == reg.THR_EMPTY
    assert not part.irq.level
    assert part.read(IIR, 4) == reg.NO_INTERRUPT


def test_each_byte_sent_is_an_edge_of_the_interrupt() -> None:
    part, _ = uart(ier=reg.ETBEI)
    levels = watch(part.irq)
    part.write(THR, 4, ord("a"))
    part.write(THR, 4, ord("b"))
    assert levels == [False, True, False, True]


def test_reading_iir_for_another_source_keeps_thre_pending() -> None:
    part, _ = uart(ier=reg.ETBEI | reg.ERBFI)
    part.receive(b"x")
    assert part.read(IIR, 4) == reg.RECEIVED_DATA
    part.read(RBR, 4)
    assert part.read(IIR, 4) == reg.THR_EMPTY


def test_enabling_thre_again_without_disabling_it_reports_nothing_new() -> None:
    part, _ = uart(ier=reg.ETBEI)
    part.read(IIR, 4)
    part.write(IER, 4, reg.ETBEI)
    assert not part.irq.level
    part.write(IER, 4, 0)
    part.write(IER, 4, reg.ETBEI)
    assert part.irq.level


def test_programmable_thre_mode_turns_lsr_bit_5_into_transmit_fifo_full() -> None:
    part, _ = uart(ier=reg.PTIME, fcr=0x01)
    assert part.read(LSR, 4) == reg.TEMT
    part.write(FCR, 4, 0)  # needs both
    assert part.read(LSR, 4) == reg.TEMT | reg.THRE


def test_the_fcr_trigger_bits_mean_nothing_without_the_fifos() -> None:
    part, _ = uart(ier=reg.ERBFI, fcr=0xC0)
    part.receive(b"x")
    assert part.read(IIR, 4) == reg.RECEIVED_DATA


def test_loopback_returns_what_is_sent_and_cuts_the_line_off() -> None:
    part, sent = uart(fcr=0x01)
    part.write(MCR, 4, reg.MCR_LOOPBACK)
    part.receive(b"outside")
    for byte in b"inside":
        part.write(THR, 4, byte)
    assert read_all(part) == b"inside"
    assert sent == b""
    part.write(MCR, 4, 0)
    assert read_all(part) == b"outside"


def test_overrun_in_loopback_is_a_line_status_interrupt_that_reading_lsr_ends() -> None:
    part, _ = uart(ier=reg.ELSI)
    part.write(MCR, 4, reg.MCR_LOOPBACK)
    part.write(THR, 4, 1)
    assert not part.irq.level
    part.write(THR, 4, 2)
    assert part.read(IIR, 4) == reg.LINE_STATUS
    assert part.read(LSR, 4) & reg.OVERRUN
    assert not part.irq.level
    assert not part.read(LSR, 4) & reg.OVERRUN
    assert part.read(RBR, 4) == 1


@pytest.mark.parametrize(
    ("mcr", "msr"),
    [(0x10, 0x00), (0x11, 0x20), (0x12, 0x10), (0x14, 0x40), (0x18, 0x80), (0x1F, 0xF0)],
)
def test_modem_outputs_are_the_modem_inputs_in_loopback(mcr: int, msr: int) -> None:
    part, _ = uart()
    part.write(MCR, 4, mcr)
    assert part.read(MSR, 4) & 0xF0 == msr


def test_modem_status_changes_interrupt_once_and_ri_only_when_it_ends() -> None:
    part, _ = uart(ier=reg.EDSSI)
    part.write(MCR, 4, 0x10)  # DCD, DSR and CTS go
    assert part.read(IIR, 4) == reg.MODEM_STATUS
    assert part.read(MSR, 4) == 0x0B
    assert not part.irq.level
    part.write(MCR, 4, 0x14)  # RI comes
    assert not part.irq.level
    part.write(MCR, 4, 0x10)  # RI goes
    assert part.read(MSR, 4) == 0x04


def test_the_scratch_register_and_the_divisor_fraction_keep_what_is_written() -> None:
    part, _ = uart()
    for offset in (SCR, DLF):
        part.write(offset, 1, 0xA5)
        assert part.read(offset, 4) == 0xA5


def test_registers_are_8_bits_wide() -> None:
    part, sent = uart()
    part.write(SCR, 4, 0x12345678)
    assert part.read(SCR, 4) == 0x78
    part.write(SCR + 1, 1, 0xFF)
    assert (part.read(SCR, 4), part.read(SCR + 1, 1)) == (0x78, 0)
    assert sent == b""


def test_registers_that_do_not_exist_are_reported() -> None:
    part, _ = uart()
    told: list[tuple[str, int]] = []
    part.on_unknown = lambda _uart, kind, offset, _width: told.append((kind, offset))
    assert part.read(0x40, 4) == 0
    part.write(0x44, 1, 1)
    assert told == [("read", 0x40), ("write", 0x44)]


def test_reset_lowers_the_interrupt_and_forgets_the_line() -> None:
    part, _ = uart(ier=reg.ERBFI)
    part.receive(bytes(50))
    part.reset()
    assert not part.irq.level
    assert read_all(part) == b""


OFFSETS = (RBR, IER, IIR, LCR, MCR, LSR, MSR, SCR, USR, DLF, 0x40, 0xA4, 0xA8)


@given(accesses(OFFSETS), st.binary(max_size=40), accesses(OFFSETS), accesses(OFFSETS))
def test_state_is_complete(
    before: list[Access], typed: bytes, after: list[Access], other: list[Access]
) -> None:
    part, sent = uart(ier=0x0F, fcr=0x81)
    part.receive(typed)
    play(part, before)

    def behaviour() -> tuple[list[int], bool, bytes, bytes]:
        sent.clear()
        reads = play(part, after)
        part.write(LCR, 4, 0)  # bring the receiver back from behind the divisor latch
        return reads, part.irq.level, bytes(sent), read_all(part)

    def disturb() -> None:
        part.receive(b"other")
        play(part, other)

    assert_state_is_complete(Board(Clock(), part), behaviour, disturb)
