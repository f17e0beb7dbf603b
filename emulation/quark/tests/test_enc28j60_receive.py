"""DS39662E section 7.2: receiving packets; sections 3.2.1 and 6.1: the receive buffer."""

from __future__ import annotations

import zlib

import pytest

from emulation.quark.enc28j60 import ethernet
from emulation.quark.enc28j60 import registers as r
from emulation.quark.tests.enc28j60_host import BROADCAST, MULTICAST, RX_END, RX_START, STATION, Host, frame

HEADER = 6


@pytest.fixture
def host() -> Host:
    return Host().initialise()


def fcs(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "little")


def test_a_packet_is_next_pointer_status_vector_frame_and_crc(host: Host) -> None:
    sent = frame(size=60)
    assert host.chip.receive(sent)
    following = RX_START + HEADER + 64
    vector = (64 | ethernet.RECEIVED_OK | ethernet.LENGTH_OUT_OF_RANGE).to_bytes(4, "little")
    assert host.read_buffer(RX_START, 70) == following.to_bytes(2, "little") + vector + sent + fcs(sent)
    assert host.read(r.EPKTCNT) == 1
    assert host.read_pair(r.ERXWRPTL) == following


def test_figure_7_3_a_packet_that_ends_on_an_even_address_is_padded() -> None:
    host = Host().initialise(start=0x1020, end=0x1FFF)
    sent = frame(size=0x106C - 0x1026 + 1 - 4)
    host.chip.receive(sent)
    assert host.take().following == 0x106E


def test_packets_arrive_in_order_through_the_wrap(host: Host) -> None:
    for n in range(40):
        sent = frame(size=60 + 37 * n)
        assert host.chip.receive(sent)
        packet = host.take()
        assert packet.data == sent + fcs(sent)
        assert packet.following % 2 == 0
        assert RX_START <= packet.following <= RX_END


def test_the_receive_buffer_may_span_1fff_to_0000() -> None:
    host = Host().initialise(start=0x1E00, end=0x01FF)
    host.chip.ram[0x0200:0x1E00] = b"\xee" * 0x1C00
    for n in range(20):
        sent = frame(size=300 + n)
        assert host.chip.receive(sent)
        assert host.take().data == sent + fcs(sent)
    assert host.chip.ram[0x0200:0x1E00] == b"\xee" * 0x1C00


def test_the_hardware_never_writes_outside_the_receive_buffer(host: Host) -> None:
    host.chip.ram[RX_END + 1 :] = b"\xee" * (0x1FFF - RX_END)
    for n in range(50):
        host.chip.receive(frame(size=60 + 29 * n))
        host.take()
    assert host.chip.ram[RX_END + 1 :] == b"\xee" * (0x1FFF - RX_END)


def test_a_packet_that_would_reach_erxrdpt_is_aborted(host: Host) -> None:
    first, second, third = frame(size=1514), frame(size=1400), frame(size=1514)
    for sent in (first, second, third, frame(size=1514)):
        assert host.chip.receive(sent)
    count, pointer, memory = host.read(r.EPKTCNT), host.read_pair(r.ERXWRPTL), bytes(host.chip.ram)
    assert not host.chip.receive(frame(size=1000))
    assert host.read(r.EIR) & r.RXERIF
    assert (host.read(r.EPKTCNT), host.read_pair(r.ERXWRPTL)) == (count, pointer)
    assert bytes(host.chip.ram) == memory
    assert host.chip.drops == {"receive buffer full": 1}
    for sent in (first, second, third):
        assert host.take().data[:-4] == sent


@pytest.mark.parametrize("spare", [-1, 0, 1])
def test_a_packet_may_take_all_bytes_but_the_one_at_erxrdpt(spare: int) -> None:
    host = Host().initialise(start=0, end=0x1FF)
    host.write_pair(r.ERXRDPTL, HEADER + 100 + 1 + spare)
    assert host.chip.receive(frame(size=96)) == (spare >= 0)


def test_erxrdpt_equal_to_the_write_pointer_means_an_empty_buffer(host: Host) -> None:
    assert host.read_pair(r.ERXRDPTL) == host.read_pair(r.ERXWRPTL) == RX_START
    assert host.chip.receive(frame())


def test_an_odd_erxrdpt_one_behind_the_next_packet_frees_the_buffer(host: Host) -> None:
    """The work-around of errata 14, which drivers use."""
    for n in range(30):
        sent = frame(size=900 + n)
        assert host.chip.receive(sent)
        packet = host.take(free=False)
        assert packet.data == sent + fcs(sent)
        host.write_pair(r.ERXRDPTL, RX_END if packet.following == RX_START else packet.following - 1)
        host.set(r.ECON2, r.PKTDEC)


def test_with_255_packets_pending_the_next_is_aborted() -> None:
    host = Host().initialise(start=0, end=0x1FFF)
    short = frame(size=14)
    for _ in range(255):
        assert host.chip.receive(short)
    assert not host.chip.receive(short)
    assert host.read(r.EPKTCNT) == 255
    assert host.read(r.EIR) & r.RXERIF
    assert host.chip.drops == {"255 packets pending": 1}


