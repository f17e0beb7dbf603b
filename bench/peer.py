"""A client of the board's servers: TCP, HTTP upgrade and WebSocket frames, with every choice open to a test.

    with Peer(board.wire, port=8080) as peer:
        peer.upgrade("/")
        peer.send_frame(WebSocket(opcode="text") / b"hello")
        frame = peer.receive_frame()

or, as a script:

    peer.send(WebSocket(opcode="text") / b"hello")
    peer.expect(Message("hello"))
    peer.send(WebSocket(mask=0) / b"unmasked")
    peer.expect(Close(1002, rfc="RFC 6455, section 5.1"), End())

Handshake keys and masking keys come from the board's seed, as all else does (see `bench.tcp_peer`).
"""

from __future__ import annotations

import base64
import copy
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, SupportsBytes

from bench.layers.http_upgrade import (
    UpgradeError,
    UpgradeRequest,
    UpgradeResponse,
    check_response,
    parse_response,
)
from bench.layers.websocket import OPCODES, WebSocket, WebSocketClose, describe, frame_size
from bench.layers.websocket_upgrade import HTTPUpgradeRequest
from bench.reception.websocket import ServerStream
from bench.tcp_peer import PeerError, TcpPeer, excerpt, with_rfc

__all__ = ["Expectation", "Peer", "PeerError"]


class Expectation(Protocol):
    """Something that has to come: `bench.expectations` has the usual ones."""

    def meet(self, peer: Peer, timeout: float | None) -> Any:
        """Wait for it and return it. Raises PeerError if something else comes, or nothing in time."""


