"""The board's memories as GNU ld wants them."""

from __future__ import annotations

from emulation.platform.model import Platform


def linker_regions(platform: Platform) -> str:
    """A `MEMORY` block with one region for each memory of the board.

    A region is named after its entry in the platform description; a further address of the same memory is
    called `<name>_at_<address>`. Only memories with `ram` in their name are writable.
    """
    lines = []
    seen: set[str] = set()
    for memory in platform.memories():
        name = f"{memory.name}_at_{memory.start:x}" if memory.name in seen else memory.name
        seen.add(memory.name)
        access = "rwx" if "ram" in memory.name.lower() else "rx"
        lines.append(f"    {name} ({access}) : ORIGIN = {memory.start:#010x}, LENGTH = {memory.size:#x}")
    return "\n".join(["MEMORY", "{", *lines, "}", ""])
