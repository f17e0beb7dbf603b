"""The states of the board in which cases start, each made once and then restored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bench.addresses import BENCH, BOARD
from bench.board import Board
from bench.capture import Capture, CapturedFrame
from bench.cases.case import PORT, Start
from bench.cases.server import FIRST, WARM, Server
from bench.cases.steps import Numbers
from bench.layers.tcp_state import State
from bench.layers.tcpip import Endpoint
from bench.oracle import MESSAGE as ORACLE_MESSAGE
from bench.oracle import Oracle
from bench.peer import Peer
from bench.tcp_states import reach

QUIET = 12.0
"""Virtual seconds after which nothing is left to be sent that belongs to start-up (multicast reports)."""
SETTLE = 0.5
"""Virtual seconds in which the board deals with what a connection leaves to do."""


@dataclass(frozen=True)
class Stage:
    """A starting state; `peer` and `numbers` are those of the case's connection, where there is one."""

    kept: Any
    """The state of board and oracle."""
    peer: Peer | None
    connection: Any
    numbers: Numbers
    frames: tuple[CapturedFrame, ...]
    """How the case's connection came to be: the head of its captures."""


class Stages:
    """The starting states of one board, which listens.

    In all of them a second client, the oracle's witness, is connected, both families' addresses are resolved
    and nothing is left to be sent that belongs to start-up. Raises UserError for a firmware that the oracle
    cannot look into, PeerError if there is no echo server.
    """

    def __init__(self, board: Board, server: Server | None = None) -> None:
        self.board = board
        self.server = server or Server()
        self._stages: dict[tuple[Start, bool, int], Stage] = {}
        wire = board.wire
        kept, capture = wire.capture, Capture()
        wire.capture = capture
        try:
            board.run(QUIET)
            with Peer(wire, port=self.server.port, ipv6=True) as warm:
                warm.upgrade()
                self.server.exchange(warm, WARM)
                warm.reset()
            board.run(SETTLE)
            answer = self.server.encoded(ORACLE_MESSAGE)
            self.oracle = Oracle(board, port=self.server.port, answer=answer)
            board.run(SETTLE)
            self._listening = Stage(self.keep(), None, None, nominal(), ())
        finally:
            wire.capture = kept

    def restore(self, start: Start, ipv6: bool = False, port: int = PORT) -> Stage:
        """The board and the oracle in this state, made if need be; the case's connection not yet."""
        stage = self._listening
        if start is not Start.LISTENING:
            key = (start, ipv6, port)
            if key not in self._stages:
                self.bring_back(stage.kept)
                self._stages[key] = self._make(start, ipv6, port)
            stage = self._stages[key]
        self.bring_back(stage.kept)
        return stage

    def keep(self) -> Any:
        """The state of oracle and board, for `bring_back`."""
        return self.oracle.snapshot()

    def bring_back(self, state: Any) -> None:
        """Back to a state that `keep` gave."""
        self.oracle.restore(state)

    def _make(self, start: Start, ipv6: bool, port: int) -> Stage:
        board, wire = self.board, self.board.wire
        kept, capture = wire.capture, Capture()
        wire.capture = capture
        try:
            port = self.server.port if port == PORT else port
            if start is Start.SYN_RECEIVED:
                peer = reach(wire, State.SYN_RECEIVED, ipv6=ipv6, port=port)
            else:
                peer = Peer(wire, port=port, ipv6=ipv6).connect()
                if start is Start.UPGRADED:
                    peer.upgrade()
                    self.server.exchange(peer, FIRST)
                board.run(SETTLE)
            tcp = peer.tcp
            numbers = Numbers(tcp.local, tcp.remote, tcp.send_next, tcp.receive_next)
            return Stage(self.keep(), peer, peer.snapshot(), numbers, tuple(capture.frames))
        finally:
            wire.capture = kept


def nominal(ipv6: bool = False, port: int = PORT, sport: int = 49152) -> Numbers:
    """Both ends of a connection with round numbers: for showing what a case would send."""
    return Numbers(
        Endpoint.of(BENCH.mac, BENCH.ip6 if ipv6 else BENCH.ip, sport),
        Endpoint.of(BOARD.mac, BOARD.ip6 if ipv6 else BOARD.ip, port),
        send_next=1000,
        receive_next=5000,
    )
