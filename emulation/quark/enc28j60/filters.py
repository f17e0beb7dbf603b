"""Receive filters: which frames the chip lets into its buffer (DS39662E section 8, register 8-1)."""

from __future__ import annotations

import zlib

from emulation.quark.enc28j60 import registers as r
from emulation.quark.enc28j60.ethernet import BROADCAST, HEADER_SIZE, internet_checksum
from emulation.quark.enc28j60.registers import Registers

WINDOW = 64
_FILTERS = r.UCEN | r.PMEN | r.MPEN | r.HTEN | r.MCEN | r.BCEN


def accepts(registers: Registers, frame: bytes, fcs: bytes, fcs_ok: bool) -> bool:
    """Whether the filters that ERXFCON enables let the frame pass.

    With ANDOR clear one match is enough (figure 8-1), with ANDOR set every enabled filter must match
    (figure 8-2). With no filter enabled every frame passes. CRCEN rejects a bad FCS in all cases.
    """
    enabled = registers.values[r.ERXFCON]
    if enabled & r.CRCEN and not fcs_ok:
        return False
    wanted = enabled & _FILTERS
    if not wanted:
        return True
    if enabled & r.ANDOR:
        return _matches(registers, frame, fcs, wanted) == wanted
    return _matches(registers, frame, fcs, wanted) != 0


def _matches(registers: Registers, frame: bytes, fcs: bytes, wanted: int) -> int:
    """The bits of those wanted filters whose criteria the frame meets."""
    destination = frame[:6]
    met = 0
    if wanted & r.UCEN and destination == registers.mac_address:
        met |= r.UCEN
    if wanted & r.PMEN and pattern_matches(registers, frame + fcs):
        met |= r.PMEN
    if wanted & r.MPEN and is_magic_packet(frame, registers.mac_address):
        met |= r.MPEN
    if wanted & r.HTEN:
        bit = hash_table_bit(destination)
        if registers.values[r.EHT0 + (bit >> 3)] >> (bit & 7) & 1:
            met |= r.HTEN
    if wanted & r.MCEN and destination[0] & 1:
        met |= r.MCEN
    if wanted & r.BCEN and destination == BROADCAST:
        met |= r.BCEN
    return met


def hash_table_bit(destination: bytes) -> int:
    """Bit 0 to 63 of EHT0 to EHT7 that stands for an address: bits 28:23 of the address's CRC-32.

    The CRC is the register as it stands after six bytes, first bit sent in the top bit, not complemented;
    zlib's is reflected and complemented.
    """
    reflected = zlib.crc32(destination) ^ 0xFFFFFFFF
    return int(f"{reflected:032b}"[::-1], 2) >> 23 & 0x3F


def pattern_matches(registers: Registers, data: bytes) -> bool:
    """Pattern Match: the checksum of the bytes that EPMM picks from 64 at offset EPMO equals EPMCS.

    `data` is the frame with its FCS; a window that reaches past its end never matches. Bytes not picked are
    left out, not taken as 0 (section 8.2).
    """
    offset = registers.word(r.EPMOL)
    window = data[offset : offset + WINDOW]
    if len(window) < WINDOW:
        return False
    mask = int.from_bytes(registers.values[r.EPMM0 : r.EPMM0 + 8], "little")
    picked = bytes(byte for n, byte in enumerate(window) if mask >> n & 1)
    return internet_checksum(picked) == registers.word(r.EPMCSL)


def is_magic_packet(frame: bytes, station: bytes) -> bool:
    """Magic Packet: sent to this station, and somewhere in its data six FFh and 16 times the address."""
    return frame[:6] == station and frame.find(BROADCAST + station * 16, HEADER_SIZE) >= 0
