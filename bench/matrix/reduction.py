"""From a failing case to the fewest modifications, or segments, that still fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

from bench.matrix.cases import AnyCase, Case
from bench.sequences.case import SequenceCase
from bench.sequences.reduction import reduce as reduce_sequence


def reduce_any(case: AnyCase, fails: Callable[[AnyCase], bool]) -> AnyCase:
    """The smallest case of the same kind that still fails."""
    return reduce_sequence(case, fails) if isinstance(case, SequenceCase) else reduce(case, fails)


def reduce(case: Case, fails: Callable[[Case], bool]) -> Case:
    """The smallest case made of some of this one's modifications that fails; the case itself at worst.

    None of them is tried first: the unmodified packet may fail as well. `fails` is not asked about the whole.
    """
    for count in range(len(case.modifications)):
        for some in combinations(case.modifications, count):
            smaller = replace(case, modifications=some)
            if fails(smaller):
                return smaller
    return case
