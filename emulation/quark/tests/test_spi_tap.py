"""The tap sees what master and slave exchange, and neither notices it."""

from __future__ import annotations

import pytest

from emulation.errors import UserError
from emulation.quark import ssi as reg
from emulation.quark.spi_tap import SpiTransaction, tap_spi
from emulation.quark.ssi import DwSsi
from emulation.quark.tests.test_ssi import EIGHT_BITS, Counter


def exchange(master: DwSsi, data: bytes) -> bytes:
    master.write(reg.SSIENR, 4, 1)
    answer = []
    for byte in data:
        master.write(reg.DR, 4, byte)
        answer.append(master.read(reg.DR, 4))
    master.write(reg.SSIENR, 4, 0)
    return bytes(answer)


def bus() -> tuple[DwSsi, Counter]:
    master, slave = DwSsi("ssi"), Counter()
    master.slave = slave
    master.write(reg.CTRLR0, 4, EIGHT_BITS)
    master.write(reg.SER, 4, 1)
    return master, slave


def test_every_transaction_is_seen_and_nothing_changes() -> None:
    master, slave = bus()
    seen: list[SpiTransaction] = []
    times = iter([1.0, 2.0])
    end = tap_spi([object(), master], lambda: next(times), seen.append)
    assert exchange(master, b"ab") == b"\x80\x81"
    assert exchange(master, b"c") == b"\x82"
    end()
    assert exchange(master, b"unseen") == bytes(range(0x83, 0x89))
    assert seen == [SpiTransaction(1.0, b"ab", b"\x80\x81"), SpiTransaction(2.0, b"c", b"\x82")]
    assert slave.transactions == [[97, 98], [99], list(b"unseen"), []]
    assert master.slave is slave


def test_a_select_without_a_byte_is_no_transaction() -> None:
    master, _ = bus()
    seen: list[SpiTransaction] = []
    tap_spi([master], lambda: 0.0, seen.append)
    exchange(master, b"")
    assert seen == []


def test_without_a_slave_there_is_nothing_to_see() -> None:
    with pytest.raises(UserError, match="nothing on the board's SPI bus"):
        tap_spi([DwSsi("ssi")], lambda: 0.0, lambda transaction: None)
