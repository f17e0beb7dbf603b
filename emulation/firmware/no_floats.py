"""The board has no floating-point numbers: its CPU has no FPU, and the firmware's Python does without.

A literal like `0.1` would end the build with an error of the C compiler, or the program on the board.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from emulation.errors import UserError

HINT = "the board has whole numbers only: count in thousandths, and wait with asyncio.sleep_ms(100)"


def refuse(text: str, path: Path) -> None:
    """Raise UserError for the first number in a program that the board cannot have, with its line."""
    for line, what in literals(text):
        raise UserError(f"{path}, line {line}: {what} is no whole number", HINT)


def literals(text: str) -> Iterator[tuple[int, str]]:
    """Line and text of each literal of a float or complex number; none for what is not Python."""
    tree = _parse(text)
    found = [
        (node.lineno, ast.get_source_segment(text, node) or repr(node.value))
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex)
    ]
    yield from sorted(found)


def divisions(text: str) -> list[int]:
    """The lines with a `/`, whose result would be a float: of two numbers it is a TypeError on the board."""
    return sorted(
        node.lineno
        for node in ast.walk(_parse(text))
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
    )


def _parse(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return ast.Module(body=[], type_ignores=[])
