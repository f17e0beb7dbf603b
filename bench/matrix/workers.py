"""Cases on several boards at once: one process for each, results in the order in which they come."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, fields
from pathlib import Path

from bench.addresses import BOARD, Station
from bench.capture import Capture
from bench.matrix.cases import AnyCase
from bench.matrix.runner import Result, Runner
from bench.matrix.shards import by_state
from bench.matrix.worker import begin
from emulation.errors import UserError

CHUNK = 32
"""Cases handed to a process at a time, and results that are lost at most when a run is stopped."""


@dataclass(frozen=True)
class Setup:
    """What the boards are."""

    engine: str
    firmware: Path | None
    seed: int
    platform: Path | None = None
    station: Station = BOARD
    spin_limit: float | None = None
    ready: str | None = None
    """What the firmware prints when it is ready; None for what our own prints."""

    def runner(self, capture: Capture | None = None) -> Runner:
        """A board of its own. Raises UserError, GuestFault."""
        return Runner(
            self.engine,
            self.firmware,
            seed=self.seed,
            capture=capture,
            platform=self.platform,
            station=self.station,
            spin_limit=self.spin_limit,
            ready=self.ready,
        )


def run(cases: Sequence[AnyCase], setup: Setup, jobs: int) -> Iterator[list[Result]]:
    """Run cases in `jobs` processes (1: in this one) and give their results as they come, some at a time.

    Raises UserError if a process dies.
    """
    ordered = by_state(cases)
    chunks = [ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK)]
    if jobs == 1 or len(chunks) < 2:
        with setup.runner() as runner:
            for chunk in chunks:
                yield [runner.run(case) for case in chunk]
        return
    # Not forked: an emulator that is running has no meaning in another process.
    wanted = os.getpid(), {field.name: getattr(setup, field.name) for field in fields(setup)}
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(jobs, len(chunks)), context, begin, wanted)
    try:
        for done in as_completed([pool.submit(_run, chunk) for chunk in chunks]):
            yield done.result()
    except BrokenProcessPool:
        raise UserError("a process of the run died", "run it with --jobs 1 --resume to see where") from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_runner: Runner | None = None


def boot(setup: Setup) -> None:
    """Boot this process's board."""
    global _runner
    _runner = setup.runner()


def _run(cases: Sequence[AnyCase]) -> list[Result]:
    assert _runner is not None
    return [_runner.run(case) for case in cases]
