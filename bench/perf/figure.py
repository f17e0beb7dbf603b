"""A figure: the values of one quantity, and the target it is held against."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bench.perf.cpu import of_others


@dataclass
class Figure:
    """One measured quantity: a value a run."""

    name: str
    unit: str
    target: float | None = None
    """None for what is only told."""
    at_least: bool = False
    """The target is a lower bound; otherwise it is an upper one."""
    note: str = ""
    values: list[float] = field(default_factory=list)
    """From wall time."""
    cpu: list[float] = field(default_factory=list)
    """From CPU time; empty for what is not a time."""
    skipped: str = ""
    """Why there are no values."""

    @property
    def median(self) -> float:
        """What the target is held against."""
        return statistics.median(self.values)

    @property
    def cpu_median(self) -> float | None:
        """The same from CPU time."""
        return statistics.median(self.cpu) if self.cpu else None

    def keeps(self, value: float) -> bool:
        """Whether a value keeps the target; every value does where there is none."""
        if self.target is None:
            return True
        return value >= self.target if self.at_least else value <= self.target

    def add(self, spent: Spent) -> None:
        """Add a run that took so long, in ms."""
        self.values.append(1000 * spent.wall)
        self.cpu.append(1000 * spent.cpu)

    def as_dict(self) -> dict[str, Any]:
        """For JSON. A figure without values has `skipped`, the reason, in their place."""
        target = None if self.target is None else {"at_least" if self.at_least else "at_most": self.target}
        told = {"name": self.name, "unit": self.unit, "target": target, "note": self.note}
        if not self.values:
            return told | {"skipped": self.skipped}
        return told | {
            "met": None if self.target is None else self.keeps(self.median),
            "min": min(self.values),
            "median": self.median,
            "max": max(self.values),
            "cpu_median": self.cpu_median,
            "values": self.values,
            "cpu_values": self.cpu,
        }


@dataclass
class Spent:
    """Seconds that something took: on the wall, and of CPU time, of what this process has started, too."""

    wall: float = 0.0
    cpu: float = 0.0

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Add what the body takes."""
        # What it costs to look at others is not counted.
        others = of_others()
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.cpu += time.process_time() - cpu
            self.wall += time.perf_counter() - wall
            self.cpu += of_others() - others


def spend(action: Callable[[], object]) -> Spent:
    """What an action takes, with the garbage of others collected before."""
    gc.collect()
    spent = Spent()
    with spent.counting():
        action()
    return spent
