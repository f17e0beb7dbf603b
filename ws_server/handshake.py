"""The opening handshake (RFC 6455 section 4.2): bytes to a Request or a refusal, and the answers."""

from binascii import b2a_base64
from hashlib import sha1

from . import grammar
from .compat import MAX_HEAD, MAX_HEADERS, MAX_LINE, TYPE_CHECKING
from .errors import HandshakeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    AcceptHandler = Callable[[list[str]], object]

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

REASONS = {
    400: "Bad Request",
    401: "Unauthorized",
    405: "Method Not Allowed",
    408: "Request Timeout",
    414: "URI Too Long",
    426: "Upgrade Required",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
}

# The headers that are looked at, and whether they are lists, which may be spread over several lines. All
# others are checked for their form and dropped.
_LOOKED_AT = {
    b"host": False,
    b"origin": False,
    b"sec-websocket-key": False,
    b"sec-websocket-version": False,
    b"connection": True,
    b"sec-websocket-extensions": True,
    b"sec-websocket-protocol": True,
    b"upgrade": True,
}


# Zephyr.js refuses with 401, and 401 has to come with a challenge (RFC 9110 section 15.5.2). This one is of
# no scheme that browsers know: they would ask their users for a password.
_CHALLENGE = ('WWW-Authenticate: Sub-Protocol realm="ws_server"',)


class Request:
    """An upgrade request that is in order.

    `target` is the request target, `host` the host that it names or else that of the Host header (RFC 9112
    section 3.2.2), `origin` that header (None without one), `protocols` the sub-protocols offered in the
    client's order of preference, `key` the Sec-WebSocket-Key.
    """

    def __init__(self, target: str, host: str, origin: str | None, protocols: list[str], key: str) -> None:
        self.target = target
        self.host = host
        self.origin = origin
        self.protocols = protocols
        self.key = key

    def __repr__(self) -> str:
        return f"Request({self.target!r}, host={self.host!r}, protocols={self.protocols!r})"


