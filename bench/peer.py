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

    _request: UpgradeRequest | None = None

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
        if expect == 101 and self._request is not None:
            try:
                check_response(self._request, response)
            except UpgradeError as error:
                raise self.wrong("a response that completes the handshake", rfc, came=str(error)) from error
        return response

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
        self, timeout: float | None = None, *, expected: str = "a WebSocket frame"
    ) -> WebSocket:
        """Take the next frame from the stream. Raises PeerError if none comes."""
        stream = self.tcp.received

        def complete() -> bool:
            size = frame_size(bytes(stream[:14]))
            return size is not None and len(stream) >= size

        if not self.wait_until(complete, timeout):
            raise self.wrong(expected)
        return WebSocket(self.tcp.read(frame_size(bytes(stream[:14]))))

    def expect_frame(
        self, opcode: int | str, data: bytes | str = b"", timeout: float | None = None, *, rfc: str = ""
    ) -> WebSocket:
        """The next frame: it must be final, unmasked, and have this opcode and payload. Raises PeerError."""
        wanted = WebSocket(opcode=opcode) / (data.encode() if isinstance(data, str) else data)
        frame = self.receive_frame(timeout, expected=with_rfc(describe(wanted), rfc))
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
