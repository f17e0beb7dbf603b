"""The same figures of several engines, each on a board of its own: what it costs to choose one."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bench.engines import load_engine
from bench.perf import emulator
from bench.perf.figure import Figure, spend
from bench.perf.measurement import CannotMeasureError, Measurement, Subject

IDLE_SECONDS = 60.0
"""Virtual seconds."""
SUITES = ("ping_pong", "payload_limits")
SUITES_TIMEOUT = 1800.0
"""Wall seconds that the Robot suites get."""


@dataclass
class EngineFigures:
    """What was measured of one engine."""

    engine: str
    description: str = ""
    """Its name and version."""
    figures: list[Figure] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        told = [figure.as_dict() for figure in self.figures]
        return {"engine": self.engine, "description": self.description, "figures": told}


def measurements(suites: Sequence[str]) -> list[Measurement]:
    """What is told of each engine; none has a target, as they are held against each other."""
    shared = [
        Measurement(m.name, m.unit, None, m.take, m.at_least)
        for m in emulator.MEASUREMENTS
        if m.take is not emulator.memory and m.take is not emulator.idle
    ]
    idle = Measurement("idle: virtual seconds a second", "ratio", None, _idle_ratio, at_least=True)

    def run_suites(subject: Subject, figure: Figure) -> None:
        _suites(subject, figure, suites)

    return [*shared, idle, Measurement(f"Robot suites {', '.join(suites)}", "ms", None, run_suites)]


def measure(
    engines: Sequence[str],
    firmware: Path | None = None,
    runs: int = 3,
    suites: Sequence[str] | None = None,
    tell: Callable[[str], None] = lambda _: None,
    *,
    ready: str | None = None,
    board_options: Mapping[str, Any] = MappingProxyType({}),
) -> Iterator[EngineFigures]:
    """Measure one engine after the other. Each is yielded first without figures, and grows.

    Raises UserError for an engine that is not there, before anything is measured, and GuestFault.
    """
    names = []
    for engine in engines:
        with contextlib.closing(load_engine(engine)(platform=None, seed=0)) as machine:
            names.append(machine.description)
    for engine, name in zip(engines, names, strict=True):
        one = EngineFigures(engine, name)
        yield one
        with Subject(engine, firmware, runs, ready, board_options) as subject:
            for measurement in measurements(suites or SUITES):
                tell(f"{engine}: {measurement.name}")
                one.figures.append(measurement.figure(subject))


def _idle_ratio(subject: Subject, figure: Figure) -> None:
    for _ in range(subject.runs):
        board = subject.board()
        spent = spend(lambda board=board: board.run(IDLE_SECONDS))  # type: ignore[misc]
        figure.values.append(IDLE_SECONDS / spent.wall)
        figure.cpu.append(IDLE_SECONDS / spent.cpu)


def _suites(subject: Subject, figure: Figure, suites: Sequence[str]) -> None:
    """The whole command, once: it takes long enough."""
    firmware = ["--firmware", str(subject.firmware)] if subject.firmware else []
    with tempfile.TemporaryDirectory() as report:
        words = [sys.executable, "-m", "bench", "run", "--engine", subject.engine, "--report", report]
        done: list[subprocess.CompletedProcess[str]] = []

        def run() -> None:
            done.append(
                subprocess.run(
                    [*words, *firmware, *suites],
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=SUITES_TIMEOUT,
                )
            )

        try:
            spent = spend(run)
        except subprocess.TimeoutExpired:
            raise CannotMeasureError(f"the suites did not end within {SUITES_TIMEOUT:g} s") from None
    found = re.search(r"^\d+ tests: .*$", done[0].stdout, re.MULTILINE)
    if found is None or done[0].returncode:
        complaint = (done[0].stderr.strip().splitlines() or [found[0] if found else "nothing"])[0]
        raise CannotMeasureError(f"`bench run` ended with status {done[0].returncode}: {complaint}")
    figure.note = found[0]
    figure.add(spent)