class RequestParser:
    """Takes the request byte by byte if need be; keeps one line and the few headers that matter.

    Everything is bytes as long as it can be: to make a str of them costs MicroPython a search for an equal
    one.

    `max_line` limits each line, `max_size` the whole head, both in bytes. `complete` tells that the head has
    ended, be it in a refusal; `bodiless` that no answer may have a body, since the method is HEAD.
    """

    def __init__(self, max_line: int = MAX_LINE, max_size: int = MAX_HEAD) -> None:
        self._max_line = max_line
        self._max_size = max_size
        self._size = 0
        self._count = 0
        self._line = b""
        self._target = b""
        self._headers: dict[bytes, bytes] = {}
        self._empty_line = False
        self.position = 0
        self.complete = False
        self.bodiless = False

    def feed(self, data: "bytes | bytearray", start: int = 0, end: int | None = None) -> Request | None:
        """Parse `data[start:end]`; returns the request when it is complete: `position` is where it ended.

        Raises HandshakeError with the status to refuse with.
        """
        chunk = bytes(memoryview(data)[start : len(data) if end is None else end])
        begin = 0
        while begin < len(chunk):
            newline = chunk.find(b"\n", begin)
            stop = newline + 1 if newline >= 0 else len(chunk)
            line = chunk[begin:stop]
            if self._line:
                line = self._line + line
            self._size += stop - begin
            if not self._count:
                self.bodiless = line.startswith(b"HEAD ")
            if len(line) > self._max_line or self._size > self._max_size:
                raise self._too_long(line)
            begin = stop
            if newline < 0:
                self._line = line
                break
            self._line = b""
            if self._take_line(line):
                self.position = start + begin
                self.complete = True
                return self._judge()
        self.position = start + begin
        return None

    def _too_long(self, line: bytes) -> HandshakeError:
        """What to say of a line beyond one of the limits."""
        limit = min(self._max_line, self._max_size)
        if not self._count:
            start = line[: limit + 1]
            first = start.find(b" ")
            if first < 0:
                return HandshakeError(501, f"the method is longer than {limit} bytes (RFC 9112 section 3)")
            second = start.find(b" ", first + 1)
            if second < 0 or len(start) - second <= len(" HTTP/1.1\r\n"):
                return HandshakeError(414, f"the request line is longer than {limit} bytes")
            return HandshakeError(400, "the request line is not 'method target version' (RFC 9112 section 3)")
        if len(line) > self._max_line:
            return HandshakeError(431, f"a line of the request is longer than {self._max_line} bytes")
        return HandshakeError(431, f"the request's head is longer than {self._max_size} bytes")

    def _take_line(self, line: bytes) -> bool:
        """Take one line with its end; True for the empty one that ends the head."""
        if not line.endswith(b"\r\n"):
            raise HandshakeError(400, "a line of the request does not end with CR LF (RFC 9112 section 2.2)")
        if line.find(b"\r") != len(line) - 2 or b"\0" in line:
            raise HandshakeError(400, "CR or NUL within a line of the request (RFC 9110 section 5.5)")
        if not self._count:
            if len(line) == 2 and not self._empty_line:  # a client's slip (RFC 9112 section 2.2)
                self._empty_line = True
                return False
            self._take_request_line(line[:-2])
        elif len(line) > 2:
            self._take_header(line)
        else:
            return True
        self._count += 1
        if self._count > MAX_HEADERS + 1:
            raise HandshakeError(431, f"the request has more than {MAX_HEADERS} headers")
        return False

    def _take_request_line(self, line: bytes) -> None:
        parts = line.split(b" ")
        if len(parts) != 3 or not parts[1] or not grammar.is_token(parts[0]):
            raise HandshakeError(400, "the request line is not 'method target version' (RFC 9112 section 3)")
        method, target, version = parts
        if not grammar.is_version(version):
            raise HandshakeError(400, "the request line names no HTTP version (RFC 9112 section 2.3)")
        if method != b"GET":
            raise HandshakeError(405, "the method must be GET (RFC 6455 section 4.1)", ("Allow: GET",))
        if version[5:] < b"1.1":
            raise HandshakeError(400, "the HTTP version must be 1.1 or higher (RFC 6455 section 4.1)")
        if grammar.target_host(target) is None:
            raise HandshakeError(
                400, "the target is neither a path nor a URI of http or https (RFC 6455 section 4.1)"
            )
        self._target = target

    def _take_header(self, line: bytes) -> None:
        colon = line.find(b":")
        name = line[:colon].lower()
        if colon > 0 and name in _LOOKED_AT:
            value = line[colon + 1 :].strip(b" \t\r\n")
            before = self._headers.get(name)
            if before is None:
                self._headers[name] = value
            elif _LOOKED_AT[name]:
                self._headers[name] = before + b"," + value
            else:
                raise HandshakeError(
                    400, f"the header {_decode(name)} is there twice (RFC 6455 section 11.3)"
                )
        elif colon < 1 or not grammar.is_token(name):
            raise HandshakeError(400, "a header line is not 'name: value' (RFC 9112 section 5)")
        elif name == b"transfer-encoding" or (
            name == b"content-length" and line[colon + 1 :].strip(b" \t\r\n") != b"0"
        ):
            raise HandshakeError(400, "the request has a body (RFC 6455 section 4.1)")

    def _judge(self) -> Request:
        headers = self._headers
        if b"host" not in headers:
            raise HandshakeError(400, "the Host header is missing (RFC 6455 section 4.2.1)")
        if not grammar.is_host(headers[b"host"]):
            raise HandshakeError(400, "the Host header is not 'host' or 'host:port' (RFC 9112 section 3.2)")
        if b"websocket" not in grammar.elements(headers.get(b"upgrade", b"").lower()):
            raise HandshakeError(
                400,
                "the Upgrade header does not name websocket (RFC 6455 section 4.2.1)",
                ("Upgrade: websocket",),
            )
        if b"upgrade" not in grammar.elements(headers.get(b"connection", b"").lower()):
            raise HandshakeError(400, "the Connection header does not name upgrade (RFC 6455 section 4.2.1)")
        if headers.get(b"sec-websocket-version") != b"13":
            raise HandshakeError(
                426,
                "Sec-WebSocket-Version must be 13 (RFC 6455 section 4.4)",
                ("Upgrade: websocket", "Sec-WebSocket-Version: 13"),
            )
        key = headers.get(b"sec-websocket-key", b"")
        if not grammar.is_key(key):
            raise HandshakeError(400, "Sec-WebSocket-Key is not 16 bytes in base64 (RFC 6455 section 4.2.1)")
        extensions = headers.get(b"sec-websocket-extensions")
        if extensions is not None and not grammar.is_extension_list(extensions):
            raise HandshakeError(
                400, "Sec-WebSocket-Extensions is no list of extensions (RFC 6455 section 9.1)"
            )
        origin = headers.get(b"origin")
        return Request(
            _decode(self._target, "the target"),
            _decode(grammar.target_host(self._target) or headers[b"host"]),
            None if origin is None else _decode(origin),
            _protocols(headers.get(b"sec-websocket-protocol")),
            str(key, "ascii"),
        )


