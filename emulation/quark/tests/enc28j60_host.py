"""The host's side of the SPI bus for the ENC28J60 tests: the instructions, and a driver's usual sequences."""

from __future__ import annotations

from typing import NamedTuple

from emulation.quark.clock import HZ, Clock
from emulation.quark.enc28j60 import Enc28j60
from emulation.quark.enc28j60 import registers as r

STATION = bytes.fromhex("00005e005301")
PEER = bytes.fromhex("00005e005302")
BROADCAST = b"\xff" * 6
MULTICAST = bytes.fromhex("01005e0000fb")

RX_START, RX_END = 0x0000, 0x19FF
TX_START = 0x1A00


def frame(destination: bytes = STATION, size: int = 60, kind: int = 0x0800, source: bytes = PEER) -> bytes:
    """A frame of `size` bytes without FCS, with data that differs from byte to byte."""
    head = destination + source + kind.to_bytes(2, "big")
    return head + bytes(n * 7 % 251 for n in range(size - len(head)))


class Packet(NamedTuple):
    """What a driver reads from the receive buffer: header and data, FCS included."""

    following: int
    size: int
    status: int
    data: bytes


class Host:
    """A chip, its clock, what it has sent, and an SPI master that talks to it.

    Each sent frame is (cycle, bytes, FCS right).
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.chip = Enc28j60("eth", self.clock)
        self.sent: list[tuple[int, bytes, bool]] = []
        self.unknown: list[tuple[str, int]] = []
        self.chip.transmit = lambda data, fcs_ok: self.sent.append((self.clock.now, data, fcs_ok))
        self.chip.on_unknown = lambda _chip, kind, offset, _width: self.unknown.append((kind, offset))
        self.read_at = RX_START

    def spi(self, *mosi: int) -> bytes:
        """One instruction: CS low, the bytes, CS high."""
        miso = bytes(self.chip.exchange(byte) for byte in mosi)
        self.chip.deselect()
        return miso

    def select(self, register: int) -> None:
        """Select the register's bank."""
        if register & 0x1F < r.COMMON:
            self.spi(0xA0 | r.ECON1, r.BSEL)
            self.spi(0x80 | r.ECON1, register >> 5)

    def read(self, register: int) -> int:
        self.select(register)
        return self.spi(register & 0x1F, 0, 0)[2 if register in r.MAC_MII else 1]

    def write(self, register: int, value: int) -> None:
        self.select(register)
        self.spi(0x40 | register & 0x1F, value)

    def set(self, register: int, bits: int) -> None:
        self.select(register)
        self.spi(0x80 | register & 0x1F, bits)

    def clear(self, register: int, bits: int) -> None:
        self.select(register)
        self.spi(0xA0 | register & 0x1F, bits)

    def read_pair(self, low: int) -> int:
        return self.read(low) | self.read(low + 1) << 8

    def write_pair(self, low: int, value: int) -> None:
        self.write(low, value & 0xFF)
        self.write(low + 1, value >> 8)

    def read_buffer(self, address: int, size: int) -> bytes:
        self.write_pair(r.ERDPTL, address)
        return self.spi(0x3A, *bytes(size))[1:]

    def write_buffer(self, address: int, data: bytes) -> None:
        self.write_pair(r.EWRPTL, address)
        self.spi(0x7A, *data)

    def read_phy(self, register: int) -> int:
        self.write(r.MIREGADR, register)
        self.write(r.MICMD, r.MIIRD)
        self.wait(us=11)
        self.write(r.MICMD, 0)
        return self.read_pair(r.MIRDL)

    def write_phy(self, register: int, value: int) -> None:
        self.write(r.MIREGADR, register)
        self.write_pair(r.MIWRL, value)
        self.wait(us=11)

    def wait(self, us: int) -> None:
        """Let virtual microseconds pass."""
        self.clock.advance(self.clock.now + us * HZ // 1_000_000)

    def run(self) -> None:
        """Let time pass until nothing is pending."""
        while (due := self.clock.next_event) is not None:
            self.clock.advance(due)

    def initialise(self, start: int = RX_START, end: int = RX_END) -> Host:
        """Bring the chip up as section 6 says: full duplex, padding to 60, CRC appended, reception on."""
        self.wait(us=300)
        self.read_at = start
        self.write_pair(r.ERXSTL, start)
        self.write_pair(r.ERXNDL, end)
        self.write_pair(r.ERXRDPTL, start)
        self.write(r.MACON1, r.TXPAUS | r.RXPAUS | r.MARXEN)
        self.write(r.MACON3, 1 << 5 | r.TXCRCEN | r.FRMLNEN | r.FULDPX)
        self.write_pair(r.MAMXFLL, 1518)
        self.write(r.MABBIPG, 0x15)
        for register, byte in zip(
            (r.MAADR1, r.MAADR2, r.MAADR3, r.MAADR4, r.MAADR5, r.MAADR6), STATION, strict=True
        ):
            self.write(register, byte)
        self.write_phy(0x00, 0x0100)
        self.set(r.ECON1, r.RXEN)
        return self

    def take(self, *, free: bool = True) -> Packet:
        """Read the next packet as a driver does, and give its space back."""
        header = self.read_buffer(self.read_at, 6)
        following = int.from_bytes(header[:2], "little")
        size = int.from_bytes(header[2:4], "little")
        data = self.spi(0x3A, *bytes(size))[1:]
        self.read_at = following
        if free:
            self.write_pair(r.ERXRDPTL, following)
            self.set(r.ECON2, r.PKTDEC)
        return Packet(following, size, int.from_bytes(header[2:6], "little"), data)

    def put(self, data: bytes, control: int = 0, at: int = TX_START) -> None:
        """Write a packet into the transmit buffer and request its transmission."""
        self.write_buffer(at, bytes([control]) + data)
        self.write_pair(r.ETXSTL, at)
        self.write_pair(r.ETXNDL, at + len(data))
        self.set(r.ECON1, r.TXRTS)

    def transmit_status(self) -> int:
        """The status vector that follows the last packet."""
        return int.from_bytes(self.read_buffer(self.read_pair(r.ETXNDL) + 1 & 0x1FFF, 7), "little")
