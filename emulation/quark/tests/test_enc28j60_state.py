"""Saving and restoring: a state taken at any moment goes on alike in another chip."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulation.quark.enc28j60 import ethernet
from emulation.quark.enc28j60 import registers as r
from emulation.quark.tests.enc28j60_host import PEER, Host, frame

PHID1, PHSTAT1, PHSTAT2 = 0x02, 0x01, 0x11


def moved(host: Host) -> Host:
    """Another chip on another clock, in the state of this one."""
    other = Host()
    other.clock.restore(host.clock.save())
    other.chip.restore(host.chip.save())
    return other


def rest_of_instruction(host: Host) -> object:
    miso = host.chip.exchange(0x55), host.chip.exchange(0xAA)
    host.chip.deselect()
    return miso, host.read(r.ETXSTL), host.read(r.ERDPTL), bytes(host.chip.ram[:0x40]), host.read(r.EIE)


def begun(*mosi: int) -> Callable[[Host], None]:
    def begin(host: Host) -> None:
        host.select(r.ETXSTL)
        host.chip.ram[0:4] = b"wxyz"
        host.spi(0x40 | r.ERDPTL, 1)
        host.spi(0x40 | r.ERDPTH, 0)
        for byte in mosi:
            host.chip.exchange(byte)

    return begin


def in_bank_1(host: Host) -> None:
    host.select(r.ERXFCON)


def mac_read_begun(host: Host) -> None:
    host.select(r.MACLCON2)
    host.chip.exchange(r.MACLCON2 & 0x1F)


def at_the_end_of_the_ring(host: Host) -> None:
    host.chip.ram[0x19FF], host.chip.ram[0x0000], host.chip.ram[0x1A00] = b"abc"
    host.write_pair(r.ERDPTL, 0x19FF)


def without_autoinc(host: Host) -> None:
    host.clear(r.ECON2, r.AUTOINC)
    host.chip.ram[0x05FA:0x05FD] = b"xyz"


def read_on(host: Host) -> object:
    return host.spi(0x3A, 0, 0)


def low_byte_waits(host: Host) -> None:
    host.write(r.ERXRDPTL, 0x77)


def power_save_left(host: Host) -> None:
    host.set(r.ECON2, r.PWRSV)
    host.clear(r.ECON2, r.PWRSV)
    host.wait(us=200)


def packets_pending(host: Host) -> None:
    host.write(r.EIE, r.INTIE | r.PKTIF)
    for size in (60, 301):
        host.chip.receive(frame(size=size))


def frame_dropped(host: Host) -> None:
    host.chip.receive(frame(size=1600))


def mii_read_under_way(host: Host) -> None:
    host.write(r.MIREGADR, PHID1)
    host.write(r.MICMD, r.MIIRD)
    host.wait(us=4)


def mii_scan(host: Host) -> None:
    host.write(r.MIREGADR, PHSTAT2)
    host.write(r.MICMD, r.MIISCAN)
    host.wait(us=4)


def link_was_up(host: Host) -> None:
    host.read_phy(PHSTAT1)


def link_was_lost(host: Host) -> None:
    host.write_phy(0x12, 0x0012)
    host.chip.set_link(False)


def packet_under_way(host: Host) -> None:
    host.put(frame(PEER, 900))
    host.wait(us=300)


def gap_runs(host: Host) -> None:
    host.put(frame(PEER, 60))
    host.run()


def pause_runs(host: Host) -> None:
    host.chip.receive(ethernet.pause_frame(PEER, 20))


def pause_frame_under_way(host: Host) -> None:
    host.write(r.EFLOCON, 1)
    host.put(frame(PEER, 70))


def pause_frame_waits(host: Host) -> None:
    host.put(frame(PEER, 70))
    host.write(r.EFLOCON, 1)


def giant_under_way(host: Host) -> None:
    host.write_pair(r.MAMXFLL, 100)
    host.put(frame(PEER, 900))


def copy_under_way(host: Host) -> None:
    host.write_buffer(0x1000, b"abcdefgh" * 64)
    host.write_pair(r.EDMASTL, 0x1000)
    host.write_pair(r.EDMANDL, 0x11FF)
    host.write_pair(r.EDMADSTL, 0x1400)
    host.set(r.ECON1, r.DMAST)
    host.wait(us=20)


def checksum_under_way(host: Host) -> None:
    host.write_buffer(0, b"\x89\xab\xcd")
    host.write_pair(r.EDMANDL, 2)
    host.set(r.ECON1, r.DMAST | r.CSUMEN)


def checksum_waits_for_packet(host: Host) -> None:
    host.put(frame(PEER, 100))
    checksum_under_way(host)


def packet_waits_for_checksum(host: Host) -> None:
    checksum_under_way(host)
    host.put(frame(PEER, 100))


def look(host: Host) -> object:
    """What a host and the wire see from here on, at once and after the pending events."""
    start = host.clock.now
    first_byte = host.spi(0x18, 0)
    now = [host.read(n) for n in (r.ECON1, r.EIR, r.ESTAT, r.MISTAT, r.EPKTCNT, r.ERXWRPTL, r.MIRDL)]
    host.write(r.ERXRDPTH, 0x05)
    now.append(host.read_pair(r.ERXRDPTL))
    level = host.chip.int_pin.level
    host.wait(us=7)
    middle = host.read(r.MISTAT), host.read_pair(r.MIRDL)
    host.clear(r.ECON1, r.DMAST)
    copied = bytes(host.chip.ram[0x1400:0x1600])
    if not host.read(r.ECON1) & r.TXRTS:
        host.put(frame(PEER, 90), at=0x1C00)
    host.run()
    host.chip.receive(frame(size=200))
    header = host.read_buffer(host.read_pair(r.ERXSTL), 6)
    later = [host.read(n) for n in (r.ECON1, r.EIR, r.ESTAT, r.EPKTCNT, r.EDMACSL, r.EFLOCON)]
    phy = [host.read_phy(n) for n in (PHSTAT1, PHSTAT1, PHSTAT2, 0x13)]
    sent = [(cycle - start, data, ok) for cycle, data, ok in host.sent]
    return first_byte, now, level, middle, copied, sent, header, later, phy, host.chip.drops


def cancel(host: Host) -> object:
    """Cancelling shows how far a transmission has come."""
    host.clear(r.ECON1, r.TXRTS)
    return host.sent[-1:], host.transmit_status()


def finish(host: Host) -> object:
    """What happens when nobody interferes."""
    start = host.clock.now
    host.run()
    sent = [(cycle - start, data, ok) for cycle, data, ok in host.sent]
    return sent, host.read(r.EIR), host.read(r.ECON1), host.read_pair(r.EDMACSL), host.read(r.ESTAT)


MOMENTS: list[tuple[Callable[[Host], None], Callable[[Host], object]]] = [
    (begun(0x00 | r.ERDPTL), rest_of_instruction),
    (begun(0x40 | r.ETXSTL), rest_of_instruction),
    (begun(0x80 | r.EIE), rest_of_instruction),
    (begun(0x3A, 0), rest_of_instruction),
    (begun(0x7A, 0x11), rest_of_instruction),
    (mac_read_begun, rest_of_instruction),
    (in_bank_1, look),
    (at_the_end_of_the_ring, read_on),
    (without_autoinc, read_on),
    (low_byte_waits, look),
    (power_save_left, look),
    (packets_pending, look),
    (frame_dropped, look),
    (mii_read_under_way, look),
    (mii_scan, look),
    (link_was_up, look),
    (link_was_lost, look),
    (packet_under_way, look),
    (packet_under_way, cancel),
    (gap_runs, look),
    (pause_runs, look),
    (pause_frame_under_way, finish),
    (pause_frame_waits, finish),
    (giant_under_way, finish),
    (copy_under_way, look),
    (checksum_under_way, finish),
    (checksum_waits_for_packet, finish),
    (packet_waits_for_checksum, finish),
]


@pytest.mark.parametrize(("moment", "probe"), MOMENTS)
def test_a_chip_restored_at_this_moment_goes_on_like_the_one_that_was_saved(
    moment: Callable[[Host], None], probe: Callable[[Host], object]
) -> None:
    host = Host().initialise()
    moment(host)
    other = moved(host)
    host.sent.clear()
    seen = probe(host)
    assert probe(other) == seen
    assert other.chip.save() == host.chip.save()
    untouched = Host().initialise()
    assert probe(untouched) != seen, "the moment leaves something to restore"


def test_restoring_tells_the_int_level_without_an_edge() -> None:
    host = Host().initialise()
    packets_pending(host)
    edges: list[bool] = []
    other = Host()
    other.chip.int_pin.connect(edges.append)
    other.chip.restore(host.chip.save())
    assert not other.chip.int_pin.level
    assert not edges


def test_a_saved_state_does_not_change_with_the_chip() -> None:
    host = Host().initialise()
    state = host.chip.save()
    copy = dict(state)
    packets_pending(host)
    packet_under_way(host)
    host.write_phy(0x14, 0x3476)
    assert state == copy
    host.chip.restore(state)
    assert host.chip.save() == state


_byte = st.integers(0, 0xFF)
_registers = st.sampled_from(sorted(r.NAMES))
ACTIONS = st.one_of(
    st.tuples(st.sampled_from(["write", "set", "clear"]), _registers, _byte),
    st.tuples(st.just("read"), _registers),
    st.tuples(
        st.just("set"), st.just(r.ECON1), st.sampled_from([r.TXRTS, r.DMAST, r.RXEN, r.TXRST, r.RXRST])
    ),
    st.tuples(st.just("open"), st.lists(_byte, min_size=1, max_size=6)),
    st.tuples(st.just("wait"), st.integers(0, 1000)),
    st.tuples(st.just("frame"), st.integers(14, 200), st.booleans()),
    st.tuples(st.just("send"), st.integers(14, 200), _byte),
    st.tuples(st.just("phy"), st.sampled_from([0, 1, 16, 17, 18, 19, 20]), st.integers(0, 0xFFFF)),
    st.tuples(st.just("link"), st.booleans()),
)


def perform(host: Host, action: tuple[Any, ...]) -> object:
    """Do one thing to the chip; the answer is what can be seen of it from outside."""
    kind, *rest = action
    chip = host.chip
    seen: object = None
    if kind == "open":
        seen = [chip.exchange(byte) for byte in rest[0]]
    elif kind == "wait":
        host.wait(us=rest[0])
    elif kind == "frame":
        seen = chip.receive(frame(size=rest[0]), None if rest[1] else b"bad!")
    elif kind == "link":
        chip.set_link(rest[0])
    else:
        chip.deselect()
        if kind == "send":
            host.put(frame(size=rest[0]), rest[1])
        elif kind == "phy":
            host.write(r.MIREGADR, rest[0])
            host.write_pair(r.MIWRL, rest[1])
        else:
            seen = getattr(host, kind)(*rest)
    return seen, chip.int_pin.level, chip.drops


@settings(max_examples=100, deadline=None)
@given(before=st.lists(ACTIONS, max_size=20), after=st.lists(ACTIONS, max_size=20))
def test_a_chip_restored_at_any_moment_goes_on_like_the_one_that_was_saved(
    before: list[tuple[Any, ...]], after: list[tuple[Any, ...]]
) -> None:
    host = Host().initialise()
    for action in before:
        perform(host, action)
    other = moved(host)
    host.sent.clear()
    assert [perform(other, action) for action in after] == [perform(host, action) for action in after]
    assert other.sent == host.sent
    assert other.chip.save() == host.chip.save()
