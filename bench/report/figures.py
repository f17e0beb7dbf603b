"""What a run has measured, test by test, in virtual terms: a file of JSON lines beside Robot's reports.

A line is written whole when its test ends, so that a run that is cut off leaves those of the tests before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

FIGURES = "figures.jsonl"
"""Name of the file in the folder of the reports."""


class Operation(NamedTuple):
    """Something a client had the board do, from the first frame to it to the last one from it."""

    name: str
    """What it was: `open`, `text`, `binary`, `ping`, `close`."""
    size: int
    """Bytes of payload that the board was sent, and sent back."""
    microseconds: float
    """Virtual time."""
    instructions: int
    """Executed meanwhile; 0 where the engine does not count them."""


class HeapSample(NamedTuple):
    """The Python heap at one moment."""

    milliseconds: float
    """Virtual, since the test began."""
    free: int
    """Bytes; what is garbage and has not been collected counts as used."""


@dataclass
class TestFigures:
    """One test."""

    __test__ = False  # for pytest: this is no test of its own

    suite: str
    name: str
    status: str = ""
    """Robot's word: PASS, FAIL, SKIP."""
    milliseconds: float = 0.0
    """Virtual time that the test took."""
    instructions: int = 0
    frames_to_board: int = 0
    frames_from_board: int = 0
    heap: list[HeapSample] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)


def append_figures(path: Path, figures: TestFigures) -> None:
    """Add the line of one test. Raises OSError."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(figures)) + "\n")


def read_figures(path: Path) -> list[TestFigures]:
    """All tests of a file; none if it is not there. What is no line of ours, as one cut off, is left out."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return list(_parsed(lines))


def _parsed(lines: list[str]) -> Iterator[TestFigures]:
    for line in lines:
        try:
            told: dict[str, Any] = json.loads(line)
            told["heap"] = [HeapSample(*sample) for sample in told["heap"]]
            told["operations"] = [Operation(*operation) for operation in told["operations"]]
            yield TestFigures(**told)
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
