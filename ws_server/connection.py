"""The connection that listeners hold: the `conn` of Zephyr.js' `ws` module, on an asyncio stream."""

from .compat import TYPE_CHECKING
from .errors import BacklogFullError, ProtocolError
from .events import AsyncEventEmitter
from .messages import INTERNAL_ERROR, Ping, Pong

if TYPE_CHECKING:
    from .link import Link
    from .protocol import Data, Event


class WebSocketConnection(AsyncEventEmitter):
    """One client.

    Events, with their arguments:

    - `message(data)`: str for text, bytes for binary; `ping(data)`, `pong(data)`
    - `error(error)`: the peer broke the protocol, the connection broke, or a listener raised
    - `close(code, reason)`: the last event; 1005 is a Close without a code, 1006 none at all (RFC 6455
      section 7.4.1)
    """

    def __init__(self, link: "Link", max_queue: int) -> None:
        super().__init__()
        self._link = link
        self._ws = link.protocol
        self._max_queue = max_queue
        self.remote_address = link.remote_address

    def __repr__(self) -> str:
        return f"<WebSocketConnection {self.remote_address[0]}:{self.remote_address[1]} {self.state}>"

    @property
    def state(self) -> str:
        """`connecting`, `open`, `closing` or `closed`."""
        return self._ws.state

    @property
    def protocol(self) -> str | None:
        """The sub-protocol that was agreed on, None without one."""
        return self._ws.subprotocol

    @property
    def buffered(self) -> int:
        """Bytes sent that the network stack has not taken yet."""
        return self._link.unsent()

    def send(self, data: "str | Data", mask: bool = False) -> None:
        """Send a message: text from str, binary from bytes.

        `mask=True` masks the frame with a fresh random key. RFC 6455 section 5.1 forbids that to servers, and
        clients that obey it fail the connection; it is here because Zephyr.js offers it.

        Raises TypeError, ValueError (beyond `max_payload`), NotOpenError, BacklogFullError; nothing is sent
        then.
        """
        self._check_queue()
        self._ws.send(data, mask)
        self._link.flush()

    def ping(self, data: "Data" = b"", mask: bool = False) -> None:
        """Send a Ping with up to 125 bytes (more: ValueError). The peer's answer is the event `pong`."""
        self._check_queue()
        self._ws.ping(data, mask)
        self._link.flush()

    def pong(self, data: "Data" = b"", mask: bool = False) -> None:
        """Send a Pong nobody asked for, with up to 125 bytes (more: ValueError)."""
        self._check_queue()
        self._ws.pong(data, mask)
        self._link.flush()

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Start the closing handshake; the connection ends with the peer's answer or the close timeout.

        Raises ValueError for a code that may not be sent or a reason longer than 123 bytes.
        """
        self._ws.close(code, reason)
        self._link.flush()
        self._link.expect_close()

    def terminate(self) -> None:
        """Drop the connection at once, without a closing handshake."""
        self._link.drop()

    def listener_failed(self, event: str, error: Exception) -> None:
        """Report a listener that raised; without memory it has lost something: the peer is told by 1011."""
        if isinstance(error, MemoryError):
            self.close(INTERNAL_ERROR, "no memory")
            self.emit("error", error)
        else:
            super().listener_failed(event, error)

    def _check_queue(self) -> None:
        unsent = self._link.unsent()
        if unsent > self._max_queue:
            unsent = self._link.offer()
        if unsent > self._max_queue:
            raise BacklogFullError(f"{unsent} bytes wait for a slow reader, max_queue is {self._max_queue}")

    def deliver(self, event: "Event") -> None:
        """Emit one of the protocol's events, except messages. For the server's use."""
        if isinstance(event, Ping):
            self.emit("ping", event.data)
        elif isinstance(event, Pong):
            self.emit("pong", event.data)
        elif isinstance(event, ProtocolError):
            self.emit("error", event)

    def ended(self) -> None:
        """Tell that the TCP connection is down, and let go of the listeners. For the server's use."""
        if self._link.lost is not None:
            self.emit("error", self._link.lost)
        self.emit("close", self._ws.close_code, self._ws.close_reason)
        self.remove_all_listeners()
