"""DS39662E section 13: the DMA controller; section 15: the built-in self-test."""

from __future__ import annotations

import pytest

from emulation.quark.enc28j60 import registers as r
from emulation.quark.tests.enc28j60_host import Host, frame


@pytest.fixture
def host() -> Host:
    return Host().initialise()


def program(host: Host, first: int, last: int, to: int = 0, *, checksum: bool = False) -> None:
    host.write_pair(r.EDMASTL, first)
    host.write_pair(r.EDMANDL, last)
    host.write_pair(r.EDMADSTL, to)
    host.set(r.ECON1, (r.CSUMEN if checksum else 0) | r.DMAST)


def checksum(host: Host, first: int, last: int) -> int:
    program(host, first, last, checksum=True)
    host.run()
    host.clear(r.ECON1, r.CSUMEN)
    return host.read_pair(r.EDMACSL)


def test_13_1_copies_first_to_last_byte(host: Host) -> None:
    host.write_buffer(0x1C00, b"0123456789")
    program(host, 0x1C01, 0x1C08, 0x1D00)
    host.run()
    assert host.read_buffer(0x1CFF, 10) == b"\x0012345678\x00"
    assert host.read(r.EIR) & r.DMAIF
    assert not host.read(r.ECON1) & r.DMAST


def test_13_2_the_checksum_of_89_ab_cd_is_a953(host: Host) -> None:
    host.write_buffer(0x1C00, b"\x89\xab\xcd")
    assert checksum(host, 0x1C00, 0x1C02) == 0xA953


def test_the_source_follows_the_wrap_of_the_receive_buffer_the_destination_does_not(host: Host) -> None:
    host.write_buffer(0x19FE, b"abXX")
    host.write_buffer(0x0000, b"cd")
    program(host, 0x19FE, 0x0001, 0x1FFD)
    host.run()
    assert host.read_buffer(0x1FFD, 4) == b"abcd"
    assert host.chip.ram[0] == ord("d"), "1FFFh is followed by 0000h"


def test_a_1518_byte_packet_takes_121_44_us_to_copy_and_60_72_us_to_sum_up(host: Host) -> None:
    for summing, us in ((False, 121.44), (True, 60.72)):
        start = host.clock.now
        program(host, 0, 1517, 0x1000, checksum=summing)
        host.run()
        assert (host.clock.now - start) / 32 == pytest.approx(us, abs=0.1)


def test_an_overlapping_destination_ahead_of_the_source_repeats_what_was_copied(host: Host) -> None:
    host.write_buffer(0x1C00, b"abcdef")
    program(host, 0x1C00, 0x1C04, 0x1C01)
    host.run()
    assert host.read_buffer(0x1C00, 6) == b"aaaaaa"


def test_clearing_dmast_cancels_leaving_a_part_copied_and_raises_dmaif(host: Host) -> None:
    host.write_buffer(0x1000, bytes([7]) * 1000)
    program(host, 0x1000, 0x13E7, 0x1800)
    host.wait(us=40)
    host.clear(r.ECON1, r.DMAST)
    assert host.read(r.EIR) & r.DMAIF
    assert host.read_buffer(0x1800, 1000) == bytes([7]) * 500 + bytes(500)
    host.run()
    assert host.read_buffer(0x1800, 1000) == bytes([7]) * 500 + bytes(500)


def test_without_an_end_the_dma_runs_until_it_is_cancelled(host: Host) -> None:
    program(host, 0x1000, 0x1C00, 0x0000, checksum=True)  # the wrap at 19FFh keeps it from 1C00h
    host.wait(us=10_000)
    assert host.read(r.ECON1) & r.DMAST
    assert not host.read(r.EIR) & r.DMAIF
    host.clear(r.ECON1, r.DMAST)
    assert host.read(r.EIR) & r.DMAIF


def test_one_byte_cannot_be_copied(host: Host) -> None:
    program(host, 0x1C00, 0x1C00, 0x1000)
    host.wait(us=10_000)
    assert host.read(r.ECON1) & r.DMAST


def test_a_transmission_waits_for_the_dma(host: Host) -> None:
    program(host, 0, 0x0FFF, checksum=True)
    dma_end = host.clock.next_event
    host.put(frame())
    host.run()
    assert dma_end is not None
    assert host.sent[0][0] - dma_end == pytest.approx((8 + 64) * 25.6, abs=1)


def test_the_dma_waits_for_a_transmission(host: Host) -> None:
    host.put(frame())
    transmitted = host.clock.next_event
    assert transmitted is not None
    program(host, 0, 0x0FFF, checksum=True)
    host.clock.advance(transmitted)
    assert host.read(r.ECON1) & r.DMAST
    host.run()
    assert host.read(r.EIR) & r.DMAIF
    assert host.clock.now - transmitted == pytest.approx(0x1000 * 1.28, abs=1)


SELF_TESTS = [
    ("address fill", 2 << 2, bytes(range(256)) * 32, 0xF807),
    ("pattern shift fill", 1 << 5 | 1 << 2, bytes([0x11, 0x22, 0x44, 0x88]) * 2048, None),
]


@pytest.mark.parametrize(
    ("control", "memory", "sum_"), [x[1:] for x in SELF_TESTS], ids=[x[0] for x in SELF_TESTS]
)
def test_15_the_self_test_fills_the_buffer_and_its_checksum_equals_the_dma_s(
    host: Host, control: int, memory: bytes, sum_: int | None
) -> None:
    host.write(r.EBSTSD, 0x11)
    host.write(r.EBSTCON, control | r.TME | r.BISTST)
    assert not host.read(r.EBSTCON) & r.BISTST
    host.write(r.EBSTCON, 0)
    assert bytes(host.chip.ram) == memory
    host.write_pair(r.ERXNDL, 0x1FFF)
    assert checksum(host, 0, 0x1FFF) == host.read_pair(r.EBSTCSL)
    assert sum_ is None or host.read_pair(r.EBSTCSL) == sum_


def test_15_random_data_fill_is_seeded_by_ebstsd_and_moves_it_on(host: Host) -> None:
    host.write(r.EBSTSD, 0x11)
    host.write(r.EBSTCON, r.TME | r.BISTST)
    first, seed = bytes(host.chip.ram), host.read(r.EBSTSD)
    assert len(set(first)) > 200
    host.write(r.EBSTSD, seed ^ 0x55)
    host.write(r.EBSTCON, r.TME | r.BISTST)
    assert bytes(host.chip.ram) != first
    host.write(r.EBSTSD, 0x11)
    host.write(r.EBSTCON, r.TME | r.BISTST)
    assert bytes(host.chip.ram) == first
