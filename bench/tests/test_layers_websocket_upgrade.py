"""The handshake layers against themselves, against wsproto and against the plain request."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request

from bench.layers.http_upgrade import UpgradeRequest, parse_response
from bench.layers.websocket_upgrade import (
    HTTPField,
    HTTPUpgradeRequest,
    HTTPUpgradeResponse,
    fields,
    parse_upgrade,
)

TOKEN = st.text("abcdefghijklmnopqrstuvwxyzABC-_0123456789", min_size=1, max_size=12)
VALUE = st.text("abc XYZ:,;=/\t\"'\xe9", max_size=20).map(str.strip)


@given(st.binary(max_size=120) | st.text("GET /:\r\n ab", max_size=80).map(str.encode))
@pytest.mark.parametrize("layer", [HTTPUpgradeRequest, HTTPUpgradeResponse])
def test_any_bytes_dissect_and_build_the_same(layer: type, data: bytes) -> None:
    packet = layer(data)
    rebuilt = packet.copy()
    rebuilt.clear_cache()
    for field in rebuilt.headers:
        field.clear_cache()
    assert not data or bytes(rebuilt) == data


@given(
    method=TOKEN,
    target=TOKEN,
    version=TOKEN,
    headers=st.lists(st.tuples(TOKEN, VALUE), max_size=5),
)
def test_what_is_built_has_the_same_fields_when_dissected(
    method: str, target: str, version: str, headers: list[tuple[str, str]]
) -> None:
    lines = [HTTPField(field=name, value=value.encode("latin-1")) for name, value in headers]
    packet = HTTPUpgradeRequest(method=method, target=target, version=version, headers=lines)
    dissected = HTTPUpgradeRequest(bytes(packet))
    assert [dissected.method, dissected.target, dissected.version] == [
        part.encode() for part in (method, target, version)
    ]
    assert [(f.field, f.colon, f.value, f.end) for f in dissected.headers] == [
        (name.encode(), b": ", value.encode("latin-1"), b"\r\n") for name, value in headers
    ]


@pytest.mark.parametrize(
    "request_",
    [
        UpgradeRequest(),
        UpgradeRequest(
            "/chat?x", "h:80", None, ["a", "b"], [("Upgrade", None), ("X", "1")], "POST", "HTTP/1.0"
        ),
        UpgradeRequest(headers=[("Empty", ""), ("Colons", "a: b")]),
    ],
)
def test_a_plain_request_becomes_the_same_packet(request_: UpgradeRequest) -> None:
    assert bytes(request_.packet()) == bytes(request_)


def test_wsproto_takes_the_request_and_we_take_its_answer() -> None:
    server = WSConnection(ConnectionType.SERVER)
    request = HTTPUpgradeRequest(target="/chat").having("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")
    server.receive_data(bytes(request))
    event = next(iter(server.events()))
    assert isinstance(event, Request)
    assert (event.target, event.host) == ("/chat", "192.0.2.1")
    data = server.send(AcceptConnection())
    answer = HTTPUpgradeResponse(data)
    assert answer.answers(request)
    assert not answer.answers(HTTPUpgradeRequest())
    parsed = parse_response(data)
    assert parsed is not None
    assert parsed[0].status == int(answer.status)


@pytest.mark.parametrize("length", range(6))
def test_a_message_with_a_body_is_complete_when_all_of_it_is_there(length: int) -> None:
    head = HTTPUpgradeResponse(status="400", reason="No", headers=fields(("Content-Length", "5")))
    packet = parse_upgrade(bytes(head / b"wrong"[:length]))
    assert (packet is not None) == (length == 5)
