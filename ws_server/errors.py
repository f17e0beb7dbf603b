"""What can go wrong: the peer broke a rule, the handshake was refused, or the connection is no longer there.

Mistakes of the local user (a wrong type, a payload beyond the limit) are TypeError and ValueError.
"""


class WebSocketError(Exception):
    """Base of the errors of this package."""


class ProtocolError(WebSocketError):
    """The peer broke a rule of the protocol; the connection is failed with `code`.

    `code` is the close code that answers it (RFC 6455 section 7.4.1), `section` the section of RFC 6455 that
    names the rule, `reason` one line.
    """

    def __init__(self, code: int, reason: str, section: str) -> None:
        super().__init__(f"{reason} (RFC 6455 section {section}, close code {code})")
        self.code = code
        self.reason = reason
        self.section = section


class HandshakeError(WebSocketError):
    """An upgrade request was refused with the HTTP status `status`; `reason` is the body of the answer.

    `headers` are lines to send along with the answer, without line ends.
    """

    def __init__(self, status: int, reason: str, headers: tuple[str, ...] = ()) -> None:
        super().__init__(f"upgrade request refused with {status}: {reason}")
        self.status = status
        self.reason = reason
        self.headers = headers


class NotOpenError(WebSocketError):
    """Something was to be sent on a connection that is not open."""


class BacklogFullError(WebSocketError):
    """The peer reads too slowly: nothing was queued, because too much is waiting already."""
