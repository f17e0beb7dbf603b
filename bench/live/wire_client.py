"""A WebSocket client that is the bench itself: what a browser never sends can be sent with it.

Browsers mask every frame with a key of their own choice, and have no way to ping. This client puts its
frames on the board's wire itself, with the opcode, the masking and the payload it is told. It never waits:
what comes is told to whoever made it.
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable, Sequence
from enum import Enum

from bench.layers.http_upgrade import UpgradeError, UpgradeRequest, check_response, parse_response
from bench.layers.reassembly import MODULO
from bench.layers.tcp_state import State, TcpError
from bench.layers.websocket import CLOSE_CODES, OPCODES, WebSocket, WebSocketClose, describe, parse_frames
from bench.live.live_board import LiveBoard
from bench.live.relay import RETRIES, RTO
from bench.reception.websocket import ServerStream
from bench.tcp import TcpEndpoint
from emulation.errors import UserError

HEAD = 8192
"""Bytes within which the answer to the handshake must end."""
UNREAD = 1 << 20
"""Bytes of one frame that are waited for; the board's servers send a hundredth of it."""
SHOWN = 4096
"""Bytes of a payload that are told."""

Teller = Callable[[str, str], None]
"""Called with what happened (`opened`, `sent`, `received`, `closed`, `failed`) and the words for it."""


class Phase(Enum):
    """How far a connection is."""

    CLOSED = "closed"
    CONNECTING = "connecting"
    OPEN = "open"
    CLOSING = "closing"


