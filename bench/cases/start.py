"""From a board at reset to what plays cases on it, looking into the firmware or judging from outside."""

from __future__ import annotations

from bench.board import Board
from bench.capabilities import SERVER_LINE, Capabilities, Capability
from bench.cases.case import PORT
from bench.cases.outside import OutsideRunner
from bench.cases.runner import Runner
from bench.cases.server import Server
from bench.peer import PeerError
from bench.project import Project
from bench.readiness import await_ready
from emulation.errors import UserError

LOOKED_INTO = (Capability.LWIP, Capability.PYTHON, Capability.IPV6)
"""What a firmware has to offer, beside a server, to be looked into; others are judged from outside."""


def start(
    board: Board, ready: str | None, project: Project | None
) -> tuple[Runner | OutsideRunner, dict[str, str]]:
    """Wait until the board is ready; what plays the cases, and what is to be told of that.

    Raises UserError for a firmware that no case can be run on, GuestFault.
    """
    await_ready(board, ready)
    offers = Capabilities(board)
    if missing := offers.lacking([Capability.ARP]):
        raise UserError(
            f"no case can be run on this firmware: {missing[0]}",
            "name a firmware with Ethernet, or its address with --ip",
        )
    server, why = find_server(board, offers, project)
    told = {"Server": str(server) if server else why}
    if server is not None and not offers.lacking(LOOKED_INTO):
        return Runner(board, server, offers), told
    return OutsideRunner(board, offers, server, why), told


def find_server(board: Board, offers: Capabilities, project: Project | None) -> tuple[Server | None, str]:
    """The server for the cases, or why there is none: where the project says, else where one answers."""
    told = project.websocket_port if project is not None and project.application is not None else None
    if told in (None, PORT) and offers.offers(Capability.WEBSOCKET):
        return Server(), ""
    printed = SERVER_LINE.search(board.uart.text)
    named = [int(port) for port in printed[2].split(",")] if printed else []
    why = ""
    for port in [told] if told else dict.fromkeys([PORT, *named]):
        found = offers.find(f"websocket:{port}")
        if found.offered:
            try:
                return Server.learn(board, port), ""
            except PeerError as error:
                why = why or f"the server on port {port}: {' '.join(str(error).split())}"
        why = why or found.reason
    return None, why
