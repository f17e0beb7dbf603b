"""Which rule each packet of the matrix meets. A rule that none meets is a gap: it is never tried on a board.

The rules are found in the sources of the rules, so that a new one counts at once. No board is needed.
"""

from __future__ import annotations

import ast
import inspect
from collections import Counter
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from types import ModuleType

from bench.matrix import rules, rules_tcp
from bench.matrix.cases import Case
from bench.matrix.states import Ends, model_scene

MAKERS = ("silent", "may", "must", "_challenge")
"""Functions that make an expectation; the rule's name is their first argument, of a challenge the second."""


@lru_cache
def known_rules() -> tuple[str, ...]:
    """The names of all rules, without their variants; `*` stands for the state of a connection."""
    return tuple(name for module in (rules, rules_tcp) for name in _named(module))


@lru_cache
def variants() -> tuple[str, ...]:
    """What goes before a rule's name where the board may do it or leave it: `odd`, `runt`."""
    found = dict.fromkeys(name for module in (rules, rules_tcp) for name in _optional(module))
    return (*found, "extended")


def met(case: Case) -> tuple[str, ...]:
    """The rule that a packet meets, and its variants. Raises LookupError for a rule that is not known."""
    ends = Ends.model(case.state, ipv6=case.ipv6)
    name = rules.expect(model_scene(case.state, ipv6=case.ipv6), case.built(ends).frame).when
    found = []
    while (word := name.partition("-")[0]) in variants():
        found.append(word)
        name = name.removeprefix(f"{word}-")
    return (_rule(name), *found)


def count(cases: Iterable[Case]) -> dict[str, int]:
    """For each rule, and each variant, how many of the packets meet it."""
    counts = Counter(name for case in cases for name in met(case))
    return {name: counts[name] for name in (*known_rules(), *variants())}


@lru_cache
def _rule(name: str) -> str:
    fitting = [rule for rule in known_rules() if fnmatchcase(name, rule)]
    if not fitting:
        raise LookupError(f"the rule {name} is not among those found in the sources")
    return max(fitting, key=lambda rule: (len(rule.replace("*", "")), rule))


def _named(module: ModuleType) -> list[str]:
    found: dict[str, None] = {}
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS:
            name = _text(node.args[1 if node.func.id == "_challenge" else 0])
            if name is not None:  # else the name is made elsewhere
                found.setdefault(name)
    return list(found)


def _text(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values)
    return None


def _optional(module: ModuleType) -> list[str]:
    return [
        argument.value
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "optional"
        for argument in node.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]
