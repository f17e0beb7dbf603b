"""Runs cases on a board: each from a snapshot in the right state, judged by rules and oracle."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.addresses import BOARD, Station
from bench.board import DEFAULT_SEED, Board
from bench.capture import Capture
from bench.engines import DEFAULT_ENGINE
from bench.matrix.cases import AnyCase, Case
from bench.matrix.departures import departure
from bench.matrix.expectation import Problem
from bench.matrix.replies import sort_replies
from bench.matrix.rules import judge
from bench.matrix.states import Scene, enter, prepare
from bench.oracle import Oracle, OracleState
from bench.readiness import await_ready
from bench.sequences.case import SequenceCase
from bench.sequences.play import play
from bench.sequences.scenes import SequenceScene
from bench.sequences.scenes import prepare as prepare_sequences
from emulation.machine import TimedFrame

FRESH = 32
"""A new client is served after one case in so many, chosen by the case's ID."""


@dataclass(frozen=True)
class Result:
    """How a case ended."""

    case: str
    problems: tuple[str, ...] = ()
    """What makes it fail."""
    departures: tuple[str, ...] = ()
    """Rules that were broken in a way that is known, by name."""

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong that is not known."""
        return not self.problems


class Runner:
    """A board of its own, and the states it has been in. Close it, or use it as a context."""

    def __init__(
        self,
        engine: str = DEFAULT_ENGINE,
        firmware: Path | None = None,
        *,
        seed: int = DEFAULT_SEED,
        capture: Capture | None = None,
        platform: Path | None = None,
        station: Station = BOARD,
        spin_limit: float | None = None,
        ready: str | None = None,
    ) -> None:
        self.board = Board.boot(
            engine, firmware, seed=seed, platform=platform, station=station, spin_limit=spin_limit
        )
        self.board.wire.capture = capture
        await_ready(self.board, ready)
        self.oracle = Oracle(self.board)
        self._start = self.oracle.snapshot()
        self._scenes: dict[tuple[str, bool], Scene] = {}
        self._sequence_scenes: dict[tuple[str, int], SequenceScene] = {}

    def scene(self, state: str, *, ipv6: bool = False) -> Scene:
        """A state, reached once. Raises PeerError."""
        known = self._scenes.get((state, ipv6))
        if known is None:
            self.oracle.restore(self._start)
            known = self._scenes[state, ipv6] = prepare(self.oracle, state, ipv6=ipv6)
        return known

    def sequence_scene(self, state: str, connections: int = 1) -> SequenceScene:
        """A state with so many connections in it, reached once. Raises PeerError."""
        known = self._sequence_scenes.get((state, connections))
        if known is None:
            self.oracle.restore(self._start)
            known = prepare_sequences(self.oracle, state, connections)
            self._sequence_scenes[state, connections] = known
        return known

    def beginning(self, case: AnyCase) -> OracleState:
        """The snapshot a case begins from. Raises PeerError."""
        if isinstance(case, SequenceCase):
            return self.sequence_scene(case.state, case.connections).snapshot
        return self.scene(case.state, ipv6=case.ipv6).snapshot

    def run(self, case: AnyCase) -> Result:
        """Run one case from its state's snapshot."""
        fresh = zlib.crc32(case.id.encode()) % FRESH == 0
        if isinstance(case, SequenceCase):
            return self._run_sequence(case, fresh)
        return self.run_frames(case, case.id, fresh=fresh)

    def run_frames(self, case: Case, name: str, *, fresh: bool = False) -> Result:
        """As `run`; `name` is what the result calls the case."""
        scene = self.scene(case.state, ipv6=case.ipv6)
        built = case.built(scene.ends)
        oracle = self.oracle
        oracle.restore(scene.snapshot)
        self.board.wire.comment = name
        oracle.send(built.frame, pad=built.pad)
        found: list[Problem] = []

        def judged(frames: Sequence[TimedFrame]) -> list[str]:
            found.extend(judge(scene, built.frame, sort_replies(frames)))
            return [str(problem) for problem in found if departure(problem) is None]

        verdict = oracle.verdict(judged, fresh=fresh)
        known = [problem.rule for problem in found if departure(problem) is not None]
        return Result(name, verdict.problems, tuple(dict.fromkeys(known)))

    def _run_sequence(self, case: SequenceCase, fresh: bool) -> Result:
        scene = self.sequence_scene(case.state, case.connections)
        problems = play(self.oracle, scene, case)
        verdict = self.oracle.verdict(lambda frames: [str(problem) for problem in problems], fresh=fresh)
        return Result(case.id, verdict.problems)

    def run_in_a_row(self, cases: Sequence[Case]) -> tuple[str, ...]:
        """Run cases one after another without going back, and judge once, at the end.

        What each leaves behind, however little, adds up. Returns the problems found. Raises PeerError if the
        board does not come into a state any more.
        """
        oracle = self.oracle
        oracle.restore(self._start)
        for case in cases:
            ends, _ = enter(oracle, case.state, ipv6=case.ipv6)
            built = case.built(ends)
            oracle.send(built.frame, pad=built.pad)
            oracle.wind_down()
        oracle.begin()
        return oracle.verdict(fresh=True).problems

    def close(self) -> None:
        """Switch the board off."""
        self.board.close()

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
