"""How fast and how large everything is: figures, most with the target they are held against.

Nothing here passes or fails: wall time depends on the host, and on what else it does. Each time is
therefore taken twice, as wall time and as CPU time, of an engine's own process, too: what an otherwise idle
core would need. Python imports are not part of any figure. `docs/performance.md` says what each figure means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bench.engines import DEFAULT_ENGINE, load_engine
from bench.perf import emulator, heap, host, server
from bench.perf.figure import Figure, Spent
from bench.perf.measurement import Measurement, Subject
from emulation.errors import UserError

__all__ = ["MEASUREMENTS", "Figure", "Spent", "measure", "select"]

MEASUREMENTS: tuple[Measurement, ...] = (
    *emulator.MEASUREMENTS,
    *server.MEASUREMENTS,
    *heap.MEASUREMENTS,
    *host.MEASUREMENTS,
)


def select(patterns: tuple[str, ...] = ()) -> list[Measurement]:
    """The measurements whose name contains one of the patterns (`*` and `?` match); all for no pattern.

    Raises UserError for a pattern that names nothing.
    """
    chosen: set[str] = set()
    for pattern in patterns:
        found = {m.name for m in MEASUREMENTS if fnmatchcase(m.name.lower(), f"*{pattern.lower()}*")}
        if not found:
            names = "; ".join(m.name for m in MEASUREMENTS)
            raise UserError(f"no figure is called {pattern!r}", f"the figures are: {names}")
        chosen |= found
    return [m for m in MEASUREMENTS if not patterns or m.name in chosen]


def measure(
    measurements: list[Measurement],
    firmware: Path | None = None,
    engine: str = DEFAULT_ENGINE,
    runs: int = 5,
    tell: Callable[[str], None] = lambda _: None,
    *,
    ready: str | None = None,
    board_options: Mapping[str, Any] = MappingProxyType({}),
) -> Iterator[Figure]:
    """Measure one after the other; `tell` hears which.

    `board_options` are further arguments of `Board.boot`. Raises UserError, GuestFault.
    """
    load_engine(engine)
    with Subject(engine, firmware, runs, ready, board_options) as subject:
        for measurement in measurements:
            tell(measurement.name)
            yield measurement.figure(subject)
