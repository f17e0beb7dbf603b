"""Keywords that open connections and send."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from robot.api.deco import keyword

from bench.layers.websocket import WebSocket, WebSocketClose
from bench.peer import Peer
from bench.robot.keywords.base import Keywords, Opcode, text_of_length, to_bytes
from bench.robot.listener import LISTENER

BYTES = bytes(range(256)) + bytes(range(255, -1, -1))


class SendingKeywords(Keywords):
    """Open connections, send frames: well-formed ones, and ones that no client may send."""

    @keyword("Open WebSocket")  # type: ignore[untyped-decorator]  # Robot is untyped here
    def open_web_socket(self, port: int = 8080, *protocols: str, ipv6: bool = False) -> str:
        """Connect to the board and upgrade to WebSocket; return the sub-protocol the server chose.

        ``protocols`` are offered to the server. Port 8080 echoes; 8082 echoes and knows the sub-protocols
        ``echo`` and ``masked-echo``.

        | Open WebSocket |
        | Open WebSocket | 8082 | masked-echo |
        """
        peer = Peer(self.board.wire, port=port, ipv6=ipv6)
        self._peers.append(peer)
        with LISTENER.stopwatch.timing("open"):
            peer.connect()
            return peer.upgrade("/", list(protocols)).protocol

    def upgrade_should_be_refused_with(self, status: int, port: int = 8080, *protocols: str) -> None:
        """Ask for an upgrade: the answer has to have this HTTP status, and the connection has to end.

        | Upgrade Should Be Refused With | 401 | 8081 | some_protocol |
        """
        with Peer(self.board.wire, port=port) as peer:
            peer.upgrade("/", list(protocols), expect=status)
            peer.expect_end(rfc="RFC 6455, section 4.2.2")

    @keyword("Close WebSocket")  # type: ignore[untyped-decorator]  # as above
    def close_web_socket(self) -> None:
        """Close the connection opened last: closing handshake (RFC 6455, section 7.1.2), then TCP."""
        with LISTENER.stopwatch.timing("close"):
            self.send_close(1000)
            self.peer.expect_close(1000, rfc="RFC 6455, section 5.5.1")
            self._peers.pop().__exit__(None, None, None)

    def reset_connection(self) -> None:
        """Leave with a TCP reset, without a word of WebSocket."""
        self._peers.pop().reset()

    def text_of_length(self, length: int) -> str:
        """Return an ASCII text of so many characters.

        | ${text}= | Text Of Length | 125 |
        """
        return text_of_length(length)

    def bytes_of_length(self, length: int) -> bytes:
        """Return so many bytes, in which every value comes up.

        | ${data}= | Bytes Of Length | 4096 |
        """
        return (BYTES * (length // len(BYTES) + 1))[:length]

    def send_masked_text(self, text: str, key: str | None = None, cut_at: list[int] | None = None) -> None:
        """Send a text message in one frame, masked with ``key`` (8 hex digits; default: a fresh random key).

        ``cut_at`` lists the positions in the frame at which it is cut into TCP segments.

        | Send Masked Text | Hello |
        | Send Masked Text | Hello | key=a1b2c3d4 | cut_at=[3, 7] |
        """
        self._send(_frame("text", text, key), split=_sizes(cut_at))

    def send_masked_binary(self, data: bytes, key: str | None = None) -> None:
        """Send a binary message in one frame, masked with ``key`` (8 hex digits; default: random).

        | ${data}= | Bytes Of Length | 300 |
        | Send Masked Binary | ${data} |
        """
        self._send(_frame("binary", data, key))

    def send_unmasked(self, opcode: Opcode, payload: str | bytes = "") -> None:
        """Send a frame without masking, which no client may do (RFC 6455, section 5.1).

        | Send Unmasked | ping | hello |
        | Connection Should Be Closed With | 1002 |
        """
        self._send(WebSocket(opcode=opcode, mask=0) / to_bytes(payload))

    def send_ping(self, payload: str | bytes = "") -> None:
        """Send a masked ping.

        | Send Ping | are you there? |
        | Pong Should Arrive | are you there? |
        """
        self._send(_frame("ping", payload))

    def send_pings_in_one_segment(self, *payloads: str) -> None:
        """Send several masked pings in a single TCP segment.

        | Send Pings In One Segment | one | two |
        | Pong Should Arrive | one |
        | Pong Should Arrive | two |
        """
        self._send(*(_frame("ping", payload) for payload in payloads))

    def send_pong(self, payload: str | bytes = "") -> None:
        """Send a masked pong nobody has asked for.

        | Send Pong | nobody has asked |
        """
        self._send(_frame("pong", payload))

    def send_fragment(self, opcode: Opcode, payload: str | bytes, final: bool = False) -> None:
        """Send a masked frame that is part of a message.

        ``text`` or ``binary`` first, then ``continuation``.

        | Send Fragment | text | Hel |
        | Send Fragment | continuation | lo | final=True |
        | Text Should Arrive | Hello |
        """
        frame = _frame(opcode, payload)
        frame.fin = int(final)
        self._send(frame)

    def send_header_only(self, opcode: Opcode, announced: int) -> None:
        """Send the masked header of a frame of ``announced`` bytes, and none of them.

        A length beyond 16 bits, or with its highest bit set, takes the 64-bit form.

        | Send Header Only | binary | 5000 |
        | Connection Should Be Closed With | 1009 |
        """
        frame = _frame(opcode, b"")
        frame.length = announced if announced < 126 else 126 if announced < 1 << 16 else 127
        if frame.length > 125:
            frame.ext_length = announced
        self._send(frame)

    def send_masked_text_with_wide_length(self, text: str, bits: Literal[16, 64]) -> None:
        """Send a text whose length stands in the 16 or 64 bit form although a shorter one would do.

        | Send Masked Text With Wide Length | Hello | 64 |
        | Connection Should Be Closed With | 1002 |
        """
        frame = _frame("text", text)
        frame.length = {16: 126, 64: 127}[bits]
        frame.ext_length = len(text.encode())
        self._send(frame)

    def send_fragmented_text(self, *fragments: str) -> None:
        """Send a text message, each argument a fragment of it, back to back.

        | Send Fragmented Text | Hel | lo |
        | Text Should Arrive | Hello |
        """
        self._send_fragmented("text", [fragment.encode() for fragment in fragments])

    def send_text_bytes(self, *fragments: str) -> None:
        """Send a text message whose payload is these bytes, in hex; each argument is a fragment of it.

        The bytes need not be valid UTF-8, which RFC 6455, section 5.6, asks for.

        | Send Text Bytes | c3 | bc |
        | Text Should Arrive | ü |
        """
        self._send_fragmented("text", [bytes.fromhex(fragment) for fragment in fragments])

    def _send_fragmented(self, opcode: Opcode, payloads: list[bytes]) -> None:
        last = len(payloads) - 1
        self._send(
            *(
                WebSocket(opcode="continuation" if number else opcode, fin=int(number == last)) / payload
                for number, payload in enumerate(payloads)
            )
        )

    def send_close_payload(self, payload: str) -> None:
        """Send a masked close frame with these bytes (hex) as its payload, right or wrong.

        | Send Close Payload | 03 |
        | Connection Should Be Closed With | 1002 |
        """
        self._send(WebSocket(opcode="close") / bytes.fromhex(payload))

    def send_close(self, code: int = 1000, reason: str = "") -> None:
        """Send a masked close frame.

        | Send Close | 1001 | going away |
        """
        frame = WebSocket(opcode="close") / WebSocketClose(code=code, reason=reason)
        self._send(frame)


def _frame(opcode: Opcode, payload: str | bytes, key: str | None = None) -> WebSocket:
    frame: WebSocket = WebSocket(opcode=opcode) / to_bytes(payload)
    if key is not None:
        frame.mask = 1
        frame.masking_key = bytes.fromhex(key)
    return frame


def _sizes(cut_at: list[int] | None) -> list[int] | None:
    if cut_at is None:
        return None
    positions = [0, *sorted(cut_at)]
    return [end - start for start, end in pairwise(positions)]
