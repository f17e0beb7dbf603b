"""DS39662E tables 3-1 and 3-2: addresses, reset values, writable bits; sections 2.2, 11 and 14."""

from __future__ import annotations

import pytest

from emulation.quark.enc28j60 import registers as r
from emulation.quark.tests.enc28j60_host import Host, frame

# name, bank, address and value on reset as table 3-1 and table 3-2 list them
TABLE = """
ERDPTL 0 00 fa   ERDPTH 0 01 05   EWRPTL 0 02 00   EWRPTH 0 03 00   ETXSTL 0 04 00   ETXSTH 0 05 00
ETXNDL 0 06 00   ETXNDH 0 07 00   ERXSTL 0 08 fa   ERXSTH 0 09 05   ERXNDL 0 0a ff   ERXNDH 0 0b 1f
ERXRDPTL 0 0c fa ERXRDPTH 0 0d 05 ERXWRPTL 0 0e 00 ERXWRPTH 0 0f 00 EDMASTL 0 10 00  EDMASTH 0 11 00
EDMANDL 0 12 00  EDMANDH 0 13 00  EDMADSTL 0 14 00 EDMADSTH 0 15 00 EDMACSL 0 16 00  EDMACSH 0 17 00
EIE 0 1b 00      EIR 0 1c 00      ESTAT 0 1d 01    ECON2 0 1e 80    ECON1 0 1f 00
EHT0 1 00 00     EHT1 1 01 00     EHT2 1 02 00     EHT3 1 03 00     EHT4 1 04 00     EHT5 1 05 00
EHT6 1 06 00     EHT7 1 07 00     EPMM0 1 08 00    EPMM1 1 09 00    EPMM2 1 0a 00    EPMM3 1 0b 00
EPMM4 1 0c 00    EPMM5 1 0d 00    EPMM6 1 0e 00    EPMM7 1 0f 00    EPMCSL 1 10 00   EPMCSH 1 11 00
EPMOL 1 14 00    EPMOH 1 15 00    ERXFCON 1 18 a1  EPKTCNT 1 19 00
MACON1 2 00 00   MACON3 2 02 00   MACON4 2 03 00   MABBIPG 2 04 00  MAIPGL 2 06 00   MAIPGH 2 07 00
MACLCON1 2 08 0f MACLCON2 2 09 37 MAMXFLL 2 0a 00  MAMXFLH 2 0b 06  MICMD 2 12 00    MIREGADR 2 14 00
MIWRL 2 16 00    MIWRH 2 17 00    MIRDL 2 18 00    MIRDH 2 19 00
MAADR5 3 00 00   MAADR6 3 01 00   MAADR3 3 02 00   MAADR4 3 03 00   MAADR1 3 04 00   MAADR2 3 05 00
EBSTSD 3 06 00   EBSTCON 3 07 00  EBSTCSL 3 08 00  EBSTCSH 3 09 00  MISTAT 3 0a 00   EREVID 3 12 06
ECOCON 3 15 04   EFLOCON 3 17 00  EPAUSL 3 18 00   EPAUSH 3 19 10
"""
_FIELDS = TABLE.split()
REGISTERS = [
    (_FIELDS[n], int(_FIELDS[n + 1]), int(_FIELDS[n + 2], 16), int(_FIELDS[n + 3], 16))
    for n in range(0, len(_FIELDS), 4)
]
READ_ONLY = "ERXWRPTL ERXWRPTH EDMACSL EDMACSH EPKTCNT MIRDL MIRDH EBSTCSL EBSTCSH MISTAT EREVID"
ADDRESS_HIGH = "ERDPTH EWRPTH ETXSTH ETXNDH ERXSTH ERXNDH EDMASTH EDMANDH EDMADSTH EPMOH"


@pytest.fixture
def host() -> Host:
    host = Host()
    host.wait(us=300)
    return host


@pytest.mark.parametrize(("name", "bank", "address", "reset"), REGISTERS, ids=[x[0] for x in REGISTERS])
def test_a_register_is_where_table_3_1_puts_it_and_resets_as_in_table_3_2(
    host: Host, name: str, bank: int, address: int, reset: int
) -> None:
    assert r.INDEX[name] == bank << 5 | address
    assert host.read(r.INDEX[name]) == reset


@pytest.mark.parametrize("name", READ_ONLY.split())
def test_a_read_only_register_ignores_writes(host: Host, name: str) -> None:
    before = host.read(r.INDEX[name])
    host.write(r.INDEX[name], before ^ 0xFF)
    assert host.read(r.INDEX[name]) == before


@pytest.mark.parametrize("name", ADDRESS_HIGH.split())
def test_buffer_addresses_have_13_bits(host: Host, name: str) -> None:
    host.write(r.INDEX[name], 0xFF)
    assert host.read(r.INDEX[name]) == 0x1F


