"""The embedded emulator as an engine: the CPU, the models and virtual time, run as one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

from emulation.elf import Firmware
from emulation.errors import GuestFault, UserError
from emulation.machine import Stop, TimedFrame
from emulation.platform import Platform, load_platform
from emulation.quark.clock import HZ
from emulation.quark.cpu import Cpu, CpuState, Exit, TripleFault
from emulation.quark.ethernet import EthernetPort
from emulation.quark.health import Health
from emulation.quark.soc import Soc
from emulation.quark.spi_tap import SpiTransaction, tap_spi

log = logging.getLogger(__name__)

_LONGEST_SLICE = 8_000_000
"""Cycles. A slice cannot be interrupted from Python: this keeps Ctrl-C answered within about 0.1 s."""


@dataclass(frozen=True)
class QuarkState:
    """A snapshot: everything that decides what the board does next."""

    firmware: str
    cpu: CpuState
    clock: dict[str, Any]
    parts: dict[str, Any]
    port: dict[str, Any] | None
    memories: tuple[bytes, ...]
    frames: tuple[TimedFrame, ...]
    uart: bytes
    health: dict[str, Any]
    executed: int


class QuarkMachine:
    """One emulated board; implements `emulation.machine.Machine`.

    `seed` is what the always-on counter holds at power-on, the board's source of randomness. `console` names
    the UART whose bytes `uart_read` and `uart_write` carry. `spin_limit` is how many virtual seconds the
    guest may compute without halting, printing or sending before that counts as a fault.
    """

    engine = "quark"
    description = f"embedded emulator, Unicorn {version('unicorn')}"
    lacks: ClassVar[dict[str, str]] = {}

    def __init__(
        self,
        platform: Platform | Path | None = None,
        *,
        seed: int = 0,
        console: str = "uartB",
        spin_limit: float = 5.0,
    ) -> None:
        if not isinstance(platform, Platform):
            platform = load_platform(platform) if platform is not None else load_platform()
        self.platform = platform
        self.seed = seed
        self.unknown_accesses: list[str] = []
        """One line for each register or address the guest used that no model has."""
        self._known_unknowns: set[tuple[str, int]] = set()
        self.firmware: Firmware | None = None
        self._soc = Soc(platform, seed, self._unclaimed)
        memories = self._soc.bus.memories
        self._cpu = Cpu(
            [(start, start + m.size) for m in memories if not m.writable for start in m.starts][:4]
        )
        self._soc.bus.map(self._cpu.uc)
        self._volatile = [m for m in memories if m.writable]
        self._clock = self._soc.clock
        self._lapic = self._soc.lapic
        self._uart = self._soc.uart(console)
        self._uart.transmit = self._printed
        ethernet = self._soc.ethernet
        self._port: EthernetPort | None = None
        if ethernet is not None:
            self._port = EthernetPort(self._clock, ethernet.receive)
            ethernet.transmit = self._sent
        self._health = Health(self._cpu, int(spin_limit * HZ), lambda: self._clock.now)
        self._frames: list[TimedFrame] = []
        self._uart_out = bytearray()
        self._wake = Stop.DEADLINE
        self._executed = 0
        self._fault: GuestFault | None = None
        self._reset_requested = ""
        self._connect()

    def _connect(self) -> None:
        state = self._cpu.state
        self._running_cycles = lambda: state.cycles

        def pending() -> None:
            state.interrupt = 1 if self._lapic.deliverable else 0

        def earlier(cycle: int) -> None:
            if cycle < state.deadline:
                state.deadline = max(cycle, 0)

        def request() -> None:
            state.request = 1

        self._lapic.on_pending = pending
        self._clock.on_earlier = earlier
        for window in self._soc.bus.windows:
            window.on_error = request
        for part in self._soc.peripherals():
            part.on_unknown = self._unknown_register
        self._cpu.on_port = self._unknown_port
        self._soc.on_reset_request(self._request_reset)

    def _request_reset(self, kind: str) -> None:
        self._reset_requested = kind
        self._cpu.state.request = 1

    @property
    def spin_limit(self) -> float:
        """Virtual seconds that the guest may compute without halting, printing or sending.

        A firmware that polls and never halts needs more than one that sleeps when it has nothing to do.
        """
        return self._health.spin_limit / HZ

    @spin_limit.setter
    def spin_limit(self, seconds: float) -> None:
        self._health.spin_limit = round(seconds * HZ)

    # -- what the guest touches that is not there --------------------------------------------------------

    def _note_unknown(self, key: tuple[str, int], what: str) -> None:
        if key not in self._known_unknowns:
            self._known_unknowns.add(key)
            # EIP is not known inside an access; the block being executed is.
            address = self._cpu.state.block
            where = self.firmware.symbol_at(address) if self.firmware else ""
            line = f"{what} by the code at 0x{address:08x}" + (f" ({where})" if where else "")
            self.unknown_accesses.append(line)
            log.info("%s", line)

    def _unknown_register(self, part: Any, kind: str, offset: int, width: int) -> None:
        self._note_unknown(
            (part.name + kind, offset),
            f"{part.name}: {kind} of unmodelled register 0x{offset:03x}, {width} bytes,",
        )

    def _unclaimed(self, kind: str, address: int, width: int) -> int:
        value = self._soc.tag_value(address)
        if value is None:
            self._note_unknown(
                (kind, address), f"{kind} of 0x{address:08x}, {width} bytes, where no model answers,"
            )
            return 0
        return value

    def _unknown_port(self, kind: str, port: int, width: int, _value: int) -> int:
        self._note_unknown(("port " + kind, port), f"{kind} of I/O port 0x{port:x}, {width} bytes,")
        return 0

    # -- load and reset ----------------------------------------------------------------------------------

    def load(self, elf: Path) -> None:
        """Load a firmware and reset the board. Raises UserError for a file that cannot run here."""
        firmware = Firmware(Path(elf))
        for segment in firmware.segments:
            if self._soc.bus.find(segment.address, len(segment.data)) is None:
                raise UserError(
                    f"{elf}: its segment at 0x{segment.address:08x} is outside the board's memories",
                    "link it for the memory map of " + self.platform.path.name,
                )
        self.firmware = self._health.firmware = firmware
        self.reset()

    def reset(self) -> None:
        """Power-on reset with the loaded firmware in place."""
        for memory in self._soc.bus.memories:
            memory.data[:] = bytes(memory.size)
        self._clock.read_cycles = None
        self._start_over(0)
        self._frames.clear()
        self._uart_out.clear()
        self._health.reset()
        self._executed = 0
        self._fault = None

    def _start_over(self, cycle: int) -> None:
        """Every register at its reset value, the ELF's segments in place; SRAM keeps the rest it holds."""
        entry = 0
        if self.firmware is not None:
            entry = self.firmware.entry
            for segment in self.firmware.segments:
                found = self._soc.bus.find(segment.address, len(segment.data))
                assert found is not None
                memory, offset = found
                memory.data[offset : offset + len(segment.data)] = segment.data
        self._soc.reset()
        if self._port is not None:
            self._port.reset()
        self._cpu.reset(entry)
        self._clock.advance(cycle)
        self._cpu.state.cycles = cycle
        self._cpu.state.interrupt = 1 if self._lapic.deliverable else 0
        self._reset_requested = ""

    # -- running -----------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """Virtual seconds since reset."""
        return self._clock.now / HZ

    @property
    def instructions(self) -> int:
        """Instructions executed since reset, without the cycles spent halted."""
        return self._executed

    def run(self, until: float, wake: Stop = Stop.DEADLINE) -> Stop:
        """Run to virtual time `until` or to what `wake` names; see `Machine.run`. Raises GuestFault."""
        if self._fault is not None:
            raise self._fault
        if self.firmware is None:
            raise UserError("no firmware is loaded", "call load() first")
        self._wake = wake
        end = round(until * HZ)
        if end / HZ < until:
            end += 1  # between two cycles: who waits for `now` to reach `until` must not wait for ever
        try:
            while True:
                reason = self._waiting() & wake
                if reason:
                    return reason
                if self._clock.now >= end:
                    return Stop.DEADLINE
                self._step(end)
        except GuestFault as fault:
            self._fault = fault
            raise

    def _waiting(self) -> Stop:
        waiting = Stop.DEADLINE
        if self._frames:
            waiting |= Stop.FRAME
        if self._uart_out:
            waiting |= Stop.UART
        return waiting

    def _step(self, end: int) -> None:
        """One interrupt delivery, one jump over idle time, or one slice of execution."""
        cpu, clock = self._cpu, self._clock
        clock.advance(clock.now)
        if self._lapic.deliverable and cpu.interrupts_enabled:
            self._deliver(self._lapic.acknowledge())
        due = clock.next_event
        if cpu.halted:
            self._health.progressed()
            if not cpu.interrupts_enabled:
                raise self._health.fault("halted", "HLT with interrupts off: nothing can wake the CPU")
            target = end if due is None else min(due, end)
            clock.advance(max(target, clock.now))
            cpu.state.cycles = clock.now
            return
        self._health.check_time()
        now = clock.now
        limit = min(end, now + _LONGEST_SLICE, self._health.patience)
        if due is not None:
            limit = min(limit, due)
        clock.read_cycles = self._running_cycles
        try:
            reason = cpu.run(limit)
        finally:
            clock.read_cycles = None
        self._executed += cpu.state.cycles - now
        clock.advance(cpu.state.cycles)
        for window in self._soc.bus.windows:
            if window.error is not None:
                error, window.error = window.error, None
                raise error
        if self._reset_requested:
            # The board starts again, time does not: whoever watches from outside sees one timeline.
            log.info("the guest asked for a %s reset", self._reset_requested)
            self._health.saw_reset()
            self._start_over(cpu.state.cycles)
            return
        if reason is Exit.EXCEPTION:
            if cpu.is_exception:
                self._health.saw_exception()
            self._deliver(cpu.vector, exception=cpu.is_exception)
        elif reason is Exit.UNMAPPED:
            refused = cpu.fetch_refused
            if refused is not None and self._soc.bus.allow_execution(cpu.uc, refused):
                return
            raise self._health.fault("unmapped", cpu.bad_access)

    def _deliver(self, vector: int, *, exception: bool = False) -> None:
        try:
            self._cpu.deliver(vector, exception=exception)
        except TripleFault as error:
            raise self._health.fault("triple-fault", str(error)) from None
        self._cpu.state.interrupt = 1 if self._lapic.deliverable else 0

    # -- the world outside -------------------------------------------------------------------------------

    def _sent(self, frame: bytes, fcs_ok: bool) -> None:
        """A frame has left the board; one with a wrong FCS is what a receiver's hardware would discard."""
        if not fcs_ok:
            log.warning("the board sent a frame with a wrong FCS (%d bytes)", len(frame))
            return
        self._frames.append(TimedFrame(self._clock.seconds, frame))
        self._health.progressed()
        if self._wake & Stop.FRAME:
            self._cpu.state.request = 1

    def _printed(self, byte: int) -> None:
        self._uart_out.append(byte)
        self._health.printed(byte)
        if self._wake & Stop.UART:
            self._cpu.state.request = 1

    def send_frame(self, frame: bytes, fcs: bytes | None = None, *, pad: bool = True) -> float:
        """Put a frame on the cable; see `Machine.send_frame`. Raises UserError without a controller."""
        if self._port is None:
            raise UserError("this platform has no Ethernet controller", "add one to the platform file")
        return self._port.send(bytes(frame), fcs, pad=pad) / HZ

    def frames(self) -> list[TimedFrame]:
        """Collect the frames the board sent since the last call."""
        collected, self._frames = self._frames, []
        return collected

    def uart_write(self, data: bytes) -> None:
        """Type on the console."""
        self._uart.receive(bytes(data))

    def uart_read(self) -> bytes:
        """Collect what the board printed since the last call."""
        collected = bytes(self._uart_out)
        self._uart_out.clear()
        return collected

    # -- looking in --------------------------------------------------------------------------------------

    def trace_spi(self, sink: Callable[[SpiTransaction], None]) -> Callable[[], None]:
        """Hand every transaction of the board's SPI slave to `sink`; see `spi_tap`. Returns what ends it."""
        return tap_spi(self._soc.peripherals(), lambda: self._clock.seconds, sink)

    def read_memory(self, address: int, size: int) -> bytes:
        """Guest memory, undisturbed. Raises UserError for addresses that are no memory."""
        found = self._soc.bus.find(address, size)
        if found is None:
            raise UserError(
                f"no memory holds 0x{address:08x} and the {size} bytes from there", "see the platform file"
            )
        memory, offset = found
        return bytes(memory.data[offset : offset + size])

    def symbol(self, name: str) -> int:
        """Address of a symbol of the loaded ELF. Raises KeyError."""
        if self.firmware is None:
            raise KeyError(name)
        return self.firmware.symbols[name]

    def registers(self) -> dict[str, int]:
        """The CPU's registers."""
        return self._cpu.registers()

    def peripheral(self, name: str) -> Any:
        """The model behind an entry of the platform file, to look at. Raises KeyError."""
        return self._soc.parts[name]

    # -- snapshots ---------------------------------------------------------------------------------------

    def snapshot(self) -> QuarkState:
        """Everything that decides what the board does next, for `restore` of this machine."""
        return QuarkState(
            firmware=self.firmware.sha256 if self.firmware else "",
            cpu=self._cpu.save(),
            clock=self._clock.save(),
            parts=self._soc.save(),
            port=self._port.save() if self._port else None,
            memories=tuple(bytes(m.data) for m in self._volatile),
            frames=tuple(self._frames),
            uart=bytes(self._uart_out),
            health=self._health.save(),
            executed=self._executed,
        )

    def restore(self, state: QuarkState) -> None:
        """Back to a snapshot of this machine. Raises UserError if another firmware was loaded since."""
        if state.firmware != (self.firmware.sha256 if self.firmware else ""):
            raise UserError("this snapshot belongs to another firmware", "take a new one after load()")
        for memory, content in zip(self._volatile, state.memories, strict=True):
            memory.data[:] = content
        self._cpu.restore(state.cpu)
        self._clock.restore(state.clock)
        self._soc.restore(state.parts)
        if self._port is not None and state.port is not None:
            self._port.restore(state.port)
        self._frames = list(state.frames)
        self._uart_out[:] = state.uart
        self._health.restore(state.health)
        self._executed = state.executed
        self._fault = None
        self._reset_requested = ""  # of the time that is undone
        self._cpu.state.interrupt = 1 if self._lapic.deliverable else 0

    def close(self) -> None:
        """Nothing outlives the object: no process, no file."""
