"""The instrument: a board on an Ethernet segment, frames in and out, captures, reports.

from bench import Board

with Board.boot() as board:
    board.uart.wait_for("listening", timeout=5)
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.board import Board, BoardState
    from bench.wire import Wire

__all__ = ["Board", "BoardState", "Wire"]

_HOMES = {"Board": "bench.board", "BoardState": "bench.board", "Wire": "bench.wire"}


def __getattr__(name: str) -> object:
    """The names above, imported when they are asked for: they bring Scapy and the emulator with them."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
