"""DS39662E section 3.3: PHY registers, MII, link; sections 6.6 and 9: duplex mode and loopback."""

from __future__ import annotations

import pytest

from emulation.quark.enc28j60 import registers as r
from emulation.quark.tests.enc28j60_host import PEER, STATION, Host, frame

PHCON1, PHSTAT1, PHID1, PHID2, PHCON2, PHSTAT2, PHIE, PHIR, PHLCON = 0, 1, 2, 3, 16, 17, 18, 19, 20
PRST, PLOOPBK, PPWRSV, PDPXMD = 0x8000, 0x4000, 0x0800, 0x0100
FRCLNK, TXDIS, HDLDIS = 0x4000, 0x2000, 0x0100
LLSTAT, LSTAT, DPXSTAT = 0x0004, 0x0400, 0x0200


@pytest.fixture
def host() -> Host:
    host = Host()
    host.wait(us=300)
    return host


@pytest.mark.parametrize(
    ("register", "value"),
    [(PHCON1, 0), (PHID1, 0x0083), (PHID2, 0x1400), (PHCON2, 0), (PHIE, 0), (PHIR, 0), (PHLCON, 0x3422)],
)
def test_table_3_3_values_on_reset(host: Host, register: int, value: int) -> None:
    assert host.read_phy(register) == value


@pytest.mark.parametrize(
    ("register", "value"), [(PHCON1, PDPXMD), (PHCON2, HDLDIS), (PHLCON, 0x3476), (PHIE, 0x0012)]
)
def test_a_phy_register_reads_back_what_was_written(host: Host, register: int, value: int) -> None:
    host.write_phy(register, value)
    assert host.read_phy(register) == value


@pytest.mark.parametrize("register", [PHSTAT1, PHID1, PHID2, PHSTAT2, 4, 31])
def test_read_only_and_missing_phy_registers_ignore_writes(host: Host, register: int) -> None:
    host.read_phy(register)
    before = host.read_phy(register)
    host.write_phy(register, 0xFFFF)
    assert host.read_phy(register) == before


def test_a_phy_read_keeps_busy_set_for_10_24_us(host: Host) -> None:
    host.write(r.MIREGADR, PHID1)
    host.write(r.MICMD, r.MIIRD)
    start = host.clock.now
    host.clock.advance(start + int(10.24 * 32))
    assert host.read(r.MISTAT) & r.BUSY
    assert host.read_pair(r.MIRDL) == 0
    host.clock.advance(start + int(10.24 * 32) + 1)
    assert not host.read(r.MISTAT) & r.BUSY
    assert host.read_pair(r.MIRDL) == 0x0083


def test_a_phy_write_starts_with_miwrh_and_keeps_busy_set(host: Host) -> None:
    host.write(r.MIREGADR, PHLCON)
    host.write(r.MIWRL, 0x76)
    assert not host.read(r.MISTAT) & r.BUSY
    host.write(r.MIWRH, 0x34)
    assert host.read(r.MISTAT) & r.BUSY
    host.wait(us=11)
    assert not host.read(r.MISTAT) & r.BUSY
    assert host.read_phy(PHLCON) == 0x3476


def test_a_scan_keeps_mird_up_to_date(host: Host) -> None:
    host.write(r.MIREGADR, PHSTAT2)
    host.write(r.MICMD, r.MIISCAN)
    assert host.read(r.MISTAT) == r.BUSY | r.SCAN | r.NVALID
    host.wait(us=11)
    assert host.read(r.MISTAT) == r.BUSY | r.SCAN
    assert host.read_pair(r.MIRDL) & LSTAT
    host.chip.set_link(False)
    assert not host.read_pair(r.MIRDL) & LSTAT
    host.write(r.MICMD, 0)
    assert host.read(r.MISTAT) == 0


def test_lstat_is_the_link(host: Host) -> None:
    assert host.read_phy(PHSTAT2) & LSTAT
    host.chip.set_link(False)
    assert not host.read_phy(PHSTAT2) & LSTAT


def test_llstat_stays_low_until_read_once_the_link_was_down(host: Host) -> None:
    host.read_phy(PHSTAT1)
    assert host.read_phy(PHSTAT1) & LLSTAT
    host.chip.set_link(False)
    host.chip.set_link(True)
    assert not host.read_phy(PHSTAT1) & LLSTAT
    assert host.read_phy(PHSTAT1) & LLSTAT


def test_frclnk_forces_the_link_up(host: Host) -> None:
    host.chip.set_link(False)
    host.write_phy(PHCON2, FRCLNK)
    assert host.read_phy(PHSTAT2) & LSTAT


def test_ppwrsv_takes_the_link_down(host: Host) -> None:
    host.write_phy(PHCON1, PPWRSV)
    assert not host.read_phy(PHSTAT2) & LSTAT


def test_prst_resets_the_phy_and_clears_itself(host: Host) -> None:
    host.write_phy(PHLCON, 0x3476)
    host.write_phy(PHCON1, PRST | PDPXMD)
    assert host.read_phy(PHCON1) == 0
    assert host.read_phy(PHLCON) == 0x3422


def test_dpxstat_shows_pdpxmd(host: Host) -> None:
    assert not host.read_phy(PHSTAT2) & DPXSTAT
    host.write_phy(PHCON1, PDPXMD)
    assert host.read_phy(PHSTAT2) & DPXSTAT


@pytest.mark.parametrize(
    ("phcon1", "phcon2", "heard", "on_wire"),
    [
        (PDPXMD, 0, False, True),
        (0, HDLDIS, False, True),
        (0, 0, True, True),  # half duplex hears itself
        (PLOOPBK, 0, True, False),
        (PLOOPBK | PDPXMD, HDLDIS, True, False),
        (PDPXMD, TXDIS, False, False),
        (PDPXMD | PPWRSV, 0, False, False),
    ],
)
def test_what_the_mac_sends_reaches_the_wire_or_the_mac_itself(
    phcon1: int, phcon2: int, heard: bool, on_wire: bool
) -> None:
    host = Host().initialise()
    host.write_phy(PHCON1, phcon1)
    host.write_phy(PHCON2, phcon2)
    packet = frame(STATION)
    host.put(packet)
    host.run()
    assert bool(host.sent) == on_wire
    assert host.read(r.EPKTCNT) == heard
    if heard:
        assert host.take().data[:-4] == packet


def test_in_loopback_the_twisted_pair_is_off() -> None:
    host = Host().initialise()
    host.write_phy(PHCON1, PLOOPBK)
    assert not host.chip.receive(frame(STATION, source=PEER))
