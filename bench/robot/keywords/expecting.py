"""Keywords that judge what the board sends."""

from __future__ import annotations

from datetime import timedelta

from robot.api import logger

from bench.layers.websocket import OPCODES, WebSocket, describe
from bench.peer import PeerError
from bench.robot.keywords.base import Keywords, Opcode, seconds, text_of_length, to_bytes
from bench.robot.listener import LISTENER


class ExpectingKeywords(Keywords):
    """Every check takes the next frame of the connection opened last, and waits for it if need be."""

    def text_should_arrive(self, text: str, rfc: str = "RFC 6455, section 5.6") -> None:
        """The next frame has to be this text, whole and unmasked.

        | Send Masked Text | Hello |
        | Text Should Arrive | Hello |
        """
        self._expect("text", text, rfc)

    def binary_should_arrive(self, data: bytes, rfc: str = "RFC 6455, section 5.6") -> None:
        """The next frame has to be these bytes, whole and unmasked.

        | ${data}= | Bytes Of Length | 512 |
        | Send Masked Binary | ${data} |
        | Binary Should Arrive | ${data} |
        """
        self._expect("binary", data, rfc)

    def ping_should_arrive(self, payload: str | bytes = "", timeout: timedelta | None = None) -> None:
        """The next frame has to be a ping with this payload, not masked, within so much virtual time.

        | Open WebSocket | 8082 | echo |
        | Ping Should Arrive | timeout=31 s |
        """
        self.peer.expect_frame("ping", payload, seconds(timeout), rfc="RFC 6455, section 5.5.2")

    def pong_should_arrive(self, payload: str | bytes = "") -> None:
        """The next frame has to be a pong with the payload of the ping it answers.

        | Send Ping | are you there? |
        | Pong Should Arrive | are you there? |
        """
        self._expect("pong", payload, "RFC 6455, section 5.5.3")

    def masked_frame_should_arrive(self, opcode: Opcode, payload: str | bytes = "") -> str:
        """The next frame has to be masked, with this opcode and payload; returns its masking key (hex).

        RFC 6455, section 5.1, forbids a server to mask; the board does it on request to test clients with.

        | Open WebSocket | 8082 | masked-echo |
        | Send Masked Text | Hello |
        | ${key}= | Masked Frame Should Arrive | text | Hello |
        """
        payload = to_bytes(payload)
        wanted = f"masked {describe(WebSocket(opcode=opcode) / payload)} (RFC 6455, section 5.3)"
        strict, self.peer.strict = self.peer.strict, False
        try:
            frame = self.peer.receive_frame(expected=wanted)
        finally:
            self.peer.strict = strict
        came = OPCODES.get(frame.opcode), frame.data, bool(frame.fin), bool(frame.mask)
        if came != (opcode, payload, True, True):
            raise PeerError(self.peer.sent, wanted, describe(frame))
        return bytes(frame.masking_key).hex()

    def nothing_should_arrive(self, within: timedelta = timedelta(seconds=1)) -> None:
        """The board has to stay silent, and the connection open, for so much virtual time.

        | Send Fragment | text | the first half |
        | Nothing Should Arrive | within=5 s |
        """
        self.peer.expect_silence(within.total_seconds())

    def connection_should_be_closed_with(
        self, code: int, rfc: str = "RFC 6455, section 7.4.1", timeout: timedelta | None = None
    ) -> None:
        """The next frame has to be a close frame with this code; then the board has to end the connection.

        Afterwards nothing else may have come: what arrives after a close frame breaks section 5.5.1. Our half
        of TCP is closed then, as a client does, so that the board may forget the connection.

        | Send Unmasked | text | Hello |
        | Connection Should Be Closed With | 1002 | rfc=RFC 6455, section 5.1 |
        """
        self.peer.expect_close(code, seconds(timeout), rfc=rfc)
        rest = bytes(self.peer.tcp.received)
        if rest:
            wanted = "nothing after the close frame (RFC 6455, section 5.5.1)"
            raise PeerError(self.peer.sent, wanted, repr(rest))
        self._leave()

    def close_without_a_code_should_arrive(self) -> None:
        """The next frame has to be a close frame without payload; then the board has to end TCP."""
        self.peer.expect_frame("close", b"", rfc="RFC 6455, section 5.5.1")
        self.peer.expect_end(rfc="RFC 6455, section 7.1.1")

    def connection_should_end(self, timeout: timedelta | None = None) -> None:
        """The board has to close its half of TCP, or to reset the connection, within so much virtual time.

        | Connect To Board |
        | Connection Should End | timeout=11 s |
        """
        self.peer.expect_end(seconds(timeout), rfc="RFC 6455, section 7.1.1")

    def connection_should_still_echo(self, text: str = "still here") -> None:
        """The connection has to be open and echo.

        | Send Pong | nobody has asked |
        | Connection Should Still Echo |
        """
        with LISTENER.stopwatch.timing("text", text.encode()):
            self.peer.echo(text)

    def echo_should_take_at_most(self, length: int, limit: timedelta) -> None:
        """Send a text of ``length`` ASCII characters: it has to be back within ``limit`` of virtual time.

        | Echo Should Take At Most | 125 | 5 ms |
        """
        text = text_of_length(length)
        begun = self.board.clock.now
        self.connection_should_still_echo(text)
        took = self.board.clock.now - begun
        logger.info(f"{length} bytes were back after {took * 1000:.3f} virtual ms")
        if took > limit.total_seconds():
            wanted = f"{length} bytes back within {limit.total_seconds() * 1000:g} virtual ms"
            raise PeerError(self.peer.sent, wanted, f"they took {took * 1000:.3f} virtual ms")

    def _expect(self, opcode: str, payload: str | bytes, rfc: str) -> None:
        self.peer.expect_frame(opcode, payload, rfc=rfc)
        LISTENER.stopwatch.arrived(opcode, to_bytes(payload))
