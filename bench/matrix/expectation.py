"""What a reaction may be: the form in which the rules of all layers say it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.matrix.replies import Reply


@dataclass(frozen=True)
class Problem:
    """A rule that was broken. `rule` is stable: what was the case, and what came instead."""

    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.text} [{self.rule}]"


Check = Callable[[Sequence[Reply]], list[Problem]]


def _no_check(replies: Sequence[Reply]) -> list[Problem]:
    return []


@dataclass(frozen=True)
class Expectation:
    """The kinds of reply that are allowed, and those of which one must come."""

    when: str
    """What the packet is, in few words with hyphens: `tcp-listen-ack`."""
    allowed: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    source: str = ""
    """The section that says so."""
    check: Check = _no_check
    """What else must hold of the replies."""

    def optional(self, when: str) -> Expectation:
        """The same, but silence is as good."""
        return Expectation(f"{when}-{self.when}", self.allowed, frozenset(), self.source, self.check)


def silent(when: str, source: str = "") -> Expectation:
    """No reply at all."""
    return Expectation(when, source=source)


def may(when: str, *kinds: str, source: str = "", check: Check = _no_check) -> Expectation:
    """Replies of these kinds, or none."""
    return Expectation(when, frozenset(kinds), source=source, check=check)


def must(
    when: str, *kinds: str, also: Sequence[str] = (), source: str = "", check: Check = _no_check
) -> Expectation:
    """A reply of one of these kinds; others of `also` beside it."""
    return Expectation(when, frozenset((*kinds, *also)), frozenset(kinds), source, check)
