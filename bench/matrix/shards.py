"""Which part of the matrix a run takes: one shard of several, or a sample drawn with a seed."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from bench.matrix.cases import AnyCase
from emulation.errors import UserError

C = TypeVar("C", bound=AnyCase)


@dataclass(frozen=True)
class Shard:
    """The `index`-th of `count` parts, counted from 1: every `count`-th case."""

    index: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Shard:
        """From `2/4`. Raises UserError for what is no part of a whole."""
        found = re.fullmatch(r"(\d+)/(\d+)", text)
        if found is None:
            raise UserError(f"{text!r} is not a shard", "write it as --shard 2/4: the second of four parts")
        index, count = int(found[1]), int(found[2])
        if not 1 <= index <= count:
            raise UserError(
                f"there is no shard {text}",
                f"count from 1/{max(count, 1)} to {max(count, 1)}/{max(count, 1)}",
            )
        return cls(index, count)

    def of(self, cases: Sequence[C]) -> list[C]:
        """Its cases, in their order."""
        return list(cases[self.index - 1 :: self.count])


def sample(cases: Sequence[C], count: int, seed: int) -> list[C]:
    """Some cases of every layer and state, in proportion and in their order; the same for the same seed."""
    if count >= len(cases):
        return list(cases)
    groups: dict[tuple[str, str], list[int]] = {}
    for index, case in enumerate(cases):
        groups.setdefault((case.layer, case.state), []).append(index)
    rng = random.Random(seed)
    chosen: set[int] = set()
    for members in groups.values():
        share = max(1, count * len(members) // len(cases))
        chosen.update(rng.sample(members, min(share, len(members))))
    if len(chosen) > count:  # more groups than cases were asked for
        chosen = set(rng.sample(sorted(chosen), count))
    return [cases[index] for index in sorted(chosen)]


def by_state(cases: Sequence[C]) -> list[C]:
    """The same cases, those that begin in the same state next to each other."""
    return sorted(cases, key=lambda case: (case.state, case.ipv6))
