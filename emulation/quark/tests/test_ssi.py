"""The SPI master by the DW_apb_ssi databook, and as Zephyr's, QMSI's and our own drivers use it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulation.quark import ssi as reg
from emulation.quark.clock import Clock
from emulation.quark.peripheral import Peripheral
from emulation.quark.ssi import DwSsi
from emulation.quark.tests.accesses import Access, Board, accesses, assert_state_is_complete, play, watch

READY = reg.TFNF | reg.TFE
EIGHT_BITS = 7 << reg.DFS_32_SHIFT


class Counter(Peripheral):
    """A slave that answers 0x80, 0x81, ... and keeps what it was sent, a list each transaction."""

    STATE = ("transactions", "next")

    def __init__(self) -> None:
        super().__init__("slave")
        self.transactions: list[list[int]] = [[]]
        self.next = 0x80

    @property
    def heard(self) -> list[int]:
        return self.transactions[-1]

    def exchange(self, mosi: int) -> int:
        self.heard.append(mosi)
        self.next = self.next + 1 & 0xFF
        return self.next - 1 & 0xFF

    def deselect(self) -> None:
        self.transactions.append([])


def master(
    tmod: int = 0, *, ndf: int = 0, ser: int = 1, imr: int = 0, enable: bool = True, bits: int = 8
) -> tuple[DwSsi, Counter]:
    """A configured master and its slave."""
    part, slave = DwSsi("spi"), Counter()
    part.slave = slave
    part.write(reg.IMR, 4, imr)
    part.write(reg.CTRLR0, 4, (bits - 1) << reg.DFS_32_SHIFT | tmod << reg.TMOD_SHIFT)
    part.write(reg.CTRLR1, 4, ndf)
    part.write(reg.SER, 4, ser)
    part.write(reg.SSIENR, 4, enable)
    return part, slave


def send(part: DwSsi, *frames: int) -> None:
    for frame in frames:
        part.write(reg.DR, 4, frame)


def receive(part: DwSsi, count: int) -> list[int]:
    return [part.read(reg.DR, 4) for _ in range(count)]


def receive_all(part: DwSsi) -> list[int]:
    """What a driver reads that polls RFNE until the controller is done."""
    frames = []
    for _ in range(1000):
        status = part.read(reg.SR, 4)
        if status & reg.RFNE:
            frames.append(part.read(reg.DR, 4))
        elif not status & reg.BUSY:
            return frames
    raise AssertionError("the controller stays busy")


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        (reg.CTRLR0, 0x70000),
        (reg.SSIENR, 0),
        (reg.SER, 0),
        (reg.TXFLR, 0),
        (reg.RXFLR, 0),
        (reg.SR, READY),
        (reg.IMR, 0x3F),
        (reg.ISR, 0),
        (reg.RISR, 0),
    ],
)
def test_power_on_values(offset: int, value: int) -> None:
    assert DwSsi("spi").read(offset, 4) == value


def test_transmit_and_receive_exchanges_each_frame_at_once() -> None:
    part, slave = master(reg.TMOD_TX_RX)
    send(part, 0x1B, 0x00, 0xFF)
    assert slave.heard == [0x1B, 0x00, 0xFF]
    assert (part.read(reg.TXFLR, 4), part.read(reg.RXFLR, 4)) == (0, 3)
    assert part.read(reg.SR, 4) == READY | reg.RFNE
    assert receive(part, 3) == [0x80, 0x81, 0x82]
    assert part.read(reg.SR, 4) == READY


def test_transmit_only_queues_nothing() -> None:
    part, slave = master(reg.TMOD_TX)
    send(part, *range(20))
    assert slave.heard == list(range(20))
    assert part.read(reg.RXFLR, 4) == 0
    assert part.read(reg.RISR, 4) & (reg.RXO | reg.RXF) == 0


@pytest.mark.parametrize("count", [1, 8, 9, 300])
def test_receive_only_fetches_ndf_plus_1_frames_after_one_dummy(count: int) -> None:
    part, slave = master(reg.TMOD_RX, ndf=count - 1)
    send(part, 0x5A)
    assert receive_all(part) == [0x80 + n & 0xFF for n in range(count)]
    assert slave.heard == [0x5A] * count
    assert part.read(reg.RISR, 4) & reg.RXO == 0


def test_receive_only_is_busy_until_the_last_frame_is_in_the_fifo() -> None:
    part, _ = master(reg.TMOD_RX, ndf=9)
    send(part, 0)
    assert part.read(reg.SR, 4) == READY | reg.BUSY | reg.RFNE | reg.RFF
    receive(part, 2)
    assert part.read(reg.SR, 4) == READY | reg.RFNE | reg.RFF


def test_eeprom_read_with_the_fifo_filled_before_the_slave_is_enabled() -> None:
    part, slave = master(reg.TMOD_EEPROM_READ, ndf=11, ser=0)
    send(part, 0x03, 0x12, 0x34)
    assert slave.heard == []
    part.write(reg.SER, 4, 1)
    assert receive_all(part) == list(range(0x83, 0x83 + 12))
    assert slave.heard == [0x03, 0x12, 0x34] + [0] * 12


def test_eeprom_read_as_qmsi_polls_it() -> None:
    # qm_spi_transfer: one RISR and two SR reads an iteration, a frame written when there is one left.
    part, slave = master(reg.TMOD_EEPROM_READ, ndf=2)
    to_send, received = [0x03, 0x12, 0x34], []
    for _ in range(100):
        assert not part.read(reg.RISR, 4) & reg.RXO
        if part.read(reg.SR, 4) & reg.RFNE:
            received.append(part.read(reg.DR, 4))
        if to_send and part.read(reg.SR, 4) & reg.TFNF:
            send(part, to_send.pop(0))
    assert received == [0x83, 0x84, 0x85]
    assert slave.heard == [0x03, 0x12, 0x34, 0, 0, 0]
    assert part.read(reg.SR, 4) == READY


@pytest.mark.parametrize(
    ("bits", "frame", "bytes_sent", "received"),
    [
        (8, 0x1FF, [0xFF], 0x80),
        (4, 0xAB, [0x0B], 0x80),
        (16, 0x1234, [0x12, 0x34], 0x8081),
        (24, 0x123456, [0x12, 0x34, 0x56], 0x808182),
        (32, 0x12345678, [0x12, 0x34, 0x56, 0x78], 0x80818283),
        (12, 0xABC, [0xAB, 0xC0], 0x808),
    ],
)
def test_frame_sizes(bits: int, frame: int, bytes_sent: list[int], received: int) -> None:
    part, slave = master(bits=bits)
    send(part, frame)
    assert slave.heard == bytes_sent
    assert receive(part, 1) == [received]


def test_loopback_ties_the_output_to_the_input() -> None:
    part, slave = master(enable=False)
    part.write(reg.CTRLR0, 4, EIGHT_BITS | reg.SRL)
    part.write(reg.SSIENR, 4, 1)
    send(part, 0x42)
    assert receive(part, 1) == [0x42]
    assert slave.heard == []


def test_an_open_bus_reads_ones() -> None:
    part, _ = master()
    part.slave = None
    assert part.slave is None
    send(part, 0)
    assert receive(part, 1) == [0xFF]


def test_the_data_register_answers_in_its_whole_window() -> None:
    part, slave = master()
    for offset in range(reg.DR, reg.DR_END, 4):
        part.write(offset, 4, offset)
        assert part.read(offset, 4) == 0x80 + (offset - reg.DR) // 4
    assert slave.heard == list(range(reg.DR, reg.DR_END, 4))


# Chip select


def test_disabling_the_controller_deselects_the_slave_and_empties_the_fifos() -> None:
    part, slave = master()
    send(part, 1, 2)
    part.write(reg.SSIENR, 4, 1)  # no change, no end of the transaction
    send(part, 3)
    part.write(reg.SSIENR, 4, 0)
    part.write(reg.SSIENR, 4, 0)
    assert part.read(reg.RXFLR, 4) == 0
    part.write(reg.SSIENR, 4, 1)
    send(part, 4)
    assert slave.transactions == [[1, 2, 3], [4]]


def test_dropping_the_slave_from_ser_deselects_it() -> None:
    part, slave = master()
    send(part, 1)
    part.write(reg.SER, 4, 0)
    part.write(reg.SSIENR, 4, 0)
    assert slave.transactions == [[1], []]


def test_frames_wait_in_the_fifo_until_a_slave_is_enabled() -> None:
    part, slave = master(ser=0)
    send(part, 1, 2)
    assert (part.read(reg.TXFLR, 4), part.read(reg.SR, 4)) == (2, reg.TFNF)
    part.write(reg.SER, 4, 1)
    assert slave.heard == [1, 2]
    assert receive(part, 2) == [0x80, 0x81]


def test_a_disabled_controller_takes_no_data() -> None:
    part, slave = master(enable=False)
    send(part, 1)
    part.write(reg.SSIENR, 4, 1)
    assert slave.heard == []
    assert part.read(reg.TXFLR, 4) == 0


@pytest.mark.parametrize("offset", [reg.CTRLR0, reg.CTRLR1, reg.BAUDR])
def test_configuration_is_locked_while_enabled(offset: int) -> None:
    part, _ = master()
    before = part.read(offset, 4)
    part.write(offset, 4, 0x126)
    assert part.read(offset, 4) == before
    part.write(reg.SSIENR, 4, 0)
    part.write(offset, 4, 0x126)
    assert part.read(offset, 4) == 0x126


# Interrupts


def test_transmit_empty_stands_while_enabled() -> None:
    part, _ = master(imr=reg.TXE, enable=False)
    assert not part.irq.level
    part.write(reg.SSIENR, 4, 1)
    assert part.irq.level
    assert part.read(reg.ISR, 4) == part.read(reg.RISR, 4) == reg.TXE
    part.write(reg.IMR, 4, 0)
    assert not part.irq.level
    assert (part.read(reg.ISR, 4), part.read(reg.RISR, 4)) == (0, reg.TXE)


def test_each_frame_is_an_edge_of_transmit_empty_at_threshold_0() -> None:
    part, _ = master(reg.TMOD_TX, imr=reg.TXE)
    levels = watch(part.irq)
    send(part, 1, 2)
    assert levels == [False, True, False, True]
    part.write(reg.TXFTLR, 4, 1)  # one frame in the FIFO does not exceed 1
    send(part, 3)
    assert levels == [False, True, False, True]


def test_transmit_empty_compares_the_waiting_frames_with_the_threshold() -> None:
    part, _ = master(imr=reg.TXE, ser=0)
    part.write(reg.TXFTLR, 4, 2)
    for count, level in ((1, True), (2, True), (3, False), (4, False)):
        send(part, 0)
        assert (part.read(reg.TXFLR, 4), part.irq.level) == (count, level)
    part.write(reg.SER, 4, 1)
    assert part.irq.level


def test_receive_full_stands_while_the_fifo_is_above_the_threshold() -> None:
    part, _ = master(imr=reg.RXF)
    part.write(reg.RXFTLR, 4, 2)
    levels = watch(part.irq)
    send(part, 1, 2)
    assert levels == []
    send(part, 3, 4)
    assert part.read(reg.ISR, 4) == reg.RXF
    receive(part, 1)
    assert levels == [True]
    receive(part, 1)
    assert levels == [True, False]


def test_a_threshold_written_later_counts_at_once() -> None:
    part, _ = master(imr=reg.RXF)
    part.write(reg.RXFTLR, 4, 7)
    send(part, 1, 2, 3)
    assert not part.irq.level
    part.write(reg.RXFTLR, 4, 2)
    assert part.irq.level
    part.write(reg.RXFTLR, 4, 3)
    assert not part.irq.level


@pytest.mark.parametrize(
    ("bit", "clear"),
    [(reg.TXO, reg.TXOICR), (reg.RXU, reg.RXUICR), (reg.RXO, reg.RXOICR)],
)
@pytest.mark.parametrize("common", [False, True])
def test_overflow_and_underflow_stand_until_their_clear_register_is_read(
    bit: int, clear: int, common: bool
) -> None:
    part, _ = master(imr=bit, ser=0 if bit == reg.TXO else 1)
    if bit == reg.RXU:
        assert receive(part, 1) == [0]
    else:
        send(part, *range(reg.FIFO_DEPTH))
        assert not part.irq.level
        send(part, 0)
    assert part.read(reg.ISR, 4) == bit
    assert part.irq.level
    offset = reg.ICR if common else clear
    assert [part.read(offset, 4), part.read(offset, 4)] == [1, 0]
    assert not part.irq.level


def test_an_overflowing_frame_is_lost_and_the_older_ones_stay() -> None:
    part, slave = master()
    send(part, *range(reg.FIFO_DEPTH + 1))
    assert len(slave.heard) == reg.FIFO_DEPTH + 1
    assert receive(part, reg.FIFO_DEPTH) == list(range(0x80, 0x88))


def test_zephyrs_interrupt_driven_transfer() -> None:
    # spi_dw.c of Zephyr 1.14: IMR, SER and ISR accessed as bytes, thresholds set before enabling.
    part, slave = master(enable=False, ser=0)
    outgoing, incoming = list(range(13)), []
    part.write(reg.TXFTLR, 4, 4)
    part.write(reg.RXFTLR, 4, 5)
    part.write(reg.IMR, 1, 0x1F)
    part.write(reg.SER, 1, 1)
    part.write(reg.SSIENR, 4, 1)
    pending = list(outgoing)
    for _ in range(50):
        if not part.irq.level:
            break
        status = part.read(reg.ISR, 1)
        assert not status & (reg.TXO | reg.RXU | reg.RXO)
        if status & reg.RXF:
            while part.read(reg.RXFLR, 4):
                incoming.append(part.read(reg.DR, 4))
            if part.read(reg.RXFTLR, 4) >= len(outgoing) - len(incoming):
                part.write(reg.RXFTLR, 4, len(outgoing) - len(incoming) - 1)
        if status & reg.TXE:
            room = reg.FIFO_DEPTH - part.read(reg.TXFLR, 4) - part.read(reg.RXFLR, 4)
            for _ in range(min(room, len(pending))):
                send(part, pending.pop(0))
            if not pending:
                part.write(reg.TXFTLR, 4, 0)
        part.read(reg.ICR, 4)
        if len(incoming) == len(outgoing):
            part.write(reg.IMR, 1, 0)
            part.write(reg.SSIENR, 4, 0)
    assert incoming == list(range(0x80, 0x80 + 13))
    assert slave.transactions == [outgoing, []]
    assert not part.irq.level


# The rest


def test_bytes_and_half_words_are_parts_of_the_register() -> None:
    part, slave = master(enable=False)
    part.write(reg.CTRLR0, 4, 0x00070000)
    part.write(reg.CTRLR0 + 1, 1, 1)
    assert part.read(reg.CTRLR0, 4) == 0x00070100
    assert part.read(reg.CTRLR0 + 2, 2) == 7
    part.write(reg.CTRLR1, 2, 0x1234)
    assert part.read(reg.CTRLR1, 4) == 0x1234
    part.write(reg.CTRLR0 + 1, 1, 0)
    part.write(reg.SSIENR, 1, 1)
    part.write(reg.DR, 1, 0x55)
    assert slave.heard == [0x55]
    assert (part.read(reg.SR, 1), part.read(reg.RXFLR, 2), part.read(reg.DR, 1)) == (
        READY | reg.RFNE,
        1,
        0x80,
    )


def test_a_narrow_read_gets_the_low_part_of_a_wide_frame() -> None:
    part, _ = master(bits=32)
    send(part, 0, 0)
    assert (part.read(reg.DR, 1), part.read(reg.DR, 2)) == (0x83, 0x8687)


def test_thresholds_and_addresses_have_the_width_of_the_fifo() -> None:
    part, _ = master()
    for offset in (reg.TXFTLR, reg.RXFTLR):
        part.write(offset, 4, 0xFFFFFFFF)
        assert part.read(offset, 4) == reg.FIFO_DEPTH - 1


def test_registers_that_do_not_exist_are_reported() -> None:
    part, _ = master()
    told: list[tuple[str, int]] = []
    part.on_unknown = lambda _ssi, kind, offset, _width: told.append((kind, offset))
    assert part.read(0xF4, 4) == 0
    part.write(0xFC, 4, 1)
    assert told == [("read", 0xF4), ("write", 0xFC)]


def test_reset_of_an_idle_controller_is_no_end_of_a_transaction() -> None:
    part, slave = master(enable=False)
    part.reset()
    assert slave.transactions == [[]]


def test_reset_ends_a_transaction() -> None:
    part, slave = master(imr=reg.TXE)
    send(part, 1)
    part.reset()
    assert slave.transactions == [[1], []]
    assert not part.irq.level
    assert part.read(reg.RXFLR, 4) == 0


OFFSETS = (*range(0, 0x64, 4), 0xEC, 0xF0, 0xF4)


@given(accesses(OFFSETS), accesses(OFFSETS), accesses(OFFSETS), st.integers(0, 3), st.booleans())
def test_state_is_complete(
    before: list[Access], after: list[Access], other: list[Access], tmod: int, selected: bool
) -> None:
    part, slave = master(tmod, ndf=20, ser=selected, imr=0x1F)
    play(part, before)

    def behaviour() -> tuple[list[int], bool, list[list[int]]]:
        reads = play(part, after)
        return reads, part.irq.level, [list(heard) for heard in slave.transactions]

    def disturb() -> None:
        play(part, other)
        send(part, 1, 2, 3)

    assert_state_is_complete(Board(Clock(), part, slave), behaviour, disturb)
