"""DS39662E section 4: the SPI instruction set."""

from __future__ import annotations

import pytest

from emulation.quark.enc28j60 import registers as r
from emulation.quark.tests.enc28j60_host import Host


@pytest.fixture
def host() -> Host:
    host = Host()
    host.wait(us=300)
    return host


def test_rcr_of_an_eth_register_gives_its_value_in_the_second_byte(host: Host) -> None:
    assert host.spi(0x00 | r.ERDPTL, 0)[1] == 0xFA
    assert host.spi(0x00 | r.ERDPTH, 0)[1] == 0x05


@pytest.mark.parametrize(("bank", "address", "value"), [(2, 0x09, 0x37), (2, 0x0A, 0x00), (2, 0x0B, 0x06)])
def test_rcr_of_a_mac_register_gives_its_value_after_a_dummy_byte(
    host: Host, bank: int, address: int, value: int
) -> None:
    host.spi(0x40 | r.ECON1, bank)
    assert host.spi(address, 0, 0)[1:] == bytes([0, value])


def test_rcr_clocked_on_shows_the_same_register_again(host: Host) -> None:
    assert host.spi(r.ERDPTL, 0, 0, 0)[1:] == b"\xfa\xfa\xfa"


def test_wcr_writes_eth_mac_and_mii_registers(host: Host) -> None:
    for register in (r.EHT0, r.MAADR1, r.MIREGADR):
        host.write(register, 0x15)
        assert host.read(register) == 0x15


def test_wcr_takes_one_byte(host: Host) -> None:
    host.spi(0x40 | r.ETXSTL, 0x12, 0x34)
    assert host.read(r.ETXSTL) == 0x12
    assert host.read(r.ETXSTH) == 0


def test_bfs_sets_and_bfc_clears_the_named_bits(host: Host) -> None:
    host.write(r.EIE, 0x81)
    host.set(r.EIE, 0x48)
    assert host.read(r.EIE) == 0xC9
    host.clear(r.EIE, 0x81)
    assert host.read(r.EIE) == 0x48


@pytest.mark.parametrize("register", [r.MACON3, r.MIREGADR, r.MAADR1])
def test_bfs_and_bfc_do_not_reach_mac_and_mii_registers(host: Host, register: int) -> None:
    host.write(register, 0x0A)
    host.set(register, 0x05)
    host.clear(register, 0x02)
    assert host.read(register) == 0x0A
    assert host.unknown == [("write", register)] * 2


def test_rbm_reads_on_while_cs_is_low(host: Host) -> None:
    host.chip.ram[0x100:0x104] = b"abcd"
    host.write_pair(r.ERDPTL, 0x100)
    assert host.spi(0x3A, 0, 0)[1:] == b"ab"
    assert host.spi(0x3A, 0, 0)[1:] == b"cd"
    assert host.read_pair(r.ERDPTL) == 0x104


def test_rbm_wraps_from_the_end_of_the_receive_buffer_to_its_start(host: Host) -> None:
    host.write_pair(r.ERXSTL, 0x200)
    host.write_pair(r.ERXNDL, 0x2FF)
    host.chip.ram[0x2FF], host.chip.ram[0x200] = 0x11, 0x22
    assert host.read_buffer(0x2FF, 2) == b"\x11\x22"


def test_rbm_wraps_from_1fff_to_0000_where_erxnd_is_elsewhere(host: Host) -> None:
    host.write_pair(r.ERXNDL, 0x0FFF)
    host.chip.ram[0x1FFF], host.chip.ram[0x0000] = 0x33, 0x44
    assert host.read_buffer(0x1FFF, 2) == b"\x33\x44"


def test_wbm_writes_on_and_wraps_at_1fff_only(host: Host) -> None:
    host.write_pair(r.ERXSTL, 0x0100)
    host.write_pair(r.ERXNDL, 0x1FFE)
    host.write_buffer(0x1FFE, b"xyz")
    assert host.chip.ram[0x1FFE:] == b"xy"
    assert host.chip.ram[0] == ord("z")
    assert host.read_pair(r.EWRPTL) == 1


def test_without_autoinc_the_buffer_pointers_stay(host: Host) -> None:
    host.clear(r.ECON2, r.AUTOINC)
    host.write_buffer(0x100, b"ab")
    assert host.chip.ram[0x100] == ord("b")
    assert host.read_buffer(0x100, 3) == b"bbb"
    assert host.read_pair(r.ERDPTL) == host.read_pair(r.EWRPTL) == 0x100


def test_deselect_ends_an_instruction_after_its_opcode(host: Host) -> None:
    host.spi(0x40 | r.ETXSTL)
    host.spi(r.EIE, 0x55)
    assert host.read(r.ETXSTL) == 0
    assert host.read(r.EIE) == 0


@pytest.mark.parametrize("opcode", [0x20, 0x60, 0xC0, 0xE0, 0xFE])
def test_an_opcode_that_is_not_in_table_4_1_does_nothing_and_is_reported(host: Host, opcode: int) -> None:
    before = host.chip.save()
    host.spi(opcode, 0x55, 0xAA)
    after = host.chip.save()
    assert after["registers"] == before["registers"]
    assert after["ram"] == before["ram"]
    assert host.unknown == [("write", opcode)]


def test_src_resets_the_registers_and_keeps_the_buffer(host: Host) -> None:
    host.write_buffer(0x40, b"kept")
    host.write(r.EIE, 0xFF)
    host.write(r.MAADR1, 0x77)
    host.write(r.ECON1, 3)
    host.spi(0xFF)
    assert host.spi(r.ERDPTL, 0)[1] == 0xFA, "bank 0 again"
    assert host.read(r.EIE) == 0
    assert host.read(r.MAADR1) == 0
    assert host.chip.ram[0x40:0x44] == b"kept"
    assert host.read(r.ESTAT) & r.CLKRDY
