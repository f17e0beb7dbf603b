"""From a failing sequence to a smaller one that still fails: fewer segments, then plainer ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from bench.sequences.case import Part, Place, SequenceCase


def reduce(case: SequenceCase, fails: Callable[[SequenceCase], bool]) -> SequenceCase:
    """The first smaller sequence that fails, and then what is smaller than that, until nothing is.

    `fails` is not asked about the case itself, nor about any twice.
    """
    asked = {case}
    smaller: SequenceCase | None = case
    while smaller is not None:
        case, smaller = smaller, None
        for candidate in _smaller(case):
            if candidate not in asked:
                asked.add(candidate)
                if fails(candidate):
                    smaller = candidate
                    break
    return case


def _smaller(case: SequenceCase) -> Iterator[SequenceCase]:
    parts = case.parts
    for size in range(len(parts) // 2, 0, -1):  # several at once: most of a long sequence does not matter
        for start in range(0, len(parts) - size + 1):
            if len(parts) > size:
                yield replace(case, parts=parts[:start] + parts[start + size :])
    if case.connections == 2:
        yield replace(case, parts=tuple(replace(part, second=False) for part in parts))
        yield replace(case, parts=tuple(part for part in parts if not part.second) or parts)
    for index, part in enumerate(parts):
        for plainer in _plainer(part):
            yield replace(case, parts=(*parts[:index], plainer, *parts[index + 1 :]))


def _plainer(part: Part) -> Iterator[Part]:
    """The same segment with one thing less to say of it."""
    if part.option:
        yield replace(part, option="")
    if part.window:
        yield replace(part, window="")
    if part.acknowledges:
        yield replace(part, acknowledges=False)
    if part.pause:
        yield replace(part, pause=0)
    for letter in part.flags:
        if letter != "A":
            yield replace(part, flags=part.flags.replace(letter, ""))
    if part.end is not None:
        yield replace(part, end=None)
        yield from (replace(part, end=end) for end in _nearer(part.end))
    yield from (replace(part, start=start) for start in _nearer(part.start))


def _nearer(place: Place) -> Iterator[Place]:
    """Places with a smaller offset: none, half of it, one less."""
    size = abs(place.offset)
    sign = 1 if place.offset > 0 else -1
    for offset in dict.fromkeys((0, size // 2, size - 1)):
        if 0 <= offset < size:
            yield replace(place, offset=sign * offset)
