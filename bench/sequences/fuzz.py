"""Random sequences of two to eight segments, drawn with a seed: the same seed, the same sequences.

Each is drawn by itself, from the seed and its number, so that part of a run is the same as in the whole.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from bench.sequences.case import OPTIONS, WINDOWS, Part, Place, SequenceCase

STATES = {
    "syn-received": 2,
    "established": 4,
    "requesting": 2,
    "upgraded": 5,
    "queued": 6,
    "close-wait": 1,
    "fin-wait-1": 1,
    "fin-wait-2": 1,
    "closing": 1,
    "last-ack": 1,
    "time-wait": 1,
}
"""How often each state is drawn, in relation to the others."""
MOST = 8
"""Segments of a sequence; at least two."""
LONGEST = 1448
"""Bytes of a segment that an Ethernet frame takes, options and all."""
PAUSES = (0, 0, 0, 0, 0, 1, 5, 20, 20, 300)
"""Virtual milliseconds before a segment."""
CLOSED = {"queued": 0.6}
"""How often the bench reads nothing all the while, by state; in the others one time in ten."""
OPTION_WEIGHTS = {"mss=1": 5, "mss=0": 2}
"""How often an option is drawn that changes what the board sends; the others once."""
FLAGS = ("A", "PA", "UPA", "FA", "FPA", "P", "S", "SA", "R", "RA", "FSA", "", "FSRPAU")


def sequences(seed: int, count: int) -> Iterator[SequenceCase]:
    """The first `count` sequences of a seed."""
    for number in range(count):
        yield draw(random.Random(f"{seed}/{number}"))


def draw(rng: random.Random) -> SequenceCase:
    """One sequence."""
    state = rng.choices(list(STATES), list(STATES.values()))[0]
    count = rng.randint(2, MOST)
    make = rng.choices([_cut, _wild, _mixed], [4, 3, 3])[0]
    found = make(rng, count)
    if rng.random() < CLOSED.get(state, 0.1):
        window = rng.choice(["w0", "w1"])
        found = [replace(part, window=window) for part in found]
    if rng.random() < 0.25:
        found = [replace(part, second=rng.random() < 0.5) for part in found]
        if not any(part.second for part in found):
            found[-1] = replace(found[-1], second=True)
    return SequenceCase(state, tuple(found))


def _cut(rng: random.Random, count: int) -> list[Part]:
    """A piece of the stream in segments, some of which overlap, and out of order; some with a FIN."""
    size = rng.choice([rng.randint(count, 300), rng.randint(count, 1072), 1072])
    cuts = sorted({0, *(rng.randrange(1, size) for _ in range(count - 1)), size})
    found = []
    for start, end in pairwise(cuts):
        before = rng.choice([0, 0, rng.randint(0, 40)])
        after = rng.choice([0, 0, rng.randint(0, 40)])
        found.append(Part("PA", Place(max(0, start - before)), Place(end + after)))
    if rng.random() < 0.25:
        last = found.pop()
        found.append(replace(last, flags="FPA", end=Place(size)))
    while len(found) < count:
        found.append(rng.choice(found))
    if rng.random() < 0.8:
        rng.shuffle(found)
    return [_paced(rng, part) for part in found]


def _wild(rng: random.Random, count: int) -> list[Part]:
    """Anything anywhere."""
    return [_odd(rng) for _ in range(count)]


def _mixed(rng: random.Random, count: int) -> list[Part]:
    """Pieces of the stream, and among them a few that are odd."""
    found = _cut(rng, max(2, count - rng.randint(1, 2)))
    for _ in range(count - len(found)):
        found.insert(rng.randint(0, len(found)), _odd(rng))
    return found


def _odd(rng: random.Random) -> Part:
    flags = rng.choice(FLAGS) if rng.random() < 0.4 else rng.choice(["PA", "PA", "FA", "FPA", "A"])
    start = _place(rng)
    end = None if flags in ("A", "FA", "S", "R", "RA") and rng.random() < 0.8 else _end(rng, start)
    part = Part(flags, start, end)
    return _paced(rng, part)


def _place(rng: random.Random) -> Place:
    anchor = rng.choice(["", "", "", "E", "H"])
    near = rng.choice([0, 0, 1, -1, rng.randint(-8, 8), rng.randint(-600, 600)])
    return Place(near if anchor or near > -200 else abs(near), anchor)


def _end(rng: random.Random, start: Place) -> Place:
    """The end of a segment that begins there, which is not too long for a frame."""
    size = rng.choice([1, 2, rng.randint(1, 60), rng.randint(1, 600), 536, LONGEST])
    edges = [Place(0, "E"), Place(1, "E"), Place(0, "H")]
    return rng.choice(edges) if not start.anchor and rng.random() < 0.4 else start.moved(size)


def _paced(rng: random.Random, part: Part) -> Part:
    """The segment at some time, and perhaps with an option or a window that the others do not have."""
    if rng.random() < 0.15:
        part = replace(
            part, option=rng.choices(list(OPTIONS), [OPTION_WEIGHTS.get(o, 1) for o in OPTIONS])[0]
        )
    if rng.random() < 0.15:
        part = replace(part, window=rng.choice(list(WINDOWS)))
    return replace(part, pause=rng.choice(PAUSES), acknowledges=part.acknowledges or rng.random() < 0.3)
