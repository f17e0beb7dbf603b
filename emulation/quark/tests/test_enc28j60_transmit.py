"""DS39662E section 7.1: transmitting packets; section 6.5: MAC settings; section 10: flow control."""

from __future__ import annotations

import zlib

import pytest

from emulation.quark.clock import HZ
from emulation.quark.enc28j60 import ethernet
from emulation.quark.enc28j60 import registers as r
from emulation.quark.tests.enc28j60_host import BROADCAST, MULTICAST, PEER, STATION, TX_START, Host, frame

BYTE = 8 * HZ / 10_000_000
"""Cycles a byte takes at 10 Mbit/s."""
PREAMBLE, GAP = 8, 12
POVERRIDE, PCRCEN, PPADEN, PHUGEEN = 1, 2, 4, 8


@pytest.fixture
def host() -> Host:
    return Host().initialise()


def outgoing(size: int = 60, destination: bytes = PEER, kind: int = 0x0800) -> bytes:
    return frame(destination, size, kind, source=STATION)


def test_a_packet_leaves_without_control_byte_and_with_its_crc_generated(host: Host) -> None:
    sent = outgoing(100)
    host.put(sent)
    host.run()
    assert [(data, ok) for _, data, ok in host.sent] == [(sent, True)]


@pytest.mark.parametrize("size", [60, 61, 600, 1514])
def test_txrts_stays_set_until_preamble_frame_and_fcs_have_left(host: Host, size: int) -> None:
    start = host.clock.now
    host.put(outgoing(size))
    end = start + (PREAMBLE + size + 4) * BYTE
    host.clock.advance(int(end) - 1)
    assert host.read(r.ECON1) & r.TXRTS
    assert not host.sent
    host.clock.advance(int(end) + 1)
    assert not host.read(r.ECON1) & r.TXRTS
    assert host.sent[0][0] == pytest.approx(end, abs=1)


def test_back_to_back_packets_keep_the_gap_of_mabbipg(host: Host) -> None:
    host.put(outgoing(60))
    first_end = host.clock.next_event
    assert first_end is not None
    host.clock.advance(first_end)
    host.set(r.ECON1, r.TXRTS)
    host.run()
    assert host.sent[1][0] - first_end == pytest.approx((GAP + PREAMBLE + 64) * BYTE, abs=2)


def test_after_a_pause_the_next_packet_leaves_at_once(host: Host) -> None:
    host.put(outgoing(60))
    host.run()
    host.wait(us=50)
    start = host.clock.now
    host.set(r.ECON1, r.TXRTS)
    host.run()
    assert host.sent[1][0] - start == pytest.approx((PREAMBLE + 64) * BYTE, abs=1)


def test_the_half_duplex_gap_of_12h_is_9_6_us_too(host: Host) -> None:
    host.write(r.MACON3, host.read(r.MACON3) & ~r.FULDPX)
    host.write(r.MABBIPG, 0x12)
    host.put(outgoing(60))
    host.clock.advance(host.clock.next_event or 0)
    host.set(r.ECON1, r.TXRTS)
    host.run()
    assert host.sent[1][0] - host.sent[0][0] == pytest.approx((GAP + PREAMBLE + 64) * BYTE, abs=2)


VLAN = outgoing(40, kind=ethernet.TYPE_VLAN)
PADDING = [
    (0, outgoing(40), 40),
    (1, outgoing(40), 60),
    (2, outgoing(40), 40),
    (3, outgoing(40), 64),
    (4, outgoing(40), 40),
    (5, outgoing(40), 60),
    (5, VLAN, 64),
    (6, outgoing(40), 40),
    (7, outgoing(40), 64),
    (1, outgoing(70), 70),
]


@pytest.mark.parametrize(("padcfg", "packet", "size"), PADDING)
def test_register_6_2_padcfg(host: Host, padcfg: int, packet: bytes, size: int) -> None:
    host.write(r.MACON3, padcfg << 5 | r.TXCRCEN | r.FULDPX)
    host.put(packet)
    host.run()
    assert host.sent[0][1:] == (packet.ljust(size, b"\0"), True)


@pytest.mark.parametrize(
    ("control", "size"),
    [(0, 60), (PPADEN, 60), (POVERRIDE | PCRCEN, 40), (POVERRIDE | PCRCEN | PPADEN, 60)],
)
def test_figure_7_1_the_control_byte_overrides_padding_only_with_poverride(
    host: Host, control: int, size: int
) -> None:
    host.put(outgoing(40), control)
    host.run()
    assert host.sent[0][1:] == (outgoing(40).ljust(size, b"\0"), True)


def test_without_txcrcen_the_host_s_own_fcs_is_sent_and_checked(host: Host) -> None:
    host.write(r.MACON3, r.FULDPX)
    packet = outgoing(60)
    host.put(packet + zlib.crc32(packet).to_bytes(4, "little"))
    host.run()
    assert not host.transmit_status() & ethernet.CRC_ERROR
    host.put(packet + b"bad!")
    host.run()
    assert host.transmit_status() & ethernet.CRC_ERROR
    assert [sent[1:] for sent in host.sent] == [(packet, True), (packet + b"bad!", False)]


