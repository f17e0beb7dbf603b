"""DS39662E section 12: interrupts and the INT pin."""

from __future__ import annotations

import pytest

from emulation.quark.enc28j60 import registers as r
from emulation.quark.tests.enc28j60_host import Host, frame

PHIE, PHIR = 0x12, 0x13
PLNKIE_PGEIE = 0x0012


@pytest.fixture
def host() -> Host:
    return Host().initialise()


def packet(host: Host) -> None:
    host.chip.receive(frame())


def overflow(host: Host) -> None:
    host.write_pair(r.ERXRDPTL, 0x10)
    host.chip.receive(frame())


def sent(host: Host) -> None:
    host.put(frame())
    host.run()


def aborted(host: Host) -> None:
    host.write_pair(r.MAMXFLL, 60)
    host.put(frame())
    host.run()


def dma_done(host: Host) -> None:
    host.set(r.ECON1, r.CSUMEN | r.DMAST)
    host.run()


def link_change(host: Host) -> None:
    host.write_phy(PHIE, PLNKIE_PGEIE)
    host.chip.set_link(False)


SOURCES = [
    (packet, r.PKTIF),
    (overflow, r.RXERIF),
    (sent, r.TXIF),
    (aborted, r.TXERIF),
    (dma_done, r.DMAIF),
    (link_change, r.LINKIF),
]


@pytest.mark.parametrize(("cause", "flag"), SOURCES)
def test_int_falls_for_an_enabled_flag_with_intie(host: Host, cause: object, flag: int) -> None:
    assert callable(cause)
    host.write(r.EIE, r.INTIE | flag)
    assert host.chip.int_pin.level
    cause(host)
    assert host.read(r.EIR) & flag
    assert host.read(r.ESTAT) & r.INT
    assert not host.chip.int_pin.level


@pytest.mark.parametrize(("cause", "flag"), SOURCES)
def test_int_stays_high_for_a_flag_that_is_not_enabled(host: Host, cause: object, flag: int) -> None:
    assert callable(cause)
    host.write(r.EIE, 0xFB & ~flag & ~r.TXIF)  # an abort raises TXIF as well
    cause(host)
    assert host.read(r.EIR) & flag
    assert host.chip.int_pin.level


@pytest.mark.parametrize(("cause", "flag"), SOURCES)
def test_int_stays_high_without_intie(host: Host, cause: object, flag: int) -> None:
    assert callable(cause)
    host.write(r.EIE, flag)
    cause(host)
    assert host.read(r.EIR) & flag
    assert host.chip.int_pin.level


def test_toggling_intie_gives_a_new_falling_edge_while_something_is_pending(host: Host) -> None:
    edges: list[bool] = []
    host.chip.int_pin.connect(edges.append)
    host.write(r.EIE, r.INTIE | r.PKTIF)
    host.chip.receive(frame())
    host.clear(r.EIE, r.INTIE)
    host.set(r.EIE, r.INTIE)
    host.take()
    assert edges == [False, True, False, True]


def test_12_1_1_pktif_follows_epktcnt(host: Host) -> None:
    host.write(r.EIE, r.INTIE | r.PKTIF)
    host.chip.receive(frame())
    host.chip.receive(frame())
    host.clear(r.EIR, r.PKTIF)
    assert host.read(r.EIR) & r.PKTIF, "read only"
    host.take()
    assert host.read(r.EIR) & r.PKTIF
    assert not host.chip.int_pin.level
    host.take()
    assert not host.read(r.EIR) & r.PKTIF
    assert host.chip.int_pin.level


@pytest.mark.parametrize(
    ("cause", "flag"), [(overflow, r.RXERIF), (sent, r.TXIF), (aborted, r.TXERIF), (dma_done, r.DMAIF)]
)
def test_the_latched_flags_are_cleared_by_the_host_and_cannot_be_set(
    host: Host, cause: object, flag: int
) -> None:
    assert callable(cause)
    host.write(r.EIE, r.INTIE | flag)
    host.set(r.EIR, flag)
    assert not host.read(r.EIR) & flag
    cause(host)
    host.clear(r.EIR, flag)
    assert not host.read(r.EIR) & flag
    assert host.chip.int_pin.level


def test_txabrt_is_cleared_by_the_host_and_cannot_be_set(host: Host) -> None:
    host.set(r.ESTAT, r.TXABRT)
    assert not host.read(r.ESTAT) & r.TXABRT
    aborted(host)
    assert host.read(r.ESTAT) & r.TXABRT
    host.clear(r.ESTAT, r.TXABRT)
    assert not host.read(r.ESTAT) & r.TXABRT


def test_12_1_5_linkif_is_cleared_by_reading_phir(host: Host) -> None:
    host.write(r.EIE, r.INTIE | r.LINKIF)
    link_change(host)
    host.clear(r.EIR, r.LINKIF)
    assert host.read(r.EIR) & r.LINKIF, "read only"
    assert host.read_phy(PHIR) == 0x0014
    assert not host.read(r.EIR) & r.LINKIF
    assert host.chip.int_pin.level
    assert host.read_phy(PHIR) == 0


@pytest.mark.parametrize("phie", [0, 0x0010, 0x0002])
def test_12_1_5_linkif_needs_plnkie_and_pgeie(host: Host, phie: int) -> None:
    host.write_phy(PHIE, phie)
    host.chip.set_link(False)
    assert not host.read(r.EIR) & r.LINKIF
    assert host.read_phy(PHIR) & 0x0010, "PLNKIF can be polled"
