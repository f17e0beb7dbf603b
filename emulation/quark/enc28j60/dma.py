"""The DMA controller (DS39662E section 13) and the built-in self-test of the buffer (section 15)."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from emulation.quark.clock import HZ, Clock
from emulation.quark.enc28j60 import registers as r
from emulation.quark.enc28j60.ethernet import internet_checksum
from emulation.quark.enc28j60.registers import BUFFER_SIZE, POINTER_MASK, Part, RaiseFlags, Registers

COPY_NS, CHECKSUM_NS = 80, 40
"""Time a byte takes: two cycles of the 25 MHz clock to copy it, one to sum it up."""


class Dma(Part):
    """Copies memory within the buffer, or sums it up."""

    STATE: ClassVar[tuple[str, ...]] = ("_source", "_started", "_checksum", "_waiting")

    def __init__(
        self,
        name: str,
        clock: Clock,
        registers: Registers,
        ram: bytearray,
        raise_flags: RaiseFlags,
        on_end: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._registers = registers
        self._ram = ram
        self._raise_flags = raise_flags
        self._on_end = on_end
        self._key = (name, "dma")
        clock.register(self._key, self._complete)
        self.reset()

    def reset(self) -> None:
        """Idle."""
        self._source: tuple[int, ...] | None = None
        self._started = 0
        self._checksum = False
        self._waiting = False
        self._clock.cancel(self._key)

    @property
    def busy(self) -> bool:
        """Whether an operation is under way (not: waiting for the transmit logic)."""
        return self._source is not None

    def start(self, *, transmitting: bool) -> None:
        """ECON1.DMAST was set. While a packet is being transmitted the DMA waits for its end."""
        self._waiting = transmitting
        if transmitting:
            return
        self._checksum = bool(self._registers.values[r.ECON1] & r.CSUMEN)
        self._started = self._clock.now
        self._source, ends = self._addresses()
        if ends:
            self._clock.schedule(self._key, self._started + self._cycles(len(self._source)))

    def transmission_ended(self) -> None:
        """The transmit logic is idle: start what waited for it."""
        if self._waiting:
            self.start(transmitting=False)

    def _cycles(self, count: int) -> int:
        return -(-count * (CHECKSUM_NS if self._checksum else COPY_NS) * HZ // 1_000_000_000)

    def _addresses(self) -> tuple[tuple[int, ...], bool]:
        """The bytes EDMAST to EDMAND in order, with the receive buffer's wrap, and whether there is an end.

        There is none when the wrap keeps the pointer from EDMAND, nor for a copy of one byte (section 13.1).
        """
        address, end = self._registers.word(r.EDMASTL), self._registers.word(r.EDMANDL)
        wrap_at, wrap_to = self._registers.word(r.ERXNDL), self._registers.word(r.ERXSTL)
        single_copy = address == end and not self._checksum
        addresses: list[int] = []
        while len(addresses) <= BUFFER_SIZE:
            addresses.append(address)
            if address == end and not single_copy:
                return tuple(addresses), True
            address = wrap_to if address == wrap_at else (address + 1) & POINTER_MASK
        return tuple(addresses), False

    def _complete(self) -> None:
        assert self._source is not None
        if self._checksum:
            data = bytes(self._ram[address] for address in self._source)
            self._registers.set_word(r.EDMACSL, internet_checksum(data))
        else:
            self._copy(len(self._source))
        self._end()

    def _copy(self, count: int) -> None:
        """Byte by byte, so that a destination that overlaps the source repeats what was copied before."""
        assert self._source is not None
        destination = self._registers.word(r.EDMADSTL)
        for n, address in enumerate(self._source[:count]):
            self._ram[(destination + n) & POINTER_MASK] = self._ram[address]

    def cancel(self) -> None:
        """The host cleared DMAST: what was copied stays copied, and DMAIF is raised all the same."""
        if self._source is not None and not self._checksum:
            elapsed_ns = (self._clock.now - self._started) * 1_000_000_000 // HZ
            self._copy(min(elapsed_ns // COPY_NS, len(self._source)))
        self._clock.cancel(self._key)
        self._end()

    def _end(self) -> None:
        self._source = None
        self._waiting = False
        self._registers.values[r.ECON1] &= ~r.DMAST
        self._raise_flags(r.DMAIF)
        self._on_end()


def self_test(registers: Registers, ram: bytearray) -> None:
    """Fill the buffer as EBSTCON asks, leave its checksum in EBSTCS, and clear BISTST: at once.

    TMSEL 10 writes each address's low byte, 01 EBSTSD rotated left by PSV for each next byte, 00 a
    pseudo-random sequence seeded by EBSTSD. The data sheet does not give the polynomial of the last; a host
    can only compare EBSTCS with a DMA checksum of the buffer, which holds for any.
    """
    values = registers.values
    mode = (values[r.EBSTCON] & r.TMSEL) >> 2
    seed = values[r.EBSTSD]
    if mode == 2:
        ram[:] = bytes(range(256)) * (BUFFER_SIZE // 256)
    elif mode == 1:
        shift = values[r.EBSTCON] >> 5
        for address in range(BUFFER_SIZE):
            ram[address] = seed
            seed = (seed << shift | seed >> (8 - shift)) & 0xFF
    elif mode == 0:
        for address in range(BUFFER_SIZE):
            ram[address] = seed
            seed = (seed << 1 | (seed >> 7 ^ seed >> 5 ^ seed >> 4 ^ seed >> 3) & 1) & 0xFF
        values[r.EBSTSD] = seed
    registers.set_word(r.EBSTCSL, internet_checksum(bytes(ram)))
    values[r.EBSTCON] &= ~r.BISTST