def test_the_long_drop_event_is_in_the_first_packet_after_an_aborted_one(host: Host) -> None:
    host.chip.receive(frame(size=1600))
    host.chip.receive(frame())
    host.chip.receive(frame())
    assert host.take().status & ethernet.LONG_OR_DROP_EVENT
    assert not host.take().status & ethernet.LONG_OR_DROP_EVENT


@pytest.mark.parametrize(("size", "taken"), [(13, False), (14, True), (42, True), (60, True)])
def test_section_5_1_6_frames_shorter_than_18_bytes_are_rejected_runts_are_not(
    host: Host, size: int, taken: bool
) -> None:
    assert host.chip.receive(frame(size=60)[:size]) == taken


def test_a_frame_longer_than_mamxfl_is_aborted_unless_hfrmen(host: Host) -> None:
    assert host.chip.receive(frame(size=1514))
    assert not host.chip.receive(frame(size=1515))
    assert not host.read(r.EIR) & r.RXERIF
    host.write(r.MACON3, host.read(r.MACON3) | r.HFRMEN)
    assert host.chip.receive(frame(size=1515))


def test_a_bad_fcs_is_stored_with_crc_error_when_crcen_is_clear(host: Host) -> None:
    bad = b"\x12\x34\x56\x78"
    assert not host.chip.receive(frame(), bad)
    host.clear(r.ERXFCON, r.CRCEN)
    assert host.chip.receive(frame(), bad)
    packet = host.take()
    assert packet.data[-4:] == bad
    assert packet.status & ethernet.CRC_ERROR
    assert not packet.status & ethernet.RECEIVED_OK


def test_an_fcs_has_four_bytes(host: Host) -> None:
    with pytest.raises(ValueError, match="4 bytes"):
        host.chip.receive(frame(), b"\0")


CONTROL, VLAN = ethernet.TYPE_CONTROL, ethernet.TYPE_VLAN
PAUSE = ethernet.pause_frame(STATION, 1)
STATUS = [
    ("unicast", frame(), ethernet.LENGTH_OUT_OF_RANGE),
    ("broadcast", frame(BROADCAST), ethernet.RX_BROADCAST | ethernet.LENGTH_OUT_OF_RANGE),
    ("multicast", frame(MULTICAST), ethernet.RX_MULTICAST | ethernet.LENGTH_OUT_OF_RANGE),
    ("VLAN", frame(kind=VLAN), ethernet.RX_VLAN | ethernet.LENGTH_OUT_OF_RANGE),
    ("length right", frame(kind=100, size=114), 0),
    ("length of padded data", frame(kind=3, size=60), 0),
    ("length too small", frame(kind=99, size=114), ethernet.LENGTH_CHECK_ERROR),
    ("length too large", frame(kind=101, size=114), ethernet.LENGTH_CHECK_ERROR),
    ("largest length", frame(kind=1500, size=1514), 0),
    (
        "pause",
        PAUSE,
        ethernet.RX_CONTROL | ethernet.RX_PAUSE | ethernet.RX_MULTICAST | ethernet.LENGTH_OUT_OF_RANGE,
    ),
    (
        "unknown opcode",
        frame(kind=CONTROL),
        ethernet.RX_CONTROL | ethernet.RX_UNKNOWN_OPCODE | ethernet.LENGTH_OUT_OF_RANGE,
    ),
]


@pytest.mark.parametrize(("sent", "bits"), [x[1:] for x in STATUS], ids=[x[0] for x in STATUS])
def test_table_7_3_receive_status_vector(host: Host, sent: bytes, bits: int) -> None:
    host.write(r.ERXFCON, 0)
    host.write(r.MACON1, r.MARXEN | r.PASSALL)
    assert host.chip.receive(sent)
    assert host.take().status == len(sent) + 4 | ethernet.RECEIVED_OK | bits


def test_the_length_is_compared_only_with_frmlnen(host: Host) -> None:
    host.write(r.MACON3, host.read(r.MACON3) & ~r.FRMLNEN)
    host.chip.receive(frame(kind=99, size=114))
    assert not host.take().status & ethernet.LENGTH_CHECK_ERROR


def test_mac_control_frames_are_not_stored_without_passall(host: Host) -> None:
    host.write(r.ERXFCON, 0)
    assert not host.chip.receive(PAUSE)
    assert host.chip.drops == {"MAC control frame": 1}


@pytest.mark.parametrize("register", [r.ECON1, r.MACON1])
def test_nothing_is_received_without_rxen_or_marxen(host: Host, register: int) -> None:
    if register == r.ECON1:
        host.clear(r.ECON1, r.RXEN)
    else:
        host.write(r.MACON1, 0)
    assert not host.chip.receive(frame())
    assert host.read(r.EPKTCNT) == 0


def test_rxrst_turns_reception_off_and_forgets_what_is_pending(host: Host) -> None:
    host.chip.receive(frame())
    host.set(r.ECON1, r.RXRST)
    assert not host.read(r.ECON1) & r.RXEN
    assert not host.read(r.EIR) & r.PKTIF
    host.set(r.ECON1, r.RXEN)
    assert not host.chip.receive(frame())
    host.clear(r.ECON1, r.RXRST)
    assert host.chip.receive(frame())
    assert host.read(r.EPKTCNT) == 1


def test_nothing_is_received_without_a_link(host: Host) -> None:
    host.chip.set_link(False)
    assert not host.chip.receive(frame())
    host.chip.set_link(True)
    assert host.chip.receive(frame())
