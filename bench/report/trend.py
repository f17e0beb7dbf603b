"""What has changed since an earlier run: tests that fail or pass now, are new or gone, and their cost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bench.report.run_record import RunRecord, TestOutcome

FIGURE = re.compile(r"(?P<value>\d+(?:\.\d+)?) (?P<name>virtual ms|million instructions)\b")
"""As the bench puts them into the message of a test that passed without one of its own."""


@dataclass(frozen=True)
class Change:
    """One line of the comparison."""

    test: str
    """Suite and name."""
    what: str
    """What is different, in words; empty where the heading says it all."""


@dataclass(frozen=True)
class Trend:
    """A run held against an earlier one; tests are the same if suite and name are."""

    failing: list[Change]
    """They did not fail in the earlier run."""
    fixed: list[Change]
    """They failed in the earlier run and pass now."""
    new: list[Change]
    gone: list[Change]
    """The earlier run had them."""
    cost: list[Change]
    """They passed in both, in other virtual time or with another number of instructions."""

    def headed(self) -> Iterator[tuple[str, list[Change]]]:
        """The changes under their headings, without empty ones; what is worst comes first."""
        headings = ("Newly failing", "Fixed", "New", "Gone", "Other virtual time or instructions")
        groups = (self.failing, self.fixed, self.new, self.gone, self.cost)
        return ((heading, group) for heading, group in zip(headings, groups, strict=True) if group)


def compare(earlier: RunRecord, run: RunRecord) -> Trend:
    """What is different in `run`."""
    old, now = ({_name(test): test for test in record.tests} for record in (earlier, run))
    trend = Trend([], [], [], [], [])
    for name, test in now.items():
        before = old.get(name)
        if before is None:
            trend.new.append(Change(name, "fails" if test.status == "FAIL" else ""))
        elif test.status == "FAIL" and before.status != "FAIL":
            trend.failing.append(Change(name, ""))
        elif test.status == "PASS" and before.status == "FAIL":
            trend.fixed.append(Change(name, ""))
        elif test.status == before.status == "PASS" and (what := _cost(before.message, test.message)):
            trend.cost.append(Change(name, what))
    trend.gone.extend(Change(name, "") for name in old if name not in now)
    return trend


def _name(test: TestOutcome) -> str:
    return f"{test.suite}: {test.name}"


def _cost(before: str, now: str) -> str:
    old, new = ({found["name"]: found["value"] for found in FIGURE.finditer(text)} for text in (before, now))
    return ", ".join(
        f"{old[name]} → {value} {name}" for name, value in new.items() if name in old and old[name] != value
    )
