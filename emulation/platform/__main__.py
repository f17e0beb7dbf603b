"""`python -m emulation.platform regions|check [FILE]`: the platform description on the command line."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from emulation.errors import UserError
from emulation.platform import ARDUINO_101, Platform, linker_regions, load_platform


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m emulation.platform", description=__doc__)
    parser.add_argument(
        "command",
        choices=["regions", "check"],
        help="regions: print a MEMORY block for GNU ld; check: read the description and list its entries",
    )
    parser.add_argument("file", nargs="?", type=Path, default=ARDUINO_101, help="default: %(default)s")
    options = parser.parse_args(arguments)
    try:
        platform = load_platform(options.file)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(linker_regions(platform) if options.command == "regions" else _listing(platform), end="")
    return 0


def _listing(platform: Platform) -> str:
    lines = []
    for entry in platform:
        places = ", ".join(
            r.parent if r.address is None else f"{r.parent} {r.address:#x}" for r in entry.registrations
        )
        wires = ", ".join(f"{wire.target}@{wire.pin}" for wire in entry.interrupts[:4])
        more = ", ..." if len(entry.interrupts) > 4 else ""
        lines.append(f"{entry.name:10} {entry.type:45} {places}" + (f" -> {wires}{more}" if wires else ""))
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main())
