"""Runs cases on one board and judges them."""

from __future__ import annotations

import time

from bench.board import Board
from bench.capabilities import Capabilities, Capability
from bench.capture import Capture
from bench.cases import document, words
from bench.cases.case import PORT, Case
from bench.cases.results import Result, Verdict
from bench.cases.scene import Scene
from bench.cases.server import Server
from bench.cases.stages import Stages
from emulation.errors import EngineLacks, GuestFault


class Runner:
    """Plays cases, each from its starting state, on a board that listens; see `bench.cases.stages`.

    The judgement of each: (a) what came is exactly what is expected; then the oracle's: (b) the guest is
    healthy, (c) a following ping and a message on a connection that the case did not touch are answered, (d)
    everything that the guest held for the case is given back.
    """

    def __init__(
        self, board: Board, server: Server | None = None, offers: Capabilities | None = None
    ) -> None:
        self.board = board
        self.server = server or Server()
        self._offers = offers
        self.stages = Stages(board, self.server)

    def run(self, case: Case) -> Result:
        """Play one case. Never raises for what the board does."""
        begin = time.perf_counter()
        if why := self._missing(case) or self.server.prepare(case):
            return Result(case, Verdict.SKIPPED, (why,), (), time.perf_counter() - begin)
        wire = self.board.wire
        kept, capture = wire.capture, Capture()
        wire.capture = capture
        came: tuple[str, ...] = ()
        problems: list[str] = []
        known = False
        try:
            stage = self.stages.restore(case.start, case.ipv6, case.port)
            capture.frames.extend(stage.frames)
            scene = Scene(self.board, case, stage, self.server)
            came = scene.play()
            problem, known = judge(case, came, self.server)
            problems.extend(problem)
            scene.leave()
            problems.extend(self.stages.oracle.verdict().problems)
        except EngineLacks as lack:
            return Result(case, Verdict.SKIPPED, (str(lack),), (), time.perf_counter() - begin)
        except GuestFault as fault:
            problems.append(str(fault))
        finally:
            frames = tuple(capture.frames)
            wire.capture = kept
        verdict = Verdict.FAILED if problems else Verdict.DEPARTURE if known else Verdict.PASSED
        return Result(case, verdict, came, tuple(problems), time.perf_counter() - begin, frames)

    def _missing(self, case: Case) -> str:
        """Why the firmware has not what a case is about: servers that only the bench's own has."""
        if self._offers is None or case.port == PORT:
            return ""
        return "; ".join(self._offers.lacking([Capability.SERVERS]))


def judge(case: Case, came: tuple[str, ...], server: Server) -> tuple[list[str], bool]:
    """What is wrong with what came, and whether it is the departure that is known."""
    choices = [server.expected(choice) for choice in case.expect]
    if any(words.matches(expected, came) for expected in choices):
        if case.departure is None:
            return [], False
        return ["the board does what is expected: the departure that the case names is gone"], False
    if case.departure is not None and words.matches(case.departure.came, came):
        return [], True
    expected = " or ".join(document.told(choice) for choice in choices)
    problem = f"expected {expected}; came {document.told(came)}"
    if case.departure is not None:
        problem += f"; known departure {document.told(case.departure.came)}"
    return [f"{problem} ({case.source})"], False
