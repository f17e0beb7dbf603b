"""The board on the bench: what users hold. It hides which engine runs it."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.addresses import BOARD, Station, host_beside
from bench.capture import WAS_RESET
from bench.engines import DEFAULT_ENGINE, create_machine
from bench.health import Health
from bench.loop import Loop
from bench.scapy_interface import attach
from bench.uart import Uart
from bench.wire import Wire, WireState
from emulation import paths
from emulation.errors import UserError
from emulation.machine import Machine

ROOT = paths.ROOT
DEFAULT_FIRMWARE = paths.default_firmware()
DEFAULT_SEED = 1


@dataclass(frozen=True)
class BoardState:
    """What `Board.snapshot` gives: good for `restore` of the same board, any number of times."""

    machine: Any
    uart: bytes
    wire: WireState
    typing: tuple[bytes, float] = (b"", 0.0)
    """What is still on its way to the console."""


class Board:
    """An Arduino 101 with an Ethernet shield, plugged into a `Wire`.

        with Board.boot() as board:
            board.uart.wait_for("listening", timeout=5)
            reply = board.wire.sr1(Ether() / IP(dst=board.ip) / ICMP(), timeout=1)

    All times are virtual seconds since reset. The thread that makes the board runs it.
    """

    def __init__(
        self,
        machine: Machine,
        *,
        seed: int = DEFAULT_SEED,
        station: Station = BOARD,
        host: Station | None = None,
    ) -> None:
        self.machine = machine
        """The engine's side of the board."""
        self.seed = seed
        """Where all randomness on the board and in the bench comes from."""
        self.random = random.Random(seed)
        """Randomness for tests: from the seed, and rewound by `restore`."""
        self.station = station
        """The board's addresses."""
        self.firmware: Path | None = None
        """The ELF that was loaded, where `boot` has loaded it: what `emulation.dwarf` reads."""
        self._loop = Loop(machine)
        self.clock = self._loop.clock
        """Virtual time: `board.clock.now`, seconds since reset."""
        self.uart = Uart(self._loop)
        """The console."""
        self.wire = Wire(self._loop, board=station, host=host or host_beside(station), rng=self.random)
        """The Ethernet segment: a Scapy socket."""
        attach(self.wire)
        self.health = Health(self._loop, self.uart, self.wire)
        """Whether the guest is well, and what is wrong with it."""

    @classmethod
    def boot(
        cls,
        engine: str = DEFAULT_ENGINE,
        firmware: str | os.PathLike[str] | None = None,
        *,
        seed: int = DEFAULT_SEED,
        platform: str | os.PathLike[str] | None = None,
        station: Station = BOARD,
        host: Station | None = None,
        spin_limit: float | None = None,
    ) -> Self:
        """Power up a board with a firmware (an ELF; default: what `bench firmware` has built).

        The board stands at reset, at time 0, until something waits for it. `seed` is where all randomness
        on the board and in the bench comes from, `platform` another platform file than ours, `station` the
        addresses of a firmware that has others, `host` the bench's own (default: beside them).

        `spin_limit` is after how many virtual seconds of computing without a halt, a frame or output the
        guest counts as hung, where the engine looks (default: 5); one that polls and never halts needs more.
        Raises UserError for a firmware or platform that is missing or unusable.
        """
        elf = find_firmware(firmware)
        machine = create_machine(engine, platform=Path(platform) if platform else None, seed=seed)
        try:
            if spin_limit is not None and hasattr(machine, "spin_limit"):
                machine.spin_limit = spin_limit
            machine.load(elf)
        except BaseException:
            machine.close()
            raise
        board = cls(machine, seed=seed, station=station, host=host)
        board.firmware = elf
        return board

    def meet(self, station: Station) -> None:
        """From now on the board is known by these addresses: it has told them itself."""
        self.station = self.wire.board = station

    @property
    def engine(self) -> str:
        """Name of the engine that runs the board."""
        return self.machine.engine

    @property
    def digest(self) -> str:
        """Which firmware it is: the first 16 digits of the ELF's SHA-256."""
        firmware = getattr(self.machine, "firmware", None)
        return "" if firmware is None else firmware.sha256[:16]

    @property
    def origin(self) -> str:
        """What decides on all that the board does, for the comment of a capture (see `bench.replay`)."""
        return f"engine {self.engine}, seed {self.seed}, firmware {self.digest or 'none'}"

    @property
    def ip(self) -> str:
        """IPv4 address."""
        return self.station.ip

    @property
    def ip6(self) -> str:
        """Global IPv6 address."""
        return self.station.ip6

    @property
    def link_local(self) -> str:
        """Link-local IPv6 address."""
        return self.station.link_local

    @property
    def mac(self) -> str:
        """MAC address."""
        return self.station.mac

    @property
    def instructions(self) -> int:
        """Instructions executed since reset; 0 where the engine cannot count them."""
        return self.machine.instructions

    def run(self, seconds: float) -> None:
        """Run for so many virtual seconds. Raises GuestFault."""
        self._loop.run(seconds)

    def step(self, until: float) -> None:
        """Run to virtual time `until` or to the next frame or console output, whichever comes first.

        For a loop of one's own; Python's signal handlers run within it. Raises GuestFault.
        """
        self._loop.step(until)

    def read_memory(self, address: int, size: int) -> bytes:
        """Look at `size` bytes of guest memory without disturbing the guest."""
        return self.machine.read_memory(address, size)

    def symbol(self, name: str) -> int:
        """Address of a symbol of the firmware. Raises KeyError."""
        return self.machine.symbol(name)

    def snapshot(self) -> BoardState:
        """The whole state: board, console output, frames nobody has read yet, randomness.

        Raises EngineLacks where the engine cannot do it.
        """
        # Output that waits inside the engine belongs to the bench side of the state.
        with self._loop.lock:
            self._loop.collect()
            return BoardState(
                self.machine.snapshot(), self.uart.save(), self.wire.save(), self._loop.typist.save()
            )

    def restore(self, state: BoardState) -> None:
        """Back to a snapshot of this board.

        Listeners and taps on the wire are detached, a fault is forgotten.
        """
        with self._loop.lock:
            self.machine.restore(state.machine)
            self._loop.fault = None
            self.uart.restore(state.uart)
            self._loop.typist.restore(state.typing)
            self.wire.restore(state.wire)

    def reset(self) -> None:
        """Power-on reset: the firmware starts anew, at time 0.

        A fault, what was printed and frames that nobody has read are forgotten. Listeners and taps on the
        wire stay; the connections of peers are gone, without a word from the board.
        """
        with self._loop.lock:
            self.machine.reset()
            self._loop.fault = None
            self.uart.restore(b"")
            self._loop.typist.restore((b"", 0.0))
            self.wire.queue.clear()
            if self.wire.capture is not None:
                self.wire.capture.settle(WAS_RESET, float("-inf"))

    def close(self) -> None:
        """Switch off."""
        self.machine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def find_firmware(firmware: str | os.PathLike[str] | None) -> Path:
    """The path of the firmware to load. Raises UserError if there is no such file."""
    if firmware is not None:
        elf = Path(firmware)
        hint = "give the path of an ELF for the board, or leave --firmware away for the default one"
    else:
        elf = DEFAULT_FIRMWARE
        hint = "build it with `bench firmware`"
    if not elf.is_file():
        raise UserError(f"there is no firmware at {elf}", hint)
    return elf
