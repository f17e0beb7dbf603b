"""What a test expects of the board, as objects: `peer.expect(Close(1002), End())`.

Each can name the section that demands it (`rfc=`), which a failure then tells.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from bench.layers.http_upgrade import UpgradeResponse
from bench.layers.tcp_state import TcpRefusedError, TcpResetError
from bench.layers.websocket import OPCODES, WebSocket, WebSocketClose, describe
from bench.peer import Peer
from bench.peer_error import with_rfc

NO_STATUS = 1005
"""Stands for a close frame without a code (RFC 6455, section 7.1.5)."""


@dataclass(frozen=True)
class Frame:
    """A WebSocket frame exactly like this one, byte for byte."""

    frame: WebSocket
    _: KW_ONLY
    rfc: str = ""

    def meet(self, peer: Peer, timeout: float | None = None) -> WebSocket:
        """The frame."""
        return _frame(peer, self.frame, timeout, self.rfc)


@dataclass(frozen=True)
class Message:
    """A message, text for str and binary for bytes, in one frame or in fragments."""

    data: str | bytes
    _: KW_ONLY
    rfc: str = "RFC 6455, section 5.4"

    def meet(self, peer: Peer, timeout: float | None = None) -> bytes:
        """The payload of all its frames."""
        kind = 1 if isinstance(self.data, str) else 2
        wanted = self.data.encode() if isinstance(self.data, str) else self.data
        expected = f"WebSocket {OPCODES[kind]} message {_short(wanted)}"
        data = b""
        opcode = kind
        while True:
            frame = peer.receive_frame(timeout, expected=with_rfc(expected, self.rfc))
            if frame.opcode != opcode or frame.mask or frame.rsv1 or frame.rsv2 or frame.rsv3:
                after = f" after {_short(data)}" if opcode == 0 else ""
                raise peer.wrong(expected, self.rfc, came=describe(frame) + after)
            data += frame.data
            if frame.fin:
                break
            opcode = 0
        if data != wanted:
            raise peer.wrong(expected, self.rfc, came=f"WebSocket {OPCODES[kind]} message {_short(data)}")
        return data


@dataclass(frozen=True)
class Ping:
    """A ping with this payload."""

    data: bytes = b""
    _: KW_ONLY
    rfc: str = ""

    def meet(self, peer: Peer, timeout: float | None = None) -> WebSocket:
        """The frame."""
        return _frame(peer, WebSocket(opcode="ping") / self.data, timeout, self.rfc)


@dataclass(frozen=True)
class Pong:
    """A pong with this payload."""

    data: bytes = b""
    _: KW_ONLY
    rfc: str = "RFC 6455, section 5.5.3"

    def meet(self, peer: Peer, timeout: float | None = None) -> WebSocket:
        """The frame."""
        return _frame(peer, WebSocket(opcode="pong") / self.data, timeout, self.rfc)


@dataclass(frozen=True)
class Close:
    """A close frame: with this code, 1005 for one without a code, None for any; with this reason, if given.

    The closing handshake is not completed by it: send a close frame for that, and expect `End`.
    """

    code: int | None = None
    reason: str | None = None
    _: KW_ONLY
    rfc: str = "RFC 6455, section 7.4"

    def meet(self, peer: Peer, timeout: float | None = None) -> WebSocket:
        """The frame."""
        expected = "WebSocket close"
        if self.code is not None:
            expected += " without a code" if self.code == NO_STATUS else f" with code {self.code}"
        if self.reason is not None:
            expected += f" and reason {self.reason!r}"
        frame = peer.receive_frame(timeout, expected=with_rfc(expected, self.rfc))
        body = frame.getlayer(WebSocketClose)
        code = NO_STATUS if body is None else body.code
        reason = b"" if body is None else bytes(body.reason)
        if (
            frame.opcode != 8
            or not frame.fin
            or frame.mask
            or self.code not in (None, code)
            or (self.reason is not None and self.reason.encode() != reason)
        ):
            raise peer.wrong(expected, self.rfc, came=describe(frame))
        return frame


@dataclass(frozen=True)
class Response:
    """The answer to an upgrade request, with this status; None for any."""

    status: int | None = 101
    _: KW_ONLY
    rfc: str = ""

    def meet(self, peer: Peer, timeout: float | None = None) -> UpgradeResponse:
        """The response. Its body, if there is one, stays in the stream."""
        return peer.receive_response(self.status, timeout, rfc=self.rfc)


@dataclass(frozen=True)
class Data:
    """Exactly these bytes of the TCP stream next."""

    data: bytes
    _: KW_ONLY
    rfc: str = ""

    def meet(self, peer: Peer, timeout: float | None = None) -> bytes:
        """The bytes."""
        stream, size = peer.tcp.received, len(self.data)

        def decided() -> bool:
            return len(stream) >= size or not self.data.startswith(bytes(stream))

        if not peer.wait_until(decided, timeout) or not stream.startswith(self.data):
            raise peer.wrong(_short(self.data), self.rfc)
        return peer.tcp.read(size)


@dataclass(frozen=True)
class End:
    """The board closes its half of the TCP connection in order, with FIN, and sends nothing before that."""

    rfc: str = "RFC 6455, section 7.1.1"

    def meet(self, peer: Peer, timeout: float | None = None) -> None:
        """Nothing is returned."""
        came = peer.wait_until(lambda: bool(peer.tcp.received) or peer.tcp.eof, timeout)
        if not came or peer.tcp.received:
            raise peer.wrong("the end of the connection (FIN)", self.rfc)


@dataclass(frozen=True)
class Reset:
    """The board resets the TCP connection (RST), whatever it has sent before that."""

    rfc: str = "RFC 9293, section 3.5.2"

    def meet(self, peer: Peer, timeout: float | None = None) -> None:
        """Nothing is returned."""
        peer.wait_until(lambda: peer.tcp.error is not None, timeout)
        if not isinstance(peer.tcp.error, TcpResetError | TcpRefusedError):
            raise peer.wrong("a reset of the connection (RST)", self.rfc)


@dataclass(frozen=True)
class Silence:
    """The board sends no data and does not close for so many virtual seconds."""

    seconds: float
    rfc: str = ""

    def meet(self, peer: Peer, timeout: float | None = None) -> None:
        """Nothing is returned; `timeout` does not matter."""
        peer.expect_silence(self.seconds, rfc=self.rfc)


def _frame(peer: Peer, wanted: WebSocket, timeout: float | None, rfc: str) -> WebSocket:
    frame = peer.receive_frame(timeout, expected=with_rfc(describe(wanted), rfc), exactly=bytes(wanted))
    if bytes(frame) != bytes(wanted):
        raise peer.wrong(describe(wanted), rfc, came=describe(frame))
    return frame


def _short(data: bytes) -> str:
    return repr(data) if len(data) <= 48 else f"{data[:48]!r}... ({len(data)} bytes)"
