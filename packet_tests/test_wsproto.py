"""A second opinion: the board talks to wsproto, a client that knows nothing of this bench."""

from __future__ import annotations

import os

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Message,
    Ping,
    Pong,
    Request,
    TextMessage,
)

from bench import Wire
from bench.peer import Peer


class Client:
    """wsproto's client over the bytes of a peer."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.connection = WSConnection(ConnectionType.CLIENT)
        self.events: list[Event] = []

    def send(self, event: Event) -> None:
        """Let wsproto say something."""
        self.peer.send(self.connection.send(event))

    def next(self) -> Event:
        """What wsproto makes of what the board says."""
        while not self.events:
            self.connection.receive_data(self.peer.receive())
            self.events.extend(self.connection.events())
        return self.events.pop(0)

    def message(self) -> str | bytes:
        """The next whole message."""
        parts: list[str | bytes] = []
        while True:
            event = self.next()
            assert isinstance(event, Message)
            parts.append(bytes(event.data) if isinstance(event, BytesMessage) else str(event.data))
            if event.message_finished:
                return type(parts[0])().join(parts)  # type: ignore[arg-type]  # all of one type


@pytest.mark.parametrize("ipv6", [False, True], ids=["ipv4", "ipv6"])
def test_wsproto_gets_what_it_sends(wire: Wire, ipv6: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    with Peer(wire, ipv6=ipv6, port=8082) as peer:
        monkeypatch.setattr(
            os, "urandom", peer.random.randbytes
        )  # its keys: the capture must be reproducible
        client = Client(peer)
        client.send(Request(host="192.0.2.1", target="/", subprotocols=["echo"]))
        accepted = client.next()
        assert isinstance(accepted, AcceptConnection)
        assert accepted.subprotocol == "echo"
        for text in ("", "hello", "Grüße 😀", "x" * 4096):
            client.send(TextMessage(text))
            assert client.message() == text
        for data in (b"\0", bytes(range(256)), bytes(4096)):
            client.send(BytesMessage(data))
            assert client.message() == data
        client.send(Ping(b"are you there?"))
        pong = client.next()
        assert isinstance(pong, Pong)
        assert pong.payload == b"are you there?"
        client.send(TextMessage("in ", message_finished=False))
        client.send(TextMessage("parts", message_finished=True))
        assert client.message() == "in parts"
        client.send(CloseConnection(code=1000, reason="done"))
        closed = client.next()
        assert isinstance(closed, CloseConnection)
        assert closed.code == 1000
        peer.expect_end()
