"""wsproto, an independent implementation, reads what we send and writes what we read."""

import pytest
import wsproto
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto import events as ws

from ws_server.handshake import Request
from ws_server.messages import Close, Message, Ping, Pong
from ws_server.protocol import ServerProtocol
from ws_server.tests.judge import sent


def connected(max_payload: int = 100_000) -> tuple[wsproto.WSConnection, ServerProtocol]:
    client = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
    server = ServerProtocol(max_payload=max_payload)
    offer = ws.Request(host="example.com", target="/x", subprotocols=["one", "two"])
    for event in server.receive_data(client.send(offer)):
        assert isinstance(event, Request)
        assert event.protocols == ["one", "two"]
        server.accept("two")
    (answer,) = carried(server, client)
    assert isinstance(answer, ws.AcceptConnection)
    assert answer.subprotocol == "two"
    return client, server


def carried(server: ServerProtocol, client: wsproto.WSConnection) -> list[ws.Event]:
    """What the client makes of what the server sends."""
    for data in server.data_to_send():
        client.receive_data(bytes(data))
    return list(client.events())


messages = st.one_of(st.text(max_size=200), st.binary(max_size=600))
texts = st.text(st.characters(codec="utf-8"), max_size=300)


@settings(max_examples=50)
@given(st.lists(st.one_of(texts, st.binary(max_size=70_000)), max_size=4))
@pytest.mark.rfc6455("5.6-types", "5.1-server")
def test_client_reads_our_messages(sent: list[str | bytes]) -> None:
    client, server = connected()
    got: list[str | bytes] = []
    for message in sent:
        server.send(message)
        parts: list[str | bytes] = []
        for event in carried(server, client):
            assert isinstance(event, (ws.TextMessage, ws.BytesMessage))
            parts.append(event.data if isinstance(event.data, str) else bytes(event.data))
        got.append(
            "".join(map(str, parts))
            if isinstance(message, str)
            else b"".join(p for p in parts if isinstance(p, bytes))
        )
    assert got == sent


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.one_of(texts, st.binary(max_size=600)), st.booleans()), max_size=5),
    st.integers(1, 100),
)
@pytest.mark.rfc6455("5.4-reassemble", "5.6-types")
def test_we_read_the_clients_messages(fragments: list[tuple[str | bytes, bool]], size: int) -> None:
    client, server = connected()
    data = bytearray()
    expected: list[Message] = []
    kind = None
    gathered: list[str | bytes] = []
    for content, finished in [*fragments, ("", True)]:
        if kind is None:
            kind = type(content)
        part = content if type(content) is kind else kind()
        if isinstance(part, str):
            data += client.send(ws.TextMessage(part, message_finished=finished))
        else:
            data += client.send(ws.BytesMessage(part, message_finished=finished))
        gathered.append(part)
        if finished:
            whole = kind().join(gathered)  # type: ignore[arg-type]  # all parts are of this kind
            expected.append(Message(whole))
            kind, gathered = None, []
    got: list[object] = []
    for start in range(0, len(data), size):
        got.extend(server.receive_data(bytes(data[start : start + size])))
    assert got == expected


@given(st.binary(max_size=125))
@pytest.mark.rfc6455("5.5.3-same")
def test_pings_both_ways(payload: bytes) -> None:
    client, server = connected()
    assert list(server.receive_data(client.send(ws.Ping(payload)))) == [Ping(payload)]
    (pong,) = carried(server, client)
    assert isinstance(pong, ws.Pong)
    assert bytes(pong.payload) == payload
    server.ping(payload)
    (ping,) = carried(server, client)
    assert isinstance(ping, ws.Ping)
    assert list(server.receive_data(client.send(ping.response()))) == [Pong(payload)]


@given(st.sampled_from([1000, 1001, 1011, 3000, 4999]), st.text(st.characters(codec="utf-8"), max_size=30))
@pytest.mark.rfc6455("7.1.5-code", "7.1.6-reason", "5.5.1-echo")
def test_client_closes(code: int, reason: str) -> None:
    client, server = connected()
    assert list(server.receive_data(client.send(ws.CloseConnection(code, reason)))) == [Close(code, reason)]
    (answer,) = carried(server, client)
    assert isinstance(answer, ws.CloseConnection)
    assert answer.code == code
    assert server.finished


@given(st.sampled_from([1000, 1001, 1011, 3000, 4999]), st.text(st.characters(codec="utf-8"), max_size=30))
@pytest.mark.rfc6455("7.1.2-start")
def test_server_closes(code: int, reason: str) -> None:
    client, server = connected()
    server.close(code, reason)
    (close,) = carried(server, client)
    assert isinstance(close, ws.CloseConnection)
    assert (close.code, close.reason or "") == (code, reason)
    assert list(server.receive_data(client.send(close.response()))) == [Close(code, reason)]
    assert server.finished


@given(st.binary(max_size=60))
@pytest.mark.rfc6455("10.1-non-browser")
def test_both_judge_the_same_bytes_alike(data: bytes) -> None:
    """Random bytes after the handshake: what wsproto's server refuses, ours refuses with the same code."""
    ours = connected()[1]
    client = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
    theirs = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
    theirs.receive_data(client.send(ws.Request(host="example.com", target="/")))
    list(theirs.events())
    theirs.send(ws.AcceptConnection())
    ours.data_to_send()
    list(ours.receive_data(data))
    theirs.receive_data(data)
    refused = [event.code for event in theirs.events() if isinstance(event, ws.CloseConnection)]
    closed = [event[1] for event in sent(ours) if event[0] == "close"]
    if refused and refused[0] in (1002, 1007):
        assert closed == refused[:1], data.hex()
