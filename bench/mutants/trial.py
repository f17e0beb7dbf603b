"""A mutant's trial: build it, boot it, run the tests against it."""

from __future__ import annotations

import enum
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from bench.board import ROOT, find_firmware
from bench.mutants.edits import DoesNotApply
from bench.mutants.mutant import Mutant
from emulation.errors import UserError
from emulation.firmware.build import build
from emulation.firmware.overlay import read_source
from emulation.leash import on_leash

SUITES = (
    "packet_tests",
    "emulation/firmware/tests/test_ethernet.py",
    "emulation/firmware/tests/test_errata.py",
)
"""Everything that judges a firmware as a whole; what a mutant is tried with if its own tests find nothing."""
NOT_OF_THE_FIRMWARE = ("packet_tests/test_suites_bite.py",)
"""Tests that build firmware of their own."""

MESSAGE = 200
"""Characters kept of a message."""

PATIENCE = 900.0
"""Seconds of wall time after which the tests of one mutant are ended."""


class Fate(enum.StrEnum):
    """How a trial ended."""

    CAUGHT = "caught"
    SURVIVED = "survived"
    NOT_APPLIED = "does not apply"
    NOT_BUILT = "does not build"
    NOT_BOOTED = "does not boot"
    NOT_JUDGED = "tests did not run"


@dataclass(frozen=True)
class Catch:
    """A test that failed."""

    test: str
    """As pytest names it."""
    message: str
    """What it said, in one line."""


