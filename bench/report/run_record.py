"""What a run of the Robot suites was and how it ended, read from its `output.xml`, the only record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from robot.api import ExecutionResult
from robot.errors import DataError

from emulation.errors import UserError

HINT = "name the output.xml of a run, or the folder it reported to"


@dataclass(frozen=True)
class TestOutcome:
    """How one test ended."""

    __test__ = False  # for pytest: this is no test of its own

    suite: str
    """Names of the suites around it from the outermost one on, joined by dots as Robot does."""
    name: str
    status: str
    """Robot's word: PASS, FAIL, SKIP."""
    message: str
    id: str
    """Robot's id, which is its place in `log.html`."""
    source: str = ""
    """The file of the suite, where the record has it."""


@dataclass(frozen=True)
class RunRecord:
    """A whole run."""

    title: str
    metadata: Mapping[str, str]
    """What the run was made with: Engine, Seed, Firmware."""
    tool: str
    """Robot's and Python's versions, and the system."""
    begun: str
    """When, by the clock of the host."""
    seconds: float
    """How long, by the clock of the host."""
    tests: tuple[TestOutcome, ...]

    @property
    def engine(self) -> str:
        """The name alone, without its description."""
        return self.metadata.get("Engine", "unknown").partition(" ")[0]

    @property
    def failed(self) -> list[TestOutcome]:
        """The tests that failed, in order."""
        return [test for test in self.tests if test.status == "FAIL"]

    def suites(self) -> list[str]:
        """The suites with tests, in order."""
        return list(dict.fromkeys(test.suite for test in self.tests))

    def count(self, suite: str | None = None) -> Counter[str]:
        """How many tests, of one suite or of all, ended with which status."""
        return Counter(test.status for test in self.tests if suite in (None, test.suite))


def read_run(path: Path) -> RunRecord:
    """The run that has written this `output.xml`. Raises UserError."""
    try:
        result = ExecutionResult(str(path), include_keywords=False)
        suite = result.suite
    except DataError as error:
        what = " ".join(str(error).split())
        hint = "of a run that was killed, `bench report FOLDER` mends it" if path.is_file() else HINT
        raise UserError(what, hint) from None
    return RunRecord(
        title=suite.name,
        metadata=dict(suite.metadata),
        tool=result.generator or "",
        begun=suite.start_time.isoformat(" ", "seconds") if suite.start_time else "",
        seconds=suite.elapsed_time.total_seconds(),
        tests=tuple(
            TestOutcome(
                test.parent.full_name,
                test.name,
                test.status,
                test.message,
                test.id,
                str(test.source or ""),
            )
            for test in suite.all_tests
        ),
    )
