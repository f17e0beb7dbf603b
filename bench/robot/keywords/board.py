"""Keywords about the board itself, and the one that ends a test."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from robot.api import SkipExecution, logger
from robot.libraries.BuiltIn import BuiltIn

from bench.baseline import Baseline
from bench.capabilities import Capability
from bench.guest_heap import GuestHeap
from bench.layers.tcp_state import TcpError
from bench.layers.websocket import WebSocket
from bench.peer import Peer, PeerError
from bench.robot import session
from bench.robot.keywords.base import Keywords
from bench.robot.listener import LISTENER
from emulation.console_text import printable
from emulation.errors import GuestFault, UserError

SETTLE = 0.5
"""Virtual seconds in which the board has seen the last that clients have sent."""
ALIVE = "alive?"
"""What a health check says to the server."""


class BoardKeywords(Keywords):
    """The board's console, its time, its memory and its health."""

    def __init__(self) -> None:
        super().__init__()
        self._held: Baseline | None = None

    def boot_application(self, path: Path) -> None:
        """Go on with another board: freshly booted, this Python file frozen into its firmware as main.py.

        It is for the rest of the test. The application prints `listening` when clients may come, and for
        `Conclude Test` has to echo on port 8080. A test that had to run on a firmware of the user's own is
        skipped.

        | Boot Application | ${CURDIR}/my_server.py |
        | Open WebSocket |
        """
        if session.firmware_is_given():
            raise SkipExecution("it needs a firmware with an application of its own")
        LISTENER.visit(path)

    def reset_board(self) -> float:
        """Press the reset button; returns the virtual seconds until the firmware was ready again.

        It is a power-on reset: nothing of the memory stays, and the board's time begins at 0. Clients hear
        nothing of it: their connections are open on their side only. Fails if the firmware gets not ready.

        | ${seconds}= | Reset Board |
        """
        try:
            return LISTENER.reset()
        except UserError as error:
            raise AssertionError(str(error)) from None

    def note_what_board_holds(self) -> None:
        """Count what the board has taken: buffers, connections, Python objects that are in use.

        `Board Should Hold What It Held` compares with it. Best after a first client has warmed the board up.
        """
        self.board.run(SETTLE)
        self._held = Baseline.take(self.board)

    def board_should_hold_what_it_held(self) -> None:
        """The board has to have given everything back since `Note What Board Holds`.

        What may linger for a while, as fragments that wait for others, is waited for.
        """
        if self._held is None:
            raise AssertionError("nothing to compare with: use `Note What Board Holds` first")
        self.board.run(SETTLE)
        if differences := self._held.settle(self.board):
            raise AssertionError("the board holds what it did not hold before: " + "; ".join(differences))

    def free_memory_should_be_at_least(self, size: int) -> None:
        """So many bytes of the Python heap have to be free, were garbage collected now.

        With an engine that does not show the CPU's registers, garbage counts as used.

        | Free Memory Should Be At Least | 20000 |
        """
        heap = GuestHeap(self.board)
        try:
            free = heap.collected().free
        except UserError:
            free = heap.free()
        logger.info(f"{free} bytes are free")
        if free < size:
            raise AssertionError(f"expected at least {size} bytes of free heap, but {free} are free")

    def run_board_for(self, time: timedelta) -> None:
        """Let so much virtual time pass.

        | Run Board For | 1 hour |
        """
        self.board.run(time.total_seconds())

    def accept_malformed_frames(self) -> None:
        """From now on, for the rest of the test, the bench takes from the board what a real peer would drop.

        Without this, wrong checksums, lengths and reserved bits keep a frame from the bench's end of the
        connection, and the test fails for it.

        | Accept Malformed Frames |
        """
        self.board.wire.reception.strict = False

    def console_should_show(self, text: str, timeout: timedelta = timedelta(seconds=1)) -> None:
        """The board has to have printed this, or to print it within so much virtual time.

        | Console Should Show | listening on 192.0.2.1 |
        | Console Should Show | ports 8080 | timeout=2 s |
        """
        try:
            self.board.uart.wait_for(text, timeout.total_seconds())
        except TimeoutError as error:
            raise AssertionError(str(error)) from None

    def console_of_this_test_should_be(self, *lines: str) -> None:
        """What the board has printed since the test began has to be these lines, and nothing else.

        | Console Of This Test Should Be |
        | Open WebSocket | 8081 | my_ws_protocol |
        | Run Board For | 100 ms |
        | Console Of This Test Should Be | CONNECTION |
        """
        came = LISTENER.console.splitlines()
        if came != list(lines):
            wanted = "\n".join(lines) or "nothing"
            shown = printable("\n".join(came)) or "nothing"
            raise AssertionError(f"expected on the console:\n{wanted}\ncame:\n{shown}")

    def board_should_be_healthy(
        self, answer: str | None = ALIVE, port: int = 8080, protocol: str = ""
    ) -> None:
        """The board has to answer a ping and, on a new connection, a message.

        The message is the text `alive?`, which the board's own servers echo. Give `answer` where the
        application answers with another text, or `${None}` where it does not answer: the handshake will do.
        `protocol` is a sub-protocol that the client offers.

        A firmware that does not answer pings at all is not asked to; nor is one without a WebSocket server
        asked for a message, unless an argument says what has to come.

        Fails with registers, symbol and source line if the guest crashed or hangs, and with the traceback if
        there is one on the console.

        | Board Should Be Healthy |
        | Board Should Be Healthy | answer=${None} |
        | Board Should Be Healthy | answer=${None} | port=8081 | protocol=my_ws_protocol |
        """
        offers = session.current().offers
        if offers.offers(Capability.PING):
            self.board.health.check_alive()
        wanted = (answer, port, protocol) != (ALIVE, 8080, "")
        if wanted or offers.offers(f"websocket:{port}"):
            self.board.wire.comment = "health check: a new client has to be served"
            with Peer(self.board.wire, port=port) as peer:
                peer.upgrade("/", [protocol] if protocol else [])
                if answer is not None:
                    peer.send_frame(WebSocket(opcode="text") / ALIVE.encode())
                    peer.expect_frame("text", answer.encode(), rfc="RFC 6455, section 5.6")
        self.board.health.check()

    def conclude_test(self, answer: str | None = ALIVE, port: int = 8080, protocol: str = "") -> None:
        """Close what is open, check that the board is healthy.

        To be used as test teardown. The arguments, for applications that do not echo, are those of
        `Board Should Be Healthy`.

        | Test Teardown | Conclude Test |
        """
        for peer in reversed(self._peers):
            peer.timeout = 1.0
            try:
                # Not judged here: how a connection ends is for the test to check, if it matters to it.
                peer.__exit__(None, None, None)
            except (PeerError, TcpError, GuestFault) as problem:
                logger.info(f"closing a connection: {problem}")
        self._peers.clear()
        try:
            self.board_should_be_healthy(answer, port, protocol)
        except GuestFault as fault:
            # Said once is enough: most often the fault is what the test has failed with.
            if str(fault) not in BuiltIn().get_variable_value("${TEST MESSAGE}", ""):
                raise