@dataclass(frozen=True)
class Verdict:
    """What came of one mutant."""

    name: str
    wrong: str
    fate: Fate
    catches: Sequence[Catch] = ()
    """Those that failed; the first one only, unless all tests were to run."""
    detail: str = ""
    """Why a mutant could not be tried."""
    expected: bool = False
    """Whether one of the tests failed that were to."""
    passed: int = 0
    """How many tests passed."""
    build_seconds: float = 0.0
    seconds: float = 0.0
    """Of wall time, everything together."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "fate": str(self.fate)}


class Cancelled(Exception):
    """Nobody waits for the result any more."""


@dataclass
class Trials:
    """Holds trials, several at a time from several threads, each in a folder of its own below `folder`."""

    folder: Path
    keep: bool = False
    """Leave firmware, captures and results where they are."""
    everything: bool = False
    """Run all tests, whatever has failed already."""
    _children: set[subprocess.Popen[bytes]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _cancelled: bool = False

    def control(self, tests: Sequence[str]) -> list[Catch]:
        """What fails on the firmware as it should be: nothing, or no catch means anything.

        Raises UserError, Cancelled.
        """
        folder = self._clean("control")
        try:
            elf = build(folder / "firmware", overrides={}).elf
            result = self._judge(folder, elf, tests, first=False)
            if not result["ready"]:
                raise UserError(f"the firmware without a defect does not boot: {result['message']}")
            if result["exit"] not in (0, 1):
                raise UserError(
                    f"pytest could not run the tests that are to catch mutants (exit code {result['exit']})",
                    f"with --keep its output stays in {folder / 'output.txt'}",
                )
            return _catches(result)
        finally:
            self._tidy(folder)

    def try_out(self, mutant: Mutant) -> Verdict:
        """A mutant's trial. Raises Cancelled."""
        folder = self._clean(mutant.name)
        start = time.monotonic()
        built = start

        def verdict(fate: Fate, **more: Any) -> Verdict:
            now = time.monotonic()
            return Verdict(
                mutant.name, mutant.wrong, fate, build_seconds=built - start, seconds=now - start, **more
            )

        try:
            elf = build(folder / "firmware", overrides=mutant.overrides(read_source)).elf
            built = time.monotonic()
            own = self._judge(folder, elf, mutant.tests, first=not self.everything)
            if not own["ready"]:
                return verdict(Fate.NOT_BOOTED, detail=own["message"])
            results = [own]
            expected = bool(own["failures"])
            if self.everything or not expected:
                results.append(self._judge(folder, elf, self._suites(), first=not self.everything))
            for result in results:
                if result["exit"] not in (0, 1):
                    return verdict(Fate.NOT_JUDGED, detail=f"pytest ended with exit code {result['exit']}")
            catches = list({c.test: c for result in results for c in _catches(result)}.values())
            if not expected or self.everything:
                catches = self._proven(folder, catches)
            if self.everything:
                catches += self._robot(folder, elf)
            return verdict(
                Fate.CAUGHT if catches else Fate.SURVIVED,
                catches=catches,
                expected=expected,
                passed=max(result["passed"] for result in results),
            )
        except DoesNotApply as error:
            return verdict(Fate.NOT_APPLIED, detail=str(error))
        except UserError as error:
            if self._cancelled:
                raise Cancelled from None
            return verdict(Fate.NOT_BUILT, detail=error.message)
        except subprocess.TimeoutExpired:
            return verdict(Fate.NOT_JUDGED, detail=f"the tests had not ended after {PATIENCE:.0f} s")
        finally:
            self._tidy(folder)

    def try_suite(self, suite: str, mutant: Mutant) -> Verdict:
        """Whether a Robot suite notices a mutant. Raises Cancelled."""
        folder = self._clean(f"{suite}-{mutant.name}")
        start = time.monotonic()
        try:
            elf = build(folder / "firmware", overrides=mutant.overrides(read_source)).elf
            built = time.monotonic()
            catches = self._robot(folder, elf, suite)
            fate = Fate.CAUGHT if catches else Fate.SURVIVED
            now = time.monotonic()
            return Verdict(
                mutant.name,
                mutant.wrong,
                fate,
                catches,
                expected=bool(catches),
                build_seconds=built - start,
                seconds=now - start,
            )
        except DoesNotApply as error:
            return Verdict(mutant.name, mutant.wrong, Fate.NOT_APPLIED, detail=str(error))
        except UserError as error:
            if self._cancelled:
                raise Cancelled from None
            return Verdict(mutant.name, mutant.wrong, Fate.NOT_BUILT, detail=error.message)
        finally:
            self._tidy(folder)

    def cancel(self) -> None:
        """End what runs, begin nothing more."""
        with self._lock:
            self._cancelled = True
            for child in self._children:
                _let_go(child)

    def _suites(self) -> list[str]:
        return [*SUITES, *(f"--ignore={name}" for name in NOT_OF_THE_FIRMWARE)]

    def _proven(self, folder: Path, catches: list[Catch]) -> list[Catch]:
        """Those of the catches whose tests pass where nothing is wrong; `control` has not tried them all."""
        if not catches:
            return []
        right = self._judge(folder, find_firmware(None), [catch.test for catch in catches], first=False)
        innocent = {catch.test for catch in _catches(right)}
        return [catch for catch in catches if catch.test not in innocent]

    def _robot(self, folder: Path, elf: Path, *suites: str) -> list[Catch]:
        """What these Robot suites say, or all of them."""
        report = folder / "robot"
        words = ["-m", "bench", "run", f"--firmware={elf}", f"--report={report}", *suites]
        self._run(folder, words)
        try:
            cases = ElementTree.parse(report / "xunit.xml").iter("testcase")
        except (OSError, ElementTree.ParseError):
            return []
        found = [(case.get("classname", ""), case.get("name", ""), case.find("failure")) for case in cases]
        return [
            Catch(f"{suite}: {name}", " ".join(failure.get("message", "").split())[:MESSAGE])
            for suite, name, failure in found
            if failure is not None
        ]

    def _judge(self, folder: Path, elf: Path, tests: Sequence[str], first: bool) -> dict[str, Any]:
        result = folder / "result.json"
        result.unlink(missing_ok=True)
        words = ["-m", "bench.mutants.judge", f"--firmware={elf}", f"--result={result}"]
        words += [f"--captures={folder / 'captures'}", *(["--first"] if first else []), "--", *tests]
        code = self._run(folder, words)
        try:
            judged: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        except OSError:
            return {"ready": True, "exit": code or -1, "passed": 0, "failures": []}
        return judged

    def _run(self, folder: Path, words: Sequence[str]) -> int:
        """Run Python; returns its exit code. Raises Cancelled, TimeoutExpired."""
        with (folder / "output.txt").open("ab") as output:
            with self._lock:
                if self._cancelled:
                    raise Cancelled
                # A session of its own: Ctrl-C is for us, and it ends with us.
                child = subprocess.Popen(
                    on_leash([sys.executable, *words]),
                    cwd=ROOT,
                    env={**os.environ, "GITHUB_STEP_SUMMARY": ""},  # their failures are wanted
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
                self._children.add(child)
            try:
                child.wait(PATIENCE)
            finally:
                _let_go(child)
                child.wait()
                with self._lock:
                    self._children.discard(child)
        if self._cancelled:
            raise Cancelled
        return child.returncode

    def _clean(self, name: str) -> Path:
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def _tidy(self, folder: Path) -> None:
        if not self.keep:
            shutil.rmtree(folder, ignore_errors=True)


def _let_go(child: subprocess.Popen[bytes]) -> None:
    assert child.stdin is not None
    child.stdin.close()


def _catches(result: dict[str, Any]) -> list[Catch]:
    return [Catch(failure["test"], failure["message"]) for failure in result["failures"]]
