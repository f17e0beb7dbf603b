"""Edits: how a source is made wrong.

A mutant must not rot unnoticed while the code it changes goes on changing. So an edit knows by itself
whether it still applies: `apply` raises DoesNotApply, which costs no build.

A source is named as `emulation.firmware.overlay` does: `ws_server/frames.py`, `firmware/net/netif.c`.
"""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass
from typing import Protocol


class DoesNotApply(Exception):
    """The source has changed so that the edit no longer says what to do."""


class Edit(Protocol):
    """One change of one source."""

    @property
    def source(self) -> str:
        """The source's name."""

    def apply(self, text: str) -> str:
        """The source's text with the change. Raises DoesNotApply."""


@dataclass(frozen=True)
class Replace:
    """`old`, which stands in the source exactly once, becomes `new`."""

    source: str
    old: str
    new: str

    def apply(self, text: str) -> str:
        """See `Edit`."""
        count = text.count(self.old)
        if count != 1:
            raise DoesNotApply(f"{self.source} has {count or 'no'} places that read {self.old.strip()!r}")
        return text.replace(self.old, self.new)


_WRAPPING = """

{code}


def _wrap(wrong, right):
    return lambda *arguments, **options: wrong(right, *arguments, **options)


{target} = _wrap(wrong, {target})
"""


@dataclass(frozen=True)
class Wrap:
    """The function or method `target` of a Python module becomes `wrong(right, ...)`.

    `code` defines `wrong`, which gets the right function and then what that one would get. So the edit
    depends on names alone, not on how the code behind them is written. Each name it takes from the module
    must be there: functions, classes, and their attributes.
    """

    source: str
    target: str
    code: str

    def apply(self, text: str) -> str:
        """See `Edit`."""
        added = _WRAPPING.format(code=self.code.strip(), target=self.target)
        missing = _missing(added, text)
        name = self.target.partition(".")[0]
        if name not in _bound(ast.parse(text)):
            missing.add(name)
        if missing:
            raise DoesNotApply(f"{self.source} has no {', '.join(sorted(missing))}")
        return text + added


def _missing(code: str, module: str) -> set[str]:
    """Names that `code` would take from `module`, which lacks them."""
    tree, added = ast.parse(module), ast.parse(code)
    known = _bound(tree) | _bound(added) | set(dir(builtins))
    classes = {node.name: _members(node) for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    members = set().union(*classes.values()) if classes else set()
    missing = set()
    for node in ast.walk(added):
        if isinstance(node, ast.Name) and node.id not in known:
            missing.add(node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = node.value.id
            if owner in classes and node.attr not in classes[owner]:
                missing.add(f"{owner}.{node.attr}")
            if owner == "self" and node.attr not in members:
                missing.add(f"self.{node.attr}")
    return missing


def _bound(tree: ast.AST) -> set[str]:
    """Every name that something is bound to anywhere in `tree`."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names.update((alias.asname or alias.name).partition(".")[0] for alias in aliases)
            case ast.ExceptHandler(name=str(name)):
                names.add(name)
    return names


def _members(node: ast.ClassDef) -> set[str]:
    """Methods and attributes of a class, those that its methods give to `self` among them."""
    names = _bound(ast.Module(node.body, []))
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "self":
            names.add(part.attr)
    return names
