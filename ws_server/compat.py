"""What differs between CPython and MicroPython; no other module asks which one runs it.

MicroPython needs these features compiled in: big integers, f-strings, memoryview, assignment to slices of a
bytearray, property, set, asyncio, and SHA-1 in hashlib. Floating point is not needed: times are whole
milliseconds.

There is no `typing` and no `__future__` on MicroPython. Modules import names that only annotations need under
`if TYPE_CHECKING`, and quote the annotations that use them; MicroPython's compiler drops annotations.
"""

import asyncio
import sys

from . import utf8
from .buffers import make_room as make_room
from .buffers import take_bytes as take_bytes
from .buffers import take_text as take_text
from .masking import copy_masked as copy_masked

MICROPYTHON = sys.implementation.name == "micropython"
TYPE_CHECKING = False

READ_SIZE = 536
"""Bytes asked of the socket at once: one segment of lwIP's default size."""

# What a microcontroller has no room for is no limit elsewhere. RFC 9112 section 3 recommends 8000 bytes for a
# request line; cookies may well be longer than 1024.
MAX_LINE = 1024 if MICROPYTHON else 8192
MAX_HEAD = 4096 if MICROPYTHON else 65536
"""Bytes of a line, and of all lines, of an upgrade request."""
MAX_HEADERS = 64 if MICROPYTHON else 256
"""Lines of an upgrade request."""
REFUSERS = 2 if MICROPYTHON else 128
"""Connections beyond the backlog that are told so (503) at the same time; further ones are dropped."""


def const(value: "Constant") -> "Constant":
    """Mark a constant of a module: MicroPython's compiler writes the value wherever the name stands."""
    return value


if TYPE_CHECKING or not MICROPYTHON:
    import socket
    import time
    import traceback
    from os import urandom

    Reader = asyncio.StreamReader
    Writer = asyncio.StreamWriter
    Listener = asyncio.Server
    AnyTask = asyncio.Task[None]

    _tasks: set[AnyTask] = set()

    def spawn(coroutine: "Coroutine[None, None, None]") -> AnyTask:
        """Start a task that runs until it ends by itself."""
        task = asyncio.ensure_future(coroutine)
        _tasks.add(task)  # the event loop itself keeps weak references only
        task.add_done_callback(_tasks.discard)
        return task

    def encoded(text: str) -> bytes | memoryview:
        """`text` in UTF-8, without a copy where that can be had. Raises ValueError for lone surrogates."""
        return text.encode()

    def check_utf8(state: int, data: bytes | bytearray, start: int, end: int) -> int:
        """See `utf8.check_utf8`. The decoder here is strict, and much faster."""
        while state > 0 and start < end:
            state = utf8.check_utf8(state, data, start, start + 1)
            start += 1
        if state or start == end:
            return state
        try:
            data[start:end].decode()
        except UnicodeDecodeError as error:
            return utf8.check_utf8(0, data, start + error.start, end)
        return 0

    def tidy() -> None:
        """Collect garbage, where what is made next should not end up in the middle of the free memory."""

    def read_buffer() -> bytearray:
        """Return a buffer for `read_into`."""
        return bytearray(READ_SIZE)

    def random_bytes(count: int) -> bytes:
        """`count` bytes that nobody can predict."""
        return urandom(count)

    def ticks_ms() -> int:
        """Milliseconds of a clock that never goes back."""
        return time.monotonic_ns() // 1_000_000

    def ticks_add(ticks: int, delta: int) -> int:
        """`delta` milliseconds after `ticks`."""
        return ticks + delta

    def ticks_diff(end: int, start: int) -> int:
        """Milliseconds from `start` to `end`, negative if `end` comes first."""
        return end - start

    async def sleep_ms(delay: int) -> None:
        """Let other tasks run for `delay` milliseconds."""
        await asyncio.sleep(delay / 1000)

    def print_exception(error: BaseException) -> None:
        """Write the traceback of `error` to the standard error output."""
        traceback.print_exception(error)

    async def read_into(reader: Reader, buffer: bytearray) -> int | None:
        """Wait for bytes, put them at the start of `buffer`, return how many; 0 is the end.

        None if there were none after all: try again.
        """
        data = await reader.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    class Output:
        """Sends without waiting; what the network stack does not take yet is kept."""

        def __init__(self, writer: Writer) -> None:
            self._writer = writer
            writer.transport.set_write_buffer_limits(0)  # drain() waits for everything

        def unsent(self) -> int:
            """How many bytes the network stack has not taken yet."""
            return self._writer.transport.get_write_buffer_size()

        def write(self, data: bytes | memoryview) -> bool:
            """Send `data`; whether the network stack has taken all there is.

            Raises OSError if the connection is known to be lost.
            """
            transport = self._writer.transport
            if transport.is_closing():
                raise ConnectionResetError("connection lost")
            transport.write(data)
            return not transport.get_write_buffer_size()

        async def drain(self) -> None:
            """Wait until all is sent. Raises OSError."""
            await self._writer.drain()

    def peer_address(writer: Writer) -> tuple[str, int]:
        """Address and port of the other side."""
        name = writer.get_extra_info("peername")
        return (str(name[0]), int(name[1])) if name else ("", 0)

    def set_no_delay(writer: Writer) -> None:
        """Send small segments at once (asyncio does so by itself)."""

    def set_send_timeout(writer: Writer, seconds: int) -> None:
        """Let the network stack give up a peer that takes nothing of what is sent for so long (0: never).

        TCP keeps a connection whose peer answers but never opens its window (RFC 9293 section 3.8.6.1,
        MUST-37); to end it is left to applications (RFC 6429).
        """
        sock = writer.get_extra_info("socket")
        if seconds and sock is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, seconds * 1000)

    def abort(writer: Writer) -> None:
        """Drop the TCP connection and what was not sent."""
        writer.transport.abort()

    async def close_stream(writer: Writer) -> None:
        """Close the TCP connection."""
        writer.close()
        await writer.wait_closed()

    async def listen(callback: "Callback", host: str | None, port: int, backlog: int) -> tuple[Listener, int]:
        """Listen on `host` (all addresses of the machine for None); returns the listener and its port.

        Up to `backlog` connections may wait to be accepted.

        Raises OSError if the address cannot be had.
        """

        def connected(reader: Reader, writer: Writer) -> None:
            # A coroutine function would do, but until Python 3.12 its cancellation gives a traceback.
            spawn(callback(reader, writer))

        if host is None and socket.has_dualstack_ipv6():
            sock = socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
            listener = await asyncio.start_server(connected, sock=sock, backlog=backlog)
        else:
            listener = await asyncio.start_server(connected, host or "0.0.0.0", port, backlog=backlog)
        return listener, int(listener.sockets[0].getsockname()[1])

