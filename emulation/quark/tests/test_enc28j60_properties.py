"""What holds for any traffic: packets arrive and leave whole and in order."""

from __future__ import annotations

import zlib

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from emulation.quark.enc28j60 import registers as r
from emulation.quark.tests.enc28j60_host import BROADCAST, STATION, Host, frame

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
