"""What tests need of engine and firmware: the part of `bench.pytest_plugin` that imports the bench."""

from __future__ import annotations

import weakref
from collections.abc import Iterable

import pytest

from bench.board import Board, BoardState
from bench.capabilities import Capabilities
from emulation.errors import UserError
from emulation.machine import Need

_known: weakref.WeakKeyDictionary[Board, Capabilities] = weakref.WeakKeyDictionary()


def capabilities_of(board: Board, state: BoardState) -> Capabilities:
    """What the firmware of a board offers in its booted state; found out once."""
    if board not in _known:
        _known[board] = Capabilities(board, state)
    return _known[board]


def skip_unless_offered(board: Board, offers: Capabilities, needs: Iterable[str]) -> None:
    """Skip the test where the engine or the firmware lacks one of these, with the reason."""
    for need in needs:
        if need in set(Need):
            if reason := board.machine.lacks.get(Need(need)):
                pytest.skip(f"engine {board.engine}: {reason}")
            continue
        try:
            missing = offers.lacking([need])
        except UserError as error:
            pytest.fail(str(error), pytrace=False)
        if missing:
            pytest.skip(missing[0])