def _protocols(value: bytes | None) -> list[str]:
    """Sub-protocols of a Sec-WebSocket-Protocol header. Raises HandshakeError."""
    if value is None:
        return []
    protocols = grammar.elements(value)
    if not protocols:
        raise HandshakeError(400, "Sec-WebSocket-Protocol names no sub-protocol (RFC 6455 section 4.1)")
    if len(set(protocols)) != len(protocols):
        raise HandshakeError(400, "Sec-WebSocket-Protocol names one twice (RFC 6455 section 4.1)")
    for protocol in protocols:
        if not grammar.is_token(protocol):
            raise HandshakeError(400, "Sec-WebSocket-Protocol is not a list of tokens (RFC 6455 section 4.1)")
    return [_decode(protocol) for protocol in protocols]


def _decode(value: bytes, what: str = "a header") -> str:
    """Text of a header value. Raises HandshakeError beyond ASCII, which has no meaning where this is used."""
    for byte in value:
        if byte > 0x7E or byte < 0x20:
            raise HandshakeError(400, f"{what} that must be plain text is not (RFC 9110 section 5.5)")
    return str(value, "ascii")


def accept_key(key: str) -> str:
    """Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455 section 4.2.2)."""
    return str(b2a_base64(sha1(bytes(key, "ascii") + GUID).digest())[:-1], "ascii")


def choose_protocol(handler: "AcceptHandler | None", protocols: list[str]) -> str | None:
    """Ask the accept handler which of the offered `protocols` is accepted; None without a handler.

    The handler is always asked, with an empty list if the client offered none. Raises HandshakeError 401 if
    its answer is not one of those offered.
    """
    if handler is None:
        return None
    chosen = handler(protocols[:])
    if isinstance(chosen, str) and chosen in protocols:
        return chosen
    offered = ", ".join(protocols) if protocols else "none"
    if isinstance(chosen, str):
        raise HandshakeError(
            401, f"the accept handler chose {chosen!r}, the client offered {offered}", _CHALLENGE
        )
    raise HandshakeError(401, f"no sub-protocol accepted, the client offered {offered}", _CHALLENGE)


def accept_response(key: str, protocol: str | None) -> bytes:
    """Return the answer that completes the handshake."""
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Accept: " + accept_key(key),
    ]
    if protocol is not None:
        lines.append("Sec-WebSocket-Protocol: " + protocol)
    return _head(lines)


def refuse_response(status: int, reason: str, headers: "Sequence[str]" = (), body: bool = True) -> bytes:
    """Return the answer that refuses, with the reason as its body.

    Without `body` for a HEAD request: to those there is none (RFC 9110 section 9.3.2), and nobody can say how
    long it would be for a GET.
    """
    connection = "close"
    for header in headers:
        if header.startswith("Upgrade:"):
            connection = "Upgrade, close"  # RFC 9110 section 7.8
    lines = [f"HTTP/1.1 {status} {REASONS[status]}", "Connection: " + connection]
    content = b""
    if body:
        content = bytes(reason + "\n", "utf-8")
        lines.append("Content-Type: text/plain; charset=utf-8")
        lines.append(f"Content-Length: {len(content)}")
    lines.extend(headers)
    return _head(lines) + content


def _head(lines: list[str]) -> bytes:
    lines.append("")
    lines.append("")
    return bytes("\r\n".join(lines), "utf-8")