class WireClient:
    """One client, which has one connection at a time. `tell` learns what happens, in the board's thread."""

    def __init__(self, live: LiveBoard, tell: Teller) -> None:
        self.phase = Phase.CLOSED
        self.protocol = ""
        self.sent = self.received = 0
        """Messages: text and binary frames that are final."""
        self._live, self._tell = live, tell
        self._random = live.wire.random
        self._tcp: TcpEndpoint | None = None
        self._request = UpgradeRequest()
        self._judge = ServerStream()
        self._board_port = 0
        self._queued = 0
        live.timers.append(self)

    # -- what the user does ----------------------------------------------------------------------------------

    def connect(self, port: int, path: str = "/", protocols: Sequence[str] = ()) -> None:
        """Open a connection to the board's `port`; a former one is reset.

        Raises UserError where the bench has no station on the segment.
        """
        self.abort()
        if not self._live.host.present:
            raise UserError(
                "the bench has no station on this segment", "give it an address of its own: --host"
            )
        wire = self._live.wire
        self.sent = self.received = 0
        self.protocol = ""
        self._board_port = port
        self._tcp = TcpEndpoint(
            *self._live.host.ends(port), isn=self._random.getrandbits(32), rto=RTO, retries=RETRIES
        )
        self._live.host.register(self._tcp, self)
        key = base64.b64encode(self._random.randbytes(16)).decode("ascii")
        self._request = UpgradeRequest(path, f"{wire.board.ip}:{port}", key, list(protocols))
        self.phase = Phase.CONNECTING
        self._tcp.connect(self._live.clock.now)
        octets = bytes(self._request)
        self._queued = len(octets)
        self._tcp.send(octets, self._live.clock.now)
        self._flush()

    def send(self, opcode: str, payload: bytes, *, mask: bool = True, key: bytes | None = None) -> None:
        """Send a frame with an opcode of `bench.layers.websocket.OPCODES`, masked with `key` or a fresh one.

        Raises UserError if there is no connection to send on.
        """
        self._put(WebSocket(opcode=opcode) / payload, mask, key)
        if opcode in ("text", "binary"):
            self.sent += 1
        self._tell("sent", f"{opcode} {self._masking(mask, key)}{_shown(opcode, payload)}")

    def close(
        self, code: int | None, reason: str = "", *, mask: bool = True, key: bytes | None = None
    ) -> None:
        """Send a close frame, without a payload for the code None.

        Raises UserError if there is no connection to send on.
        """
        frame = WebSocket(opcode="close")
        if code is not None:
            frame /= WebSocketClose(code=code, reason=reason.encode())
        self._put(frame, mask, key)
        self.phase = Phase.CLOSING
        self._tell("sent", f"close {self._masking(mask, key)}{_code(code, reason.encode())}")

    def abort(self) -> None:
        """Reset the connection, if there is one."""
        tcp, self._tcp = self._tcp, None
        if tcp is None:
            return
        tcp.reset(self._live.clock.now)
        self._flush(tcp)
        self._live.host.forget(tcp)
        if self.phase is not Phase.CLOSED:
            self._over("connection reset (RST)")

    def forget(self) -> None:
        """Reset the connection and leave the wire: nothing more is told."""
        self._tell = lambda what, text: None
        self.abort()
        if self in self._live.timers:
            self._live.timers.remove(self)

    @property
    def waiting(self) -> int:
        """Bytes on their way that the board has not acknowledged."""
        if self._tcp is None or self._tcp.all_acknowledged:
            return 0
        return (self._queued - (self._tcp.send_unacknowledged - self._tcp.isn - 1)) % MODULO

    @property
    def connected(self) -> bool:
        """Whether there is a TCP connection, in whatever state."""
        return self._tcp is not None

    def __str__(self) -> str:
        state = self._tcp.state.value if self._tcp is not None else State.CLOSED.value
        return f"console to port {self._board_port}: {state}"

    # -- what the wire does ----------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Let due timers act."""
        if self._tcp is not None and (timer := self._tcp.next_timer) is not None and now >= timer:
            self._tcp.tick(now)
            self._after()

    def feed(self, frame: bytes, now: float) -> bool:
        """A frame of the board; whether it was for this connection."""
        if self._tcp is None or not self._tcp.feed(frame, now):
            return False
        self._after()
        return True

    def _after(self) -> None:
        tcp = self._tcp
        assert tcp is not None
        self._flush()
        if self.phase is Phase.CONNECTING and tcp.received:
            self._handshake(tcp)
        if self.phase in (Phase.OPEN, Phase.CLOSING):
            self._frames(tcp)
        if self._tcp is not tcp:
            return
        if tcp.state is State.CLOSED:
            self._live.host.forget(tcp)
        if tcp.error is not None:
            self._tcp = None
            self._over(f"connection failed: {tcp.error}", failed=True)
        elif tcp.eof and self.phase is not Phase.CLOSED:
            tcp.close(self._live.clock.now)
            self._flush()
            self._over("the board has closed the connection (FIN)")
        if tcp.state is State.CLOSED:
            self._tcp = None

    def _handshake(self, tcp: TcpEndpoint) -> None:
        try:
            parsed = parse_response(bytes(tcp.received[:HEAD]))
            if parsed is None:
                if len(tcp.received) >= HEAD:
                    raise UpgradeError(f"the head of the response is longer than {HEAD} bytes")
                return
            response = parsed[0]
            tcp.read(len(response.head))
            check_response(self._request, response)
        except UpgradeError as error:
            self._tell("failed", f"opening handshake failed: {error}")
            self.phase = Phase.CLOSED
            tcp.read()
            tcp.close(self._live.clock.now)
            self._flush()
            return
        self._judge = ServerStream()
        self.phase, self.protocol = Phase.OPEN, response.protocol
        chosen = f", sub-protocol {response.protocol}" if response.protocol else ""
        self._tell("opened", f"connected to port {self._board_port}{chosen}")

    def _frames(self, tcp: TcpEndpoint) -> None:
        frames, rest = parse_frames(bytes(tcp.received))
        tcp.read(len(tcp.received) - len(rest))
        for frame in frames:
            if wrong := self._judge.judge(bytes(frame)):
                # A console is there to see it: it goes on where a browser ends the connection.
                self._tell("failed", f"the board sent what no client may take: {describe(frame)}, {wrong}")
            self._frame(frame)
            if self._tcp is not tcp:
                return
        if len(rest) > UNREAD:
            self._tell("failed", f"the board has begun a frame of more than {UNREAD} bytes")
            self.abort()

    def _frame(self, frame: WebSocket) -> None:
        name = OPCODES.get(frame.opcode, f"opcode {frame.opcode}")
        fragment = "" if frame.fin else "fragment, "
        masked = "masked, " if frame.mask else ""
        if name in ("text", "binary", "continuation") and frame.fin:
            self.received += 1
        if WebSocketClose in frame:
            close = frame[WebSocketClose]
            self._tell("received", f"close {masked}{_code(close.code, bytes(close.reason))}")
        else:
            self._tell("received", f"{name} {fragment}{masked}{_shown(name, frame.data)}")
        # As every client has to (RFC 6455, sections 5.5.1 and 5.5.2), for as long as it can.
        with contextlib.suppress(UserError):
            if name == "ping":
                self.send("pong", frame.data)
            elif name == "close" and self.phase is Phase.OPEN:
                self.close(frame[WebSocketClose].code if WebSocketClose in frame else None)

    # -- inside ----------------------------------------------------------------------------------------------

    def _put(self, frame: WebSocket, mask: bool, key: bytes | None) -> None:
        if self._tcp is None or self.phase not in (Phase.OPEN, Phase.CLOSING):
            raise UserError("there is no open connection", "connect first")
        frame.mask = int(mask)
        if mask:
            frame.masking_key = self._random.randbytes(4) if key is None else key
        octets = bytes(frame)
        try:
            self._tcp.send(octets, self._live.clock.now)
        except TcpError as error:
            raise UserError(f"the frame cannot be sent: {error}", "connect anew") from None
        self._queued += len(octets)
        self._flush()

    def _over(self, why: str, *, failed: bool = False) -> None:
        self.phase, self.protocol = Phase.CLOSED, ""
        self._tell("failed" if failed else "closed", why)

    def _flush(self, tcp: TcpEndpoint | None = None) -> None:
        tcp = tcp or self._tcp
        assert tcp is not None
        frames = tcp.take()
        for frame in frames:
            self._live.wire.send(frame)
        if frames:
            self._live.wake()
        tcp.history.clear()  # nobody asks for it, and it grows

    @staticmethod
    def _masking(mask: bool, key: bytes | None) -> str:
        return "" if mask and key is None else f"masked with {key.hex()}, " if mask and key else "unmasked, "


def _shown(opcode: str, payload: bytes) -> str:
    """A payload in words: text as text, everything else in hexadecimal digits unless it can be read."""
    cut = payload[:SHOWN]
    more = f" ... ({len(payload)} bytes)" if len(payload) > SHOWN else ""
    try:
        text = cut.decode("utf-8", "ignore" if more else "strict")
        if opcode == "text" or text.isprintable():
            return f"{text!r}{more}" if text or opcode == "text" else "without payload"
    except UnicodeDecodeError:
        pass
    return f"{cut.hex(' ')}{more}"


def _code(code: int | None, reason: bytes) -> str:
    if code is None:
        return "without code"
    name = f" ({CLOSE_CODES[code]})" if code in CLOSE_CODES else ""
    return f"{code}{name}" + (f" {reason.decode('utf-8', 'replace')!r}" if reason else "")