def test_phdren_leaves_four_bytes_out_of_the_crc(host: Host) -> None:
    host.write(r.MACON3, r.TXCRCEN | r.PHDREN | r.FULDPX)
    packet = outgoing(64)
    host.put(packet)
    host.run()
    assert host.sent[0][1:] == (packet + zlib.crc32(packet[4:]).to_bytes(4, "little"), False)


DONE, OUT_OF_RANGE = ethernet.TX_DONE, ethernet.LENGTH_OUT_OF_RANGE
VECTORS = [
    ("unicast", outgoing(100), OUT_OF_RANGE),
    ("broadcast", outgoing(100, BROADCAST), OUT_OF_RANGE | ethernet.TX_BROADCAST),
    ("multicast", outgoing(100, MULTICAST), OUT_OF_RANGE | ethernet.TX_MULTICAST),
    ("VLAN", outgoing(100, kind=ethernet.TYPE_VLAN), OUT_OF_RANGE | ethernet.TX_VLAN),
    ("length right", outgoing(100, kind=86), 0),
    ("length wrong", outgoing(100, kind=87), ethernet.LENGTH_CHECK_ERROR),
    (
        "pause",
        ethernet.pause_frame(STATION, 7),
        OUT_OF_RANGE | ethernet.TX_MULTICAST | ethernet.TX_CONTROL | ethernet.TX_PAUSE,
    ),
]


@pytest.mark.parametrize(("packet", "bits"), [x[1:] for x in VECTORS], ids=[x[0] for x in VECTORS])
def test_table_7_1_transmit_status_vector(host: Host, packet: bytes, bits: int) -> None:
    host.put(packet)
    host.run()
    size = len(packet) + 4
    assert host.transmit_status() == size << 32 | DONE | bits | size


def test_the_status_vector_is_written_at_etxnd_plus_1_and_nothing_else(host: Host) -> None:
    packet = outgoing(100)
    before = bytearray(host.chip.ram)
    host.put(packet)
    before[TX_START : TX_START + 101] = b"\0" + packet
    host.run()
    after = host.chip.ram
    assert after[TX_START + 101] == 104
    before[TX_START + 101 : TX_START + 108] = after[TX_START + 101 : TX_START + 108]
    assert after == before
    assert host.read_pair(r.ETXSTL) == TX_START
    assert host.read_pair(r.ETXNDL) == TX_START + 100


def test_success_raises_txif_alone(host: Host) -> None:
    host.put(outgoing())
    assert not host.read(r.EIR) & r.TXIF
    host.run()
    assert host.read(r.EIR) == r.TXIF
    assert not host.read(r.ESTAT) & r.TXABRT


@pytest.mark.parametrize("control", [0, POVERRIDE | PCRCEN])
def test_a_packet_longer_than_mamxfl_is_aborted_there(host: Host, control: int) -> None:
    host.write_pair(r.MAMXFLL, 200)
    packet = outgoing(300)
    start = host.clock.now
    host.put(packet, control)
    host.run()
    assert host.sent == [(host.clock.now, packet[:200], False)]
    assert host.clock.now - start == pytest.approx((PREAMBLE + 200) * BYTE, abs=1)
    assert host.read(r.EIR) == r.TXIF | r.TXERIF
    assert host.read(r.ESTAT) & r.TXABRT
    status = host.transmit_status()
    assert status & ethernet.TX_GIANT
    assert not status & ethernet.TX_DONE
    assert status >> 32 & 0xFFFF == 200


@pytest.mark.parametrize("by", ["HFRMEN", "PHUGEEN"])
def test_huge_frames_are_sent_whole_when_allowed(host: Host, by: str) -> None:
    host.write_pair(r.MAMXFLL, 200)
    if by == "HFRMEN":
        host.write(r.MACON3, host.read(r.MACON3) | r.HFRMEN)
    host.put(outgoing(300), POVERRIDE | PCRCEN | PHUGEEN if by == "PHUGEEN" else 0)
    host.run()
    assert host.sent[0][1:] == (outgoing(300), True)
    assert host.transmit_status() & (ethernet.TX_DONE | ethernet.TX_GIANT) == DONE | ethernet.TX_GIANT
    assert host.read(r.EIR) == r.TXIF


def test_clearing_txrts_cancels_with_txif_and_a_status_vector(host: Host) -> None:
    packet = outgoing(1000)
    host.put(packet)
    host.clock.advance(host.clock.now + int((PREAMBLE + 500) * BYTE) + 1)
    host.clear(r.ECON1, r.TXRTS)
    assert host.read(r.EIR) == r.TXIF
    assert [sent[1:] for sent in host.sent] == [(packet[:500], False)]
    status = host.transmit_status()
    assert not status & ethernet.TX_DONE
    assert status >> 32 & 0xFFFF == 500
    host.run()
    assert len(host.sent) == 1


