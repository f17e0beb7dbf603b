"""Keywords for the opening handshake (RFC 6455, section 4), whole or spoilt, and for bytes of any kind."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from bench.layers.http_upgrade import UpgradeRequest, UpgradeResponse
from bench.peer import Peer, PeerError
from bench.robot.keywords.base import Keywords


class HandshakeKeywords(Keywords):
    """Connect without upgrading, ask in any words, judge the answer."""

    def __init__(self) -> None:
        super().__init__()
        self._response: UpgradeResponse | None = None

    def connect_to_board(self, port: int = 8080, ipv6: bool = False, mss: int = 1460) -> None:
        """Open a TCP connection and leave it at that. ``mss``: the longest segment we accept, in bytes.

        | Connect To Board |
        | Send Upgrade Request | Origin: example.org |
        | Upgrade Should Be Answered With | 101 |
        """
        peer = Peer(self.board.wire, port=port, ipv6=ipv6, mss=mss)
        self._peers.append(peer)
        peer.connect()

    def connection_should_be_possible_within(self, timeout: timedelta, port: int = 8080) -> None:
        """A new client, trying again as TCP does, has to be served within so much virtual time.

        | Connection Should Be Possible Within | 60 s |
        """
        peer = Peer(self.board.wire, port=port, timeout=timeout.total_seconds())
        self._peers.append(peer)
        peer.connect()
        peer.upgrade("/")
        peer.echo("let in")

    def send_upgrade_request(
        self, *headers: str, path: str = "/", method: str = "GET", segment_size: int = 0
    ) -> None:
        """Send an upgrade request on the connection opened last.

        A header ``Name: value`` replaces the standard one of this name or is added; ``Name`` alone leaves the
        standard one out. ``segment_size`` (bytes) cuts the request into TCP segments.

        | Connect To Board |
        | Send Upgrade Request | Upgrade: WebSocket | Sec-WebSocket-Version |
        | Upgrade Should Be Answered With | 426 |
        """
        changes = [_header(header) for header in headers]
        offers = [value for name, value in changes if name.lower() == "sec-websocket-protocol" and value]
        protocols = [word.strip() for offer in offers for word in offer.split(",")]
        request = UpgradeRequest(
            path, str(self.peer.tcp.remote), protocols=protocols, headers=changes, method=method
        )
        split = [segment_size] * (len(bytes(request)) // segment_size) if segment_size else None
        self.peer.send(request, split)

    def upgrade_should_be_answered_with(self, status: int, rfc: str = "RFC 6455, section 4.2.2") -> None:
        """The answer has to have this HTTP status; after any but 101 the board has to end the connection.

        An answer with 101 also has to keep every rule that section 4.1 gives a client to check.

        | Connect To Board |
        | Send Upgrade Request | Sec-WebSocket-Version: 12 |
        | Upgrade Should Be Answered With | 426 | rfc=RFC 6455, section 4.4 |
        """
        self._response = self.peer.receive_response(status, rfc=rfc)
        if status != 101:
            self.peer.expect_end(rfc=rfc)
            self._leave()

    def header_of_answer_should_be(self, name: str, value: str) -> None:
        """The answer judged last has to have this header; an empty value says that it must not.

        | Connect To Board |
        | Send Upgrade Request | Sec-WebSocket-Version: 12 |
        | Upgrade Should Be Answered With | 426 |
        | Header Of Answer Should Be | Sec-WebSocket-Version | 13 |
        """
        assert self._response is not None, "there was no answer: use `Upgrade Should Be Answered With` first"
        came = self._response.headers.get(name.lower(), "")
        if came != value:
            wanted, instead = f"the header {name}: {value or '(none)'}", f"{name}: {came or '(none)'}"
            raise PeerError(self.peer.sent, wanted, instead)

    def send_text_as_it_is(self, text: str, cut_at: list[int] | None = None) -> None:
        r"""Send any text, in UTF-8, over TCP: nothing is added. ``cut_at``: where segments end, in bytes.

        | Connect To Board |
        | Send Text As It Is | GET / HTTP/1.1\r\n |
        | Connection Should End | timeout=11 s |
        """
        positions = [0, *sorted(cut_at or [])]
        self.peer.send(text.encode(), [b - a for a, b in pairwise(positions)])

    def send_bytes_as_they_are(self, data: bytes) -> None:
        """Send any bytes over TCP: nothing is added.

        | ${noise}= | Bytes Of Length | 100 |
        | Connect To Board |
        | Send Bytes As They Are | ${noise} |
        """
        self.peer.send(data)

    def half_close_connection(self) -> None:
        """Send FIN: nothing more will come from us, but we go on listening (RFC 9293, section 3.6)."""
        self.peer.shutdown()


def _header(text: str) -> tuple[str, str | None]:
    name, colon, value = text.partition(":")
    return name, value.strip(" ") if colon else None
