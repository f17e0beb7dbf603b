"""The opening handshake as RFC 6455 writes it."""

from __future__ import annotations

import pytest

from bench.layers.http_upgrade import (
    UpgradeError,
    UpgradeRequest,
    UpgradeResponse,
    accept_key,
    check_response,
    parse_response,
)

GOOD = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


def response(data: bytes) -> UpgradeResponse:
    parsed = parse_response(data)
    assert parsed is not None
    return parsed[0]


def test_the_accept_key_of_the_rfcs_example() -> None:
    assert accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_a_request_has_what_section_4_1_requires() -> None:
    lines = UpgradeRequest(path="/chat", protocols=["a", "b"]).lines()
    assert lines[0] == "GET /chat HTTP/1.1"
    assert set(lines[1:]) == {
        "Host: 192.0.2.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: a, b",
    }
    assert bytes(UpgradeRequest()).endswith(b"\r\n\r\n")


def test_a_request_can_be_spoilt_in_one_place() -> None:
    request = UpgradeRequest(
        key=None,
        method="POST",
        headers=[("sec-websocket-version", "12"), ("Upgrade", None), ("X", "1"), ("X", "2")],
    )
    assert request.lines() == [
        "POST / HTTP/1.1",
        "Host: 192.0.2.1",
        "Connection: Upgrade",
        "sec-websocket-version: 12",
        "X: 1",
        "X: 2",
    ]


@pytest.mark.parametrize("cut", [0, 4, 8, 40, len(GOOD) - 1])
def test_an_incomplete_head_wants_more_data(cut: int) -> None:
    assert parse_response(GOOD[:cut]) is None


def test_frames_after_the_head_are_left_over() -> None:
    parsed = parse_response(GOOD + b"\x81\x00")
    assert parsed is not None
    assert (parsed[0].status, parsed[0].reason, parsed[1]) == (101, "Switching Protocols", b"\x81\x00")


def test_repeated_headers_are_joined() -> None:
    assert response(b"HTTP/1.1 400 Bad\r\nX: 1\r\nx:2 \r\n\r\n").headers == {"x": "1, 2"}


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    ],
)
def test_what_is_no_response_is_refused(data: bytes) -> None:
    with pytest.raises(UpgradeError):
        parse_response(data)


def test_the_response_of_the_rfc_completes_the_handshake() -> None:
    check_response(UpgradeRequest(), response(GOOD))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (b"101", b"200", "status 200"),
        (b"Upgrade: websocket", b"Upgrade: h2c", "'upgrade' is 'h2c'"),
        (b"Connection: Upgrade", b"Connection: close", "'connection' is 'close'"),
        (b"s3pP", b"s3pQ", "Sec-WebSocket-Accept is 's3pQ"),
        (
            b"\r\n\r\n",
            b"\r\nSec-WebSocket-Protocol: zzz\r\n\r\n",
            "sub-protocol 'zzz', offered were \\['a'\\]",
        ),
        (b"\r\n\r\n", b"\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n", "nothing was offered"),
    ],
)
def test_a_response_that_breaks_a_rule_is_named(old: bytes, new: bytes, complaint: str) -> None:
    with pytest.raises(UpgradeError, match=complaint):
        check_response(UpgradeRequest(protocols=["a"]), response(GOOD.replace(old, new)))