class Peer(TcpPeer):
    """A TCP connection that speaks WebSocket; options are those of `TcpPeer`.

    `send` takes WebSocket frames too, and masks them as `send_frame` does, and upgrade requests.
    """

    strict = True
    """Whether a frame for which a client has to fail the connection (RFC 6455, section 7.1.7) is refused with
    a PeerError. A server that masks what it sends, say, needs a client that is not strict."""
    _request: UpgradeRequest | None = None
    _judge: ServerStream | None = None
    """Has seen the frames up to `_judged`, a sequence number."""
    _judged = -1

    def upgrade(
        self,
        path: str = "/",
        protocols: Sequence[str] = (),
        headers: Iterable[tuple[str, str | None]] = (),
        *,
        method: str = "GET",
        expect: int | None = 101,
        split: Iterable[int] | None = None,
        timeout: float | None = None,
    ) -> UpgradeResponse:
        """Send an upgrade request and return the response; see `UpgradeRequest` for spoiling it.

        The response must have the status `expect` (None: any) and, for 101, complete the handshake by every
        rule of RFC 6455, section 4.1. Raises PeerError.
        """
        key = base64.b64encode(self.random.randbytes(16)).decode("ascii")
        request = UpgradeRequest(path, str(self.tcp.remote), key, protocols, list(headers), method)
        self.send(request, split)
        return self.receive_response(expect, timeout)

    def receive_response(
        self, expect: int | None = None, timeout: float | None = None, *, rfc: str = ""
    ) -> UpgradeResponse:
        """Take the answer to an upgrade request from the stream.

        It must have the status `expect` (None: any) and, for 101, complete the handshake that was sent last
        as an upgrade request by every rule of RFC 6455, section 4.1. Raises PeerError.
        """
        expected = f"HTTP response with status {expect or 'of any kind'}"
        parsed: tuple[UpgradeResponse, bytes] | None = None
        size = 0

        def complete() -> bool:
            nonlocal parsed, size
            if len(self.tcp.received) != size:
                size = len(self.tcp.received)
                parsed = parse_response(bytes(self.tcp.received))
            return parsed is not None

        try:
            self.wait_until(complete, timeout)
        except UpgradeError as error:
            raise self.wrong(expected, rfc, came=str(error)) from error
        if parsed is None:
            raise self.wrong(expected, rfc)
        response = parsed[0]
        self.tcp.read(len(response.head))
        if expect is not None and response.status != expect:
            raise self.wrong(expected, rfc, came=f"status {response.status} {response.reason}")
        if not response.upgraded:
            self._check_body(response, timeout)
        if expect == 101 and self._request is not None:
            try:
                check_response(self._request, response)
            except UpgradeError as error:
                raise self.wrong("a response that completes the handshake", rfc, came=str(error)) from error
        return response

    def _check_body(self, response: UpgradeResponse, timeout: float | None) -> None:
        """The body must be as long as the head says (RFC 9112, section 6.3); it stays in the stream."""
        size = response.headers.get("content-length", "")
        head = self._request is not None and self._request.method == "HEAD"
        if not size.isdigit() or head or not self.wire.reception.strict:
            return
        body = self.tcp.received
        self.wait_until(lambda: len(body) >= int(size) or self.closed_by_board, timeout)
        if len(body) != int(size):
            rfc = "RFC 9112, section 6.3"
            raise self.wrong(
                f"a body of {size} bytes, as Content-Length says", rfc, came=f"{len(body)} bytes"
            )

    def expect(self, *expected: Expectation, timeout: float | None = None) -> Any:
        """What has to come now, in this order: objects of `bench.expectations`.

        Every one of them waits for `timeout` at most. Returns what came, for several a list of it. Raises
        PeerError, which says what was sent, expected and came.
        """
        came = [expectation.meet(self, timeout) for expectation in expected]
        return came[0] if len(came) == 1 else came

    def send_frame(self, frame: WebSocket, split: Iterable[int] | None = None, **options: Any) -> None:
        """Send a WebSocket frame, masked with a fresh key as a client must (RFC 6455, section 5.3).

        A frame that sets `mask` or `masking_key` itself goes out as it is. `split` and the other options are
        those of `send`.
        """
        self.send(frame, split, **options)

    def prepare(self, frame: WebSocket) -> WebSocket:
        """A copy of the frame with MASK set and a fresh masking key, unless it sets them itself."""
        frame = frame.copy()
        if "mask" not in frame.fields:
            frame.mask = 1
        if "masking_key" not in frame.fields:
            frame.masking_key = self.random.randbytes(4)
        return frame

    def receive_frame(
        self, timeout: float | None = None, *, expected: str = "a WebSocket frame", exactly: bytes = b""
    ) -> WebSocket:
        """Take the next frame from the stream.

        Raises PeerError if none comes, or one for which a client has to fail the connection (RFC 6455,
        section 7.1.7), unless it is `exactly` these bytes or the peer or `wire.reception` is not `strict`.
        """
        stream = self.tcp.received

        def complete() -> bool:
            size = frame_size(bytes(stream[:14]))
            return size is not None and len(stream) >= size

        if not self.wait_until(complete, timeout):
            raise self.wrong(expected)
        octets, refused = self._take(frame_size(bytes(stream[:14])) or 0)
        frame = WebSocket(octets)
        if refused and octets != exactly and self.strict and self.wire.reception.strict:
            raise self.wrong(expected, came=f"{describe(frame)}, {refused}")
        return frame

    def _take(self, size: int) -> tuple[bytes, str]:
        """A frame from the stream, and what is wrong with it."""
        tcp = self.tcp
        begins = tcp.receive_next - tcp.eof - len(tcp.received)
        if self._judge is None:
            self._judge = ServerStream()
        elif begins != self._judged:
            self._judge.lose_track()
        octets = tcp.read(size)
        self._judged = begins + size
        return octets, self._judge.judge(octets)

    def snapshot(self) -> tuple[Any, ...]:
        """See `TcpPeer`."""
        return (*super().snapshot(), copy.deepcopy(self._judge), self._judged)

    def restore(self, state: tuple[Any, ...]) -> None:
        """See `TcpPeer`."""
        super().restore(state)
        self._judge, self._judged = copy.deepcopy(state[2]), state[3]

    def expect_frame(
        self, opcode: int | str, data: bytes | str = b"", timeout: float | None = None, *, rfc: str = ""
    ) -> WebSocket:
        """The next frame: it must be final, unmasked, and have this opcode and payload. Raises PeerError."""
        wanted = WebSocket(opcode=opcode) / (data.encode() if isinstance(data, str) else data)
        frame = self.receive_frame(timeout, expected=with_rfc(describe(wanted), rfc), exactly=bytes(wanted))
        if bytes(frame) != bytes(wanted):
            raise self.wrong(
                describe(wanted), rfc, came=describe(frame) + _difference(wanted.data, frame.data)
            )
        return frame

    def echo(self, data: bytes | str, timeout: float | None = None, **options: Any) -> WebSocket:
        """Send a message, text for str and binary for bytes, and expect the same back. Raises PeerError."""
        opcode = "text" if isinstance(data, str) else "binary"
        payload = data.encode() if isinstance(data, str) else data
        self.send_frame(WebSocket(opcode=opcode) / payload, **options)
        return self.expect_frame(opcode, payload, timeout, rfc="RFC 6455, section 5.6")

    def expect_close(self, code: int, timeout: float | None = None, *, rfc: str = "") -> WebSocket:
        """The next frame, which must be a close frame with this code; answer it and wait for the TCP end.

        Raises PeerError if another frame, another code or no end comes.
        """
        expected = f"WebSocket close with code {code}"
        frame = self.receive_frame(timeout, expected=with_rfc(expected, rfc))
        if WebSocketClose not in frame or frame[WebSocketClose].code != code or frame.mask or not frame.fin:
            raise self.wrong(expected, rfc, came=describe(frame))
        if not self.closed_by_board:
            self.send_frame(WebSocket(opcode="close") / WebSocketClose(code=code))
        self.expect_end(timeout, rfc="RFC 6455, section 7.1.1")
        return frame

    def _encode(self, data: SupportsBytes) -> tuple[bytes, str]:
        if isinstance(data, WebSocket):
            frame = self.prepare(data)
            return bytes(frame), describe(frame)
        if isinstance(data, UpgradeRequest):
            self._request = data
            return bytes(data), f"upgrade request {data.lines()}"
        if isinstance(data, HTTPUpgradeRequest):
            self._request = UpgradeRequest.of(data)
            return bytes(data), f"upgrade request {excerpt(bytes(data))}"
        return super()._encode(data)

    def _unread(self, data: bytes) -> str:
        size = frame_size(data)
        if size is not None and size <= len(data) and data[0] & 15 in OPCODES:
            return describe(WebSocket(data[:size]))
        return f"unfinished {excerpt(data)}"


def _difference(wanted: bytes, came: bytes) -> str:
    """Where two payloads part, if that cannot be seen from their first bytes."""
    if wanted == came or len(wanted) <= 48:
        return ""
    at = next((i for i, pair in enumerate(zip(wanted, came, strict=False)) if pair[0] != pair[1]), len(came))
    return f", differs from byte {at} on"