def test_txrst_aborts_and_the_next_packet_is_sent(host: Host) -> None:
    host.put(outgoing(1000))
    host.wait(us=3)
    host.set(r.ECON1, r.TXRST)
    assert not host.read(r.ECON1) & r.TXRTS
    host.set(r.ECON1, r.TXRTS)
    assert not host.read(r.ECON1) & r.TXRTS, "held in reset"
    host.clear(r.ECON1, r.TXRST)
    host.run()
    assert not host.sent
    host.put(outgoing(70))
    host.run()
    assert [data for _, data, ok in host.sent if ok] == [outgoing(70)]


def test_txrst_before_each_packet_does_no_harm(host: Host) -> None:
    """The work-around of errata 12, which drivers use."""
    for n in range(3):
        host.set(r.ECON1, r.TXRST)
        host.clear(r.ECON1, r.TXRST)
        host.clear(r.EIR, r.TXERIF | r.TXIF)
        host.put(outgoing(60 + n))
        host.run()
    assert [data for _, data, _ in host.sent] == [outgoing(60 + n) for n in range(3)]


def test_the_transmit_buffer_wraps_at_1fff(host: Host) -> None:
    packet = outgoing(80)
    host.write_buffer(0x1FD0, b"\0" + packet)
    host.write_pair(r.ETXSTL, 0x1FD0)
    host.write_pair(r.ETXNDL, (0x1FD0 + 80) & 0x1FFF)
    host.set(r.ECON1, r.TXRTS)
    host.run()
    assert host.sent[0][1] == packet


def test_nothing_reaches_the_wire_without_a_link_but_the_packet_completes(host: Host) -> None:
    host.chip.set_link(False)
    host.put(outgoing())
    host.run()
    assert not host.sent
    assert host.read(r.EIR) & r.TXIF


# Flow control


def test_a_pause_frame_holds_the_next_packet_back(host: Host) -> None:
    start = host.clock.now
    host.chip.receive(ethernet.pause_frame(PEER, 10))
    host.put(outgoing(60))
    host.run()
    assert host.sent[0][0] - start == pytest.approx((10 * 64 + PREAMBLE + 64) * BYTE, abs=2)


@pytest.mark.parametrize("macon1", [r.MARXEN, r.MARXEN | r.TXPAUS])
def test_without_rxpaus_a_pause_frame_holds_nothing_back(host: Host, macon1: int) -> None:
    host.write(r.MACON1, macon1)
    start = host.clock.now
    host.chip.receive(ethernet.pause_frame(PEER, 10))
    host.put(outgoing(60))
    host.run()
    assert host.sent[0][0] - start == pytest.approx((PREAMBLE + 64) * BYTE, abs=2)


@pytest.mark.parametrize(("mode", "quanta"), [(1, 0x1234), (3, 0)])
def test_register_10_1_fcen_sends_one_pause_frame_and_turns_itself_off(
    host: Host, mode: int, quanta: int
) -> None:
    host.write_pair(r.EPAUSL, 0x1234)
    host.write(r.EFLOCON, mode)
    host.run()
    assert [sent[1:] for sent in host.sent] == [(ethernet.pause_frame(STATION, quanta), True)]
    assert host.read(r.EFLOCON) == r.FULDPXS
    assert not host.read(r.EIR) & r.TXIF


def test_register_10_1_fcen_10_sends_pause_frames_until_told_otherwise(host: Host) -> None:
    host.write_pair(r.EPAUSL, 4)
    host.write(r.EFLOCON, 2)
    host.wait(us=1500)
    assert len(host.sent) > 3
    assert {data for _, data, _ in host.sent} == {ethernet.pause_frame(STATION, 4)}
    host.write(r.EFLOCON, 3)
    host.run()
    assert host.sent[-1][1] == ethernet.pause_frame(STATION, 0)


def test_a_packet_waits_for_a_pause_frame_on_its_way(host: Host) -> None:
    host.write(r.EFLOCON, 1)
    host.put(outgoing(60))
    host.run()
    assert [data for _, data, _ in host.sent] == [ethernet.pause_frame(STATION, 0x1000), outgoing(60)]
    assert host.sent[1][0] - host.sent[0][0] == pytest.approx((GAP + PREAMBLE + 64) * BYTE, abs=2)


def test_fcen_00_takes_back_a_pause_frame_that_still_waits(host: Host) -> None:
    host.put(outgoing(60))
    host.write(r.EFLOCON, 1)
    host.write(r.EFLOCON, 0)
    host.run()
    assert [data for _, data, _ in host.sent] == [outgoing(60)]


@pytest.mark.parametrize("missing", ["TXPAUS", "FULDPX"])
def test_no_pause_frame_without_txpaus_and_full_duplex(host: Host, missing: str) -> None:
    if missing == "TXPAUS":
        host.write(r.MACON1, r.MARXEN)
    else:
        host.write(r.MACON3, r.TXCRCEN)
    host.write(r.EFLOCON, 1)
    host.run()
    assert not host.sent
