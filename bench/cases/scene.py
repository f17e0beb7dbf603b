"""A case being played: the board in the starting state, the case's connection, and what the board did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bench.addresses import BOARD
from bench.board import Board
from bench.cases import words
from bench.cases.case import PORT, Case
from bench.cases.describe import NO_STATUS, Describer, Origin, stream
from bench.cases.ports import with_port
from bench.cases.server import Server
from bench.cases.stages import Stage
from bench.cases.steps import Crafted, Numbers
from bench.layers.tcp_state import TcpError
from bench.layers.websocket import WebSocket, WebSocketClose
from bench.peer import Peer, PeerError
from bench.tcp import TcpEndpoint

MOMENT = 0.1
"""Virtual seconds in which the board deals with anything that is sent to it."""
KEY = bytes.fromhex("37fa213d")
"""Masking key where any will do: that of the examples in RFC 6455, section 5.7."""


class Scene:
    """`log` is what the board did so far, in words; steps may add lines of their own."""

    def __init__(self, board: Board, case: Case, stage: Stage, server: Server) -> None:
        self._stage = stage
        self.server = server
        self.case = case
        self.board = board
        self.wire = self.board.wire
        self.log: list[str] = []
        # Cases are written for the project's board: one with another MAC address gets their frames, and its
        # own are told, as if it had that one.
        self._theirs, self._ours = octets(self.wire.board.mac), octets(BOARD.mac)
        self.describer = Describer(BOARD, self.wire.host)
        self._listening = case.view == "wire"
        self._connection: Peer | None = None
        self._guests: list[Peer] = []
        self._ended = False
        numbers = self._stage.numbers
        if stage.peer is not None:
            port = PORT if numbers.remote.port == server.port else numbers.remote.port
            key = (numbers.local.ip, numbers.local.port, port)
            self.describer.origins[key] = Origin(numbers.receive_next, numbers.send_next)
        if self._listening:
            self.wire.listen(self._arrived)
        else:
            _ = self.peer

    # The case's connection

    @property
    def peer(self) -> Peer:
        """The case's connection, served by an endpoint of the bench from the first use on."""
        if self._connection is None:
            if self._stage.peer is None:
                raise ValueError(
                    f"{self.case.id} has no connection of its own in state {self.case.start.value}"
                )
            self._connection = self._stage.peer
            self._connection.restore(self._stage.connection)
        return self._connection

    @property
    def tcp(self) -> TcpEndpoint:
        """The endpoint of the case's connection."""
        return self.peer.tcp

    @property
    def numbers(self) -> Numbers:
        """Addresses and sequence numbers of the case's connection at this moment."""
        if self._connection is None:
            return self._stage.numbers
        tcp = self._connection.tcp
        return Numbers(tcp.local, tcp.remote, tcp.send_next, tcp.receive_next, tcp.window)

    # What steps do

    def send(self, crafted: Crafted) -> None:
        """Put a frame on the cable."""
        frame = crafted.frame
        if self._theirs != self._ours:
            frame = frame.replace(self._ours, self._theirs)
        if self.server.port != PORT:
            frame = with_port(frame, PORT, self.server.port, source=False)
        self.wire.send(frame, fcs=crafted.fcs, pad=crafted.pad)

    def run(self, seconds: float) -> None:
        """Let virtual time pass."""
        self.wire.run(seconds)

    def say(self, line: str) -> None:
        """Add a line of what was observed."""
        self.log.append(line)

    def guest(self, *, ipv6: bool = False, mss: int = 1460) -> Peer:
        """One more client, which leaves when the case is over."""
        port = self.server.port if self.case.port == PORT else self.case.port
        peer = Peer(self.wire, port=port, ipv6=ipv6, mss=mss)
        self._guests.append(peer)
        return peer

    @contextmanager
    def unheard(self) -> Iterator[None]:
        """Frames of the board meanwhile are not part of what is observed."""
        before, self._listening = self._listening, False
        try:
            yield
        finally:
            self._listening = before

    # What is observed

    def play(self) -> tuple[str, ...]:
        """Do what the case's steps say and return all that was observed, also where they cannot go on."""
        try:
            for step in self.case.steps:
                step.act(self)
            return self.observe()
        except (PeerError, TcpError) as error:
            return (*self.log, f"{type(error).__name__}: {error}")

    def observe(self) -> tuple[str, ...]:
        """Let the case's last wait pass; returns all that was observed."""
        self.run(self.case.watch)
        if self.case.view == "stream":
            self.read_stream()
            if self._answer_close():
                self.run(self.case.watch)
                self.read_stream()
        return tuple(self.log)

    def read_stream(self) -> None:
        """Take what the board has sent on the case's connection since the last time."""
        data = self.peer.tcp.read()
        lines, rest = stream(data)
        self.log.extend(lines)
        if rest:
            self.log.append(f"unfinished {words.shown(rest)}")
        if not self._ended and self.peer.closed_by_board:
            self._ended = True
            self.log.append(words.RESET if self.tcp.error is not None else words.END)

    def _answer_close(self) -> bool:
        """Answer a close frame as a client has to, unless the board has gone already."""
        asked = next((line for line in self.log if line.startswith(words.CLOSE)), None)
        if asked is None or self.peer.closed_by_board:
            return False
        code = int(asked.removeprefix(words.CLOSE))
        answer = WebSocket(opcode="close")
        self.peer.send(masked(answer if code == NO_STATUS else answer / WebSocketClose(code=code)))
        return True

    def _arrived(self, _time: float, frame: bytes) -> None:
        if self._listening:
            frame = frame.replace(self._theirs, self._ours)
            if self.server.port != PORT:
                frame = with_port(frame, self.server.port, PORT, source=True)
            line = self.describer.frame(frame)
            if line is not None:
                self.log.append(line)

    # The end

    def leave(self) -> None:
        """What the board still sends is nobody's any more: the oracle winds the connections down."""
        self._listening = False
        for peer in (self._connection, *self._guests):
            if peer is not None:
                peer.silent = True


def octets(mac: str) -> bytes:
    """A MAC address as it stands in frames."""
    return bytes.fromhex(mac.replace(":", ""))


def masked(*frames: WebSocket) -> bytes:
    """Frames as bytes, masked with `KEY` unless they say otherwise."""
    data = b""
    for one in frames:
        frame = one.copy()
        if "mask" not in frame.fields:
            frame.mask = 1
        if "masking_key" not in frame.fields:
            frame.masking_key = KEY
        data += bytes(frame)
    return data
