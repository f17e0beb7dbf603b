"""A limit for peers that take nothing of what is sent to them: else they could keep their place for ever."""

from errno import ETIMEDOUT

from .compat import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .compat import Output
    from .watchdog import Watchdog


class SendLimit:
    """Looks at a connection's progress while something is on its way, and only then.

    TCP keeps a connection whose peer answers but never opens its window (RFC 9293 section 3.8.6.1, MUST-37);
    to end it is left to applications (RFC 6429). `begin` is to be called when something has been sent and
    `active` is not set. Each `delay` milliseconds there is a look: nothing taken since the last one ends the
    connection, so that it ends after one delay without progress at the earliest, two at the latest.
    """

    def __init__(
        self, output: "Output", watchdog: "Watchdog", delay: int, lose: "Callable[[OSError], None]"
    ) -> None:
        """`lose` ends the connection; a delay of 0 is no limit."""
        self._output = output
        self._watchdog = watchdog
        self._delay = delay
        self._lose = lose
        self._taken: int | None = None
        self.active = delay == 0

    def begin(self) -> None:
        """Look after what has been sent."""
        self.active = True
        self._taken = self._output.taken()
        self._watchdog.set(self, self._delay)

    def end(self) -> None:
        """Look no more."""
        self.active = True
        self._watchdog.clear(self)

    def expire(self) -> None:
        """It is time for a look."""
        before = self._taken
        taken = self._taken = self._output.taken()
        if taken is None:
            self.active = False
        elif taken == before:
            self._lose(OSError(ETIMEDOUT, "the peer takes nothing of what is sent"))
        else:
            self._watchdog.set(self, self._delay)
