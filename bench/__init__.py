"""The instrument: a board on an Ethernet segment, frames in and out, captures, reports.

from bench import Board

with Board.boot() as board:
    board.uart.wait_for("listening", timeout=5)
"""

from bench.board import Board, BoardState
from bench.wire import Wire

__all__ = ["Board", "BoardState", "Wire"]
