"""The cable to Renode's board: the same timing as at the embedded emulator's connector."""

from __future__ import annotations

from emulation.quark.clock import HZ, Clock
from emulation.quark.ethernet import EthernetPort
from emulation.renode.cable import Cable

FCS = bytes(4)


def test_it_tells_when_a_frame_will_have_crossed_as_the_embedded_emulator_does() -> None:
    cable, port = Cable(), EthernetPort(Clock(), lambda _frame, _fcs: None)
    for size in (60, 1514, 61, 1000):
        told = cable.send(0, bytes(size) + FCS)
        assert abs(told / 1e6 - port.send(bytes(size)) / HZ) < 1e-6
        assert [frame.at for frame in cable.waiting][-1] == told


def test_a_frame_that_is_sent_later_crosses_later() -> None:
    cable = Cable()
    assert (cable.send(0, bytes(64)), cable.send(1000, bytes(64))) == (58, 1058)
