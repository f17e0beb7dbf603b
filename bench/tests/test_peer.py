"""The peer against a server made of our TCP endpoint and wsproto: a second opinion on WebSocket."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import RemoteProtocolError

from bench import Board
from bench.addresses import BENCH
from bench.layers.tcp_state import State, TcpRefusedError, TcpResetError, TcpTimeoutError
from bench.layers.tcpip import RST, Segment, parse
from bench.layers.websocket import WebSocket, WebSocketClose
from bench.peer import Peer, PeerError
from bench.tcp import TcpEndpoint
from bench.tests.fake_machine import LATENCY, FakeMachine

Application = Callable[[bytes], bytes | None]
"""Bytes of the client in, bytes for it out; None closes the connection."""


def websocket_server() -> Application:
    """An echo server on wsproto; it knows the sub-protocol `echo`."""
    connection = WSConnection(ConnectionType.SERVER)
    closing = False
    message: list[Any] = []

    def take(data: bytes) -> bytes | None:
        nonlocal closing
        if closing:
            return None
        out = b""
        try:
            connection.receive_data(data)
            for event in connection.events():
                if isinstance(event, Request):
                    if event.target == "/forbidden":
                        out += connection.send(RejectConnection(status_code=403))
                    else:
                        offered = "echo" if "echo" in event.subprotocols else None
                        out += connection.send(AcceptConnection(subprotocol=offered))
                elif isinstance(event, TextMessage | BytesMessage):
                    # wsproto hands out the pieces of a message as they arrive; an echo wants all of it.
                    message.append(event.data)
                    if event.message_finished:
                        kind: Any = type(event)
                        out += connection.send(kind(data=type(event.data)().join(message)))
                        message.clear()
                elif isinstance(event, Ping | CloseConnection):
                    out += connection.send(event.response())
                    closing = closing or isinstance(event, CloseConnection)
        except RemoteProtocolError as error:
            assert error.event_hint is not None
            out += connection.send(error.event_hint)
            closing = True
        return out

    return take


class ServerMachine(FakeMachine):
    """Port 8080 serves an application, every other port is closed."""

    def __init__(self, **options: Any) -> None:
        self.application: Callable[[], Application] = websocket_server
        self.deaf = False
        self.connections: dict[tuple[bytes, int], tuple[TcpEndpoint, Application]] = {}
        super().__init__(**options)

    def send_frame(self, frame: bytes, fcs: bytes | None = None, *, pad: bool = True) -> float:
        crossed = super().send_frame(frame, fcs, pad=pad)
        received = parse(frame)
        if received is None or self.deaf:
            return crossed
        key = received.source.ip, received.source.port
        if key not in self.connections:
            tcp = TcpEndpoint(received.destination, received.source, isn=5000, mss=536, window=2144)
            if received.destination.port == 8080:
                tcp.listen()
            self.connections[key] = tcp, self.application()
        tcp, application = self.connections[key]
        tcp.feed(frame, self.now)
        if tcp.received:
            answer = application(tcp.read())
            if answer is None:
                tcp.close(self.now)
            elif answer:
                tcp.send(answer, self.now)
        if tcp.eof:
            tcp.close(self.now)
        for out in tcp.take():
            self.at(self.now + LATENCY, "frame", out)
        return crossed

    def snapshot(self) -> Any:
        return super().snapshot(), copy.deepcopy(self.connections)

    def restore(self, state: Any) -> None:
        inner, self.connections = state[0], copy.deepcopy(state[1])
        super().restore(inner)


@pytest.fixture
def machine() -> ServerMachine:
    return ServerMachine()


@pytest.fixture
def board(machine: ServerMachine) -> Iterator[Board]:
    with Board(machine, seed=3) as board:
        board.uart.wait_for("listening")
        yield board


def fixed(answer: bytes) -> Callable[[], Application]:
    """A server that completes the handshake and then answers everything with the same bytes."""

    def make() -> Application:
        server = websocket_server()
        return lambda data: server(data) if data.startswith(b"GET") else answer

    return make


@pytest.mark.parametrize("ipv6", [False, True], ids=["ipv4", "ipv6"])
def test_connect_upgrade_echo_close(board: Board, ipv6: bool) -> None:
    with Peer(board.wire, ipv6=ipv6) as peer:
        response = peer.upgrade("/", protocols=["x", "echo"])
        assert response.protocol == "echo"
        assert peer.echo("hello").data == b"hello"
        assert peer.echo(bytes(range(256)) * 4).opcode == 2
        peer.send_frame(WebSocket(opcode="ping") / b"p")
        peer.expect_frame("pong", b"p")
    assert peer.tcp.state is State.TIME_WAIT
    assert peer.tcp.error is None


def test_a_client_frame_is_masked_with_a_fresh_key_unless_it_says_otherwise(board: Board) -> None:
    with Peer(board.wire) as peer:
        first, second = peer.prepare(WebSocket() / b"a"), peer.prepare(WebSocket() / b"a")
        assert first.mask == second.mask == 1
        assert first.masking_key != second.masking_key
        assert peer.prepare(WebSocket(mask=0) / b"a").mask == 0
        assert peer.prepare(WebSocket(masking_key=b"\0\0\0\0")).masking_key == b"\0\0\0\0"


def test_what_the_caller_keeps_is_not_changed_by_sending_it(board: Board) -> None:
    with Peer(board.wire) as peer:
        peer.upgrade()
        frame = WebSocket() / b"a"
        peer.send_frame(frame)
        assert "mask" not in frame.fields


def test_data_goes_out_in_the_segments_asked_for(board: Board) -> None:
    with Peer(board.wire) as peer:
        start = len(peer.tcp.history)
        peer.send(b"GET / HTTP/1.1", split=[1, 2])
        peer.send(b"\r\nX: y", at=[3, 1])
        sent = [record.segment.payload for record in peer.tcp.history[start:] if record.sent]
        assert sent == [b"G", b"ET", b" / HTTP/1.1", b"\r", b"\nX", b": y"]


def test_with_a_gap_the_board_runs_between_segments(board: Board) -> None:
    with Peer(board.wire) as peer:
        peer.upgrade()
        start = board.clock.now
        peer.echo("hello", split=[1] * 10, gap=0.01)
        times = [r.time - start for r in peer.tcp.history if r.sent and r.segment.payload and r.time >= start]
        assert times == pytest.approx([0.01 * i for i in range(11)])


def test_receive_by_size_by_delimiter_or_whatever_comes(board: Board, machine: ServerMachine) -> None:
    machine.application = lambda: lambda data: b"line one\nrest"
    with Peer(board.wire) as peer:
        peer.send(b"x")
        assert peer.receive(until=b"\n") == b"line one\n"
        assert peer.receive(2) == b"re"
        assert peer.receive() == b"st"
        with pytest.raises(PeerError, match="expected 3 bytes"):
            peer.receive(3, timeout=0.1)


def test_closing_handshake(board: Board) -> None:
    with Peer(board.wire) as peer:
        peer.upgrade()
        peer.send_frame(WebSocket() / WebSocketClose(code=1001, reason="going"))
        frame = peer.receive_frame()
        assert frame[WebSocketClose].code == 1001


def test_the_close_code_for_an_unmasked_frame_is_expected_with_its_reason(board: Board) -> None:
    with Peer(board.wire) as peer:
        peer.upgrade()
        peer.send_frame(WebSocket(mask=0) / b"bare")
        assert peer.expect_close(1002, rfc="RFC 6455, section 5.1")[WebSocketClose].code == 1002


def test_refused_and_unanswered_connections_say_so(board: Board, machine: ServerMachine) -> None:
    with pytest.raises(PeerError, match=r"expected SYN\+ACK .*\n  came: refused by 192.0.2.1:9") as refused:
        Peer(board.wire, port=9).connect()
    assert isinstance(refused.value.error, TcpRefusedError)
    machine.deaf = True
    start = board.clock.now
    with pytest.raises(PeerError, match="came: no answer to 2 retransmissions") as lost:
        Peer(board.wire, rto=0.1, retries=2).connect()
    assert isinstance(lost.value.error, TcpTimeoutError)
    assert board.clock.now - start == pytest.approx(0.7)


def test_a_wait_ends_exactly_at_its_timeout(board: Board) -> None:
    with Peer(board.wire) as peer:
        peer.upgrade()
        start = board.clock.now
        with pytest.raises(PeerError, match="came: nothing until"):
            peer.receive_frame(timeout=1.25)
        assert board.clock.now - start == pytest.approx(1.25)


def test_a_wrong_frame_is_told_with_what_was_sent_expected_and_came(
    board: Board, machine: ServerMachine
) -> None:
    machine.application = fixed(bytes(WebSocket(opcode="pong") / b"wrong"))
    with Peer(board.wire) as peer:
        peer.upgrade()
        peer.send_frame(WebSocket(opcode="ping", mask=1, masking_key=b"\1\2\3\4") / b"right")
        with pytest.raises(PeerError) as error:
            peer.expect_frame("pong", b"right", rfc="RFC 6455, section 5.5.3")
    assert str(error.value) == (
        "expected WebSocket pong [FIN] b'right' (RFC 6455, section 5.5.3)\n"
        "  came: WebSocket pong [FIN] b'wrong'\n"
        "  sent: WebSocket ping [FIN MASK 01020304] b'right'"
    )


@pytest.mark.parametrize(
    "answer",
    [
        WebSocket(opcode="text", mask=1) / b"hello",
        WebSocket(opcode="text", fin=0) / b"hello",
        WebSocket(opcode="text", rsv1=1) / b"hello",
        WebSocket(opcode="text", length=126) / b"hello",
        WebSocket(opcode="binary") / b"hello",
        WebSocket(opcode="text") / b"hellO",
    ],
    ids=["masked", "not final", "RSV1", "length not minimal", "other opcode", "other payload"],
)
def test_an_echo_that_differs_in_one_thing_is_wrong(
    board: Board, machine: ServerMachine, answer: WebSocket
) -> None:
    machine.application = fixed(bytes(answer))
    with Peer(board.wire) as peer:
        peer.upgrade()
        with pytest.raises(PeerError, match="expected WebSocket text"):
            peer.echo("hello")


def test_the_wrong_close_code_or_a_close_without_end_is_wrong(board: Board, machine: ServerMachine) -> None:
    machine.application = fixed(bytes(WebSocket() / WebSocketClose(code=1000)))
    with Peer(board.wire, timeout=0.5) as peer:
        peer.upgrade()
        peer.send_frame(WebSocket(mask=0))
        with pytest.raises(PeerError, match=r"expected WebSocket close with code 1002\n  came: .*code 1000"):
            peer.expect_close(1002)
    with Peer(board.wire, timeout=0.5) as peer:
        peer.upgrade()
        peer.send_frame(WebSocket(mask=0))
        with pytest.raises(PeerError, match="expected the board to close the TCP connection"):
            peer.expect_close(1000)


def test_statuses_are_expected_and_told(board: Board) -> None:
    with Peer(board.wire) as peer:
        assert peer.upgrade("/forbidden", expect=403).status == 403
    with Peer(board.wire) as peer, pytest.raises(PeerError, match="expected HTTP response with status 101"):
        peer.upgrade("/forbidden")


def test_a_handshake_with_a_wrong_accept_key_is_not_completed(board: Board, machine: ServerMachine) -> None:
    machine.application = lambda: (
        lambda data: (
            b"HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n"
        )
    )
    with Peer(board.wire) as peer, pytest.raises(PeerError, match="Sec-WebSocket-Accept is 'x', expected"):
        peer.upgrade()


def test_what_is_no_http_is_told_at_once(board: Board, machine: ServerMachine) -> None:
    machine.application = lambda: lambda data: b"SSH-2.0 hello\r\n"
    with Peer(board.wire) as peer, pytest.raises(PeerError, match="came: not an HTTP response"):
        peer.upgrade()


def test_silence_is_silence(board: Board) -> None:
    with Peer(board.wire) as peer:
        peer.upgrade()
        peer.expect_silence(1.0)
        peer.send_frame(WebSocket(opcode="ping"))
        with pytest.raises(PeerError, match=r"expected silence for 1 s\n  came: WebSocket pong"):
            peer.expect_silence(1.0)


def test_a_reset_by_the_board_ends_a_wait(board: Board, machine: ServerMachine) -> None:
    with Peer(board.wire) as peer:
        peer.upgrade()
        tcp = next(iter(machine.connections.values()))[0]
        tcp.inject(Segment(tcp.send_next, 0, RST), board.clock.now)
        machine.at(board.clock.now + 0.1, "frame", tcp.take()[0])
        with pytest.raises(PeerError, match="came: reset by") as error:
            peer.receive_frame()
        assert isinstance(error.value.error, TcpResetError)
        peer.expect_end()


def test_an_error_in_the_block_resets_the_connection(board: Board, machine: ServerMachine) -> None:
    with pytest.raises(ZeroDivisionError), Peer(board.wire) as peer:
        peer.upgrade()
        raise ZeroDivisionError
    tcp = next(iter(machine.connections.values()))[0]
    assert isinstance(tcp.error, TcpResetError)


def test_two_peers_at_once_have_ports_of_their_own(board: Board) -> None:
    with Peer(board.wire) as one, Peer(board.wire) as two:
        assert one.tcp.local.port != two.tcp.local.port
        for peer in (one, two):
            peer.upgrade()
        two.send_frame(WebSocket() / b"two")
        one.echo("one")
        two.expect_frame("text", b"two")


def test_the_same_calls_from_the_same_snapshot_send_the_same_bytes(
    board: Board, machine: ServerMachine
) -> None:
    state = board.snapshot()

    def exchange() -> list[tuple[float, bytes]]:
        board.restore(state)
        machine.received.clear()
        with Peer(board.wire) as peer:
            peer.upgrade()
            peer.echo("same")
        return [(record.time, record.frame) for record in peer.tcp.history]

    assert exchange() == exchange()


def test_a_peer_goes_back_to_its_snapshot_with_the_board(board: Board, machine: ServerMachine) -> None:
    machine.application = lambda: lambda data: data  # without a state of its own
    with Peer(board.wire) as peer:
        state, mine = board.snapshot(), peer.snapshot()
        for word in (b"one", b"two"):
            board.restore(state)
            peer.restore(mine)
            peer.send(word)
            assert peer.receive() == word
        assert [r.segment.payload for r in peer.tcp.history if r.sent and r.segment.payload] == [b"two"]


@pytest.mark.parametrize("ipv6", [False, True], ids=["ipv4", "ipv6"])
def test_users_see_scapy_packets_with_virtual_times(board: Board, ipv6: bool) -> None:
    with Peer(board.wire, sport=50505, ipv6=ipv6) as peer:
        peer.upgrade()
    packets = peer.packets
    assert packets[0][TCP].flags == "S"
    assert packets[0][TCP].sport == 50505
    layer = IPv6 if ipv6 else IP
    assert packets[0][layer].src == (BENCH.ip6 if ipv6 else BENCH.ip)
    assert [float(p.time) for p in packets] == [record.time for record in peer.tcp.history]
