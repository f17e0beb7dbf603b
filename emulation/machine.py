"""The contract between an engine and the bench: bytes and virtual seconds, nothing of any protocol.

An engine is anything that runs the board's ELF: the embedded emulator (`emulation.quark`), or Renode.
The bench holds a `Machine` and never asks which one it is.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


class Stop(enum.Flag):
    """Why a call of `Machine.run` came back (and, as an argument, what may end it early)."""

    DEADLINE = 0
    """The virtual time asked for was reached."""
    FRAME = enum.auto()
    """The board sent an Ethernet frame that has not been collected yet."""
    UART = enum.auto()
    """The board printed something that has not been collected yet."""


class Need(enum.StrEnum):
    """What a test may need of an engine, and cannot find out by trying; see `Machine.lacks`.

    Where a call shows it, the call raises `emulation.errors.EngineLacks`.
    """

    SEED = "seed"
    """The board's randomness comes from the machine's seed."""
    EXACT_CLOCK = "exact-clock"
    """The guest's clock agrees with virtual time over half a minute."""


@dataclass(frozen=True)
class TimedFrame:
    """An Ethernet frame, without its FCS, and the virtual time (seconds) at which it left the board."""

    time: float
    data: bytes


class Machine(Protocol):
    """One board in one engine. All times are virtual seconds since reset."""

    engine: str
    """`quark` or `renode`."""

    @property
    def description(self) -> str:
        """What runs the board, with its version, for reports."""

    @property
    def lacks(self) -> Mapping[str, str]:
        """Needs (`Need`) that this engine does not meet, each with the reason, for tests to be skipped."""

    @property
    def now(self) -> float:
        """Virtual seconds since reset."""

    @property
    def instructions(self) -> int:
        """Instructions executed since reset (0 where the engine cannot count them)."""

    def load(self, elf: Path) -> None:
        """Load a firmware and reset the board. Raises UserError for a file that cannot run here."""

    def reset(self) -> None:
        """Power-on reset: memory, CPU, peripherals, virtual time 0, the loaded ELF in place again."""

    def run(self, until: float, wake: Stop = Stop.DEADLINE) -> Stop:
        """Run to virtual time `until`, or until something named in `wake` waits to be collected.

        Returns at once if such a thing is waiting already, or if `until` has passed. Raises GuestFault.
        """

    def send_frame(self, frame: bytes, fcs: bytes | None = None, *, pad: bool = True) -> float:
        """Put an Ethernet frame (without FCS) on the cable; it arrives when its last bit has.

        Frames queue up at 10 Mbit/s: returns the virtual time at which this one will have crossed. It is
        padded to 60 bytes unless `pad` is false; `fcs`, 4 bytes in the order of the cable, replaces the right
        one. Raises EngineLacks where the engine cannot do either.
        """

    def frames(self) -> list[TimedFrame]:
        """Collect the frames the board sent since the last call."""

    def uart_write(self, data: bytes) -> None:
        """Type `data` on the board's console."""

    def uart_read(self) -> bytes:
        """Collect what the board printed since the last call."""

    def snapshot(self) -> Any:
        """The whole state, for `restore` of this machine. Raises EngineLacks where the engine cannot."""

    def restore(self, state: Any) -> None:
        """Back to a state that `snapshot` gave."""

    def read_memory(self, address: int, size: int) -> bytes:
        """Look at guest memory without disturbing the guest."""

    def symbol(self, name: str) -> int:
        """Address of a symbol of the loaded ELF. Raises KeyError."""

    def close(self) -> None:
        """Give back whatever the engine holds."""
