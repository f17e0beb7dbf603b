"""Register map of the ENC28J60: addresses, reset values, writable bits (DS39662E tables 3-1 and 3-2).

A control register is known by one number: bank << 5 | address. The five registers that every bank
shows at 1Bh to 1Fh (EIE, EIR, ESTAT, ECON2, ECON1) have the numbers of bank 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

BUFFER_SIZE = 0x2000
POINTER_MASK = 0x1FFF
COMMON = 0x1B
"""First address that is the same register in every bank."""

# Bank 0: buffer pointers and DMA
ERDPTL, ERDPTH, EWRPTL, EWRPTH, ETXSTL, ETXSTH, ETXNDL, ETXNDH = range(0x00, 0x08)
ERXSTL, ERXSTH, ERXNDL, ERXNDH, ERXRDPTL, ERXRDPTH, ERXWRPTL, ERXWRPTH = range(0x08, 0x10)
EDMASTL, EDMASTH, EDMANDL, EDMANDH, EDMADSTL, EDMADSTH, EDMACSL, EDMACSH = range(0x10, 0x18)
# All banks
EIE, EIR, ESTAT, ECON2, ECON1 = range(0x1B, 0x20)
# Bank 1: receive filters
EHT0, EPMM0, EPMCSL, EPMCSH, EPMOL, EPMOH, ERXFCON, EPKTCNT = 0x20, 0x28, 0x30, 0x31, 0x34, 0x35, 0x38, 0x39
# Bank 2: MAC and MII
MACON1, MACON2, MACON3, MACON4, MABBIPG, MAIPGL, MAIPGH = 0x40, 0x41, 0x42, 0x43, 0x44, 0x46, 0x47
MACLCON1, MACLCON2, MAMXFLL, MAMXFLH, MAPHSUP, MICON = 0x48, 0x49, 0x4A, 0x4B, 0x4D, 0x51
MICMD, MIREGADR, MIWRL, MIWRH, MIRDL, MIRDH = 0x52, 0x54, 0x56, 0x57, 0x58, 0x59
# Bank 3
MAADR5, MAADR6, MAADR3, MAADR4, MAADR1, MAADR2 = range(0x60, 0x66)
EBSTSD, EBSTCON, EBSTCSL, EBSTCSH, MISTAT = range(0x66, 0x6B)
EREVID, ECOCON, EFLOCON, EPAUSL, EPAUSH = 0x72, 0x75, 0x77, 0x78, 0x79

# EIE and EIR
INTIE, PKTIF, DMAIF, LINKIF, TXIF, TXERIF, RXERIF = 0x80, 0x40, 0x20, 0x10, 0x08, 0x02, 0x01
# ESTAT
INT, BUFER, LATECOL, RXBUSY, TXABRT, CLKRDY = 0x80, 0x40, 0x10, 0x04, 0x02, 0x01
# ECON2
AUTOINC, PKTDEC, PWRSV, VRPS = 0x80, 0x40, 0x20, 0x08
# ECON1
TXRST, RXRST, DMAST, CSUMEN, TXRTS, RXEN, BSEL = 0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x03
# ERXFCON
UCEN, ANDOR, CRCEN, PMEN, MPEN, HTEN, MCEN, BCEN = 0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01
# MACON1
TXPAUS, RXPAUS, PASSALL, MARXEN = 0x08, 0x04, 0x02, 0x01
# MACON3
PADCFG, TXCRCEN, PHDREN, HFRMEN, FRMLNEN, FULDPX = 0xE0, 0x10, 0x08, 0x04, 0x02, 0x01
# MICMD and MISTAT
MIISCAN, MIIRD = 0x02, 0x01
NVALID, SCAN, BUSY = 0x04, 0x02, 0x01
# EBSTCON
PSEL, TMSEL, TME, BISTST = 0x10, 0x0C, 0x02, 0x01
# EFLOCON
FULDPXS, FCEN = 0x04, 0x03


class Register(NamedTuple):
    """What a control register is after reset, and which of its bits a write changes."""

    name: str
    number: int
    reset: int
    writable: int = 0xFF


def _pair(name: str, low: int, reset: int, high_bits: int = 0x1F, low_bits: int = 0xFF) -> list[Register]:
    return [
        Register(name + "L", low, reset & 0xFF, low_bits),
        Register(name + "H", low + 1, reset >> 8, high_bits),
    ]


MAP: tuple[Register, ...] = (
    *_pair("ERDPT", ERDPTL, 0x05FA),
    *_pair("EWRPT", EWRPTL, 0),
    *_pair("ETXST", ETXSTL, 0),
    *_pair("ETXND", ETXNDL, 0),
    *_pair("ERXST", ERXSTL, 0x05FA),
    *_pair("ERXND", ERXNDL, 0x1FFF),
    *_pair("ERXRDPT", ERXRDPTL, 0x05FA),
    *_pair("ERXWRPT", ERXWRPTL, 0, 0, 0),
    *_pair("EDMAST", EDMASTL, 0),
    *_pair("EDMAND", EDMANDL, 0),
    *_pair("EDMADST", EDMADSTL, 0),
    *_pair("EDMACS", EDMACSL, 0, 0, 0),
    Register("EIE", EIE, 0, 0xFB),
    Register("EIR", EIR, 0, DMAIF | TXIF | TXERIF | RXERIF),
    Register("ESTAT", ESTAT, 0, BUFER | LATECOL | TXABRT),
    Register("ECON2", ECON2, AUTOINC, AUTOINC | PKTDEC | PWRSV | VRPS),
    Register("ECON1", ECON1, 0),
    *(Register(f"EHT{n}", EHT0 + n, 0) for n in range(8)),
    *(Register(f"EPMM{n}", EPMM0 + n, 0) for n in range(8)),
    *_pair("EPMCS", EPMCSL, 0, 0xFF),
    *_pair("EPMO", EPMOL, 0),
    Register("ERXFCON", ERXFCON, UCEN | CRCEN | BCEN),
    Register("EPKTCNT", EPKTCNT, 0, 0),
    Register("MACON1", MACON1, 0, TXPAUS | RXPAUS | PASSALL | MARXEN),
    Register("MACON3", MACON3, 0),
    Register("MACON4", MACON4, 0, 0x70),
    Register("MABBIPG", MABBIPG, 0, 0x7F),
    *_pair("MAIPG", MAIPGL, 0, 0x7F, 0x7F),
    Register("MACLCON1", MACLCON1, 0x0F, 0x0F),
    Register("MACLCON2", MACLCON2, 0x37, 0x3F),
    *_pair("MAMXFL", MAMXFLL, 0x0600, 0xFF),
    Register("MICMD", MICMD, 0, MIISCAN | MIIRD),
    Register("MIREGADR", MIREGADR, 0, 0x1F),
    *_pair("MIWR", MIWRL, 0, 0xFF),
    *_pair("MIRD", MIRDL, 0, 0, 0),
    Register("MAADR5", MAADR5, 0),
    Register("MAADR6", MAADR6, 0),
    Register("MAADR3", MAADR3, 0),
    Register("MAADR4", MAADR4, 0),
    Register("MAADR1", MAADR1, 0),
    Register("MAADR2", MAADR2, 0),
    Register("EBSTSD", EBSTSD, 0),
    Register("EBSTCON", EBSTCON, 0),
    *_pair("EBSTCS", EBSTCSL, 0, 0, 0),
    Register("MISTAT", MISTAT, 0, 0),
    Register("EREVID", EREVID, 0x06, 0),  # silicon revision B7
    Register("ECOCON", ECOCON, 0x04, 0x07),
    Register("EFLOCON", EFLOCON, 0, FCEN),
    *_pair("EPAUS", EPAUSL, 0x1000, 0xFF),
    # In the first edition of the data sheet these held the MAC's, the PHY interface's and the MII's reset
    # bits; they are reserved since. Drivers of that age still write 0 to them.
    Register("MACON2", MACON2, 0, 0),
    Register("MAPHSUP", MAPHSUP, 0, 0),
    Register("MICON", MICON, 0, 0),
)

NAMES: dict[int, str] = {r.number: r.name for r in MAP}
INDEX: dict[str, int] = {r.name: r.number for r in MAP}
WRITABLE: dict[int, int] = {r.number: r.writable for r in MAP}
MAC_MII: frozenset[int] = frozenset([*range(0x40, 0x5B), *range(MAADR5, MAADR2 + 1), MISTAT])
"""Registers behind the MAC's own bus: an RCR of them has a dummy byte, BFS and BFC do not reach them."""
RESET_VALUES = bytes({r.number: r.reset for r in MAP}.get(number, 0) for number in range(0x80))


