"""How a correct server answers what a connection carries: an upgrade request, or WebSocket frames.

Both are read here from the RFCs alone: an oracle must not share its subject's mistakes.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from bench.layers.http_upgrade import UpgradeError, accept_key, parse_response
from bench.layers.websocket import apply_mask, frame_size
from bench.matrix.expectation import Problem
from bench.matrix.replies import Reply
from bench.matrix.states import FRAGMENT, REQUEST_BEGUN, Scene

MAX_PAYLOAD = 4096
"""Bytes of a message that the board's application takes (emulation/firmware/app/main.py)."""
PROTOCOL_ERROR, INVALID_DATA, TOO_BIG = 1002, 1007, 1009
CLOSE_CODES = {*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)}
"""Codes that a Close frame may carry (RFC 6455, section 7.4, and the registry: 1012 to 1014)."""


@dataclass(frozen=True)
class Answer:
    """A frame that the server has to send: opcode and payload, or for a Close the codes allowed."""

    opcode: int
    data: bytes = b""
    codes: frozenset[int] = frozenset()
    optional: bool = False
    """Whether it may still wait: what it answers is not complete."""

    def __str__(self) -> str:
        if self.opcode == 8:
            return f"Close {' or '.join(map(str, sorted(self.codes))) or 'without a code'}"
        return f"opcode {self.opcode} with {self.data[:40]!r}"


def check(scene: Scene, data: bytes, ended: bool, replies: Sequence[Reply]) -> list[Problem]:
    """What is wrong with the stream that the board sends for `data`, in this state."""
    stream = _stream(scene, replies)
    state = scene.ends.state
    if state in ("upgraded", "fragmented"):
        return check_frames(data, stream, ended, fragmented=state == "fragmented")
    if state == "failed":
        problem = Problem("websocket-after-close", f"data after the closing handshake: {stream[:60]!r}")
        return [problem] if stream else []
    if state in ("established", "requesting", "syn-received"):
        return check_request((REQUEST_BEGUN if state == "requesting" else b"") + data, stream, ended)
    return []


def _stream(scene: Scene, replies: Sequence[Reply]) -> bytes:
    """The bytes that the replies carry in order, from the first that the bench has not seen."""
    ports = scene.ends.target.port, scene.ends.source.port
    pieces: dict[int, bytes] = {}
    for reply in replies:
        if reply.segment is not None and reply.ports == ports and reply.segment.payload:
            offset = (reply.segment.seq - scene.ends.ack) % (1 << 32)
            pieces[offset] = max(reply.segment.payload, pieces.get(offset, b""), key=len)
    stream = b""
    while len(stream) in pieces:
        stream += pieces[len(stream)]
    return stream


# WebSocket (RFC 6455)


def check_frames(data: bytes, stream: bytes, ended: bool, *, fragmented: bool) -> list[Problem]:
    """Compare the server's frames with those that `data` call for."""
    return compare(answers(data, fragmented=fragmented), stream, ended)


def compare(expected: Sequence[Answer], stream: bytes, ended: bool) -> list[Problem]:
    """Compare the server's frames with those that are expected; `ended`: the last ones need not come."""
    came = list(_frames(stream))
    wanted = ", ".join(map(str, expected)) or "nothing"
    for index, answer in enumerate(expected):
        if index >= len(came):
            if answer.optional or ended:
                return []
            return [Problem("websocket-no-answer", f"expected {wanted}; frame {index + 1} did not come")]
        if not _matches(answer, came[index]):
            return [Problem("websocket-wrong-answer", f"expected {wanted}; came {came[index]}")]
    if len(came) > len(expected):
        return [Problem("websocket-surplus-answer", f"expected {wanted}; came also {came[len(expected)]}")]
    return []


def _frames(stream: bytes) -> list[tuple[int, bytes]]:
    found = []
    while (size := frame_size(stream[:14])) is not None and size <= len(stream):
        start = 2 + {126: 2, 127: 8}.get(stream[1] & 0x7F, 0)
        found.append((stream[0], stream[start:size]))
        stream = stream[size:]
    return found


