"""A tap on the SPI bus between a master and its slave: looks on, byte for byte, and changes nothing.

It is put in when somebody looks and taken out afterwards, so that a bus without one is as fast as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from emulation.errors import UserError
from emulation.quark.ssi import DwSsi, SpiSlave


@dataclass(frozen=True)
class SpiTransaction:
    """What crossed from the fall of chip select to its rise, which was at `time` virtual seconds."""

    time: float
    mosi: bytes
    """To the slave."""
    miso: bytes
    """From the slave: as many bytes."""


class SpiTap:
    """A slave that hands everything on to another. `sink` gets each transaction when it is over."""

    def __init__(
        self, master: DwSsi, slave: SpiSlave, now: Callable[[], float], sink: Callable[[SpiTransaction], None]
    ) -> None:
        self._master, self._slave = master, slave
        self._now, self._sink = now, sink
        self._mosi, self._miso = bytearray(), bytearray()
        master.slave = self

    def exchange(self, mosi: int) -> int:
        """Clock one byte through."""
        miso = self._slave.exchange(mosi)
        self._mosi.append(mosi)
        self._miso.append(miso)
        return miso

    def deselect(self) -> None:
        """Chip select rises."""
        self._slave.deselect()
        if self._mosi:
            self._sink(SpiTransaction(self._now(), bytes(self._mosi), bytes(self._miso)))
            self._mosi.clear()
            self._miso.clear()

    def remove(self) -> None:
        """Connect master and slave directly again."""
        self._master.slave = self._slave


def tap_spi(
    parts: Iterable[object], now: Callable[[], float], sink: Callable[[SpiTransaction], None]
) -> Callable[[], None]:
    """Tap the first SPI master among `parts` that has a slave; returns what ends it.

    Restoring a snapshot in between mixes up the transaction that is under way. Raises UserError without such
    a master.
    """
    for master in parts:
        if isinstance(master, DwSsi) and master.slave is not None:
            return SpiTap(master, master.slave, now, sink).remove
    raise UserError("there is nothing on the board's SPI bus", "see arduino_101.repl")
