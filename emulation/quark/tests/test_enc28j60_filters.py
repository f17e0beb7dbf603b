"""DS39662E section 8: receive filters."""

from __future__ import annotations

import zlib

import pytest

from emulation.quark.enc28j60 import filters
from emulation.quark.enc28j60 import registers as r
from emulation.quark.tests.enc28j60_host import BROADCAST, MULTICAST, PEER, STATION, Host, frame

OTHER = bytes.fromhex("020000000001")


@pytest.fixture
def host() -> Host:
    return Host().initialise()


def with_filter(host: Host, erxfcon: int) -> Host:
    host.write(r.ERXFCON, erxfcon)
    return host


@pytest.mark.parametrize("destination", [STATION, OTHER, MULTICAST, BROADCAST])
def test_with_erxfcon_clear_every_frame_is_accepted(host: Host, destination: bytes) -> None:
    assert with_filter(host, 0).chip.receive(frame(destination))
    assert host.chip.receive(frame(destination), b"bad!")


@pytest.mark.parametrize(
    ("enabled", "accepted"),
    [
        (r.UCEN, {STATION}),
        (r.MCEN, {MULTICAST, BROADCAST}),
        (r.BCEN, {BROADCAST}),
        (r.UCEN | r.BCEN, {STATION, BROADCAST}),
        (r.UCEN | r.MCEN | r.BCEN, {STATION, MULTICAST, BROADCAST}),
        (r.ANDOR | r.MCEN | r.BCEN, {BROADCAST}),
        (r.ANDOR | r.UCEN | r.BCEN, set()),
        (r.ANDOR | r.UCEN, {STATION}),
        (r.ANDOR, {STATION, OTHER, MULTICAST, BROADCAST}),
    ],
)
def test_figures_8_1_and_8_2_or_and_and_of_address_filters(
    host: Host, enabled: int, accepted: set[bytes]
) -> None:
    with_filter(host, enabled)
    tried = {STATION, OTHER, MULTICAST, BROADCAST}
    assert {d for d in tried if host.chip.receive(frame(d))} == accepted


@pytest.mark.parametrize("andor", [0, r.ANDOR])
def test_crcen_rejects_a_bad_fcs_whatever_andor_says(host: Host, andor: int) -> None:
    with_filter(host, andor | r.CRCEN | r.UCEN)
    assert not host.chip.receive(frame(), b"bad!")
    assert host.chip.receive(frame())


def reference_hash(address: bytes) -> int:
    """Bits 28:23 of the CRC as section 8.4 has it: a shift register fed with the bits as they come."""
    register = 0xFFFFFFFF
    for byte in address:
        for n in range(8):
            feedback = (register >> 31) ^ (byte >> n & 1)
            register = (register << 1 & 0xFFFFFFFF) ^ (0x04C11DB7 if feedback else 0)
    return register >> 23 & 0x3F


@pytest.mark.parametrize("address", [STATION, PEER, MULTICAST, BROADCAST, OTHER, bytes(6)])
def test_the_hash_table_bit_is_bits_28_to_23_of_the_crc_of_the_destination(
    host: Host, address: bytes
) -> None:
    bit = reference_hash(address)
    assert filters.hash_table_bit(address) == bit
    with_filter(host, r.HTEN)
    assert not host.chip.receive(frame(address))
    host.write(r.EHT0 + bit // 8, 1 << bit % 8)
    assert host.chip.receive(frame(address))
    host.write(r.EHT0 + bit // 8, ~(1 << bit % 8) & 0xFF)
    assert not host.chip.receive(frame(address))


def set_pattern(host: Host, offset: int, mask: int, checksum: int) -> None:
    host.write_pair(r.EPMOL, offset)
    for n, byte in enumerate(mask.to_bytes(8, "little")):
        host.write(r.EPMM0 + n, byte)
    host.write_pair(r.EPMCSL, checksum)
    with_filter(host, r.PMEN)


FIGURE_8_3 = bytes.fromhex("112233445566 778899aabbcc 005a 090a0b0c0d 40".replace(" ", "")) + bytes(60)


def test_figure_8_3_pattern_match_of_the_picked_bytes(host: Host) -> None:
    """Offset 6, mask 1F0Ah: bytes 88, AA, 09 to 0D, and a 00 that the hardware adds; checksum 563Fh."""
    set_pattern(host, 6, 0x1F0A, 0x563F)
    assert host.chip.receive(FIGURE_8_3)
    other = bytearray(FIGURE_8_3)
    other[7] ^= 1
    assert not host.chip.receive(bytes(other))
    other[7] ^= 1
    other[8] ^= 1  # not picked
    assert host.chip.receive(bytes(other))


@pytest.mark.parametrize(("offset", "mask"), [(0, 0x0FC0), (6, 0x3F)])
def test_section_8_2_a_source_address_as_pattern(host: Host, offset: int, mask: int) -> None:
    """The checksum of 00-04-A3-FF-FF-FF is 5BFCh."""
    set_pattern(host, offset, mask, 0x5BFC)
    source = bytes.fromhex("0004a3ffffff")
    assert host.chip.receive(frame(source=source, size=66))
    assert not host.chip.receive(frame(source=PEER, size=66))
    assert host.chip.receive(frame(source=source, size=65)) == (offset == 0), "the window ends in the CRC"


def test_a_magic_packet_is_six_ff_and_16_times_the_address_anywhere_in_the_data(host: Host) -> None:
    with_filter(host, r.MPEN)
    pattern = BROADCAST + STATION * 16
    head = STATION + PEER + b"\x08\x00"
    assert host.chip.receive(head + pattern)
    assert host.chip.receive(head + b"xyz" + pattern + b"more")
    assert not host.chip.receive(head + BROADCAST + STATION * 15 + bytes(6))
    assert not host.chip.receive(BROADCAST + PEER + b"\x08\x00" + pattern)


def test_the_fcs_is_the_crc_32_of_ieee_802_3(host: Host) -> None:
    sent = frame()
    assert host.chip.receive(sent, zlib.crc32(sent).to_bytes(4, "little"))
    assert not host.chip.receive(sent, zlib.crc32(sent).to_bytes(4, "big"))
