"""What is between a connection's protocol and its socket: sending, deadlines, the end."""

import asyncio
from errno import ENOMEM, ETIMEDOUT

from .compat import TYPE_CHECKING, Output, abort, close_stream, peer_address, spawn
from .protocol import OPEN

if TYPE_CHECKING:
    from typing import Any

    from .compat import Writer
    from .protocol import ServerProtocol
    from .watchdog import Watchdog

LINGER = 500
"""Milliseconds for which a failed connection is read on. What is unread when TCP closes is answered with a
reset, and a reset can overtake the Close frame that says why."""

_OPEN, _CLOSE, _INTERVAL, _PING, _IDLE = range(5)


class Link:
    """One TCP connection, made by the task that reads from it; `expire` and `drop` cancel that task.

    `heard` is to be set when something has come. While `corked` is set, `flush` does nothing, so that what
    many small events cause goes out in few segments. `flusher` is the task that sends what could not be sent
    at once, if there is one. `lost` is the error that broke the connection, if one did;
    `cancelled` tells a cancellation of ours from others.
    """

    def __init__(
        self, protocol: "ServerProtocol", writer: "Writer", watchdog: "Watchdog", timeouts: "tuple[int, ...]"
    ) -> None:
        """`timeouts` in milliseconds: open, close, ping interval, ping, idle; the third and last may be 0."""
        self.protocol = protocol
        self.lost: OSError | None = None
        self.cancelled = False
        self.remote_address = peer_address(writer)
        self._writer = writer
        self._output = Output(writer)
        self._watchdog = watchdog
        self._timeouts = timeouts
        self._quiet = 0  # milliseconds in which nothing has come
        self._armed = 0  # milliseconds until the next look at that
        self._pinged = False
        self.heard = False
        self._reader_task: Any = asyncio.current_task()
        self.corked = False
        self.flusher: Any = None
        self._awaited = False  # whether the reader waits for the flusher
        self._dropped = False

    def unsent(self) -> int:
        """Bytes that the network stack has not taken yet."""
        queued = self.protocol.queued
        # Without a task that sends, the network stack has all.
        return queued if self.flusher is None or self._dropped else queued + self._output.unsent()

    def offer(self) -> int:
        """Send what can be sent, corked or not; returns `unsent()`."""
        corked = self.corked
        self.corked = False
        self.flush()
        self.corked = corked
        return self.unsent()

    def flush(self) -> None:
        """Send what the protocol has queued; what cannot be sent at once is sent by a task."""
        if self.corked and not self._dropped:
            return
        taken = True
        try:
            for data in self.protocol.data_to_send():
                if not self._dropped:
                    taken = self._output.write(data)
        except OSError as error:
            self.lose(error)
        except MemoryError:  # perhaps a part of a frame is out already: nothing could follow it
            self.lose(OSError(ENOMEM, "no memory for what is to be sent"))
        if not taken and self.flusher is None and not self._dropped:
            self.flusher = spawn(self._drain())

    async def flushed(self) -> None:
        """Wait until the flusher has sent everything, so that nobody reads more while the peer does not."""
        self._awaited = True
        try:
            await self.flusher
        finally:
            self._awaited = False

    async def _drain(self) -> None:
        try:
            await self._output.drain()
        except OSError as error:
            self.lose(error)
        finally:
            self.flusher = None

    def expect_open(self) -> None:
        """The opening handshake must be done in time."""
        self._watchdog.set(self, self._timeouts[_OPEN])

    def opened(self) -> None:
        """The opening handshake is done; from now on, look after the peer, if that is asked for."""
        self._watchdog.clear(self)
        self.heard = False  # the request itself does not count
        self._arm(self._timeouts[_INTERVAL])

    def expect_close(self) -> None:
        """The closing handshake must be done in time."""
        if self._armed or not self._watchdog.has(self):
            self._armed = 0
            self._watchdog.set(self, self._timeouts[_CLOSE])

    def linger(self) -> None:
        """The connection has failed: leave it a moment to read what is on its way."""
        self._armed = 0
        self._watchdog.set(self, LINGER)

    def expire(self) -> None:
        """A deadline has passed: end the connection, or look whether the peer is still there."""
        if self.protocol.state != OPEN:
            self._cancel()
            return
        if self.heard:
            self.heard = self._pinged = False
            self._quiet = 0
            self._arm(self._timeouts[_INTERVAL])
            return
        self._quiet += self._armed
        if self._timeouts[_IDLE] and self._quiet >= self._timeouts[_IDLE]:
            self.protocol.close(1001, "idle")
            self.expect_close()
        elif self._pinged:
            self.lose(OSError(ETIMEDOUT, "no answer to a Ping"))
            return
        elif self._timeouts[_INTERVAL]:
            self._pinged = True
            self.protocol.ping()
            self._arm(self._timeouts[_PING])
        self.flush()

    def _arm(self, delay: int) -> None:
        """Look after the peer in `delay` milliseconds (0: never), or earlier, when it gets idle."""
        idle = self._timeouts[_IDLE]
        if idle and (not delay or idle - self._quiet < delay):
            delay = idle - self._quiet
        self._armed = delay
        if delay:
            self._watchdog.set(self, delay)

    def drop(self) -> None:
        """End the connection now, without another word."""
        self._dropped = True
        self.protocol.receive_eof()
        self._cancel()

    def lose(self, error: OSError) -> None:
        """Note that TCP connection broke."""
        if self.lost is None and not self._dropped:
            self.lost = error
        self.drop()

    def _cancel(self) -> None:
        # The reader's own task notices by itself that the protocol has finished; so it does when it waits for
        # the flusher, which ends next. To cancel a task is to cancel what it waits for, and on MicroPython a
        # task that is cancelled while it runs takes the event loop with it.
        current = asyncio.current_task()
        if current is self._reader_task or (self._awaited and current is self.flusher):
            return
        if not self.cancelled:
            self.cancelled = True
            self._reader_task.cancel()

    async def close(self) -> None:
        """Close the TCP connection, and wait for it; what is not sent by now is given up."""
        self._watchdog.clear(self)
        self.cancelled = True
        if self.flusher is not None:
            self.flusher.cancel()
        self.protocol.receive_eof()
        try:
            if self._dropped or self._output.unsent():
                abort(self._writer)
            await close_stream(self._writer)
        except OSError:
            pass
