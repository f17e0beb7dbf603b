"""Cases on a firmware that cannot be looked into, judged by what can be seen from outside."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench.addresses import BOARD
from bench.board import Board
from bench.capabilities import Capabilities, Capability
from bench.capture import Capture
from bench.cases import document, words
from bench.cases.actions import Action, Initial, Probe
from bench.cases.blind import BlindStages, ping
from bench.cases.case import PORT, STREAM_LAYERS, Case, Start
from bench.cases.results import Result, Verdict
from bench.cases.scene import Scene
from bench.cases.server import Server
from bench.cases.stages import nominal
from bench.layers.tcp_state import TcpError
from bench.neighbour import ETHERTYPE_IPV6
from bench.peer import PeerError
from emulation.errors import EngineLacks, GuestFault

FRAGMENTS = 16
"""Number of the entry about fragments of IPv4."""
UNREACHABLE = "unreachable"
"""In the words for what is expected: a report that only a stack with UDP sends."""


class OutsideRunner:
    """Plays the cases that the firmware offers what they need for; the others are skipped with the reason.

    The judgement of each: (a) what came is what the source of the case demands, (b) the guest is healthy, (c)
    it answers a ping afterwards. Whether all is given back, `bench.cases.runner` alone can tell. Departures
    that are known of the project's firmware count for no other.
    """

    def __init__(
        self, board: Board, offers: Capabilities, server: Server | None = None, why: str = ""
    ) -> None:
        self.board = board
        self._offers = offers
        self._server, self._why = server, why
        self._stages = BlindStages(board, ipv6=offers.offers(Capability.IPV6), server=server)

    def run(self, case: Case) -> Result:
        """Play one case. Never raises for what the board does."""
        begin = time.perf_counter()
        missing = self._missing(case)
        if not missing and self.board.mac != BOARD.mac and Capability.IPV6 in needs(case):
            missing = [f"its IPv6 frames are for the MAC address {BOARD.mac}"]
        if missing:
            return Result(case, Verdict.SKIPPED, ("; ".join(missing),), (), time.perf_counter() - begin)
        if self._server is not None and (why := self._server.prepare(case)):
            return Result(case, Verdict.SKIPPED, (why,), (), time.perf_counter() - begin)
        wire = self.board.wire
        kept, capture = wire.capture, Capture()
        wire.capture = capture
        came: tuple[str, ...] = ()
        problems: list[str] = []
        try:
            stage = self._stages.restore(case.start, case.ipv6, case.port)
            capture.frames.extend(stage.frames)
            scene = Scene(self.board, case, stage, self._stages.server)
            came = scene.play()
            problems.extend(judge(case, came, self._stages.server))
            scene.leave()
            self.board.health.check()
            if self._offers.offers(Capability.PING) and not ping(self.board):
                problems.append("(c) no answer to a ping")
        except EngineLacks as lack:
            return Result(case, Verdict.SKIPPED, (str(lack),), (), time.perf_counter() - begin)
        except (PeerError, TcpError) as error:
            problems.append(f"its starting state cannot be reached: {error}")
        except GuestFault as fault:
            problems.append(str(fault))
        finally:
            frames = tuple(capture.frames)
            wire.capture = kept
        verdict = Verdict.FAILED if problems else Verdict.PASSED
        return Result(case, verdict, came, tuple(problems), time.perf_counter() - begin, frames)

    def _missing(self, case: Case) -> list[str]:
        """What the case needs and the firmware lacks, with the reasons."""
        wanted = list(dict.fromkeys(needs(case)))
        lacks = []
        if Capability.WEBSOCKET in wanted:
            wanted.remove(Capability.WEBSOCKET)
            if self._server is None:
                lacks.append(f"needs {Capability.WEBSOCKET}: {self._why}")
        if self._server is not None:
            wanted = [f"tcp:{self._server.port}" if need == f"tcp:{PORT}" else need for need in wanted]
        return self._offers.lacking(wanted) + lacks


def judge(case: Case, came: tuple[str, ...], server: Server) -> list[str]:
    """What is wrong with what came."""
    choices = [server.expected(choice) for choice in case.expect]
    if any(words.matches(expected, came) for expected in choices):
        return []
    expected = " or ".join(document.told(choice) for choice in choices)
    return [f"(a) expected {expected}; came {document.told(came)} ({case.source})"]


def needs(case: Case) -> Iterator[str]:
    """What a firmware has to offer for a case (`bench.capabilities`)."""
    yield Capability.ARP if case.layer in ("ethernet", "arp") else Capability.PING
    if case.ipv6 or any(frame[12:14] == ETHERTYPE_IPV6 for frame in _frames(case)):
        yield Capability.IPV6
    if case.number == FRAGMENTS:
        yield Capability.FRAGMENTS
    if any(UNREACHABLE in str(line) for choice in case.expect for line in choice):
        yield Capability.UDP
    asks = any(isinstance(step, Action) and not isinstance(step, Initial | Probe) for step in case.steps)
    if case.layer in STREAM_LAYERS or case.start is Start.UPGRADED or asks:
        yield Capability.WEBSOCKET if case.port == PORT else Capability.SERVERS
    elif case.layer == "tcp" or case.start is not Start.LISTENING:
        yield f"tcp:{PORT}"


def _frames(case: Case) -> Iterator[bytes]:
    numbers = nominal(case.ipv6, case.port)
    for step in case.steps:
        for crafted in step.crafted(numbers):
            yield crafted.frame
