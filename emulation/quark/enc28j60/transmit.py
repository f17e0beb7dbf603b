"""Transmit logic: a packet from the buffer to the wire at 10 Mbit/s, its status vector, flow control.

DS39662E sections 7.1 (transmitting), 6.5 (MAC settings), 10 (flow control), 12.1.3 and 12.1.4 (interrupts).

A transmission takes its real time: eight bytes of preamble and start delimiter, the frame, its FCS; the next
one starts no earlier than the inter-packet gap of MABBIPG after it. ECON1.TXRTS stays set until the last bit
has left. There are no collisions: the other end of the wire is a full duplex link partner or a patient one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from emulation.quark.clock import HZ, Clock
from emulation.quark.enc28j60 import ethernet
from emulation.quark.enc28j60 import registers as r
from emulation.quark.enc28j60.registers import POINTER_MASK, Part, RaiseFlags, Registers

PREAMBLE_SIZE = 8
QUANTUM_BITS = 512

# Per packet control byte (figure 7-1)
POVERRIDE, PCRCEN, PPADEN, PHUGEEN = 0x01, 0x02, 0x04, 0x08

Send = Callable[[bytes, bool], None]
"""Takes what has left: the frame without FCS and True, or all its bytes and False where the FCS is wrong."""


class Transmitter(Part):
    """The MAC's transmit half."""

    STATE: ClassVar[tuple[str, ...]] = (
        "_sending",
        "_is_packet",
        "_events",
        "_cut_at",
        "_starts",
        "_free_from",
        "_paused_until",
        "_pause_request",
    )

    def __init__(
        self,
        name: str,
        clock: Clock,
        registers: Registers,
        ram: bytearray,
        bit_rate: int,
        raise_flags: RaiseFlags,
        dma_busy: Callable[[], bool],
        packet_ended: Callable[[], None],
        send: Send,
    ) -> None:
        self._clock = clock
        self._registers = registers
        self._ram = ram
        self._bit_rate = bit_rate
        self._raise_flags = raise_flags
        self._dma_busy = dma_busy
        self._packet_ended = packet_ended
        self._send = send
        self._done_key = (name, "transmitted")
        self._flow_key = (name, "pause")
        clock.register(self._done_key, self._complete)
        clock.register(self._flow_key, self._repeat_pause)
        self.reset()

    def reset(self) -> None:
        """Power-on, system reset: idle."""
        self._sending: bytes | None = None
        self._is_packet = False
        self._events = 0
        self._cut_at = 0
        self._starts = 0
        self._free_from = 0
        self._paused_until = 0
        self._pause_request: int | None = None
        self._clock.cancel(self._done_key)
        self._clock.cancel(self._flow_key)

    def _cycles(self, bits: int) -> int:
        return -(-bits * HZ // self._bit_rate)

    @property
    def _requested(self) -> bool:
        return bool(self._registers.values[r.ECON1] & r.TXRTS)

    def poll(self) -> None:
        """Start what waits, if nothing is on its way: TXRTS was set, or what it waited for has ended."""
        if self._sending is not None:
            return
        if self._pause_request is not None:
            quanta, self._pause_request = self._pause_request, None
            frame = ethernet.pause_frame(self._registers.mac_address, quanta)
            self._begin(frame + ethernet.fcs(frame), 0, None)
        elif self._requested and not self._dma_busy():
            self._begin_packet()

    def _begin_packet(self) -> None:
        values = self._registers.values
        control, data = self._read_packet()
        macon3 = values[r.MACON3]
        if control & POVERRIDE:
            append_fcs, huge = bool(control & PCRCEN), bool(control & PHUGEEN)
            pad_to = 60 if control & PPADEN else 0
        else:
            append_fcs, huge = bool(macon3 & r.TXCRCEN), bool(macon3 & r.HFRMEN)
            pad_to = _pad_size(macon3, data)
        data = data.ljust(pad_to, b"\0")
        events = 0
        header = 4 if macon3 & r.PHDREN else 0
        if append_fcs:
            data += ethernet.fcs(data[header:])
        elif ethernet.fcs(data[header:-4]) != data[-4:]:
            events |= ethernet.CRC_ERROR
        limit = self._registers.word(r.MAMXFLL)
        if len(data) > limit:
            events |= ethernet.TX_GIANT
        self._begin(data, events, limit if len(data) > limit and not huge else None, packet=True)

    def _read_packet(self) -> tuple[int, bytes]:
        """The per packet control byte and the data up to and including ETXND."""
        start = self._registers.word(r.ETXSTL)
        end = self._registers.word(r.ETXNDL)
        if end >= start:
            packet = bytes(self._ram[start : end + 1])
        else:
            packet = bytes(self._ram[start:] + self._ram[: end + 1])
        return packet[0], packet[1:]

    def _begin(self, data: bytes, events: int, cut_at: int | None, *, packet: bool = False) -> None:
        self._sending = data
        self._is_packet = packet
        self._events = events
        self._cut_at = len(data) if cut_at is None else cut_at
        now = self._clock.now
        self._starts = max(now, self._free_from, self._paused_until if packet else 0)
        duration = self._cycles((PREAMBLE_SIZE + self._cut_at) * 8)
        self._clock.schedule(self._done_key, self._starts + duration)

    def _complete(self) -> None:
        """The last bit has left (of a packet longer than MAMXFL: the last bit that may leave)."""
        data = self._sending
        assert data is not None
        if not self._is_packet:
            values = self._registers.values
            if values[r.EFLOCON] & r.FCEN == 2:
                bits = max(1, self._registers.word(r.EPAUSL)) * QUANTUM_BITS
                self._clock.schedule(self._flow_key, self._clock.now + self._cycles(bits))
            else:
                values[r.EFLOCON] &= ~r.FCEN
            self._finish(data)
        elif self._cut_at < len(data):
            self._end_packet(data, self._cut_at, self._events, r.TXIF | r.TXERIF)
            self._finish(data[: self._cut_at])
        else:
            self._end_packet(data, len(data), self._events | ethernet.TX_DONE, r.TXIF)
            self._finish(data)

    def _end_packet(self, data: bytes, on_wire: int, events: int, flags: int) -> None:
        """Write the status vector behind the packet, drop TXRTS, raise the flags."""
        values = self._registers.values
        checked = bool(values[r.MACON3] & r.FRMLNEN)
        vector = ethernet.transmit_status(data[:-4], len(data), on_wire, events, checked)
        end = self._registers.word(r.ETXNDL)
        for n, byte in enumerate(vector, 1):
            self._ram[(end + n) & POINTER_MASK] = byte
        values[r.ECON1] &= ~r.TXRTS
        if flags & r.TXERIF:
            values[r.ESTAT] |= r.TXABRT
        self._raise_flags(flags)
        self._packet_ended()

    def _finish(self, on_wire: bytes) -> None:
        values = self._registers.values
        # MABBIPG counts nibble times beyond the 3 (full duplex) or 6 (half) the MAC needs (register 6-4).
        nibbles = values[r.MABBIPG] + (3 if values[r.MACON3] & r.FULDPX else 6)
        self._free_from = self._clock.now + self._cycles(nibbles * 4)
        self._sending = None
        if len(on_wire) > ethernet.FCS_SIZE and ethernet.fcs(on_wire[:-4]) == on_wire[-4:]:
            self._send(on_wire[:-4], True)
        elif on_wire:
            self._send(on_wire, False)
        self.poll()

    def cancel(self) -> None:
        """The host cleared TXRTS: the packet ends where it is, with status vector and TXIF (section 7.1)."""
        if self._sending is not None and self._is_packet:
            data, on_wire = self._sending, self._bytes_sent()
            self._clock.cancel(self._done_key)
            self._end_packet(data, on_wire, self._events, r.TXIF)
            self._finish(data[:on_wire])
        else:
            self._end_packet(b"", 0, 0, r.TXIF)

    def hold_in_reset(self) -> None:
        """ECON1.TXRST: abort what is on its way, without a word to the host but the cleared TXRTS."""
        self._registers.values[r.ECON1] &= ~r.TXRTS
        self._pause_request = None
        self._clock.cancel(self._flow_key)
        if self._sending is not None:
            fragment = self._sending[: self._bytes_sent()]
            self._clock.cancel(self._done_key)
            self._finish(fragment)
        self._packet_ended()

    def _bytes_sent(self) -> int:
        assert self._sending is not None
        bits = (self._clock.now - self._starts) * self._bit_rate // HZ
        return min(max(0, bits // 8 - PREAMBLE_SIZE), len(self._sending))

    def pause(self, quanta: int) -> None:
        """The link partner sent a PAUSE frame: start no packet before that many quanta have passed."""
        self._paused_until = self._clock.now + self._cycles(quanta * QUANTUM_BITS)

    def flow_control(self) -> None:
        """EFLOCON.FCEN was written (register 10-1).

        In full duplex, with MACON1.TXPAUS: 01 sends one PAUSE frame with EPAUS, 11 one with time 0, and both
        then turn flow control off; 10 sends one with EPAUS each time the previous one runs out.
        """
        values = self._registers.values
        mode = values[r.EFLOCON] & r.FCEN
        self._clock.cancel(self._flow_key)
        self._pause_request = None
        if not mode or not values[r.MACON3] & r.FULDPX or not values[r.MACON1] & r.TXPAUS:
            return
        self._pause_request = 0 if mode == 3 else self._registers.word(r.EPAUSL)
        self.poll()

    def _repeat_pause(self) -> None:
        self._pause_request = self._registers.word(r.EPAUSL)
        self.poll()


def _pad_size(macon3: int, data: bytes) -> int:
    """Size that MACON3.PADCFG pads short frames to before the FCS; 0 for none (register 6-2)."""
    config = macon3 >> 5
    if config == 5:
        return 64 if ethernet.type_or_length(data) == ethernet.TYPE_VLAN else 60
    return {1: 60, 3: 64, 7: 64}.get(config, 0)
