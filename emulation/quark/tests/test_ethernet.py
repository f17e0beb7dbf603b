"""The cable: 10 Mbit/s, one frame after the other, padded to the minimum of IEEE 802.3."""

from __future__ import annotations

from emulation.quark.clock import HZ, Clock
from emulation.quark.ethernet import EthernetPort, byte_times


def port() -> tuple[Clock, EthernetPort, list[tuple[int, bytes, bytes | None]]]:
    clock = Clock()
    arrived: list[tuple[int, bytes, bytes | None]] = []
    return clock, EthernetPort(clock, lambda frame, fcs: arrived.append((clock.now, frame, fcs))), arrived


def test_a_byte_takes_800_nanoseconds() -> None:
    assert byte_times(1_250_000) == HZ


def test_a_frame_arrives_when_its_last_bit_has() -> None:
    clock, cable, arrived = port()
    clock.advance(1000)
    cable.send(bytes(100))
    clock.advance(1000 + byte_times(8 + 100 + 4) - 1)
    assert not arrived
    clock.advance(1000 + byte_times(8 + 100 + 4))
    assert arrived == [(1000 + byte_times(112), bytes(100), None)]


def test_frames_follow_each_other_with_preamble_fcs_and_gap_between() -> None:
    clock, cable, arrived = port()
    told = [cable.send(bytes(60)) for _ in range(3)]
    clock.advance(HZ)
    times = [time for time, _, _ in arrived]
    assert times == [
        byte_times(72),
        2 * byte_times(72) + byte_times(12),
        3 * byte_times(72) + 2 * byte_times(12),
    ]
    assert told == times


def test_short_frames_are_padded_unless_told_otherwise() -> None:
    clock, cable, arrived = port()
    cable.send(b"short")
    cable.send(b"runt", pad=False)
    clock.advance(HZ)
    assert [frame for _, frame, _ in arrived] == [b"short".ljust(60, b"\0"), b"runt"]


def test_a_wrong_fcs_is_passed_on() -> None:
    clock, cable, arrived = port()
    cable.send(bytes(60), b"\1\2\3\4")
    clock.advance(HZ)
    assert arrived[0][2] == b"\1\2\3\4"


def test_frames_on_the_cable_survive_a_snapshot() -> None:
    clock, cable, arrived = port()
    cable.send(b"one")
    cable.send(b"two")
    saved_clock, saved_cable = clock.save(), cable.save()
    clock.advance(HZ)
    first = list(arrived)
    arrived.clear()
    clock.restore(saved_clock)
    cable.restore(saved_cable)
    clock.advance(HZ)
    assert arrived == first
