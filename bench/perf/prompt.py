"""MicroPython's prompt on the board's console, for code that a measurement wants to run on the board."""

from __future__ import annotations

from bench.board import Board

INTERRUPT, PASTE, RUN = "\x03", "\x05", "\x04"
PROMPT = ">>> "
TIMEOUT = 10
"""Virtual seconds."""


class Prompt:
    """The prompt of a board; `interrupt` ends the application that the board runs."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def interrupt(self) -> None:
        """Ctrl-C. Raises TimeoutError for a board that shows no prompt then."""
        self._type(INTERRUPT, PROMPT)

    def run(self, code: str, until: str = PROMPT) -> str:
        """Run code up to the next prompt, or until it prints `until`; returns what it prints.

        Raises TimeoutError.
        """
        # Pasted and not typed, so that the board neither indents nor echoes anything by itself.
        self._type(PASTE, "=== ")
        for line in code.splitlines():
            self._type(line + "\r", "=== ")
        return self._type(RUN, until).removesuffix(PROMPT).strip()

    def _type(self, text: str, until: str) -> str:
        after = len(self._board.uart.text)
        self._board.uart.write(text)
        self._board.uart.wait_for(until, timeout=TIMEOUT, after=after)
        return self._board.uart.text[after:]