@pytest.mark.parametrize("bank", range(4))
def test_eie_eir_estat_econ2_and_econ1_are_in_every_bank(host: Host, bank: int) -> None:
    host.spi(0x40 | r.EIE, 0x41)
    host.spi(0x40 | r.ECON1, bank)
    assert host.spi(r.EIE, 0)[1] == 0x41
    assert host.spi(r.ECON1, 0)[1] == bank
    assert host.spi(r.ECON2, 0)[1] == r.AUTOINC


@pytest.mark.parametrize("number", [0x18, 0x1A, 0x32, 0x45, 0x6B, 0x7A])
def test_an_unimplemented_location_reads_0_and_is_reported(host: Host, number: int) -> None:
    host.select(number)
    assert host.spi(number & 0x1F, 0, 0)[1:] == b"\0\0"
    assert ("read", number) in host.unknown


@pytest.mark.parametrize(
    ("name", "bits"),
    [
        ("EIE", 0xFB),
        ("MACON1", 0x0F),
        ("MACON4", 0x70),
        ("MABBIPG", 0x7F),
        ("MAIPGL", 0x7F),
        ("MAIPGH", 0x7F),
        ("MACLCON1", 0x0F),
        ("MACLCON2", 0x3F),
        ("MIREGADR", 0x1F),
        ("ECOCON", 0x07),
    ],
)
def test_reserved_and_unimplemented_bits_stay_0(host: Host, name: str, bits: int) -> None:
    host.write(r.INDEX[name], 0xFF)
    assert host.read(r.INDEX[name]) == bits


def test_erxrdptl_waits_in_a_buffer_for_erxrdpth(host: Host) -> None:
    host.write(r.ERXRDPTL, 0x34)
    assert host.read_pair(r.ERXRDPTL) == 0x05FA
    host.write(r.ERXRDPTH, 0x12)
    assert host.read_pair(r.ERXRDPTL) == 0x1234
    host.write(r.ERXRDPTH, 0x13)
    assert host.read_pair(r.ERXRDPTL) == 0x1334


@pytest.mark.parametrize(("register", "value"), [(r.ERXSTH, 0x02), (r.ERXNDH, 0x0F)])
def test_writing_erxst_or_erxnd_moves_the_receive_write_pointer_to_erxst(
    host: Host, register: int, value: int
) -> None:
    host.write(register, value)
    assert host.read_pair(r.ERXWRPTL) == host.read_pair(r.ERXSTL)


def test_pktdec_reads_0_and_does_not_underflow(host: Host) -> None:
    host.set(r.ECON2, r.PKTDEC)
    assert host.read(r.ECON2) == r.AUTOINC
    assert host.read(r.EPKTCNT) == 0


def test_clkrdy_comes_300_us_after_power_on() -> None:
    host = Host()
    host.wait(us=299)
    assert not host.read(r.ESTAT) & r.CLKRDY
    host.wait(us=1)
    assert host.read(r.ESTAT) & r.CLKRDY


def test_mac_registers_take_nothing_before_clkrdy() -> None:
    host = Host()
    host.write(r.MAADR1, 0x55)
    host.write(r.ETXSTL, 0x55)
    host.wait(us=300)
    assert host.read(r.MAADR1) == 0
    assert host.read(r.ETXSTL) == 0x55


def test_power_save_stops_reception_and_takes_300_us_to_leave() -> None:
    host = Host().initialise()
    host.set(r.ECON2, r.PWRSV)
    assert not host.read(r.ESTAT) & r.CLKRDY
    assert not host.chip.receive(frame())
    host.clear(r.ECON2, r.PWRSV)
    host.wait(us=299)
    assert not host.read(r.ESTAT) & r.CLKRDY
    host.wait(us=1)
    assert host.read(r.ESTAT) & r.CLKRDY
    assert host.chip.receive(frame())


@pytest.mark.parametrize(("low", "value"), [(r.ERDPTL, 0x1ABC), (r.EWRPTL, 0x0123)])
def test_the_buffer_pointers_read_back(host: Host, low: int, value: int) -> None:
    host.write_pair(low, value)
    assert host.read_pair(low) == value


def test_power_on_reset_forgets_everything_but_the_cable() -> None:
    host = Host().initialise()
    host.chip.receive(frame())
    host.chip.set_link(False)
    fresh = Host()
    fresh.chip.set_link(False)
    fresh.chip.reset()
    host.clock.reset()
    host.chip.reset()
    assert host.chip.save() == fresh.chip.save()


def test_fuldpxs_shows_macon3_fuldpx(host: Host) -> None:
    assert not host.read(r.EFLOCON) & r.FULDPXS
    host.write(r.MACON3, r.FULDPX)
    assert host.read(r.EFLOCON) & r.FULDPXS
