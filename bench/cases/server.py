"""The WebSocket server that cases talk to: where it is, and how it answers.

Cases are written for a server on port 8080 that echoes. What another one answers to a message is learned from
it: the message is sent as an ordinary client sends it, on a board of which nothing is kept. A case that sends
the same message in an odd way (in fragments, in segments out of order, after a Ping) has to get the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bench.board import Board, BoardState
from bench.cases import words
from bench.cases.case import PORT, Case
from bench.cases.words import Expected, MessageLine
from bench.layers.tcp_state import TcpError
from bench.layers.websocket import OPCODES, WebSocket, WebSocketClose
from bench.oracle import MESSAGE as ORACLE_MESSAGE
from bench.peer import Peer, PeerError
from emulation.errors import GuestFault

PATIENCE = 2.0
"""Virtual seconds for the first frame of an answer."""
QUIET = 0.3
"""Virtual seconds after which no further frame belongs to it."""
MOST = 16
"""Frames of an answer that are looked at."""
LONG = 100
"""Bytes from which on a case counts on an answer that is as long as the message."""
DATA = ("text", "binary")
HELLO = "there?"
WARM, FIRST = "warm", "x"
ALWAYS = (WARM, FIRST, ORACLE_MESSAGE)
"""Messages that the bench itself sends, whatever the case."""

Answer = tuple[tuple[str, bytes], ...]
"""Opcode and payload of each frame."""


@dataclass
class Server:
    """A server, and what is known of its answers; by default that of the bench's own firmware."""

    port: int = PORT
    answers: dict[tuple[str, bytes], Answer | str] | None = None
    """What it answers to a message, or why that is nothing to count on; None: it echoes."""
    _board: Board | None = field(default=None, repr=False)
    _state: BoardState | None = field(default=None, repr=False)

    @classmethod
    def learn(cls, board: Board, port: int) -> Server:
        """The server on a port, which completes the upgrade; the board listens and is left as it was.

        Raises PeerError: it does not answer, or the same message in different ways.
        """
        server = cls(port, {}, board, board.snapshot())
        for message in (HELLO, HELLO.encode()):
            answer = server._ask(message, twice=True)
            if isinstance(answer, str):
                raise PeerError(f"the message {message!r}", "an answer", answer)
            server._known()[_key(message)] = answer
        if all(answer == (key,) for key, answer in server._known().items()):
            server.answers = None
            return server
        for message in ALWAYS:
            server._known()[_key(message)] = server._ask(message)
        return server

    def __str__(self) -> str:
        if self.answers is None:
            return f"port {self.port}, echoes"
        answer = self.answer(HELLO)
        shown = "; ".join(words.frame(*frame) for frame in answer) or "nothing"
        return f"port {self.port}, answers {HELLO!r} with {shown} (learned)"

    def prepare(self, case: Case) -> str:
        """Learn all that a case needs; why it cannot be judged, empty if it can. Restores the board."""
        if self.answers is None:
            return ""
        for message in messages(case):
            key = _key(message)
            if key not in self.answers:
                self.answers[key] = self._ask(message)
            answer = self.answers[key]
            if isinstance(answer, str):
                return f"the server on port {self.port} does not answer as it does to others: {answer}"
            if len(key[1]) >= LONG > sum(len(payload) for _, payload in answer):
                return f"the server on port {self.port} answers {len(key[1])} bytes with fewer"
        return ""

    def expected(self, choice: Expected) -> Expected:
        """What a case expects, with this server's answers in place of echoes. Call `prepare` first."""
        if self.answers is None:
            return choice
        lines: list[str | words.Some] = []
        for line in choice:
            if isinstance(line, MessageLine) and line.opcode in DATA:
                lines.extend(words.frame(*frame) for frame in self._answer(line.opcode, line.data))
            else:
                lines.append(line)
        return tuple(lines)

    def answer(self, message: str | bytes) -> Answer:
        """What it answers to a message that is known."""
        return self._answer(*_key(message))

    def encoded(self, message: str | bytes) -> bytes:
        """The same, as the bytes of the frames."""
        return b"".join(bytes(WebSocket(opcode=name) / data) for name, data in self.answer(message))

    def exchange(self, peer: Peer, message: str | bytes, timeout: float | None = None) -> None:
        """Send a message and take the answer, or for want of one that to a Ping. Raises PeerError."""
        opcode, payload = _key(message)
        peer.send_frame(WebSocket(opcode=opcode) / payload)
        answer = self._answer(opcode, payload)
        if not answer:
            peer.send_frame(WebSocket(opcode="ping") / b"there?")
            answer = (("pong", b"there?"),)
        for name, data in answer:
            peer.expect_frame(name, data, timeout, rfc="RFC 6455, section 5.6")

    def _known(self) -> dict[tuple[str, bytes], Answer | str]:
        assert self.answers is not None
        return self.answers

    def _answer(self, opcode: str, payload: bytes) -> Answer:
        if self.answers is None:
            return ((opcode, payload),)
        known = self.answers.get((opcode, payload), "nobody has asked")
        # Whatever is wrong with it, who counts on an echo will say so.
        return ((opcode, payload),) if isinstance(known, str) else known

    def _ask(self, message: str | bytes, *, twice: bool = False) -> Answer | str:
        """What the board answers to a message of a client of its own, or why that is none; restores it.

        `twice`: the same message again has to get the same, or it is none.
        """
        board, state = self._board, self._state
        assert board is not None
        assert state is not None
        wire = board.wire
        kept, wire.capture = wire.capture, None
        present = board.snapshot()
        board.restore(state)
        opcode, payload = _key(message)
        try:
            with Peer(wire, port=self.port, timeout=PATIENCE) as peer:
                peer.upgrade()
                board.run(QUIET)
                if peer.tcp.received:
                    return "it sends before it is asked"
                peer.send_frame(WebSocket(opcode=opcode) / payload)
                found = _frames(peer)
                if twice and not isinstance(found, str):
                    peer.send_frame(WebSocket(opcode=opcode) / payload)
                    if _frames(peer) != found:
                        found = "it answers the same message in another way the second time"
                peer.reset()
                return found
        except GuestFault:
            return ((opcode, payload),)  # the case has to run into it and tell
        except (PeerError, TcpError) as error:
            return " ".join(str(error).split())
        finally:
            board.restore(present)
            wire.capture = kept


def _frames(peer: Peer) -> Answer | str:
    frames: list[tuple[str, bytes]] = []
    for _ in range(MOST):
        try:
            frame = peer.receive_frame(QUIET if frames else PATIENCE)
        except PeerError:
            if peer.closed_by_board:
                return "it ends the connection"
            return tuple(frames)
        if WebSocketClose in frame or frame.opcode == 8:
            return "it closes the connection"
        frames.append((str(OPCODES.get(frame.opcode, frame.opcode)), bytes(frame.data)))
    return f"it answers with more than {MOST} frames"


def messages(case: Case) -> Iterable[str | bytes]:
    """The messages of which a case expects the echo."""
    for choice in case.expect:
        for line in choice:
            if isinstance(line, MessageLine) and line.opcode in DATA:
                yield line.data.decode() if line.opcode == "text" else line.data
    for step in case.steps:
        yield from getattr(step, "messages", ())


def _key(message: str | bytes) -> tuple[str, bytes]:
    return ("text", message.encode()) if isinstance(message, str) else ("binary", message)
