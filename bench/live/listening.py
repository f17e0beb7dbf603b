"""Listening on the host, and what can be wrong with that: ports that are taken, no descriptors left."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import resource
import socket
import time
from collections.abc import Callable
from typing import Any

from emulation.errors import UserError

LOOPBACK = "127.0.0.1"
BACKLOG = 100
"""Connections that the kernel keeps for a listener which does not accept them yet."""
SPARE = 32
"""Descriptors that connections leave to the rest of the bench: its page, its captures, its engine."""
AT_ONCE = 32
"""Connections that are accepted before the board gets its turn."""
MOST = 1000
"""Connections at once: many times what the board has room for."""
AGAIN = 0.5
"""Wall seconds until the next attempt where the machine itself is out of something."""
QUIET = 60.0
"""Wall seconds in which the same is not said twice."""
SHORTAGES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


def listen_error(host: str, port: int, error: OSError) -> UserError:
    """What is wrong with a port of the host, and what to do about it."""
    if error.errno == errno.EADDRINUSE:
        return UserError(f"port {port} of {host} is in use", "name another one, or 0 for any that is free")
    own = error.errno and not isinstance(error, socket.gaierror)
    reason = os.strerror(error.errno or 0) if own else error.strerror
    return UserError(
        f"cannot listen on {host} port {port}: {reason}",
        "name an address of this machine and a port that you may use",
    )


class Doorman:
    """Accepts connections of the host as long as there is room: `make` gives the protocol of each.

    Without room it leaves them to the kernel's queue until one has ended (`ended`), and says so by `say`, one
    line. Make it where the loop runs. asyncio's own servers write a traceback for each connection that they
    have no descriptor for, and leave none for anything else.
    """

    def __init__(self, say: Callable[[str], None], most: int = MOST) -> None:
        self._say, self._most = say, most
        self._loop = asyncio.get_running_loop()
        self._doors: dict[socket.socket, Callable[[], asyncio.Protocol]] = {}
        self._inside = 0
        self._shut = False
        self._said = float("-inf")
        self._tasks: set[asyncio.Task[Any]] = set()

    def open(self, host: str, port: int, make: Callable[[], asyncio.Protocol]) -> int:
        """Accept at every address that `host` stands for; returns the port, of 0 one that was free.

        Raises OSError.
        """
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        opened: list[socket.socket] = []
        try:
            for family, _, _, _, address in dict.fromkeys(found):
                where = (address[0], port, *address[2:])
                opened.append(socket.create_server(where, family=family, backlog=BACKLOG))
                port = opened[0].getsockname()[1]
        except BaseException:
            for door in opened:
                door.close()
            raise
        for door in opened:
            door.setblocking(False)
            self._doors[door] = make
            if not self._shut:
                self._loop.add_reader(door, self._knock, door)
        return port

    def ended(self) -> None:
        """A connection that came in here is over."""
        self._inside -= 1
        if self._shut:
            self._loop.call_soon(self._reopen)  # its descriptor is closed after its protocol has been told

    def close(self) -> None:
        """Accept no more."""
        for door in self._doors:
            self._loop.remove_reader(door)
            door.close()
        self._doors.clear()

    def _knock(self, door: socket.socket) -> None:
        for _ in range(AT_ONCE):
            if self._shut or not self._accept(door):
                break

    def _accept(self, door: socket.socket) -> bool:
        """Accept one connection; whether there may be more."""
        try:
            connection, _ = door.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return False
        except OSError as error:
            if error.errno not in SHORTAGES:
                raise
            self._shut_all(os.strerror(error.errno or 0))
            self._loop.call_later(AGAIN, self._reopen)
            return False
        connection.setblocking(False)
        self._inside += 1
        task = self._loop.create_task(self._let_in(connection, self._doors[door]))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # Descriptors are given out from the lowest that is free.
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if limit != resource.RLIM_INFINITY and connection.fileno() >= limit - SPARE:
            self._shut_all("no descriptors are left for more (ulimit -n)")
        elif self._inside >= self._most:
            self._shut_all("that is the most the bench carries on")
        return True

    async def _let_in(self, connection: socket.socket, make: Callable[[], asyncio.Protocol]) -> None:
        try:
            await self._loop.connect_accepted_socket(make, connection)
        except OSError:  # it has gone before it was in
            with contextlib.suppress(OSError):
                connection.close()
            self.ended()

    def _shut_all(self, why: str) -> None:
        self._shut = True
        for door in self._doors:
            self._loop.remove_reader(door)
        if time.monotonic() - self._said >= QUIET:
            self._said = time.monotonic()
            self._say(f"{self._inside} connections, {why}: others wait until one of them ends")

    def _reopen(self) -> None:
        if self._shut and self._inside < self._most:
            self._shut = False
            for door in self._doors:
                self._loop.add_reader(door, self._knock, door)
