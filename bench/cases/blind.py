"""Cases on a firmware that cannot be looked into: what comes back is kept, nothing is judged."""

from __future__ import annotations

from typing import Any

from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import Ether

from bench.board import Board
from bench.capture import Capture, CapturedFrame
from bench.cases.case import Case
from bench.cases.scene import Scene
from bench.cases.server import Server
from bench.cases.stages import QUIET, SETTLE, Stage, Stages, nominal

PATIENCE = 1.0
"""Virtual seconds for the answer to a ping."""


class BlindStages(Stages):
    """The starting states of a board of which no more is known than what it answers.

    Addresses of the families that it speaks are resolved.
    """

    def __init__(self, board: Board, *, ipv6: bool, server: Server | None = None) -> None:
        self.board = board
        self.server = server or Server()
        self._stages = {}
        kept, board.wire.capture = board.wire.capture, None
        try:
            board.run(QUIET)
            ping(board)
            if ipv6:
                board.wire.sr1(Ether() / IPv6(dst=board.ip6) / ICMPv6EchoRequest(), timeout=PATIENCE)
            board.run(SETTLE)
            self._listening = Stage(self.keep(), None, None, nominal(), ())
        finally:
            board.wire.capture = kept

    def keep(self) -> Any:
        """The whole state, for `bring_back`."""
        return self.board.snapshot()

    def bring_back(self, state: Any) -> None:
        """Back to a state that `keep` gave."""
        self.board.restore(state)


def ping(board: Board) -> bool:
    """Whether the board answers."""
    request = Ether() / IP(dst=board.ip) / ICMP(id=1) / b"are you there?"
    return board.wire.sr1(request, timeout=PATIENCE) is not None


class Onlooker:
    """Plays cases and keeps what goes over the wire; a ping at the end shows whether the board lives."""

    def __init__(self, board: Board, *, ipv6: bool) -> None:
        self.board = board
        self.stages = BlindStages(board, ipv6=ipv6)

    def frames(self, case: Case) -> tuple[CapturedFrame, ...]:
        """The frames of a case. Raises PeerError where its starting state cannot be reached, GuestFault."""
        wire = self.board.wire
        kept, capture = wire.capture, Capture()
        wire.capture = capture
        try:
            stage = self.stages.restore(case.start, case.ipv6, case.port)
            capture.frames.extend(stage.frames)
            scene = Scene(self.board, case, stage, self.stages.server)
            scene.play()
            scene.leave()
            ping(self.board)
            return tuple(capture.frames)
        finally:
            wire.capture = kept
