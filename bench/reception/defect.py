"""What can be wrong with a frame, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Defect:
    """A rule of a receiver or sender that a frame breaks."""

    unit: str
    """What breaks it, as `TCP segment`."""
    wrong: str
    """What is wrong, as `with a wrong checksum`."""
    source: str
    """Who says so: RFC and section."""
    dropped: bool = True
    """Whether a peer drops the frame; it takes what only a sender is forbidden."""

    def told(self, count: int = 1) -> str:
        """`3 TCP segments with a wrong checksum dropped (RFC 9293, section 3.1)`."""
        unit = self.unit if count == 1 else f"{self.unit}s"
        return f"{count} {unit} {self.wrong}{' dropped' if self.dropped else ''} ({self.source})"

    def __str__(self) -> str:
        return f"{'dropped: ' if self.dropped else ''}{self.unit} {self.wrong}, {self.source}"


def drops(defects: Iterable[Defect]) -> bool:
    """Whether a peer drops a frame with these defects."""
    return any(defect.dropped for defect in defects)