else:
    import gc
    import random
    import socket
    import time

    limit_sending = None
    try:
        import _ws_native

        limit_sending = getattr(_ws_native, "limit_sending", None)  # not with every network stack
        check_utf8 = _ws_native.check_utf8
        copy_masked = _ws_native.copy_masked
        make_room = _ws_native.make_room
        take_bytes = _ws_native.take_bytes
        take_text = _ws_native.take_text
    except (ImportError, AttributeError):  # not the firmware of this project
        check_utf8 = utf8.check_utf8

    Reader = Writer = asyncio.StreamReader
    read_into = asyncio.StreamReader.readinto
    spawn = asyncio.create_task
    sleep_ms = asyncio.sleep_ms
    ticks_ms = time.ticks_ms
    ticks_add = time.ticks_add
    ticks_diff = time.ticks_diff
    print_exception = sys.print_exception

    # A heap that is only collected when it is full has long-lived objects all over, and no room in one piece.
    tidy = gc.collect

    _buffer = bytearray(READ_SIZE)

    def read_buffer():
        """See above."""
        # One for all: nothing runs between a read and the parsing of what it gave.
        return _buffer

    encoded = memoryview  # of the text itself: a str is UTF-8 there

    def random_bytes(count):
        """See above."""
        return bytes([random.getrandbits(8) for _ in range(count)])

    _RETRY = 50  # milliseconds

    class Output:
        """See above."""

        # Instead of a stream: its write() copies what is left over, and loses what comes while drain() waits.
        def __init__(self, writer):
            self._socket = writer.s
            self._queue = []

        def unsent(self):
            """See above."""
            return sum([len(data) for data in self._queue])

        def write(self, data):
            """See above."""
            if not self._queue:
                count = self._socket.write(data)
                if count is not None:
                    if count == len(data):
                        return True
                    data = memoryview(data)[count:]
            self._queue.append(data)
            return False

        async def drain(self):
            """See above."""
            while self._queue:
                await self._writable()
                data = self._queue[0]
                count = self._socket.write(data)
                if count is None:
                    # lwIP's sockets count as writable for ever when the peer has closed its half.
                    await sleep_ms(_RETRY)
                elif count == len(data):
                    self._queue.pop(0)
                else:
                    self._queue[0] = memoryview(data)[count:]

        def _writable(self):
            yield asyncio.core._io_queue.queue_write(self._socket)

    def peer_address(writer):
        """See above."""
        address = writer.get_extra_info("peername")
        # The Unix port gives the raw sockaddr, the boards a tuple.
        return (address[0], address[1]) if isinstance(address, tuple) else ("", 0)

    def set_no_delay(writer):
        """See above."""
        if hasattr(writer.s, "setsockopt"):
            # lwIP numbers its options differently from everyone else.
            writer.s.setsockopt(6, getattr(socket, "TCP_NODELAY", 1), 1)  # 6: IPPROTO_TCP

    def set_send_timeout(writer, seconds):
        """See above."""
        if limit_sending:
            limit_sending(writer.s, seconds)

    def abort(writer):
        """See above."""
        writer.s.close()

    async def close_stream(writer):
        """See above."""
        await writer.wait_closed()

    class Listener:
        """Accepts connections. asyncio's own stops for good where there is no memory for one of them."""

        def __init__(self, callback, listening):
            self._callback = callback
            self._socket = listening
            self._task = spawn(self._accept_all())

        def close(self):
            """Stop."""
            self._task.cancel()

        async def _accept_all(self):
            try:
                while True:
                    try:
                        await self._readable()
                        self._accept()
                    except OSError:  # gone already
                        pass
                    except MemoryError:
                        await sleep_ms(_RETRY)
            finally:
                self._socket.close()

        def _accept(self):
            accepted, address = self._socket.accept()
            try:
                accepted.setblocking(False)
                stream = Reader(accepted, {"peername": address})
                spawn(self._callback(stream, stream))
            except MemoryError:
                accepted.close()
                raise

        def _readable(self):
            yield asyncio.core._io_queue.queue_read(self._socket)

    _LONGEST_QUEUE = 12  # so many connections the firmware's lwIP has; each costs a word, and 255 are most

    async def listen(callback, host, port, backlog):
        """See above."""
        address = socket.getaddrinfo(host or "0.0.0.0", port)[0][-1]
        listening = socket.socket()
        listening.setblocking(False)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(address)
            listening.listen(min(backlog, _LONGEST_QUEUE))
        except OSError:
            listening.close()
            raise
        listener = Listener(callback, listening)
        await sleep_ms(0)  # a task that has not begun cannot clean up when it is cancelled
        return listener, port


if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import TypeVar

    Constant = TypeVar("Constant", int, bytes)

    Callback = Callable[[Reader, Writer], Coroutine[None, None, None]]
