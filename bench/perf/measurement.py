"""How a figure comes about: what is measured, on which board, and by which function."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.board import Board, BoardState
from bench.peer import PeerError
from bench.perf.figure import Figure

READY = re.compile(r"listening.*\n")
BOOT_TIMEOUT = 10
"""Virtual seconds."""
SETTLE = 0.5
"""Virtual seconds after which a board that has nothing to do is at rest."""


class CannotMeasureError(Exception):
    """A figure cannot be had here; the message says why. The others go on."""


@dataclass(frozen=True)
class Measurement:
    """A figure to be had. `take` fills in its values; it raises CannotMeasureError, UserError, GuestFault."""

    name: str
    unit: str
    target: float | None
    take: Callable[[Subject, Figure], None]
    at_least: bool = False
    note: str = ""

    def figure(self, subject: Subject) -> Figure:
        """Measure."""
        figure = Figure(self.name, self.unit, self.target, self.at_least, self.note)
        try:
            self.take(subject, figure)
        except (CannotMeasureError, PeerError, TimeoutError) as reason:
            # A board that does not answer as it should costs this figure, not those that were had already.
            figure.skipped = str(reason)
        return figure


@dataclass
class Subject:
    """What is measured: one firmware on one engine. `runs` is how often the slow figures are taken."""

    engine: str
    firmware: Path | None = None
    runs: int = 5
    ready: str | None = None
    """What it prints when it can be measured; None: as the bench's own firmware."""
    board_options: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of `Board.boot`."""
    _states: dict[Path | None, tuple[Board, BoardState]] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)

    def boot(self, firmware: Path | None = None) -> Board:
        """A board of its own that listens; the caller closes it."""
        board = Board.boot(self.engine, firmware or self.firmware, **self.board_options)
        try:
            board.uart.wait_for(self.ready or READY, timeout=BOOT_TIMEOUT)
        except BaseException:
            board.close()
            raise
        return board

    def board(self, firmware: Path | None = None) -> Board:
        """The board that the figures share, as it was once it listened and was at rest; nobody captures."""
        if firmware not in self._states:
            board = self._stack.enter_context(self.boot(firmware))
            board.wire.capture = None
            board.run(SETTLE)
            self._states[firmware] = board, board.snapshot()
        board, state = self._states[firmware]
        board.restore(state)
        return board

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
