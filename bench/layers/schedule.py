"""In which segments, and in which order, the bytes of one `send` go out: a network's impairments as data.

    Schedule(order=[2, 0, 1, 1])     # the third piece first, the second one twice
    Schedule(drop=[1])               # the second piece is lost once; it is retransmitted
    Schedule(overlap=4)              # every segment begins with the last four bytes of the one before
    Schedule(ranges=[(10, 20), (4, 12), (0, 8)])    # exactly these bytes

Pieces are numbered from 0, as `split` or the board's maximum segment size cuts them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Schedule:
    """What becomes of the pieces of one `send`. A piece that never goes out is retransmitted in time."""

    order: Sequence[int] | None = None
    """Numbers of the pieces as they go out: any order, more than once, or not at all."""
    drop: Collection[int] = ()
    """Numbers of pieces that are lost."""
    overlap: int = 0
    """How many bytes before its piece a segment carries too."""
    ranges: Sequence[tuple[int, int]] | None = None
    """The bytes of each segment, first and one behind the last, in place of all of the above."""

    def segments(self, sizes: Sequence[int]) -> list[tuple[int, int]]:
        """The segments of pieces of these sizes: offsets of their first byte and of the one behind the last.

        Raises ValueError for pieces and bytes that there are not.
        """
        cuts = [0]
        for size in sizes:
            cuts.append(cuts[-1] + size)
        if self.ranges is not None:
            for start, end in self.ranges:
                if not 0 <= start < end <= cuts[-1]:
                    raise ValueError(f"there are no bytes {start} to {end} in {cuts[-1]} bytes")
            return list(self.ranges)
        whole = list(pairwise(cuts))
        numbers = range(len(whole)) if self.order is None else self.order
        for number in (*numbers, *self.drop):
            if not 0 <= number < len(whole):
                raise ValueError(f"there is no piece {number}: {len(whole)} pieces are numbered from 0")
        chosen = [whole[number] for number in numbers if number not in self.drop]
        return [(max(0, start - self.overlap), end) for start, end in chosen]
