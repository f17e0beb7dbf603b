"""What has changed since an earlier run: tests that fail or pass now, are new or gone, and their cost."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

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
    """A run held against an earlier one; tests are the same if the file of the suite and the name are.

    The names of suites say nothing: Robot puts those of the folders in front, which depend on what runs.
    """

    failing: list[Change]
    """They did not fail in the earlier run."""
    fixed: list[Change]
    """They failed in the earlier run and pass now."""
    new: list[Change]
    gone: list[Change]
    """The earlier run had them, in suites that have run again."""
    cost: list[Change]
    """They passed in both, in other virtual time or with another number of instructions."""
    unseen: int = 0
    """Tests of the earlier run that this one was not to run."""

    def headed(self) -> Iterator[tuple[str, list[Change]]]:
        """The changes under their headings, without empty ones; what is worst comes first."""
        headings = ("Newly failing", "Fixed", "New", "Gone", "Other virtual time or instructions")
        groups = (self.failing, self.fixed, self.new, self.gone, self.cost)
        return ((heading, group) for heading, group in zip(headings, groups, strict=True) if group)


def compare(earlier: RunRecord, run: RunRecord, *, partial: bool = False) -> Trend:
    """What is different in `run`; `partial`: only some tests of its suites were to run."""
    known = same_suites({_file(test) for test in earlier.tests}, {_file(test) for test in run.tests})
    old = {(_file(test), test.name): test for test in earlier.tests}
    trend = Trend([], [], [], [], [])
    met = set()
    for test in run.tests:
        key = known.get(_file(test), ""), test.name
        met.add(key)
        name, before = _name(test), old.get(key)
        if before is None:
            trend.new.append(Change(name, "fails" if test.status == "FAIL" else ""))
        elif test.status == "FAIL" and before.status != "FAIL":
            trend.failing.append(Change(name, ""))
        elif test.status == "PASS" and before.status == "FAIL":
            trend.fixed.append(Change(name, ""))
        elif test.status == before.status == "PASS" and (what := _cost(before.message, test.message)):
            trend.cost.append(Change(name, what))
    left = [test for key, test in old.items() if key not in met]
    gone = [] if partial else [test for test in left if _file(test) in known.values()]
    trend.gone.extend(Change(_name(test), "") for test in gone)
    return replace(trend, unseen=len(left) - len(gone))


def same_suites(earlier: Collection[str], now: Collection[str]) -> dict[str, str]:
    """Which suite file of a run is which of an earlier one, that may have run in another folder.

    Where some files are the same, both runs were in one folder, and other files are others. Else two are the
    same if their paths end alike, the more the better; each is the same as one at most.
    """
    if same := set(earlier) & set(now):
        return {path: path for path in same}
    pairs = sorted((-_common_end(one, other), one, other) for one in now for other in earlier)
    found: dict[str, str] = {}
    for common, one, other in pairs:
        if common and one not in found and other not in found.values():
            found[one] = other
    return found


def _common_end(one: str, other: str) -> int:
    """How many parts of two paths are the same, from the last one on."""
    parts = zip(reversed(Path(one).parts), reversed(Path(other).parts), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], parts))


def _file(test: TestOutcome) -> str:
    """The suite's file; the last part of its name where the record has none."""
    return test.source or test.suite.rpartition(".")[2]


def _name(test: TestOutcome) -> str:
    return f"{test.suite.rpartition('.')[2]}: {test.name}"


def _cost(before: str, now: str) -> str:
    old, new = ({found["name"]: found["value"] for found in FIGURE.finditer(text)} for text in (before, now))
    return ", ".join(
        f"{old[name]} → {value} {name}" for name, value in new.items() if name in old and old[name] != value
    )
