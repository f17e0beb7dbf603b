"""What is noted while a test runs, and what its log shows of it."""

from __future__ import annotations

from bench.guest_heap import GuestHeap
from bench.report.conversation import tell
from bench.report.evidence import Figure, evidence, find_deviation
from bench.report.figures import HeapSample, TestFigures
from bench.report.ladder import Deviation, Ladder
from bench.robot.session import Session
from bench.robot.stopwatch import Stopwatch
from emulation.errors import UserError


class TestRecord:
    """The record of one test on the board of a session, from its restored state on.

    Nothing here disturbs the board or takes virtual time.
    """

    def __init__(self, running: Session) -> None:
        self._running = running
        self._board = running.board
        self._instructions = self._board.instructions
        self._begun = running.boot_time
        self._printed, self._printed_from = "", running.printed
        self._failures: list[tuple[int, float, str]] = []
        self._own_frames: int | None = None
        try:
            self._heap: GuestHeap | None = GuestHeap(self._board)
        except UserError:
            self._heap = None  # a firmware without MicroPython
        self._samples: list[HeapSample] = []
        self._sample()
        self.stopwatch = Stopwatch(self._board)

    def teardown_begins(self) -> None:
        """The test's own frames have crossed the wire."""
        self._own_frames = self._running.capture.mark()

    def keyword_ended(self, failure: str = "") -> None:
        """A keyword is over; `failure` is its message if it failed."""
        if failure:
            now = self._running.capture.epoch + self._board.clock.now
            self._failures.append((self._running.capture.mark(), now, failure))
        self._sample()

    def _sample(self) -> None:
        if self._heap is not None:
            now = round(self._milliseconds(), 3)
            self._samples.append(HeapSample(now, self._heap.free()))

    def _milliseconds(self) -> float:
        return (self._board.clock.now - self._begun) * 1000

    def reset_follows(self) -> None:
        """The board is about to be reset: its clock and its counter of instructions begin anew."""
        self._printed, self._printed_from = self.console, 0
        self._begun -= self._board.clock.now
        self._instructions -= self._board.instructions
        self.stopwatch.disturb()

    @property
    def console(self) -> str:
        """What the board has printed since the test began."""
        return self._printed + self._board.uart.text[self._printed_from :]

    def measured(self, suite: str, name: str, status: str) -> TestFigures:
        """All that was measured, for the file of the run."""
        frames = self._running.capture.frames
        sent = sum(frame.direction == "to-board" for frame in frames)
        return TestFigures(
            suite,
            name,
            status,
            round(self._milliseconds(), 3),
            self._board.instructions - self._instructions,
            sent,
            len(frames) - sent,
            self._samples,
            self.stopwatch.operations,
        )

    def figures(self) -> list[Figure]:
        """What the test took so far, in virtual terms: the same on every machine."""
        told = self.measured("", "", "")
        time = f"{told.milliseconds:.1f}"
        figures = [
            Figure(
                "frames to the board", f"{told.frames_to_board}", "with those of teardown and health check"
            ),
            Figure("from it", f"{told.frames_from_board}", "frames that the board has sent"),
            Figure("virtual ms", time, "the board's own time, from its restored state on"),
        ]
        if told.instructions:
            millions = f"{told.instructions / 1e6:.2f}"
            figures.append(Figure("million instructions", millions, "executed by the board's CPU"))
        if told.heap:
            meaning = (
                "free bytes of the Python heap, the least that was seen between two keywords; garbage that "
                "has not been collected counts as used"
            )
            least = min(sample.free for sample in told.heap)
            figures.append(Figure("bytes of heap free at least", f"{least}", meaning))
        return figures

    def html(self, name: str, message: str, capture: str) -> str:
        """Figures, ladder and console for the log. `message` is why the test failed, `capture` a link."""
        steps = tell(self._running.capture.frames)
        own = len(steps) if self._own_frames is None else self._own_frames
        deviation: Deviation | None = None
        if message:
            found = next((failure for failure in self._failures if failure[2] in message), None)
            if found is not None:
                deviation = find_deviation(steps, *found)
            if found is None or found[0] > own:
                own = len(steps)  # it failed in the teardown
        rest = len(steps) - own
        note = f"{rest} more frames, of teardown and health check, are in the capture." if rest else ""
        wire = self._board.wire
        title = f"Frames of the test {name}"
        ladder = Ladder(wire.host.name, wire.board.name, steps[:own], title, deviation, note)
        return evidence(ladder, self.figures(), capture, self.console)
