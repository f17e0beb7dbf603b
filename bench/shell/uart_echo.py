"""What the board prints, shown between the inputs of a shell."""

from __future__ import annotations

import codecs

from rich.console import Console
from rich.text import Text

from emulation.console_text import printable

PREFIX = "uart| "


class UartEcho:
    """Prints the board's lines as they end, dim and with a prefix, so that they are not taken for results."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._line = ""

    def __call__(self, data: bytes) -> None:
        """Take what the board has just printed: a listener of `Uart`."""
        self._line += self._decoder.decode(data).replace("\r", "")
        *complete, self._line = self._line.split("\n")
        for line in complete:
            self._show(line)

    def flush(self) -> None:
        """Print a line that has not ended: an input is about to be asked for."""
        if self._line:
            self._show(self._line)
            self._line = ""

    def _show(self, line: str) -> None:
        visible = printable(line)
        self._console.print(Text(f"{PREFIX}{visible}", style="dim"))
