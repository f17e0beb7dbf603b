"""Record what the driver does to the Ethernet controller, as `Enc28j60Spi` packets.

For example, to print what a ping makes it do:

    with spi_trace(board) as trace:
        board.wire.sr1(IP() / ICMP(), timeout=1)
    for packet in trace.packets():
        print(f"{packet.time:.6f}", packet.summary())
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, runtime_checkable

from scapy.plist import PacketList

from bench.board import Board
from bench.layers.enc28j60_spi import follow_banks
from emulation.errors import UserError


@runtime_checkable
class SpiTracing(Protocol):
    """What a machine has that can be looked at on its SPI bus."""

    def trace_spi(self, sink: Callable[[Any], None]) -> Callable[[], None]:
        """Hand every transaction to `sink`; returns what ends it."""


class SpiTrace:
    """The transactions of a trace, in order: `(virtual seconds, bytes to the chip, bytes from it)`."""

    def __init__(self, bank: int | None) -> None:
        self.transactions: list[tuple[float, bytes, bytes]] = []
        self._bank = bank

    def packets(self) -> PacketList:
        """The transactions as `Enc28j60Spi` packets, dissected now."""
        return PacketList(list(follow_banks(self.transactions, self._bank)), "ENC28J60 SPI")


@contextmanager
def spi_trace(board: Board) -> Iterator[SpiTrace]:
    """Record every SPI transaction of the Ethernet controller in a `with` block; outside, nothing is slower.

    A board that has not run yet has bank 0 selected; later, registers are named as soon as the trace shows
    which bank is. Raises UserError where the engine cannot do it.
    """
    machine = board.machine
    if not isinstance(machine, SpiTracing):
        raise UserError(f"the engine {board.engine} does not show its SPI bus", "use the engine quark")
    trace = SpiTrace(0 if board.clock.now == 0 else None)

    def keep(transaction: Any) -> None:
        trace.transactions.append((transaction.time, transaction.mosi, transaction.miso))

    end = machine.trace_spi(keep)
    try:
        yield trace
    finally:
        end()
