"""What a stimulus did to the board: four questions asked after every case, whatever the case was.

    oracle = Oracle(board)                     # of a board that listens; opens a connection of its own
    state = oracle.snapshot()
    for frame in frames:
        oracle.restore(state)
        oracle.send(frame)
        oracle.verdict(silence).check()        # raises OracleError with everything that is wrong

(a) The board answered as expected, or kept silent, and sent nothing that a real peer would drop. (b) The
guest is healthy: no fault, no Python traceback. (c) A ping and an echo on a WebSocket connection that was
open before succeed. (d) Everything the guest held for the case is given back (`bench.baseline`).

Before (c) and (d) the connections that the case has left are wound down: each gets a RST with the sequence
number that the guest itself expects, read from its memory, so that it has to be obeyed. What the guest keeps
for a while by right is waited for; see `bench.baseline`. A whole verdict takes some six milliseconds. With
`fresh`, a new client is served as well, which takes about twenty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from scapy.layers.inet import ICMP, IP
from scapy.packet import Packet

from bench.baseline import Baseline
from bench.board import Board, BoardState
from bench.completion import complete
from bench.layers.tcp_state import State
from bench.layers.tcpip import RST, Endpoint, Segment, build
from bench.layers.websocket import WebSocket
from bench.lwip import Connection, connections
from bench.peer import Peer, PeerError
from emulation.errors import GuestFault
from emulation.machine import TimedFrame

QUIET = 0.3
"""Virtual seconds in which everything has come that a stimulus causes at once: delayed acknowledgements take
up to 250 ms (lwIP's TCP_FAST_INTERVAL), so does the server's watchdog."""
PATIENCE = 2.0
"""Virtual seconds that an answer of the board to the oracle itself may take."""
SETTLE = 1.0
"""Virtual seconds that something that is not given back is given, before it is called a leak."""
WARM_UP = 2
"""Connections served before the baseline is taken: tables of the interpreter grow with the first ones."""
PING_ID = 0x6F72  # "or"
PING_DATA = b"oracle"
MESSAGE = "oracle"
ACKNOWLEDGED = 0.005
"""Virtual seconds after which an acknowledgement of the bench has been dealt with."""

# Built once: a case has to be quick.
_QUESTION = bytes(WebSocket(opcode="text", mask=1) / MESSAGE.encode())
_ANSWER = bytes(WebSocket(opcode="text") / MESSAGE.encode())

Expectation = Callable[[Sequence[TimedFrame]], Iterable[str]]
"""Takes what the board sent, gives what is wrong with it, one line each."""


def silence(frames: Sequence[TimedFrame]) -> Iterable[str]:
    """The board must not answer."""
    return [f"an answer where silence was expected: {frame.data.hex()}" for frame in frames]


def anything(frames: Sequence[TimedFrame]) -> Iterable[str]:
    """Whatever the board answers is judged elsewhere, or does not matter."""
    return ()


class OracleError(AssertionError):
    """A case that the board has not passed; `problems` are all that was found."""

    ROBOT_SUPPRESS_NAME = True

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Verdict:
    """What came of a case: its problems, each with the letter of its question, and the board's frames."""

    problems: tuple[str, ...]
    frames: tuple[TimedFrame, ...]
    """What the board sent from the last `restore` (or `begin`) until the verdict was asked for."""
    fault: GuestFault | None = None

    @property
    def passed(self) -> bool:
        """Whether there is no problem."""
        return not self.problems

    def check(self) -> None:
        """Raise OracleError if there is a problem."""
        if self.problems:
            raise OracleError(self.problems)


@dataclass(frozen=True)
class OracleState:
    """A snapshot of board and oracle."""

    board: BoardState
    witness: tuple[Any, ...]


class Oracle:
    """Judges what cases do to a board, which has to listen and to be at rest.

    `port` is where a server listens that answers `MESSAGE` with `answer`, the bytes of one or more frames;
    by default it echoes. Connections that the caller opens later and keeps in a snapshot
    are part of what a case has to give back: the verdict winds them down with the rest.

    Raises UserError for a firmware that cannot be looked into, PeerError if there is no echo server.
    """

    def __init__(self, board: Board, *, port: int = 8080, answer: bytes = _ANSWER) -> None:
        self.board = board
        self._port = port
        self._answer = answer
        ping = IP(dst=board.ip) / ICMP(id=PING_ID) / PING_DATA
        self._ping = bytes(complete(ping, board.wire.host, board.station))
        self._frames: list[TimedFrame] = []
        self._detach: Callable[[], None] = lambda: None
        self.witness = Peer(board.wire, port=port, timeout=PATIENCE)
        """The connection that was open before; no case may harm it."""
        self.witness.connect()
        self.witness.upgrade()
        for _ in range(WARM_UP):
            self._serve_new_client()
            self._use()
        self.baseline = Baseline.take(board)
        self.begin()

    # A case

    def snapshot(self) -> OracleState:
        """The whole state, for `restore`: board, witness, what has come from the board is forgotten."""
        return OracleState(self.board.snapshot(), self.witness.snapshot())

    def restore(self, state: OracleState) -> None:
        """Back to a snapshot of this oracle and its board; a new case begins."""
        self.board.restore(state.board)
        self.witness.restore(state.witness)
        self.begin()

    def begin(self) -> None:
        """A new case begins: what the board has sent so far is not part of it."""
        self._frames.clear()
        self._found = self.board.wire.reception.mark()
        self._detach()
        self._detach = self.board.wire.listen(self._heard)

    def send(self, *frames: Packet | bytes, gap: float = 0.0, quiet: float = QUIET, pad: bool = True) -> None:
        """Put frames on the wire, `gap` virtual seconds apart, and run the board until all is quiet.

        Stops early at a fault, which the verdict will report.
        """
        wire = self.board.wire
        try:
            for index, frame in enumerate(frames):
                if gap and index:
                    self.board.run(gap)
                wire.send(frame, pad=pad)
            self.board.run(quiet)
        except GuestFault:
            pass

    def verdict(self, expected: Expectation = anything, *, fresh: bool = False) -> Verdict:
        """Ask the four questions. The board runs on meanwhile; restore it before the next case.

        With `fresh`, a new client must be served too.
        """
        board = self.board
        frames = self.frames
        problems = [f"(a) {problem}" for problem in expected(frames)]
        try:
            board.health.check()
            self.wind_down()
            problems += [f"(c) {problem}" for problem in self._unserved(fresh)]
            board.health.check()
            problems += [f"(d) {problem}" for problem in self._unreturned()]
        except GuestFault as fault:
            problems.append(f"(b) {fault}")
        problems += [f"(a) {found}" for found in board.wire.reception.findings(self._found)]
        return Verdict(tuple(problems), frames, board.health.fault)

    @property
    def frames(self) -> tuple[TimedFrame, ...]:
        """What the board has sent since the case began."""
        return tuple(self._frames)

    # Its parts

    def wind_down(self) -> None:
        """Reset every connection but the witness; its program is left the time to notice.

        Raises GuestFault.
        """
        wire = self.board.wire
        left = self.others()
        for pcb in left:
            wire.send(self._reset(pcb), "oracle: this connection is wound down")
        if left:
            self.board.run(QUIET)

    def others(self) -> list[Connection]:
        """The connections that the guest holds, but for the witness and those in TIME-WAIT."""
        return [
            pcb
            for pcb in connections(self.board)
            if pcb.remote_port and pcb.state is not State.TIME_WAIT and not self._is_witness(pcb)
        ]

    def _is_witness(self, pcb: Connection) -> bool:
        end = self.witness.tcp.local
        return (pcb.remote_ip, pcb.remote_port) == (end.ip, end.port)

    def _reset(self, pcb: Connection) -> bytes:
        local = self.witness.tcp.local
        return build(
            Endpoint(local.mac, pcb.remote_ip, pcb.remote_port),
            Endpoint(self.witness.tcp.remote.mac, pcb.local_ip, pcb.local_port),
            Segment(pcb.receive_next, 0, RST),
        )

    def _unserved(self, fresh: bool) -> Iterable[str]:
        try:
            if not self._pinged():
                yield f"no answer to a ping within {PATIENCE:g} s"
            self._use()
        except PeerError as error:
            yield f"the connection that was open before: {error}"
        if fresh:
            try:
                self._serve_new_client()
                self._use()
            except PeerError as error:
                yield f"a new client: {error}"

    def _pinged(self) -> bool:
        seen = len(self._frames)
        self.board.wire.send(self._ping, "oracle: ping")

        def answered() -> bool:
            return any(is_echo_reply(frame.data) for frame in self._frames[seen:])

        return self.board.wire.wait_until(answered, PATIENCE)

    def _use(self, client: Peer | None = None) -> None:
        """A message on the witness, or another client, and its answer. Raises PeerError, GuestFault."""
        witness = client or self.witness
        stream = witness.tcp.received
        if client is None:
            self.board.wire.comment = "oracle: echo on the connection that was open before"
        witness.send(_QUESTION)
        witness.sent = f"the message {MESSAGE!r}"
        self.board.wire.wait_until(
            lambda: len(stream) >= len(self._answer) or witness.closed_by_board, PATIENCE
        )
        came = witness.tcp.read()
        if came != self._answer:
            ended = f" and {witness.tcp.error or 'the end'}" if witness.closed_by_board else ""
            raise PeerError(witness.sent, "its echo (RFC 6455, section 5.6)", f"{came!r}{ended}")
        self.board.run(ACKNOWLEDGED)

    def _serve_new_client(self) -> None:
        with Peer(self.board.wire, port=self._port, timeout=PATIENCE) as client:
            client.upgrade()
            self._use(client)
            client.reset()
        self.board.run(QUIET)

    def _unreturned(self) -> list[str]:
        found = self.baseline.differences(self.board)
        if found:
            self.baseline.settle(self.board)
            self.board.run(SETTLE)
            with suppress(PeerError):  # told by (c) already
                self._use()
            found = self.baseline.differences(self.board)
        return found

    def _heard(self, time: float, frame: bytes) -> None:
        self._frames.append(TimedFrame(time, frame))


def is_echo_reply(frame: bytes) -> bool:
    """Whether a frame answers the oracle's ping."""
    return (
        frame[12:14] == b"\x08\x00"
        and frame[34:36] == b"\0\0"
        and frame[38:40] == PING_ID.to_bytes(2, "big")
        and frame[42 : 42 + len(PING_DATA)] == PING_DATA
    )
