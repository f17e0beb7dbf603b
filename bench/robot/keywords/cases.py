"""Keywords that run the catalogue of malformed frames (`bench.cases`)."""

from __future__ import annotations

from robot.api import logger
from robot.libraries.BuiltIn import BuiltIn

from bench.board import Board
from bench.capture import BEGUN_LATER, Capture
from bench.cases import Result, Runner, Verdict, find
from bench.cases.registry import spread
from bench.cases.results import Count
from bench.report.conversation import tell
from bench.report.evidence import told_case
from bench.report.ladder import Ladder
from bench.robot.keywords.base import Keywords
from bench.robot.listener import LISTENER

_runner: tuple[Board, Runner] | None = None


def runner_of(board: Board) -> Runner:
    """The runner of this board: its starting states are made once for all tests."""
    global _runner
    if _runner is None or _runner[0] is not board:
        _runner = board, Runner(board)
    return _runner[1]


class CaseKeywords(Keywords):
    """Cases of the catalogue, each judged as `bench cases run` judges it."""

    def entry_should_be_kept(self, number: int, title: str = "", variants: int = 0) -> None:
        """Run the cases of one entry of the catalogue; none may fail.

        ``variants`` limits how many of each group of variants are run, spread evenly; 0 is all of them.

        A case in which the firmware is known to depart from its source passes if it departs exactly as is
        known; it is counted in the test's message. ``title`` is for the report.

        | Entry Should Be Kept | 30 | An option of length 0 or 1 | variants=${2} |
        """
        results = []
        for case in spread(find([str(number)]), variants):
            result = runner_of(self.board).run(case)
            self._keep(result)
            results.append(result)
        count = Count()
        for result in results:
            count.add(result.verdict)
        self._tell(count)
        wrong = [result for result in results if result.problems]
        if wrong:
            raise AssertionError(
                "\n".join(f"{r.case.id}: {problem}" for r in wrong for problem in r.problems)
            )

    def _keep(self, result: Result) -> None:
        """Write the capture of a case beside that of its test, and say in the log what came of it."""
        case = result.case
        came = "; ".join(result.came) or "silence"
        words = f"{case.id}: {result.verdict.value}. Came: {came}. Source: {case.source}"
        if result.verdict is Verdict.DEPARTURE and case.departure is not None:
            words += f". Departure: {case.departure.reason}"
        capture = Capture()
        capture.frames.extend(result.frames)
        link = ""
        if LISTENER.capture_path is not None:
            path = LISTENER.capture_path.with_suffix("") / f"{case.id}.pcapng"
            told = f"{case.id}: {case.title}; {result.verdict.value}"
            capture.write(path, f"{told}; {self.board.origin}; {BEGUN_LATER}")
            link = LISTENER.link_to(path)
        wire = self.board.wire
        ladder = Ladder(wire.host.name, wire.board.name, tell(result.frames), f"Frames of the case {case.id}")
        logger.info(told_case(words, ladder, link, unfolded=bool(result.problems)), html=True)

    def _tell(self, count: Count) -> None:
        """Put the counts into the message of the test, added to those of the entries before."""
        before = BuiltIn().get_variable_value("${CASES OF THIS TEST}") or Count()
        total = before + count
        BuiltIn().set_test_variable("${CASES OF THIS TEST}", total)
        BuiltIn().set_test_message(str(total))
