"""The sequences of two and three segments, from tables: where each lies, and what is odd about it.

The tables are about what a stack gets wrong: both sides of RCV.NXT and of the window's edge, overlaps, a FIN
before its turn, and options, flags and windows that only one of the segments has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

from bench.sequences.case import OPTIONS, SEQUENCE_STATES, WINDOWS, Part, SequenceCase

PLACES = (
    "-1..0", "-1..1", "-1..E", "-1..E+1", "0..1", "0..H", "0..E", "0..E+1", "1..2", "1..H", "1..E", "1..E+1",
    "H..E-1", "H..E", "H..E+1", "E-1..E", "E-1..E+1", "E..E+1", "E+1..E+2",
)  # fmt: skip
"""Where the data of a segment lie."""
BARE = ("-1", "0", "1", "H", "E-1", "E")
"""Where a segment without data lies."""
FEW = ("PA@0..1", "PA@0..H", "PA@0..E", "PA@0..E+1", "PA@1..H", "PA@H..E", "PA@E-1..E+1", "PA@E..E+1",
       "FA@0", "FA@1", "FA@H", "FA@E-1", "FPA@0..H", "FPA@1..E", "A@0", "A@1")  # fmt: skip
"""The segments of which every state gets all pairs."""
TRIPLE = ("PA@0..1", "PA@0..H", "PA@0..E", "PA@1..H", "PA@H..E", "PA@H..E+1", "PA@E-1..E+1", "FA@1", "FA@H",
          "FPA@H..E")  # fmt: skip
"""The segments of which three are tried in a row."""
ODD_PLACES = ("0..1", "1..H", "0..E", "E-1..E+1")
ODD_FLAGS = ("UPA", "P", "SA", "S", "RA", "R")
PLAIN = ("PA@0..H", "PA@1..H", "PA@0..E", "PA@H..E", "FA@0", "FA@1")
"""What comes before or after an odd segment."""
FULL_PAIRS = ("established",)
"""Where all places are paired with all; the stack is in the same state when the connection is upgraded."""
ODD_STATES = ("upgraded", "queued")
TRIPLE_STATES = ("upgraded",)
CLOSING = ("close-wait", "fin-wait-1", "fin-wait-2", "closing", "last-ack", "time-wait")
"""States in which nobody reads, so that it does not matter whether somebody has had time to."""
LATER = 20
"""Virtual milliseconds in which the program reads what has come, so that the window moves."""


def alphabet() -> list[Part]:
    """Every place, with data, with data and FIN, and with FIN alone."""
    texts = [f"{flags}@{place}" for place in PLACES for flags in ("PA", "FPA")]
    return parts([*texts, *(f"FA@{place}" for place in BARE)])


def parts(texts: Sequence[str]) -> list[Part]:
    """Segments of their notations."""
    return [Part.parse(text) for text in texts]


def odd() -> list[Part]:
    """Segments with something that only one of a sequence has: flags, options, windows."""
    data = [Part.parse(f"PA@{place}") for place in ODD_PLACES]
    bare = [Part.parse(f"A@{place}") for place in ("0", "1")]
    flags = [replace(part, flags=letters) for letters in ODD_FLAGS for part in [*data[:2], data[3], *bare]]
    options = [replace(part, option=option) for option in OPTIONS for part in [*data, bare[0]]]
    windows = [replace(part, window=window) for window in WINDOWS for part in [*data, bare[0]]]
    return [*flags, *options, *windows]


def of_state(state: str) -> Iterator[SequenceCase]:
    """The sequences of a state, none twice."""
    few = parts(FEW)
    found: dict[tuple[Part, ...], None] = {}
    for pair in product(alphabet() if state in FULL_PAIRS else few, repeat=2):
        found.setdefault(pair)
    if state not in CLOSING:
        for first, second in product(few, repeat=2):
            found.setdefault((first, replace(second, pause=LATER)))
    if state in ODD_STATES:
        for one, other in product(odd(), parts(PLAIN)):
            found.setdefault((one, other))
            found.setdefault((other, one))
    if state in TRIPLE_STATES:
        for triple in product(parts(TRIPLE), repeat=3):
            found.setdefault(triple)
    for sequence in found:
        yield SequenceCase(state, sequence)


def generate(states: Sequence[str] = ()) -> Iterator[SequenceCase]:
    """The sequences of some states (all, if none is named)."""
    for state in SEQUENCE_STATES:
        if not states or state in states:
            yield from of_state(state)
