"""Renode as an engine: the board's files and its firmware in a Renode of this machine."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import tempfile
import weakref
import zlib
from dataclasses import dataclass
from pathlib import Path

from emulation.boot_rom import BASE, RESET_VECTOR, boot_rom
from emulation.elf import Firmware
from emulation.errors import EngineLacks, Evidence, GuestFault, UserError
from emulation.machine import Stop, TimedFrame
from emulation.renode.cable import MAXIMUM, MINIMUM, Cable, Waiting
from emulation.renode.find import find_renode
from emulation.renode.limits import FORGETS_LOADS, ended_by_rendering, lacks, unknown_type
from emulation.renode.process import Refused, RenodeFailed, RenodeProcess

SCRIPT = Path(__file__).with_name("arduino_101.resc")
ETHERNET = "spi1.ethernet"
MICRO = 1_000_000
ERRORS_ONLY = "logLevel 3"
"""Models warn at each access that they do not take: firmware that repeats one would fill the disk."""
REGISTERS = ("EAX", "ECX", "EDX", "EBX", "ESP", "EBP", "ESI", "EDI", "PC")
"""Names of the registers in Renode; its PC is EIP."""
TAIL_LINES = 12
RESTORES = 1000
"""Restores after which a fresh process takes over, as Renode 1.12 keeps some 0.5 MB at each."""


@dataclass(frozen=True)
class RenodeState:
    """A snapshot: what Renode has written about itself, and what was under way on this side."""

    saved: str
    """Name of the file, in the machine's folder."""
    now: int
    instructions: int
    waiting: tuple[Waiting, ...]
    free_at: float
    frames: tuple[TimedFrame, ...]
    uart: bytes
    printed: bytes


