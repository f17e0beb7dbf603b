"""What was wrong with the frames of the board, and whether the partners mind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from bench.addresses import Station
from bench.reception.defect import Defect
from bench.reception.link import MISADDRESSED, Inspector


class ReceptionError(AssertionError):
    """The board sent what a real peer would drop, or what no station may send."""

    ROBOT_SUPPRESS_NAME = True
    """Robot Framework: show the message without the name of the class before it."""


class Reception:
    """Judges every frame of the board before a partner gets it, and counts what is wrong.

    `strict = False` makes the partners take everything, as a sniffer does, and nothing is counted. Restoring
    the board switches strictness back to what it was, but forgets nothing that was found: `begin` does.
    """

    def __init__(self, station: Station) -> None:
        self.strict = True
        """Whether frames are judged."""
        self.misled = False
        """Whether the board may have been told a wrong Ethernet address of the station: that frames go there
        is no mistake of the board then, and partners hear them."""
        self._inspector = Inspector(station)
        self._counts: Counter[Defect] = Counter()

    def judge(self, frame: bytes) -> tuple[Defect, ...]:
        """What is wrong with a frame from the cable, which is counted; nothing in lenient mode."""
        if not self.strict:
            return ()
        found = tuple(self._inspector.inspect(frame))
        if found and self.misled:
            found = tuple(defect for defect in found if defect not in MISADDRESSED)
        if found:
            # One frame, one finding: what else is wrong with it most often follows from the same mistake.
            self._counts[next((defect for defect in found if defect.dropped), found[0])] += 1
        return found

    def sent(self, frame: bytes) -> None:
        """A frame goes to the board."""
        self.misled = self.misled or (len(frame) > 20 and self._inspector.misleads(frame))

    def hears(self, frame: bytes) -> bool:
        """Whether this station's controller takes the frame; all in lenient mode and where it was misled."""
        return not self.strict or self.misled or self._inspector.hears(frame)

    # What was found

    def begin(self) -> None:
        """A new test begins: nothing has been found."""
        self._counts.clear()
        self.rewound(self.misled)

    def rewound(self, misled: bool) -> None:
        """The board was restored: fragments that waited for others are gone, what was found is not."""
        self.misled = misled
        self._inspector.forget()

    def mark(self) -> Counter[Defect]:
        """The present point, for `findings`."""
        return Counter(self._counts)

    def findings(self, since: Mapping[Defect, int] | None = None) -> list[str]:
        """What was found since the test began, or since a mark: a line for each kind, with their number."""
        before = since or {}
        return [
            defect.told(count - before.get(defect, 0))
            for defect, count in self._counts.items()
            if count > before.get(defect, 0)
        ]

    def take(self) -> list[str]:
        """The findings, which are forgotten: for a test that expects them."""
        found = self.findings()
        self.begin()
        return found

    @property
    def told(self) -> str:
        """The findings in one line, empty for none."""
        return "; ".join(self.findings())

    def check(self) -> None:
        """Raise ReceptionError if anything was found."""
        if self._counts:
            raise ReceptionError(f"the board sends what it must not: {self.told}")
