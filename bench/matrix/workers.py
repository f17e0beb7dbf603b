"""Cases on several boards at once: one process for each, results in the order in which they come."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

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


def run(cases: Sequence[AnyCase], setup: Setup, jobs: int) -> Iterator[list[Result]]:
    """Run cases in `jobs` processes (1: in this one) and give their results as they come, some at a time.

    Raises UserError if a process dies.
    """
    ordered = by_state(cases)
    chunks = [ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK)]
    if jobs == 1 or len(chunks) < 2:
        with Runner(setup.engine, setup.firmware, seed=setup.seed) as runner:
            for chunk in chunks:
                yield [runner.run(case) for case in chunk]
        return
    # Not forked: an emulator that is running has no meaning in another process.
    wanted = os.getpid(), setup.engine, setup.firmware, setup.seed
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
    _runner = Runner(setup.engine, setup.firmware, seed=setup.seed)


def _run(cases: Sequence[AnyCase]) -> list[Result]:
    assert _runner is not None
    return [_runner.run(case) for case in cases]
