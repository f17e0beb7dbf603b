"""The board's console: what it printed so far, waiting for text, typing."""

from __future__ import annotations

import re
from collections.abc import Callable

from bench.console_log import ConsoleText, Search
from bench.loop import Loop
from emulation.console_text import printable

TAIL_LINES = 20
"""Lines of the console that a failure shows."""


class Uart:
    """The console.

    Everything printed since power-on is kept, unless it is trimmed; bytes that are not UTF-8 show as U+FFFD.
    """

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._data = bytearray()
        self._console = ConsoleText()
        self._listeners: list[Callable[[bytes], None]] = []
        loop.on_uart = self._printed

    @property
    def text(self) -> str:
        """All that was printed; a line ends with a line feed alone."""
        return self._console.text

    @property
    def lines(self) -> list[str]:
        """All that was printed, line by line; a line that is not finished yet comes last."""
        return self.text.splitlines()

    @property
    def tail(self) -> str:
        """The last lines, with what would steer a terminal made visible."""
        return printable("\n".join(self.lines[-TAIL_LINES:]))

    def wait_for(self, what: str | re.Pattern[str], timeout: float = 5.0, *, after: int = 0) -> re.Match[str]:
        """Run the board until its output contains a text or a match of a compiled regular expression.

        The whole output counts, so text that is there already is found at once; to wait for new output, say
        from which position of `text` on: `after=len(board.uart.text)`. `timeout` is in virtual seconds.
        Returns the match. Raises TimeoutError (with the last lines printed), GuestFault.
        """
        pattern = re.compile(re.escape(what)) if isinstance(what, str) else what
        found: re.Match[str] | None = None
        search = Search(self._console, pattern, after)

        def there() -> bool:
            nonlocal found
            found = found or search()
            return found is not None

        self._loop.wait_until(there, timeout)
        if found is None:
            shown = f"the last lines:\n{self.tail}" if self._data else "it printed nothing at all"
            wanted = repr(what) if isinstance(what, str) else f"a match of {what.pattern!r}"
            raise TimeoutError(
                f"{wanted} did not appear on the UART within {timeout:g} virtual seconds; {shown}"
            )
        return found

    def listen(self, callback: Callable[[bytes], None]) -> Callable[[], None]:
        """Call `callback(data)` for all that is printed from now on; returns the function that ends this."""
        self._listeners.append(callback)

        def detach() -> None:
            if callback in self._listeners:
                self._listeners.remove(callback)

        return detach

    def write(self, text: str | bytes) -> None:
        """Type on the console, as fast as the line carries it: 115 200 Bd, a character every 87 µs.

        Returns at once. The first character arrives now if the line is idle, the others while the board runs,
        in its time: whoever waits for an answer has waited for them, too.
        """
        with self._loop.lock:
            self._loop.on_typing()
            self._loop.typist.write(text.encode() if isinstance(text, str) else text)

    def trim(self, size: int) -> None:
        """Forget all but the last `size` bytes; positions in `text` from before mean nothing any more."""
        del self._data[: max(len(self._data) - size, 0)]
        self._decode()

    def save(self) -> bytes:
        """A copy of the state."""
        return bytes(self._data)

    def restore(self, state: bytes) -> None:
        """Back to a saved state."""
        self._data[:] = state
        self._decode()

    def _printed(self, data: bytes) -> None:
        self._data += data
        self._console.add(data)
        for listener in list(self._listeners):
            listener(data)

    def _decode(self) -> None:
        self._console.clear()
        self._console.add(bytes(self._data))