def _matches(answer: Answer, came: tuple[int, bytes]) -> bool:
    first, payload = came
    if first != 0x80 | answer.opcode:
        return False
    if answer.opcode != 8:
        return payload == answer.data
    if answer.codes == {1000} and not payload:
        return True
    return len(payload) >= 2 and int.from_bytes(payload[:2], "big") in answer.codes


def answers(data: bytes, *, fragmented: bool) -> list[Answer]:
    """What an echo server answers to these bytes; `fragmented`: a text message has begun with `FRAGMENT`."""
    found: list[Answer] = []
    message = FRAGMENT if fragmented else None
    text = True
    while data:
        broken = _header_problems(data, message is not None, len(message or b""))
        size = frame_size(data)
        if broken:
            return [*found, Answer(8, codes=frozenset(broken), optional=size is None)]
        if size is None:
            return found
        opcode, final = data[0] & 15, bool(data[0] & 0x80)
        key = data[size - _payload_size(data) - 4 : size - _payload_size(data)]
        payload = apply_mask(key, data[size - _payload_size(data) : size])
        if size > len(data):
            payload = apply_mask(key, data[size - _payload_size(data) :])
            started = opcode == 1 or (opcode == 0 and text)
            if started and not _utf8((message or b"") + payload, whole=False):
                found.append(Answer(8, codes=frozenset({INVALID_DATA}), optional=True))
            return found
        data = data[size:]
        if opcode == 8:
            return [*found, _closing(payload)]
        if opcode == 9:
            found.append(Answer(10, payload))
        elif opcode != 10:
            text = opcode == 1 if opcode else text
            message = (message or b"") + payload
            if text and not _utf8(message, whole=final):
                return [*found, Answer(8, codes=frozenset({INVALID_DATA}), optional=not final)]
            if final:
                found.append(Answer(1 if text else 2, message))
                message = None
    return found


def _payload_size(data: bytes) -> int:
    short = data[1] & 0x7F
    width = {126: 2, 127: 8}.get(short, 0)
    return int.from_bytes(data[2 : 2 + width], "big") if width else short


def _header_problems(data: bytes, inside: bool, held: int) -> set[int]:
    """The codes that the header of a client's frame calls for; empty if nothing is wrong with it so far."""
    codes = set()
    opcode, final = data[0] & 15, bool(data[0] & 0x80)
    unknown = bool(data[0] & 0x70) or opcode not in (0, 1, 2, 8, 9, 10)
    misplaced = opcode < 8 and (opcode == 0) != inside
    if unknown or misplaced or (opcode >= 8 and not final):
        codes.add(PROTOCOL_ERROR)
    if len(data) < 2:
        return codes
    short = data[1] & 0x7F
    width = {126: 2, 127: 8}.get(short, 0)
    if not data[1] & 0x80 or (opcode >= 8 and short > 125):
        codes.add(PROTOCOL_ERROR)
    if width and len(data) >= 2 + width:
        size = int.from_bytes(data[2 : 2 + width], "big")
        if size < (126 if width == 2 else 1 << 16) or size >> 63:
            codes.add(PROTOCOL_ERROR)
        if size + held > MAX_PAYLOAD:
            codes.add(TOO_BIG)
    return codes


def _closing(payload: bytes) -> Answer:
    """RFC 6455, sections 5.5.1 and 7.4."""
    if not payload:
        return Answer(8, codes=frozenset({1000}))  # as the server's own choice; an empty one matches as well
    code = int.from_bytes(payload[:2], "big")
    if len(payload) < 2 or code not in CLOSE_CODES:
        return Answer(8, codes=frozenset({PROTOCOL_ERROR}))
    if not _utf8(payload[2:], whole=True):
        return Answer(8, codes=frozenset({INVALID_DATA, PROTOCOL_ERROR}))
    return Answer(8, codes=frozenset({code}))


