"""Host programs reach the board: each connection they make is carried on by one from the bench to the board.

The bench is an end point of both, so no addresses have to be translated and nobody needs to be root. What
one side does the other learns: bytes, the end of a half (FIN), a reset, and that somebody does not read. Each
side may be slower than the other; what waits in between is bounded.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import socket
import struct
from collections.abc import Iterable
from typing import cast

from bench.layers.reassembly import MODULO, distance
from bench.layers.tcp_state import AckPolicy, State
from bench.live.events import ConnectionEvent
from bench.live.listening import LOOPBACK, MOST, Doorman, listen_error
from bench.live.live_board import LiveBoard
from bench.tcp import TcpEndpoint

TO_BOARD = 0x10000
"""Bytes that may wait for the board before the client is no longer read from."""
TO_CLIENT = 0xFFFF
"""Bytes that may wait for the client; the window announced to the board is what is left of them."""
RTO = 0.5
"""Virtual seconds until a first retransmission: the wire is short, a lost frame was one too many for the
board's receive buffer."""
SPREAD = 0.6, 1.1
"""Each connection's share of RTO, drawn between these: of many that come at once the board takes a few, and
the others are not to come at once again, and again."""
RETRIES = 8
RESETS = 2
"""How often a reset is repeated, RTO apart: nobody acknowledges it, and a board that was too busy to take it
would keep a place for a client that has gone."""
LINGER_ZERO = struct.pack("ii", 1, 0)
"""`struct linger`: closing sends RST."""


class Relayed(asyncio.Protocol):
    """One connection: `transport` to the client, `tcp` to the board."""

    def __init__(self, relay: Relay, board_port: int) -> None:
        self._relay = relay
        self._live = relay.live
        self._board_port = board_port
        self._transport: asyncio.Transport | None = None
        self._client = ""
        self._client_done = self._board_done = False
        self._waiting = 0
        self.planned: float | None = None
        """When the relay is going to look at the timers."""
        self.tcp = TcpEndpoint(
            *self._live.host.ends(board_port),
            isn=self._live.wire.random.getrandbits(32),
            window=TO_CLIENT,
            ack_policy=AckPolicy.MANUAL,  # with the window that is left once the data has been passed on
            rto=RTO * self._live.wire.random.uniform(*SPREAD),
            retries=RETRIES,
        )
        self._counted = (self.tcp.isn + 1) % MODULO

    # -- the client's side -----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected: connect to the board."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=TO_CLIENT // 2)
        name = self._transport.get_extra_info("peername") or ("gone", 0)  # where it has reset already
        self._client = f"{name[0]}:{name[1]}"
        if not self._live.host.present:
            self._reset_client()
            return
        self._relay.add(self)
        self._tell("open")
        self.tcp.connect(self._live.clock.now)
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Pass it on to the board."""
        if self._ended:
            return
        self._waiting += len(data)
        self.tcp.send(data, self._live.clock.now)
        if self._waiting > TO_BOARD and self._transport is not None:
            self._transport.pause_reading()
        self._flush()

    def eof_received(self) -> bool:
        """The client sends no more; the board still may."""
        self._client_done = True
        if self.tcp.state is not State.SYN_SENT:  # what waits for the handshake goes first, then the end
            self._end_to_board()
        self._close_if_done()
        return True

    def resume_writing(self) -> None:
        """The client reads again: announce so to the board."""
        if not self._ended:
            self._set_window()
            self.tcp.acknowledge(self._live.clock.now)
            self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone: with a reset, or because both sides are done."""
        self._transport = None
        self._relay.left(self)
        if not (self._client_done and self._board_done):
            self.tcp.reset(self._live.clock.now)
            self._relay.repeat(self.tcp.outgoing)
            self._flush()
            self._tell("reset by the client")
        self._forget_if_over()

    # -- the board's side ------------------------------------------------------------------------------------

    def feed(self, frame: bytes, now: float) -> bool:
        """A frame of the board; whether it was for this connection."""
        connecting = self.tcp.state is State.SYN_SENT
        if not self.tcp.feed(frame, now):
            return False
        if connecting and self.tcp.state is State.ESTABLISHED:
            self._tell("established")
            if self._client_done:
                self._end_to_board()
        self._after()
        return True

    def tick(self, now: float) -> None:
        """Let due timers act."""
        timer = self.tcp.next_timer
        if timer is not None and now >= timer:
            self.tcp.tick(now)
            self._after()

    def abort(self) -> None:
        """End both sides at once: as if the board were switched off, and the client's host told."""
        if self._transport is not None:
            self._client_done = self._board_done = True
            self._transport.abort()
            self._tell("ended by the bench")
        self.tcp.reset(self._live.clock.now)
        self._flush()
        # Without its board the connection has nobody to wait for, whatever state it was in.
        self._relay.forget(self)

    def _after(self) -> None:
        """Pass on what has come of a frame or a timer."""
        acknowledged = self.tcp.send_unacknowledged
        self._waiting -= min((acknowledged - self._counted) % MODULO, self._waiting)
        self._counted = acknowledged
        if self._transport is not None:
            if data := self.tcp.read():
                self._transport.write(data)
            if self._waiting <= TO_BOARD // 2 and not self._transport.is_reading() and not self._client_done:
                self._transport.resume_reading()
            if self.tcp.error is not None:
                self._tell(str(self.tcp.error))
                self._reset_client()
            elif self.tcp.eof and not self._board_done:
                self._board_done = True
                self._relay.ending.add(self)
                self.end_to_client()
                self._close_if_done()
        self._set_window()
        if self.tcp.acknowledged != self.tcp.receive_next and not self._ended:
            self.tcp.acknowledge(self._live.clock.now)
        self._flush()
        self._forget_if_over()

    def end_to_client(self) -> None:
        """Pass on the board's end once the client has taken all that came before it.

        Not by the transport in its own time: where the client resets just then, that fails and nobody sees.
        """
        transport = self._transport
        if transport is not None and not self._client_done and transport.get_write_buffer_size():
            return
        self._relay.ending.discard(self)
        if transport is None or self._client_done:
            return
        try:
            transport.write_eof()
        except OSError:  # it has reset, and the loop is about to see that
            self._board_done = False
            transport.abort()

    # -- inside ----------------------------------------------------------------------------------------------

    @property
    def _ended(self) -> bool:
        return self.tcp.error is not None or self.tcp.state is State.CLOSED

    def _end_to_board(self) -> None:
        self.tcp.close(self._live.clock.now)
        self._flush()

    def _set_window(self) -> None:
        """Offer the board what may still wait for the client, and never less than it was offered before."""
        if self.tcp.state in (State.SYN_SENT, State.CLOSED):
            return
        waiting = self._transport.get_write_buffer_size() if self._transport is not None else 0
        offered = distance(self.tcp.acknowledged + self.tcp.window, self.tcp.receive_next)
        self.tcp.window = max(TO_CLIENT - waiting, offered, 0)

    def _close_if_done(self) -> None:
        if self._client_done and self._board_done and self._transport is not None:
            self._transport.close()  # after what is still to be written
            self._tell("closed")

    def _reset_client(self) -> None:
        assert self._transport is not None
        self._client_done = self._board_done = True
        sock = self._transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
        self._transport.abort()

    def _flush(self) -> None:
        frames = self.tcp.take()
        for frame in frames:
            self._live.wire.send(frame)
        if frames:
            self._live.wake()
        self.tcp.history.clear()  # nobody asks for it, and it grows
        self._relay.plan(self)

    def _forget_if_over(self) -> None:
        if self._transport is None and self.tcp.state is State.CLOSED:
            self._relay.forget(self)

    def __str__(self) -> str:
        return f"{self._client} to port {self._board_port}: {self.tcp.state.value}"

    def _tell(self, what: str) -> None:
        self._live.feed.publish(ConnectionEvent(self._live.clock.now, self._client, self._board_port, what))


