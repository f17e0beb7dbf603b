"""The notices of what the firmware contains, as they have to go with every copy of it."""

from __future__ import annotations

from pathlib import Path

from emulation.errors import UserError
from emulation.firmware.sources import LWIP, MICROPYTHON, SourcePackage, Sources

HEAD = """\
This package carries a firmware, emulation/prebuilt/ws_bench.elf. Code of others was linked into it:
{parts}
Their notices follow. All else in this package is under the licence in the file LICENSE beside this one.
"""

CANDIDATES = ("debian/copyright", "LICENSE", "COPYING")
"""Where a source tree has its notices; a Debian source package has them complete in the first."""


def notices(sources: Sources) -> str:
    """The text of NOTICES.txt. Raises UserError for a source tree without any notice."""
    trees: list[tuple[SourcePackage, Path]] = [(MICROPYTHON, sources.micropython), (LWIP, sources.lwip)]
    parts = "\n".join(f"  {tree.name}" for _, tree in trees)
    sections = [HEAD.format(parts=parts)]
    for package, tree in trees:
        sections.append(f"{'=' * 100}\n{tree.name}\n{'=' * 100}\n\n{_notice(package, tree)}")
    return "\n\n".join(sections)


def _notice(package: SourcePackage, tree: Path) -> str:
    for name in CANDIDATES:
        if (tree / name).is_file():
            return (tree / name).read_text(encoding="utf-8")
    raise UserError(
        f"{tree} has none of {', '.join(CANDIDATES)}: its code must not be passed on without its notice",
        f"use the fetched sources: leave {package.variable} unset",
    )
