"""The description of the board, in Renode's format: for Renode itself, the embedded emulator and the linker.

    platform = load_platform()
    platform["uartB"].address               # 0xB0002400
    platform["uartB"].interrupt("IRQ").pin  # 6, on the I/O APIC
    platform.memories()

A mistake in such a file is a PlatformError with file, line, column and what was expected there.
"""

from emulation.platform.linker import linker_regions
from emulation.platform.model import (
    BUS,
    MEMORY_TYPE,
    AddressRange,
    Dictionary,
    Empty,
    Entry,
    Enumeration,
    Interrupt,
    Location,
    Memory,
    NewObject,
    Platform,
    PlatformError,
    Reference,
    Registration,
    Tag,
    Value,
)
from emulation.platform.parser import ARDUINO_101, load_platform

__all__ = [
    "ARDUINO_101",
    "BUS",
    "MEMORY_TYPE",
    "AddressRange",
    "Dictionary",
    "Empty",
    "Entry",
    "Enumeration",
    "Interrupt",
    "Location",
    "Memory",
    "NewObject",
    "Platform",
    "PlatformError",
    "Reference",
    "Registration",
    "Tag",
    "Value",
    "linker_regions",
    "load_platform",
]
