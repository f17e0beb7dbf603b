"""Puts the board together: models for the entries of a platform description, wired as it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulation.errors import UserError
from emulation.platform import Entry, Platform
from emulation.quark.bus import Bus, Window
from emulation.quark.clock import Clock
from emulation.quark.enc28j60 import Enc28j60
from emulation.quark.gpio import DwGpio
from emulation.quark.ioapic import IoApic
from emulation.quark.lapic import Lapic
from emulation.quark.ns16550 import Ns16550
from emulation.quark.peripheral import Line, Peripheral
from emulation.quark.scss import Scss
from emulation.quark.ssi import DwSsi
from emulation.quark.storage import Storage

MEMORY = "Memory.MappedMemory"
CPU = "CPU.X86"
LAPIC = "IRQControllers.LAPIC"
IOAPIC = "IRQControllers.IOAPIC"
ETHERNET = "Network.ENC28J60"
UART = "UART.NS16550"

# What a guest may touch without a model behind it: the SoC's peripheral buses, and the two APIC pages
# (Quark SE C1000 data sheet, address map). Everything else that the platform file does not name is unmapped.
WINDOWS = ((0xB0000000, 0x900000), (0xFEC00000, 0x1000), (0xFEE00000, 0x1000))

_READ_ONLY = ("flash", "flash2", "otp", "rom")


class Soc:
    """Every model of one board, its bus and its clock."""

    def __init__(self, platform: Platform, seed: int, on_unclaimed: Callable[[str, int, int], int]) -> None:
        self.platform = platform
        self.clock = Clock()
        self.bus = Bus()
        self.parts: dict[str, Any] = {}
        """Model by entry name; everything with `reset`, `save` and `restore`."""
        self._wires: list[tuple[Line, Callable[[bool], None]]] = []
        for start, size in WINDOWS:
            self.bus.windows.append(Window(start, size, on_unclaimed))
        # Narrow ones first: a register's own answer lies inside its block's.
        self._tags = sorted(platform.tags(), key=lambda tag: tag.size)
        places: dict[str, list[int]] = {}
        sizes: dict[str, int] = {}
        for memory in platform.memories():
            sizes[memory.name] = memory.size
            places.setdefault(memory.name, []).append(memory.start)
        for name, starts in places.items():
            self.bus.add_memory(name, tuple(starts), sizes[name], writable=name not in _READ_ONLY)
        self.lapic: Lapic = self._only(LAPIC, lambda e: Lapic(e.name, self.clock))
        self.ioapic: IoApic = self._only(IOAPIC, lambda e: IoApic(e.name, self.lapic))
        for entry in platform.entries.values():
            self._build(entry, seed)
        for entry in platform.entries.values():
            self._place(entry)
        for entry in platform.entries.values():
            self._wire(entry)
        self.reset()

    def _only(self, kind: str, make: Callable[[Entry], Any]) -> Any:
        found = [e for e in self.platform.entries.values() if e.type == kind]
        if len(found) != 1:
            raise UserError(
                f"{self.platform.path}: the board needs one {kind}, found {len(found)}",
                "see arduino_101.repl",
            )
        part = self.parts[found[0].name] = make(found[0])
        return part

    def _build(self, entry: Entry, seed: int) -> None:
        match entry.type:
            case "UART.NS16550":
                self.parts[entry.name] = Ns16550(entry.name)
            case "SPI.Quark_SPI":
                self.parts[entry.name] = DwSsi(entry.name)
            case "GPIOPort.DesignWare_APB_GPIO" | "X86.Quark_GPIOController":
                self.parts[entry.name] = DwGpio(entry.name)
            case "Miscellaneous.Quark_SystemControlSubsystem":
                self.parts[entry.name] = Scss(entry.name, self.clock, seed)
            case "X86.Quark_PWM":
                self.parts[entry.name] = Storage(entry.name)
            case "Network.ENC28J60":
                self.parts[entry.name] = Enc28j60(entry.name, self.clock)
            case _ if entry.type in (MEMORY, CPU, LAPIC, IOAPIC) or not entry.type:
                pass
            case _:
                raise UserError(
                    f"{entry.location}: the embedded emulator has no model of {entry.type} ({entry.name})",
                    "take the entry out, or run this platform in Renode",
                )

    def _place(self, entry: Entry) -> None:
        part = self.parts.get(entry.name)
        if part is None:
            return
        for registration in entry.registrations:
            if registration.parent != "sysbus":
                parent = self.parts.get(registration.parent)
                if not isinstance(parent, DwSsi):
                    raise UserError(
                        f"{entry.location}: {entry.name} cannot sit on {registration.parent}",
                        "put it on an SPI master",
                    )
                parent.slave = part
                continue
            address = registration.address
            if address is None:
                continue
            size = registration.range.size if registration.range else part.SIZE
            window = next(
                (w for w in self.bus.windows if w.start <= address and address + size <= w.start + w.size),
                None,
            )
            if window is None:
                raise UserError(
                    f"{entry.location}: {entry.name} at 0x{address:08x} is outside the peripheral buses",
                    "the SoC has peripherals at 0xB0000000 to 0xB08FFFFF, 0xFEC00000 and 0xFEE00000",
                )
            window.add(address, size, part)

    def _wire(self, entry: Entry) -> None:
        part = self.parts.get(entry.name)
        for interrupt in entry.interrupts:
            if isinstance(part, Lapic | IoApic) or part is None:
                continue  # the APICs' wires to each other and to the CPU are what the models do by themselves
            line = part.int_pin if isinstance(part, Enc28j60) else part.irq
            target = self.parts.get(interrupt.target)
            pin = interrupt.pin
            if isinstance(target, IoApic | DwGpio):
                try:
                    listener = target.input(pin) if isinstance(target, IoApic) else target.pin(pin)
                except IndexError as error:
                    raise UserError(f"{interrupt.location}: {error}", "name one of them") from None
            else:
                raise UserError(
                    f"{entry.location}: {entry.name} cannot interrupt {interrupt.target}",
                    "use ioapic@N or gpio@N",
                )
            line.connect(listener)
            self._wires.append((line, listener))

    def tag_value(self, address: int) -> int | None:
        """What a block without a model answers at `address`, None where the platform file names none."""
        return next((t.value for t in self._tags if t.start <= address < t.start + t.size), None)

    @property
    def ethernet(self) -> Enc28j60 | None:
        """The Ethernet controller, if the platform has one."""
        return next((p for p in self.parts.values() if isinstance(p, Enc28j60)), None)

    def uart(self, name: str) -> Ns16550:
        """A UART by name. Raises UserError where there is none of that name."""
        part = self.parts.get(name)
        if not isinstance(part, Ns16550):
            known = ", ".join(n for n, p in self.parts.items() if isinstance(p, Ns16550)) or "none"
            raise UserError(f"{self.platform.path} has no UART named {name}", f"it has: {known}")
        return part

    def on_reset_request(self, listener: Callable[[str], None]) -> None:
        """Tell `listener` when software asks the system control subsystem for a `warm` or `cold` reset."""
        for part in self.parts.values():
            if isinstance(part, Scss):
                part.on_reset = listener

    def peripherals(self) -> list[Peripheral]:
        """The models that can report unmodelled registers."""
        return [p for p in self.parts.values() if isinstance(p, Peripheral)]

    def reset(self) -> None:
        """Power-on state of every model, with the wires at the level their drivers give them."""
        self.clock.reset()
        for part in self.parts.values():
            part.reset()
        for line, listener in self._wires:
            listener(line.level)

    def save(self) -> dict[str, Any]:
        """A copy of every model's state."""
        return {name: part.save() for name, part in self.parts.items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Back to a saved state."""
        for name, part in self.parts.items():
            part.restore(state[name])
