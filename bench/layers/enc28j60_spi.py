# scapy.contrib.description = SPI instructions of the ENC28J60 Ethernet controller
# scapy.contrib.status = loads
r"""What an ENC28J60 hears and says on its SPI bus, as a Scapy layer (Microchip DS39662E, section 4).

A packet is a transaction: everything from the fall of chip select to its rise. Its bytes are those of the
line to the chip (SI) followed by as many of the line from it (SO)::

    Enc28j60Spi(opcode="WCR", argument=0x1F, output=b"\x04")          # write ECON1
    Enc28j60Spi(opcode="RCR", argument=0x00, input=b"\x05", bank=0)   # ERDPTL read as 5
    Enc28j60Spi(opcode="RCR", argument=0x0A, input=b"\x01", bank=3)   # MISTAT: behind a dummy byte
    Enc28j60Spi(opcode="RBM", input=bytes(60))                        # 60 bytes of buffer memory
    Enc28j60Spi(opcode="SRC")                                         # system reset

Which register an argument means depends on the bank that ECON1 selects, which is not part of a transaction:
it is an attribute of the packet, None where it is not known. `follow_banks` sets it along a trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from scapy.fields import BitEnumField, BitField, ConditionalField, XByteField, XStrLenField
from scapy.packet import Packet

RCR, RBM, WCR, WBM, BFS, BFC, SRC = 0, 1, 2, 3, 4, 5, 7
OPCODES = {RCR: "RCR", RBM: "RBM", WCR: "WCR", WBM: "WBM", BFS: "BFS", BFC: "BFC", SRC: "SRC"}
"""Table 4-1; 6 is not defined."""

BUFFER_MEMORY = 0x1A
"""The argument of RBM and WBM."""

_COMMON = {0x1B: "EIE", 0x1C: "EIR", 0x1D: "ESTAT", 0x1E: "ECON2", 0x1F: "ECON1"}
ECON1 = 0x1F


def _bank(first: int, names: str) -> dict[int, str]:
    return {first + i: name for i, name in enumerate(names.split()) if name != "-"}


REGISTERS: tuple[dict[int, str], ...] = (
    _bank(
        0x00,
        "ERDPTL ERDPTH EWRPTL EWRPTH ETXSTL ETXSTH ETXNDL ETXNDH "
        "ERXSTL ERXSTH ERXNDL ERXNDH ERXRDPTL ERXRDPTH ERXWRPTL ERXWRPTH "
        "EDMASTL EDMASTH EDMANDL EDMANDH EDMADSTL EDMADSTH EDMACSL EDMACSH",
    )
    | _COMMON,
    _bank(
        0x00,
        "EHT0 EHT1 EHT2 EHT3 EHT4 EHT5 EHT6 EHT7 EPMM0 EPMM1 EPMM2 EPMM3 EPMM4 EPMM5 EPMM6 EPMM7 "
        "EPMCSL EPMCSH - - EPMOL EPMOH - - ERXFCON EPKTCNT",
    )
    | _COMMON,
    _bank(
        0x00,
        "MACON1 - MACON3 MACON4 MABBIPG - MAIPGL MAIPGH MACLCON1 MACLCON2 MAMXFLL MAMXFLH - - - - "
        "- - MICMD - MIREGADR - MIWRL MIWRH MIRDL MIRDH",
    )
    | _COMMON,
    _bank(
        0x00,
        "MAADR5 MAADR6 MAADR3 MAADR4 MAADR1 MAADR2 EBSTSD EBSTCON EBSTCSL EBSTCSH MISTAT - - - - - "
        "- - EREVID - - ECOCON - EFLOCON EPAUSL EPAUSH",
    )
    | _COMMON,
)
"""Names by bank and address (table 3-1)."""


def behind_mac(bank: int | None, address: int) -> bool:
    """Whether reading a register takes a dummy byte first: those of MAC and MII do (section 4.2.1)."""
    if bank == 2:
        return address < 0x1B
    return bank == 3 and (address <= 0x05 or address == 0x0A)


class _LineField(XStrLenField):  # type: ignore[misc]  # Scapy's classes are not typed for mypy
    """Bytes of one line; None stands for as many zeros as the other line is long."""

    def i2len(self, pkt: Packet, x: bytes | None) -> int:
        return len(x or b"")


class Enc28j60Spi(Packet):  # type: ignore[misc]  # Scapy's classes are not typed for mypy
    """One transaction (DS39662E, section 4.2)."""

    name = "ENC28J60 SPI"
    __slots__: ClassVar[list[str]] = ["bank"]
    fields_desc: ClassVar[list[Any]] = [
        BitEnumField("opcode", RCR, 3, OPCODES),
        BitField("argument", None, 5),
        # To the chip, after the opcode: what is written; of no meaning in a read.
        _LineField("output", None, length_from=lambda pkt: pkt.clocked),
        # From the chip, while the opcode goes to it: of no meaning.
        XByteField("status", 0),
        ConditionalField(
            XStrLenField("dummy", b"\0", length_from=lambda pkt: min(1, pkt.clocked)),
            lambda pkt: pkt.has_dummy,
        ),
        # From the chip: what is read; of no meaning in a write.
        _LineField("input", None, length_from=lambda pkt: max(0, pkt.clocked - pkt.has_dummy)),
    ]

    def __init__(self, *args: Any, bank: int | None = None, **options: Any) -> None:
        self.bank = bank
        super().__init__(*args, **options)

    @property
    def clocked(self) -> int:
        """Bytes on each line after the opcode, in what was dissected."""
        return max(0, len(self.original) // 2 - 1)

    @property
    def reads(self) -> bool:
        """Whether the chip is the one who speaks."""
        return self.opcode in (RCR, RBM)

    @property
    def address(self) -> int:
        """The argument, or what it is if it is left open."""
        if self.argument is not None:
            return int(self.argument)
        return {RBM: BUFFER_MEMORY, WBM: BUFFER_MEMORY, SRC: 0x1F}.get(self.opcode, 0)

    @property
    def has_dummy(self) -> bool:
        """Whether a byte without meaning comes before what is read."""
        return bool(self.opcode == RCR and behind_mac(self.bank, self.address))

    @property
    def data(self) -> bytes:
        """What is read or written."""
        return bytes((self.input if self.reads else self.output) or b"")

    @property
    def register(self) -> str:
        """The register's name; its bank is shown as `?` where it is not known. Empty without a register."""
        if self.opcode in (RBM, WBM, SRC):
            return ""
        if self.address in _COMMON:
            return _COMMON[self.address]
        if self.bank is None:
            return f"?:{self.address:02X}"
        return REGISTERS[self.bank].get(self.address, f"{self.bank}:{self.address:02X}")

    def lines(self) -> tuple[bytes, bytes]:
        """The bytes on the line to the chip and on that from it; equally many."""
        octets = bytes(self)
        return octets[: len(octets) // 2], octets[len(octets) // 2 :]

    def self_build(self) -> bytes:
        """Build, with the lines made equally long: the one that says less is filled up with zeros."""
        if self.raw_packet_cache is not None:
            return bytes(super().self_build())
        output, heard = bytes(self.output or b""), bytes(self.input or b"")
        if self.has_dummy:
            heard = bytes(self.dummy) + heard
        size = max(len(output), len(heard))
        command = bytes([self.opcode << 5 | self.address])
        return command + output.ljust(size, b"\0") + bytes([self.status]) + heard.ljust(size, b"\0")

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes | None]:
        """A transaction has no payload."""
        return b"", s

    def copy(self) -> Enc28j60Spi:
        """A copy, with the bank."""
        return self._with_bank(super().copy())

    def clone_with(self, *args: Any, **options: Any) -> Enc28j60Spi:
        """What Scapy builds: a clone, with the bank."""
        return self._with_bank(super().clone_with(*args, **options))

    def _with_bank(self, clone: Enc28j60Spi) -> Enc28j60Spi:
        clone.bank = self.bank
        return clone

    def mysummary(self) -> str:
        """The instruction as a driver's author would write it."""
        name = OPCODES.get(self.opcode, f"opcode {self.opcode}")
        data = self.data
        if self.opcode in (RBM, WBM):
            return f"{name} {len(data)} bytes"
        if self.opcode == SRC:
            return name
        sign = {RCR: "->", WCR: "=", BFS: "|=", BFC: "&= ~"}.get(self.opcode, "?")
        return f"{name} {self.register} {sign}{'' if sign.endswith('~') else ' '}{data.hex()}"


def follow_banks(
    transactions: Iterable[tuple[float, bytes, bytes]], bank: int | None = None
) -> Iterator[Enc28j60Spi]:
    """The packets of a trace: (virtual seconds, bytes to the chip, bytes from it).

    `bank` is what is selected when it begins; None: not known until the trace shows it.
    """
    value, known = (0, 0) if bank is None else (bank, 3)
    for time, mosi, miso in transactions:
        packet = Enc28j60Spi(mosi + miso, bank=value if known == 3 else None)
        packet.time = time
        yield packet
        if packet.opcode == SRC:
            value, known = 0, 3
        elif packet.argument == ECON1 and packet.data and packet.opcode in (WCR, BFS, BFC):
            bits = packet.data[0] & 3
            if packet.opcode == WCR:
                value, known = bits, 3
            else:
                value, known = (value | bits if packet.opcode == BFS else value & ~bits), known | bits
