"""A machine without a CPU: answers ARP requests, ICMP echo requests and typed lines at known times.

Enough of a board to try the instrument itself on; everything about real boards is tested with a real
firmware.
"""

from __future__ import annotations

import copy
import heapq
from pathlib import Path
from typing import Any, ClassVar

from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import ARP, Ether

from bench.addresses import BOARD
from emulation.errors import Evidence, GuestFault
from emulation.machine import Stop, TimedFrame

LATENCY = 0.001
SMALLEST = 60
"""Octets of the shortest frame that a cable carries, without its FCS."""


class FakeMachine:
    """Events are (time, order, kind, bytes); everything else follows from them."""

    engine = "fake"
    description = "a machine without a CPU"
    lacks: ClassVar[dict[str, str]] = {}

    def __init__(self, platform: Path | None = None, seed: int = 1) -> None:
        self.seed = seed
        self._state: dict[str, Any] = {}
        self.received: list[bytes] = []
        self.closed = False
        self.reset()

    @property
    def now(self) -> float:
        return float(self._state["now"])

    @property
    def instructions(self) -> int:
        return int(self._state["now"] * 32_000_000)

    def load(self, elf: Path) -> None:
        self.reset()

    def reset(self) -> None:
        self._state = {"now": 0.0, "order": 0, "events": [], "frames": [], "uart": b""}
        self.at(0.25, "uart", b"fake board\r\n")
        self.at(0.5, "uart", b"ws_server: listening on 192.0.2.1 ports 8080, 8081, 8082\r\n")

    def at(self, time: float, kind: str, data: bytes = b"") -> None:
        """Let something happen at a time: `uart`, `frame` or `fault`."""
        self._state["order"] += 1
        heapq.heappush(self._state["events"], (time, self._state["order"], kind, data))

    def run(self, until: float, wake: Stop = Stop.DEADLINE) -> Stop:
        state = self._state
        while True:
            stop = Stop.DEADLINE
            if state["frames"]:
                stop |= Stop.FRAME
            if state["uart"]:
                stop |= Stop.UART
            if stop & wake:
                return stop & wake
            if not state["events"] or state["events"][0][0] > until:
                state["now"] = max(state["now"], until)
                return Stop.DEADLINE
            time, _, kind, data = heapq.heappop(state["events"])
            state["now"] = max(state["now"], time)
            if kind == "uart":
                state["uart"] += data
            elif kind == "frame":
                state["frames"].append(TimedFrame(state["now"], data.ljust(SMALLEST, b"\0")))
            else:
                state["uart"] += b"last words\r\n"
                raise GuestFault(
                    "unmapped", "read of 0xdeadbeef", Evidence(state["now"], {"eip": 0x1234}, "main+0x4")
                )

    def send_frame(self, frame: bytes, fcs: bytes | None = None, *, pad: bool = True) -> float:
        """Answer; a frame takes no time here."""
        self.received.append(frame)
        if len(frame) >= 14 and fcs is None:
            self._answer(frame)
        return self.now

    def _answer(self, frame: bytes) -> None:
        packet = Ether(frame)
        reply = Ether(src=BOARD.mac, dst=packet.src)
        if ARP in packet and packet[ARP].op == 1 and packet[ARP].pdst == BOARD.ip:
            reply /= ARP(op=2, hwsrc=BOARD.mac, psrc=BOARD.ip, hwdst=packet[ARP].hwsrc, pdst=packet[ARP].psrc)
        elif ICMP in packet and packet[ICMP].type == 8 and packet[IP].dst == BOARD.ip:
            echo = packet[ICMP]
            reply /= (
                IP(src=BOARD.ip, dst=packet[IP].src) / ICMP(type=0, id=echo.id, seq=echo.seq) / echo.payload
            )
        else:
            return
        self.at(self.now + LATENCY, "frame", bytes(reply))

    def frames(self) -> list[TimedFrame]:
        frames, self._state["frames"] = self._state["frames"], []
        return list(frames)

    def uart_write(self, data: bytes) -> None:
        self.at(self.now + LATENCY, "uart", data)

    def uart_read(self) -> bytes:
        data, self._state["uart"] = self._state["uart"], b""
        return bytes(data)

    def snapshot(self) -> Any:
        return copy.deepcopy(self._state)

    def restore(self, state: Any) -> None:
        self._state = copy.deepcopy(state)

    def read_memory(self, address: int, size: int) -> bytes:
        return bytes((address + i) & 0xFF for i in range(size))

    def symbol(self, name: str) -> int:
        return {"main": 0x1230}[name]

    def close(self) -> None:
        self.closed = True