class Relay:
    """Listens on the host for a live board, and carries on `most` connections at once at most."""

    def __init__(self, live: LiveBoard, most: int = MOST) -> None:
        self.live = live
        self.connections: set[Relayed] = set()
        """Those whose client or whose end on the wire is still there."""
        self.ending: set[Relayed] = set()
        """Those whose client has not taken all that the board sent before it closed."""
        self._most = most
        self._doorman: Doorman | None = None
        self._timers: list[tuple[float, int, Relayed]] = []
        self._repeated: list[tuple[float, int, bytes]] = []
        self._order = itertools.count()
        live.timers.append(self)
        live.host.yielded.append(self.abort)

    async def listen(self, port: int, board_port: int, host: str = LOOPBACK) -> int:
        """Carry connections to `port` of the host (0: any that is free) on to the board's `board_port`.

        Returns the host's port. Raises UserError if it cannot be had.
        """
        if self._doorman is None:
            self._doorman = Doorman(self.live.say, self._most)
        try:
            return self._doorman.open(host, port, lambda: Relayed(self, board_port))
        except OSError as error:
            raise listen_error(host, port, error) from None

    def tick(self, now: float) -> None:
        """Let the connections' timers act."""
        while self._timers and self._timers[0][0] <= now:
            _, _, connection = heapq.heappop(self._timers)
            connection.planned = None
            if connection in self.connections:
                connection.tick(now)
                self.plan(connection)
        while self._repeated and self._repeated[0][0] <= now:
            self.live.wire.send(heapq.heappop(self._repeated)[2])
            self.live.wake()
        for connection in list(self.ending):
            connection.end_to_client()

    def repeat(self, frames: Iterable[bytes]) -> None:
        """Send these again, RESETS times."""
        now = self.live.clock.now
        for frame in frames:
            for count in range(1, RESETS + 1):
                heapq.heappush(self._repeated, (now + count * RTO, next(self._order), frame))

    def plan(self, connection: Relayed) -> None:
        """Note when the timers of a connection are due next."""
        due = connection.tcp.next_timer
        if due is not None and (connection.planned is None or due < connection.planned):
            connection.planned = due
            heapq.heappush(self._timers, (due, next(self._order), connection))

    def add(self, connection: Relayed) -> None:
        """A client has connected."""
        self.connections.add(connection)
        self.live.host.register(connection.tcp, connection)

    def left(self, connection: Relayed) -> None:
        """The client of a connection has gone."""
        self.ending.discard(connection)
        if self._doorman is not None:
            self._doorman.ended()

    def forget(self, connection: Relayed) -> None:
        """A connection is over, on both sides."""
        self.connections.discard(connection)
        self.live.host.forget(connection.tcp)

    def abort(self) -> None:
        """End every connection, and go on listening."""
        for connection in list(self.connections):
            connection.abort()
        self._timers.clear()
        self._repeated.clear()

    def close(self) -> None:
        """Listen no longer, and end every connection."""
        if self._doorman is not None:
            self._doorman.close()
        self.abort()
        if self in self.live.timers:
            self.live.timers.remove(self)
