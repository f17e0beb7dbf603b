"""Every row of the tables, in one piece, byte by byte, and in pieces that cut headers and keys."""

from collections.abc import Sequence
from typing import Any

import pytest

from ws_server.tests import judge, tables

SIZES = [1, 2, 3, 7, 65536]
REQUEST_SIZES = [1, 7, 65536]

# Rules of RFC 6455, and the rows that show them.
COVERS: dict[str, list[str]] = {
    "4.1-names": ["4.2.1 Upgrade in capitals", "4.1 header names in capitals"],
    "4.1-protocols": [
        "list of nothing",
        "list of commas",
        "a sub-protocol twice",
        "a sub-protocol that is no token",
    ],
    "4.2.1-get": [
        "HTTP 1.0",
        "HTTP 0.9",
        "method POST",
        "method HEAD",
        "version HTTP/:.:",
        "target *",
        "target chat",
        "9112-2.3 a later minor version",
        "9112-3.2 target http://example.org:80/chat",
    ],
    "4.2.1-host": ["no Host", "host 'a b'", "host 'u@h'", "host '[::1'", "9112-3.2 host '[::1]:8080'"],
    "4.2.1-upgrade": ["no Upgrade", "another Upgrade", "Upgrade that only contains the word"],
    "4.2.1-connection": ["no Connection", "another Connection", "4.2.1 Connection with keep-alive"],
    "4.2.1-key": ["no key", "key of 15 bytes", "key of 17 bytes", "key that is not base64"],
    "4.2.1-version": ["no version", "version 8", "version 013"],
    "4.2.1-optional": [
        "4.2.1 no sub-protocol",
        "4.2.1 no origin",
        "9110-5.5 other headers may hold anything",
    ],
    "9.1-extensions": [
        "9.1 extensions are not negotiated",
        "9.1 extensions a ; b = c , d",
        "extensions 'a b'",
        "extensions 'foo;=;;,bar==1'",
    ],
    "10.7-handshake": ["not a request at all", "line without a colon"],
    "11.3.1-once": ["two keys"],
    "11.3.4-several": ["4.1 protocols in two headers"],
    "11.3.5-once": ["two versions"],
    "5.1-unmasked": ["unmasked frame", "unmasked Ping"],
    "5.2-rsv": ["RSV1 without compression", "RSV2", "RSV3"],
    "5.2-opcode": [f"opcode {n}" for n in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)],
    "5.2-lengths": ["5.2 longest 7-bit length", "5.2 shortest 16-bit length", "5.2 length 127"],
    "5.2-minimal": ["16-bit length below 126", "64-bit length below 65536"],
    "5.2-msb": ["64-bit length with the top bit", "64-bit length that would wrap"],
    "5.3-unmask": [f"5.3 {n} byte of the key alone" for n in ("first", "second", "third", "fourth")],
    "5.4-reassemble": ["5.7 fragmented text", "5.4 empty fragments", "5.4 nothing but empty fragments"],
    "5.4-order": [
        "continuation of nothing",
        "continuation after a whole message",
        "new message inside a fragmented one",
    ],
    "5.4-interleave": ["5.4 ping between fragments"],
    "5.4-control": ["fragmented Ping", "fragmented Close"],
    "5.5-length": ["5.5 longest ping", "Ping longer than 125 bytes", "Close longer than 125 bytes"],
    "5.5.1-body": ["Close of one byte", "Close reason that is not UTF-8", "5.5.1 Close with a reason"],
    "5.5.2-answer": ["5.5.2 masked ping", "5.5.2 ten pings"],
    "5.5.3-unsolicited": ["5.5.3 masked pong nobody asked for"],
    "7.1.4-ignore": ["1.4 nothing counts after Close", "1.4 not even rubbish"],
    "7.1.5-code": ["5.5.1 Close without a code", "5.5.1 Close with a code"],
    "7.1.6-reason": ["5.5.1 Close with a reason"],
    "7.4.1-reserved": [f"close code {code}" for code in (1004, 1005, 1006, 1015, 1016, 2999)],
    "7.4.1-too-big": ["one byte too many"],
    "7.4.2-ranges": ["7.4.2 Close with a registered code", "close code 999", "close code 5000"],
    "8.1-utf8": [
        "text that is not UTF-8",
        "text that ends within a character",
        "5.4 character cut by fragments",
    ],
    "10.4-limits": ["over-long header, no payload yet", "fragments too long together", "too many fragments"],
}


def params(rows: Sequence[tuple[Any, ...]]) -> list[Any]:
    """The rows with their names as ids, and the marks of the rules they show."""
    return [
        pytest.param(
            *row[1:],
            id=row[0],
            marks=[pytest.mark.rfc6455(rule) for rule, names in COVERS.items() if row[0] in names],
        )
        for row in rows
    ]


def test_rows_that_are_said_to_cover_a_rule_exist() -> None:
    tabled = (tables.GOOD, tables.BAD, tables.GOOD_REQUESTS, tables.BAD_REQUESTS)
    existing = {row[0] for rows in tabled for row in rows}
    assert {name for names in COVERS.values() for name in names} <= existing


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("data", "events"), params(tables.GOOD))
def test_good_frames(data: bytes, events: list[tuple[object, ...]], size: int) -> None:
    judge.good(data, events, size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("data", "code", "section"), params(tables.BAD))
def test_bad_frames(data: bytes, code: int, section: str, size: int) -> None:
    judge.bad(data, code, section, size)


@pytest.mark.parametrize("size", REQUEST_SIZES)
@pytest.mark.parametrize(("data", "protocols"), params(tables.GOOD_REQUESTS))
def test_good_requests(data: bytes, protocols: list[str], size: int) -> None:
    judge.good_request(data, protocols, size)


@pytest.mark.parametrize("size", REQUEST_SIZES)
@pytest.mark.parametrize(("data", "status"), params(tables.BAD_REQUESTS))
def test_bad_requests(data: bytes, status: int, size: int) -> None:
    judge.bad_request(data, status, size)
