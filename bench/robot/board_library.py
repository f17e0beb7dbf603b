"""The keyword library: a thin face of `Board` and `Peer` in the language of the protocol."""

from __future__ import annotations

from typing import ClassVar

from bench.robot.keywords.board import BoardKeywords
from bench.robot.keywords.cases import CaseKeywords
from bench.robot.keywords.expecting import ExpectingKeywords
from bench.robot.keywords.handshake import HandshakeKeywords
from bench.robot.keywords.packets import PacketKeywords
from bench.robot.keywords.sending import SendingKeywords
from bench.robot.keywords.tcp import TcpKeywords
from bench.robot.listener import LISTENER, BoardListener


class BoardLibrary(
    SendingKeywords,
    ExpectingKeywords,
    HandshakeKeywords,
    TcpKeywords,
    PacketKeywords,
    CaseKeywords,
    BoardKeywords,
):
    """Keywords for a WebSocket server on an emulated board.

    Every test starts with the booted, listening board and an empty capture; nothing is left over from the
    test before it. All times are virtual: waiting costs (almost) no wall time and never races.

    = A suite =

    | *** Settings ***
    | Library           bench.robot.BoardLibrary
    | Test Teardown     Conclude Test
    |
    | *** Test Cases ***
    | A Message Comes Back
    |     Open WebSocket    8080
    |     Send Masked Text    Hello
    |     Text Should Arrive    Hello
    |
    | An Unmasked Frame Is Refused
    |     Open WebSocket    8080
    |     Send Unmasked    text    Hello
    |     Connection Should Be Closed With    1002    rfc=RFC 6455, section 5.1

    Run it with ``bench run my.robot``, or with plain ``robot``.

    = Connections =

    `Open WebSocket` connects and upgrades; the keywords that send and expect frames use the connection opened
    last. What was sent, what was expected (with the section of the RFC) and what came is in the message of
    every check that fails.

    = Arguments =

    ``port`` is a port of the board, ``ipv6`` says over what to connect. ``payload`` and ``data`` are text or
    bytes. Times are written as Robot has them, ``500 ms``, and are virtual; sizes are bytes. ``rfc`` is the
    section that demands what is checked: it appears in the message of a failure.

    = Evidence =

    Each test leaves a capture (pcapng) in the folder `captures` beside the log. The log shows its frames as a
    ladder diagram, in which the one that a failed check objected to is marked, its console and its figures.
    End tests with `Conclude Test` as teardown: it checks that the board still serves. A guest that crashed,
    printed a Python traceback or no longer answers fails the test in any case.
    """

    ROBOT_LIBRARY_SCOPE = "TEST"
    ROBOT_LIBRARY_DOC_FORMAT = "ROBOT"
    ROBOT_LIBRARY_LISTENER: ClassVar[BoardListener] = LISTENER