class RenodeMachine:
    """The board in Renode; implements `emulation.machine.Machine`.

    `console` names the UART whose bytes `uart_read` and `uart_write` carry. Renode has no place for a `seed`:
    its always-on counter starts at 0. Raises UserError where there is no usable Renode.
    """

    engine = "renode"

    def __init__(self, platform: Path | None = None, *, seed: int = 0, console: str = "uartB") -> None:
        self.renode = find_renode()
        self.lacks = lacks(self.renode.number)
        if platform is not None and not platform.is_file():
            raise UserError(f"there is no platform file {platform}", "give the path of a .repl file")
        self.platforms = (platform,) if platform else self.renode.platforms
        self.seed = seed
        self.firmware: Firmware | None = None
        self._console = console
        self._process: RenodeProcess | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="bench-renode-"))
        self._numbers = itertools.count(1)
        self._restores = 0
        self._forget()

    def _forget(self) -> None:
        self._failure: EngineLacks | GuestFault | None = None
        self._now = 0
        self._instructions = 0
        self._cable = Cable()
        self._frames: list[TimedFrame] = []
        self._uart = bytearray()
        self._printed = bytearray()

    # -- what it is ------------------------------------------------------------------------------------------

    @property
    def description(self) -> str:
        """Which Renode this is."""
        return self.renode.name

    @property
    def now(self) -> float:
        """Virtual seconds since reset."""
        return self._now / MICRO

    @property
    def instructions(self) -> int:
        """Instructions executed since reset."""
        return self._instructions

    # -- firmware --------------------------------------------------------------------------------------------

    def load(self, elf: Path) -> None:
        """Load a firmware and reset the board. Raises UserError for a file that cannot run here."""
        self.firmware = Firmware(elf)
        link = self._folder / "firmware.elf"
        link.unlink(missing_ok=True)
        link.symlink_to(elf.resolve())
        self.reset()

    def reset(self) -> None:
        """Power-on reset: a fresh emulation. Raises UserError if Renode cannot make one."""
        self._end()  # `Clear` waits for ever in a Renode whose board has run (1.12)
        self._forget()
        complaints = []
        for platform in self.platforms:
            folder = self._folder / "platform"
            folder.unlink(missing_ok=True)
            folder.symlink_to(platform.resolve().parent)
            try:
                process = self._running()
                process.execute("Clear")
                process.execute(f"$platform=@{folder / platform.name}")
                process.execute(f"$bin=@{self._folder / 'firmware.elf'}")
                process.execute(f"include @{self._script()}")
                process.execute(ERRORS_ONLY)
                if rom := self._boot_rom():
                    process.execute(f"sysbus LoadBinary @{rom} {BASE:#x}")
                self._take(process.request("adopt", ETHERNET, self._console))
                return
            except (Refused, RenodeFailed) as failure:
                if isinstance(failure, RenodeFailed):
                    self._end()
                complaints.append(f"{platform.name}: {failure}")
        raise UserError(
            f"{self.renode.name} cannot load the board: {'; '.join(complaints)}",
            "the files for each version are in emulation/platform; see docs/renode.md",
        )

    def _boot_rom(self) -> Path | None:
        """One that starts the firmware; None for a firmware that brings its own."""
        assert self.firmware is not None
        if self.firmware.holds(RESET_VECTOR):
            return None
        path = self._folder / "boot_rom.bin"
        path.write_bytes(boot_rom(self.firmware.entry))
        return path

    def _script(self) -> Path:
        link = self._folder / "board"
        link.unlink(missing_ok=True)
        link.symlink_to(SCRIPT.parent)
        return link / SCRIPT.name

    def _running(self) -> RenodeProcess:
        if self._process is None:
            self._process = RenodeProcess(self.renode, self._folder)
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.close(keep=True)
            self._process = None

    # -- running ---------------------------------------------------------------------------------------------

    def run(self, until: float, wake: Stop = Stop.DEADLINE) -> Stop:
        """Run to virtual time `until`, or until something named in `wake` waits to be collected.

        What the board sends or prints is noticed at the end of an interval of 0.1 to 3.2 ms. Raises
        GuestFault also where Renode fails.
        """
        target = round(until * MICRO)
        if not (self._waiting & wake) and target > self._now:
            letters = ("f" if Stop.FRAME in wake else "") + ("u" if Stop.UART in wake else "")
            due = [f"{frame.at}:{frame.data.hex()}" for frame in self._cable.due(target)]
            self._take(self._ask("run", target, letters or "-", *due))
            self._cable.passed(self._now)
        return self._waiting & wake

    @property
    def _waiting(self) -> Stop:
        stop = Stop.DEADLINE
        if self._frames:
            stop |= Stop.FRAME
        if self._uart:
            stop |= Stop.UART
        return stop

    def _take(self, answer: str) -> None:
        now, instructions, printed, *frames = answer.split()
        self._now = int(now)
        self._instructions = int(instructions)
        if printed != "-":
            self._uart += bytes.fromhex(printed)
            self._printed += bytes.fromhex(printed)
        for word in frames:
            at, _, data = word.partition(":")
            # The controller's model hands over the frame with its FCS. It lacks the padding that the real one
            # adds when told to, and a cable carries nothing shorter.
            self._frames.append(TimedFrame(int(at) / MICRO, bytes.fromhex(data)[:-4].ljust(MINIMUM, b"\0")))

    def _ask(self, *words: object) -> str:
        if self._process is None:
            raise self._failure or self._fault("Renode is not running any more")
        try:
            return self._process.request(*words)
        except (RenodeFailed, Refused) as failure:
            self._failure = self._explain(str(failure), self._process.log)
            self._end()
            raise self._failure from None

    def _explain(self, why: str, log: str) -> EngineLacks | GuestFault:
        if ended_by_rendering(self.renode.number, log):
            return EngineLacks(
                f"{self.renode.name} ends when it has to log what the board sends here: {unknown_type(log)}",
                "use Renode 1.16.1 or newer, or the embedded emulator",
            )
        return self._fault(f"{self.renode.name}: {why}")

    def _fault(self, reason: str) -> GuestFault:
        tail = bytes(self._printed).decode(errors="replace").splitlines()[-TAIL_LINES:]
        return GuestFault("engine", reason, Evidence(self.now, uart_tail="\n".join(tail)))

    def registers(self) -> dict[str, int]:
        """The CPU's general registers and EIP, by name. Raises GuestFault where Renode fails."""
        found = (word.partition("=") for word in self._ask("registers", *REGISTERS).split())
        return {name.lower().replace("pc", "eip"): int(value) for name, _, value in found}

    def evidence(self) -> Evidence:
        """What is known about the guest now. Raises GuestFault where Renode fails."""
        registers = self.registers()
        at = registers.get("eip", 0)
        firmware = self.firmware
        symbol, source = (firmware.symbol_at(at), firmware.source_line(at)) if firmware else ("", "")
        return Evidence(self.now, registers, symbol, source, self._fault("").evidence.uart_tail)

    # -- what goes in and out --------------------------------------------------------------------------------

    def send_frame(self, frame: bytes, fcs: bytes | None = None, *, pad: bool = True) -> float:
        """Put an Ethernet frame (without FCS) on the cable; see `Machine.send_frame`.

        Raises EngineLacks for a frame that is too short or too long: Renode's controller would take it.
        """
        if (not pad and len(frame) < MINIMUM) or len(frame) > MAXIMUM:
            raise EngineLacks(
                f"Renode's ENC28J60 takes frames of any size, {len(frame)} bytes too, which a real one drops",
                "send it to the embedded emulator",
            )
        data = frame.ljust(MINIMUM, b"\0") if pad else frame
        checked = data + (zlib.crc32(data).to_bytes(4, "little") if fcs is None else fcs)
        return self._cable.send(self._now, checked) / MICRO

    def frames(self) -> list[TimedFrame]:
        """Collect the frames the board sent since the last call."""
        frames, self._frames = self._frames, []
        return frames

    def uart_write(self, data: bytes) -> None:
        """Type `data` on the board's console. Raises GuestFault where Renode fails."""
        if data:
            self._ask("type", data.hex())

    def uart_read(self) -> bytes:
        """Collect what the board printed since the last call."""
        data = bytes(self._uart)
        self._uart.clear()
        return data

    def read_memory(self, address: int, size: int) -> bytes:
        """Look at guest memory without disturbing the guest. Raises GuestFault where Renode fails."""
        return bytes.fromhex(self._ask("read", address, size)) if size else b""

    def symbol(self, name: str) -> int:
        """Address of a symbol of the loaded ELF. Raises KeyError."""
        if self.firmware is None:
            raise KeyError(name)
        return self.firmware.symbols[name]

    # -- state -----------------------------------------------------------------------------------------------

    def snapshot(self) -> RenodeState:
        """The whole state, for `restore` of this machine. Raises EngineLacks where Renode cannot save it."""
        name = f"state-{next(self._numbers)}"
        if self._process is None:
            raise UserError("there is nothing to take a snapshot of", "load a firmware first")
        try:
            self._process.request("save", name)
        except Refused as refused:
            raise EngineLacks(
                f"{self.renode.name} cannot save its state: {refused}", "use another version of Renode"
            ) from None
        except RenodeFailed as failure:
            self._end()
            raise self._fault(f"{self.renode.name}: {failure}") from None
        state = RenodeState(
            name,
            self._now,
            self._instructions,
            self._cable.waiting,
            self._cable.free_at,
            tuple(self._frames),
            bytes(self._uart),
            bytes(self._printed),
        )
        weakref.finalize(state, (self._folder / name).unlink, missing_ok=True)
        return state

    def restore(self, state: RenodeState) -> None:
        """Back to a state that `snapshot` gave; in a new process if Renode has ended. Raises GuestFault."""
        self._restores += 1
        if self._restores % RESTORES == 0 and self.renode.number < FORGETS_LOADS:
            self._end()
        with contextlib.suppress(UserError):
            self._running()
        self._forget()
        self._take(self._ask("load", state.saved, ETHERNET, self._console))
        self._now, self._instructions = state.now, state.instructions
        self._cable = Cable(state.waiting, state.free_at)
        self._frames = list(state.frames)
        self._uart[:] = state.uart
        self._printed[:] = state.printed

    def close(self) -> None:
        """End Renode and remove what it has written."""
        if self._process is not None:
            self._process.close()
            self._process = None
        shutil.rmtree(self._folder, ignore_errors=True)