class Registers:
    """The control registers' values, shared by the parts of the chip."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values = bytearray(RESET_VALUES)

    def word(self, low: int) -> int:
        """The 16-bit value of the pair whose low byte is number `low`."""
        return self.values[low] | self.values[low + 1] << 8

    def set_word(self, low: int, value: int) -> None:
        """Store a 16-bit value in the pair whose low byte is number `low`."""
        self.values[low] = value & 0xFF
        self.values[low + 1] = value >> 8

    @property
    def mac_address(self) -> bytes:
        """MAADR1 to MAADR6: the station's address, first byte on the wire first."""
        return bytes(self.values[i] for i in (MAADR1, MAADR2, MAADR3, MAADR4, MAADR5, MAADR6))


class Part:
    """A block of the chip with state of its own: immutable values named in `STATE`."""

    STATE: ClassVar[tuple[str, ...]] = ()

    def reset(self) -> None:
        """Power-on and system reset."""
        raise NotImplementedError

    def save(self) -> dict[str, Any]:
        """A copy of the state."""
        return {name: getattr(self, name) for name in self.STATE}

    def restore(self, state: dict[str, Any]) -> None:
        """Back to a saved state."""
        for name in self.STATE:
            setattr(self, name, state[name])


RaiseFlags = Callable[[int], None]
"""Sets bits of EIR and drives the INT pin accordingly."""
