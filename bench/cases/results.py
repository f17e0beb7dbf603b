"""What became of a case, and the file that all of them are written to."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.capture import CapturedFrame
from bench.cases.case import LAYERS, Case
from bench.files import write_whole


class Verdict(enum.Enum):
    """How a case ended."""

    PASSED = "passed"
    DEPARTURE = "departure"
    """Not what the source says, but exactly what is known of this firmware, with a reason."""
    FAILED = "failed"
    SKIPPED = "skipped"
    """The engine lacks what the case needs."""


@dataclass(frozen=True)
class Result:
    """What became of a case: `came` is what the board did, `problems` is empty unless it failed.

    Of a case that was skipped, `came` is the reason.
    """

    case: Case
    verdict: Verdict
    came: tuple[str, ...]
    problems: tuple[str, ...]
    seconds: float
    """Host time the case took."""
    frames: tuple[CapturedFrame, ...] = field(default=(), repr=False)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        case = self.case
        found = {
            "id": case.id,
            "number": case.number,
            "layer": case.layer,
            "state": case.start.value,
            "title": case.title,
            "verdict": self.verdict.value,
            "came": list(self.came),
            "problems": list(self.problems),
            "seconds": round(self.seconds, 6),
        }
        if case.departure is not None:
            found["reason"] = case.departure.reason
        return found


@dataclass
class Count:
    """How many of each verdict."""

    passed: int = 0
    departures: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, verdict: Verdict) -> None:
        """Count one."""
        if verdict is Verdict.PASSED:
            self.passed += 1
        elif verdict is Verdict.DEPARTURE:
            self.departures += 1
        elif verdict is Verdict.FAILED:
            self.failed += 1
        else:
            self.skipped += 1

    def __add__(self, other: Count) -> Count:
        return Count(
            self.passed + other.passed,
            self.departures + other.departures,
            self.failed + other.failed,
            self.skipped + other.skipped,
        )

    def __str__(self) -> str:
        kinds = f"{self.passed} passed, {self.departures} known departures, {self.failed} failed"
        return f"{self.total} cases: {kinds}" + (f", {self.skipped} skipped" if self.skipped else "")

    @property
    def total(self) -> int:
        """All of them."""
        return self.passed + self.departures + self.failed + self.skipped


def by_layer(results: Iterable[Result]) -> dict[str, Count]:
    """Counts by layer, from the cable upwards."""
    counts = {layer: Count() for layer in LAYERS}
    for result in results:
        counts[result.case.layer].add(result.verdict)
    return {layer: count for layer, count in counts.items() if count.total}


def as_dict(results: Sequence[Result], about: dict[str, Any]) -> dict[str, Any]:
    """The results for programs, after what they were had with."""
    total = Count()
    for result in results:
        total.add(result.verdict)
    return {
        **about,
        "passed": total.passed,
        "departures": total.departures,
        "failed": total.failed,
        "skipped": total.skipped,
        "cases": [result.as_dict() for result in results],
    }


def write_results(path: Path, content: dict[str, Any]) -> None:
    """Write the results as JSON, all or nothing. Raises UserError."""
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    write_whole(path, text, "name another folder with --report")