def _utf8(data: bytes, *, whole: bool) -> bool:
    """Whether bytes are UTF-8, or (not `whole`) may be the beginning of some."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return not whole and error.reason == "unexpected end of data"
    return True


# The opening handshake (RFC 6455, section 4.2.1)


def check_request(request: bytes, stream: bytes, ended: bool) -> list[Problem]:
    """What is wrong with the answer to an upgrade request, which may be of any kind, or unfinished."""
    head, separator, rest = request.partition(b"\r\n\r\n")
    good = bool(separator) and request_problem(head) == ""
    if not stream:
        if good and not ended:
            return [
                Problem("http-no-answer", "no answer to a correct upgrade request (RFC 6455, section 4.2.2)")
            ]
        return []
    try:
        parsed = parse_response(stream)
    except UpgradeError as error:
        return [Problem("http-bad-response", str(error))]
    if parsed is None:
        return [Problem("http-bad-response", f"an unfinished response: {stream[:60]!r}")]
    response, frames = parsed
    if response.status != 101:
        if good:
            return [Problem(f"http-refused/{response.status}", "a correct upgrade request is refused")]
        known = 400 <= response.status <= 505
        return [] if known else [Problem(f"http-status/{response.status}", "no error status")]
    lax = head if separator else request.replace(b"\n", b"\r\n")
    if why := must_problem(lax):
        return [
            Problem(
                f"http-accepted/{why}", f"101 for a request that is wrong: {why} (RFC 6455, section 4.2.1)"
            )
        ]
    keys = _values(lax, b"sec-websocket-key")
    if response.headers.get("sec-websocket-accept") not in {
        accept_key(key.decode("latin-1")) for key in keys
    }:
        return [Problem("http-accept-key", "Sec-WebSocket-Accept does not prove the key")]
    if separator and rest:
        return check_frames(rest, frames, ended, fragmented=False)
    return []


def must_problem(head: bytes) -> str:
    """Which demand of RFC 6455, section 4.2.1 a request breaks, read as kindly as can be; empty for none."""
    first = head.split(b"\n", 1)[0].rstrip(b"\r").split(b" ")
    if first[0] != b"GET":
        return "method"
    if not first[-1].startswith(b"HTTP/") or first[-1] in (b"HTTP/1.0", b"HTTP/0.9"):
        return "version"
    tokens = {
        name: [token.strip().lower() for value in _values(head, name) for token in value.split(b",")]
        for name in (b"upgrade", b"connection")
    }
    if b"websocket" not in tokens[b"upgrade"]:
        return "upgrade"
    if b"upgrade" not in tokens[b"connection"]:
        return "connection"
    if not _values(head, b"host"):
        return "host"
    if b"13" not in _values(head, b"sec-websocket-version"):
        return "websocket-version"
    keys = _values(head, b"sec-websocket-key")
    return "" if any(_is_key(key) for key in keys) else "key"


def request_problem(head: bytes) -> str:
    """Why a server may refuse a request; empty for one that it must accept."""
    if why := must_problem(head):
        return why
    lines = head.split(b"\r\n")
    target = lines[0].split(b" ")
    if len(target) != 3 or target[2] != b"HTTP/1.1" or not target[1].startswith(b"/"):
        return "request-line"
    if any(not 0x21 <= byte <= 0x7E for byte in target[1]) or any(c in target[1] for c in b'#"<>\\^`{|}'):
        return "target"
    names = []
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or not name or any(byte not in _TOKEN for byte in name):
            return "header-name"
        if any(byte < 0x20 or byte > 0x7E for byte in value.replace(b"\t", b" ")):
            return "header-value"
        names.append(name.lower())
    if len(set(names)) != len(names) or b"content-length" in names or b"transfer-encoding" in names:
        return "headers"
    for offered in _values(head, b"sec-websocket-protocol"):
        tokens = [token.strip() for token in offered.split(b",")]
        if len(set(tokens)) != len(tokens) or not all(t and all(b in _TOKEN for b in t) for t in tokens):
            return "protocols"
    if any(not all(byte in _HOST for byte in value) for value in _values(head, b"host")):
        return "host"
    return ""


_TOKEN = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_HOST = frozenset(b".:-[]0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def _values(head: bytes, name: bytes) -> list[bytes]:
    found = []
    for line in head.split(b"\n")[1:]:
        field, colon, value = line.partition(b":")
        if colon and field.strip().lower() == name:
            found.append(value.strip())
    return found


def _is_key(key: bytes) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False
