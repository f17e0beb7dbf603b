"""Host programs reach the board: each connection they make is carried on by one from the bench to the board.

The bench is an end point of both, so no addresses have to be translated and nobody needs to be root. What
one side does the other learns: bytes, the end of a half (FIN), a reset, and that somebody does not read. Each
side may be slower than the other; what waits in between is bounded.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import cast

from bench.layers.reassembly import MODULO, distance
from bench.layers.tcp_state import AckPolicy, State
from bench.layers.tcpip import Endpoint
from bench.live.events import ConnectionEvent
from bench.live.listening import LOOPBACK, listen_error
from bench.live.live_board import LiveBoard
from bench.tcp import TcpEndpoint

TO_BOARD = 0x10000
"""Bytes that may wait for the board before the client is no longer read from."""
TO_CLIENT = 0xFFFF
"""Bytes that may wait for the client; the window announced to the board is what is left of them."""
RTO = 0.5
"""Virtual seconds until a first retransmission: the wire is short, a lost frame was one too many for the
board's receive buffer."""
RETRIES = 8
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
        wire = self._live.wire
        self.tcp = TcpEndpoint(
            Endpoint.of(wire.host.mac, wire.host.ip, wire.take_port()),
            Endpoint.of(wire.board.mac, wire.board.ip, board_port),
            isn=wire.random.getrandbits(32),
            window=TO_CLIENT,
            ack_policy=AckPolicy.MANUAL,  # with the window that is left once the data has been passed on
            rto=RTO,
            retries=RETRIES,
        )
        self._counted = (self.tcp.isn + 1) % MODULO

    # -- the client's side -----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected: connect to the board."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=TO_CLIENT // 2)
        self._client = "{}:{}".format(*self._transport.get_extra_info("peername")[:2])
        self._relay.connections.add(self)
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
        self.tcp.close(self._live.clock.now)
        self._flush()
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
        if not (self._client_done and self._board_done):
            self.tcp.reset(self._live.clock.now)
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
        self._relay.connections.discard(self)

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
                self._transport.write_eof()
                self._close_if_done()
        self._set_window()
        if self.tcp.acknowledged != self.tcp.receive_next and not self._ended:
            self.tcp.acknowledge(self._live.clock.now)
        self._flush()
        self._forget_if_over()

    # -- inside ----------------------------------------------------------------------------------------------

    @property
    def _ended(self) -> bool:
        return self.tcp.error is not None or self.tcp.state is State.CLOSED

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

    def _forget_if_over(self) -> None:
        if self._transport is None and self.tcp.state is State.CLOSED:
            self._relay.connections.discard(self)

    def __str__(self) -> str:
        return f"{self._client} to port {self._board_port}: {self.tcp.state.value}"

    def _tell(self, what: str) -> None:
        self._live.feed.publish(ConnectionEvent(self._live.clock.now, self._client, self._board_port, what))


class Relay:
    """Listens on the host for a live board."""

    def __init__(self, live: LiveBoard) -> None:
        self.live = live
        self.connections: set[Relayed] = set()
        self._servers: list[asyncio.Server] = []
        self._detach = live.wire.listen(self._arrived, partner=True)
        live.timers.append(self)

    async def listen(self, port: int, board_port: int, host: str = LOOPBACK) -> int:
        """Carry connections to `port` of the host (0: any that is free) on to the board's `board_port`.

        Returns the host's port. Raises UserError if it cannot be had.
        """
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(lambda: Relayed(self, board_port), host, port)
        except OSError as error:
            raise listen_error(host, port, error) from None
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    def tick(self, now: float) -> None:
        """Let the connections' timers act."""
        for connection in list(self.connections):
            connection.tick(now)

    def abort(self) -> None:
        """End every connection, and go on listening."""
        for connection in list(self.connections):
            connection.abort()

    def close(self) -> None:
        """Listen no longer, and end every connection."""
        for server in self._servers:
            server.close()
        self.abort()
        self._detach()
        if self in self.live.timers:
            self.live.timers.remove(self)

    def _arrived(self, time: float, frame: bytes) -> None:
        for connection in list(self.connections):
            if connection.feed(frame, time):
                return
