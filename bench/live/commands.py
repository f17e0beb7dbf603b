r"""What a page may ask for: one JSON object, checked field by field.

{"do": "connect", "port": 8080, "path": "/", "protocols": ["echo"]}
{"do": "send", "opcode": "text", "data": "hello {n}", "masking": "fresh", "times": 3}
{"do": "send", "opcode": "binary", "data": "00 ff", "masking": "key", "key": "37fa213d"}
{"do": "close", "code": 1000, "reason": "bye", "masking": "none"}
{"do": "abort"}
{"do": "uart", "data": "help()", "end": "\r"}
{"do": "reset"}
"""

from __future__ import annotations

import json
import re
import reprlib
from dataclasses import dataclass
from typing import Any

from emulation.errors import UserError

CONTROL_LIMIT = 125
"""Bytes of a control frame's payload (RFC 6455, section 5.5)."""
PAYLOAD_LIMIT = 0x10000
"""Bytes of a frame's payload: more than the board has memory for."""
TIMES_LIMIT = 100_000
UART_LIMIT = 4096
"""Characters typed at once."""
OPCODES = ("text", "binary", "ping", "pong")
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110, section 5.6.2."""
PATH = re.compile(r"/[!-~]*")


@dataclass(frozen=True)
class Connect:
    """Open a connection to the board."""

    port: int
    path: str
    protocols: tuple[str, ...]


@dataclass(frozen=True)
class Masking:
    """How a frame is masked: with `key`, without one by a fresh key, or not at all."""

    mask: bool = True
    key: bytes | None = None


@dataclass(frozen=True)
class Send:
    """Send a frame, `times` times; `{n}` in a text stands for its number from 1 on."""

    opcode: str
    data: bytes
    masking: Masking
    times: int = 1

    def payload(self, number: int) -> bytes:
        """The payload of the frame with this number."""
        return self.data.replace(b"{n}", str(number).encode()) if self.opcode == "text" else self.data


@dataclass(frozen=True)
class Close:
    """Send a close frame."""

    code: int | None
    reason: str
    masking: Masking


@dataclass(frozen=True)
class Abort:
    """Reset the TCP connection."""


@dataclass(frozen=True)
class Type:
    """Type on the board's console."""

    data: bytes


@dataclass(frozen=True)
class Reset:
    """Reset the board."""


Command = Connect | Send | Close | Abort | Type | Reset


def parse_command(message: str | bytes) -> Command:
    """The command in a page's message. Raises UserError, which says what is wrong with it."""
    try:
        fields = json.loads(message)
    except (ValueError, RecursionError):
        raise UserError("a command is a JSON object") from None
    if not isinstance(fields, dict):
        raise UserError("a command is a JSON object")
    match fields.get("do"):
        case "connect":
            return _connect(fields)
        case "send":
            return _send(fields)
        case "close":
            return _close(fields)
        case "abort":
            return Abort()
        case "uart":
            data = _text(fields, "data") + _text(fields, "end", "\r")
            if len(data) > UART_LIMIT:
                raise UserError(f"{len(data)} characters are too many for the console: {UART_LIMIT} at most")
            return Type(data.encode())
        case "reset":
            return Reset()
        case other:
            raise UserError(f"there is no command {shown(other)}")


def _connect(fields: dict[str, Any]) -> Connect:
    path = _text(fields, "path", "/") or "/"
    if not PATH.fullmatch(path):
        raise UserError(
            f"the path {shown(path)} has to begin with / and to have no blanks", "escape them: %20"
        )
    protocols = fields.get("protocols", [])
    if not isinstance(protocols, list) or not all(isinstance(each, str) for each in protocols):
        raise UserError("sub-protocols are a list of names")
    for each in protocols:
        if not TOKEN.fullmatch(each):
            raise UserError(f"{shown(each)} cannot be a sub-protocol's name (RFC 6455, section 4.1)")
    return Connect(_number(fields, "port", 1, 0xFFFF), path, tuple(protocols))


def _send(fields: dict[str, Any]) -> Send:
    opcode, text = fields.get("opcode"), _text(fields, "data")
    if opcode not in OPCODES:
        raise UserError(f"the kind of a frame is one of {', '.join(OPCODES)}, not {shown(opcode)}")
    data = _hex(text, "the payload") if opcode == "binary" else text.encode()
    limit = PAYLOAD_LIMIT if opcode in ("text", "binary") else CONTROL_LIMIT
    if len(data) > limit:
        raise UserError(f"a {opcode} frame takes {limit} bytes at most, not {len(data)}")
    return Send(opcode, data, _masking(fields), _number(fields, "times", 1, TIMES_LIMIT, 1))


def _close(fields: dict[str, Any]) -> Close:
    code = None if fields.get("code", 1000) is None else _number(fields, "code", 0, 0xFFFF, 1000)
    reason = _text(fields, "reason")
    if code is None and reason:
        raise UserError("a reason needs a code before it", "give a code, or leave the reason empty")
    if len(reason.encode()) > CONTROL_LIMIT - 2:
        raise UserError(f"a reason takes {CONTROL_LIMIT - 2} bytes at most, not {len(reason.encode())}")
    return Close(code, reason, _masking(fields))


def _masking(fields: dict[str, Any]) -> Masking:
    match fields.get("masking", "fresh"):
        case "fresh":
            return Masking()
        case "none":
            return Masking(mask=False)
        case "key":
            key = _hex(_text(fields, "key"), "the masking key")
            if len(key) != 4:
                raise UserError(f"a masking key has 4 bytes, not {len(key)}", "give 8 hexadecimal digits")
            return Masking(key=key)
        case other:
            raise UserError(f"masking is fresh, none or key, not {shown(other)}")


def shown(value: Any) -> str:
    """What a page has sent, cut short: one that sends much and reads nothing must not fill the memory."""
    return reprlib.repr(value)


def _text(fields: dict[str, Any], name: str, default: str = "") -> str:
    value = fields.get(name, default)
    if not isinstance(value, str):
        raise UserError(f"{name} is a text, not {shown(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UserError(f"{name} has half of a surrogate pair in it, which is no character") from None
    return value


def _number(fields: dict[str, Any], name: str, least: int, most: int, default: int | None = None) -> int:
    value = fields.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise UserError(f"{name} is a number from {least} to {most}, not {shown(value)}")
    return value


def _hex(text: str, what: str) -> bytes:
    try:
        return bytes.fromhex(text.replace(":", " "))
    except ValueError:
        raise UserError(
            f"{what} is not hexadecimal: {text[:40]!r}", "give two digits for each byte, as in 00 ff 7e"
        ) from None
