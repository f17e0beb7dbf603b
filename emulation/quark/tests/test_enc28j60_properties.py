"""What holds for any traffic and any host: order and integrity of packets, and saving at any moment."""

from __future__ import annotations

import zlib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from emulation.quark.enc28j60 import registers as r
from emulation.quark.tests.enc28j60_host import BROADCAST, STATION, TX_START, Host, frame

HEADER, FCS = 6, 4


class ReceiveRing(RuleBasedStateMachine):
    """Frames go in, a driver takes them out; the oracle is a list and a sum."""

    @initialize(
        start=st.integers(0, 0x0FFF).map(lambda n: n * 2),
        size=st.integers(64, 0x0D00).map(lambda n: n * 2),
        odd=st.booleans(),
    )
    def power_on(self, start: int, size: int, odd: bool) -> None:
        self.start, self.size, self.odd = start, size, odd
        self.end = (start + size - 1) & 0x1FFF
        self.host = Host().initialise(start, self.end)
        self.host.write(r.EIE, r.INTIE | r.PKTIF)
        self.pending: list[bytes] = []

    def space(self, data: bytes) -> int:
        """Bytes a packet takes: header, frame, FCS, even padding."""
        return (HEADER + len(data) + FCS + 1) & ~1

    @rule(size=st.integers(14, 1514), to=st.sampled_from([STATION, BROADCAST]))
    def frame_arrives(self, size: int, to: bytes) -> None:
        data = frame(to, size)
        # All sizes are even, and the byte at ERXRDPT is never written: one packet boundary must stay free.
        fits = sum(map(self.space, self.pending)) + self.space(data) <= self.size - 2
        fits = fits and len(self.pending) < 255
        assert self.host.chip.receive(data) == fits
        if fits:
            self.pending.append(data)
        else:
            assert self.host.read(r.EIR) & r.RXERIF
            self.host.clear(r.EIR, r.RXERIF)

    @precondition(lambda self: self.pending)
    @rule()
    def driver_takes_one(self) -> None:
        packet = self.host.take(free=False)
        expected = self.pending.pop(0)
        assert packet.data == expected + zlib.crc32(expected).to_bytes(4, "little")
        free_to = packet.following
        if self.odd:
            free_to = self.end if free_to == self.start else (free_to - 1) & 0x1FFF
        self.host.write_pair(r.ERXRDPTL, free_to)
        self.host.set(r.ECON2, r.PKTDEC)

    @rule(n=st.integers(1, 40))
    def memory_outside_the_ring_is_used(self, n: int) -> None:
        if self.size + n <= 0x2000:
            self.host.write_buffer((self.end + 1) & 0x1FFF, bytes(n))

    @invariant()
    def epktcnt_and_int_tell_what_is_pending(self) -> None:
        assert self.host.read(r.EPKTCNT) == len(self.pending)
        assert self.host.chip.int_pin.level == (not self.pending)


TestReceiveRing = ReceiveRing.TestCase
TestReceiveRing.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)

_bytes = st.integers(0, 0xFF)
_mac_time = st.integers(0, 0x1F)
ACTIONS = st.one_of(
    st.tuples(st.just("spi"), st.sampled_from([0x00, 0x40, 0x80, 0xA0]), _mac_time, _bytes),
    st.tuples(st.just("spi"), st.sampled_from([0x3A, 0x7A]), st.just(0), _bytes),
    st.tuples(st.just("byte"), _bytes),
    st.tuples(st.just("deselect")),
    st.tuples(st.just("wait"), st.integers(0, 100_000)),
    st.tuples(st.just("frame"), st.integers(14, 200), st.booleans()),
    st.tuples(st.just("send"), st.integers(14, 200), _bytes),
    st.tuples(st.just("phy"), st.sampled_from([0, 1, 16, 17, 18, 19, 20]), st.integers(0, 0xFFFF)),
    st.tuples(st.just("link"), st.booleans()),
)


def perform(host: Host, action: tuple[Any, ...]) -> object:
    """Do one thing to the chip; the answer is what can be seen of it from outside."""
    kind, *rest = action
    chip = host.chip
    seen: object = None
    if kind == "spi":
        seen = (chip.exchange(rest[0] | rest[1]), chip.exchange(rest[2]))
    elif kind == "byte":
        seen = chip.exchange(rest[0])
    elif kind == "deselect":
        chip.deselect()
    elif kind == "wait":
        host.clock.advance(host.clock.now + rest[0])
    elif kind == "frame":
        seen = chip.receive(frame(size=rest[0]), None if rest[1] else b"bad!")
    elif kind == "send":
        chip.deselect()
        host.put(frame(size=rest[0]), rest[1], at=TX_START)
    elif kind == "phy":
        chip.deselect()
        host.write(r.MIREGADR, rest[0])
        host.write_pair(r.MIWRL, rest[1])
    elif kind == "link":
        chip.set_link(rest[0])
    return seen, chip.int_pin.level, chip.drops


@settings(max_examples=120, deadline=None)
@given(before=st.lists(ACTIONS, max_size=30), after=st.lists(ACTIONS, max_size=30))
def test_a_state_saved_at_any_moment_goes_on_alike_in_another_chip(
    before: list[tuple[Any, ...]], after: list[tuple[Any, ...]]
) -> None:
    host, other = Host().initialise(), Host()
    for action in before:
        perform(host, action)
    chip, clock = host.chip.save(), host.clock.save()
    other.clock.restore(clock)
    other.chip.restore(chip)
    assert other.chip.save() == chip
    sent_before = len(host.sent)
    here = [perform(host, action) for action in after]
    there = [perform(other, action) for action in after]
    assert here == there
    assert host.sent[sent_before:] == other.sent
    assert host.chip.save() == other.chip.save()
    host.chip.restore(chip)
    assert host.chip.save() == chip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 1514), min_size=1, max_size=8), st.integers(0, 0x1FFF))
def test_any_packets_leave_whole_in_order_from_any_place_in_the_buffer(sizes: list[int], at: int) -> None:
    host = Host().initialise()
    packets = [frame(size=1514)[:size] for size in sizes]
    for packet in packets:
        host.write_buffer(at, b"\0" + packet)
        host.write_pair(r.ETXSTL, at)
        host.write_pair(r.ETXNDL, (at + len(packet)) & 0x1FFF)
        host.set(r.ECON1, r.TXRTS)
        host.run()
    assert [(data, ok) for _, data, ok in host.sent] == [(p.ljust(60, b"\0"), True) for p in packets]
