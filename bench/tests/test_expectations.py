"""A conversation as a script: what meets an expectation, and what each says when it is not met."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet import IP, TCP

from bench import Board
from bench.expectations import Close, Data, End, Frame, Message, Ping, Pong, Reset, Response, Silence
from bench.layers.http_upgrade import UpgradeRequest
from bench.layers.schedule import Schedule
from bench.layers.tcp_state import State
from bench.layers.tcpip import ACK, PSH, RST, Segment
from bench.layers.websocket import WebSocket, WebSocketClose
from bench.layers.websocket_upgrade import HTTPUpgradeRequest, HTTPUpgradeResponse
from bench.peer import Peer, PeerError
from bench.tests.test_peer import ServerMachine, board, fixed, machine

__all__ = ["board", "machine"]  # fixtures


def frames(*packets: WebSocket) -> bytes:
    return b"".join(bytes(packet) for packet in packets)


def test_a_script_of_a_whole_connection(board: Board) -> None:
    peer = Peer(board.wire)
    peer.connect()
    peer.send(UpgradeRequest(protocols=["echo"]))
    assert peer.expect(Response(101)).protocol == "echo"
    peer.send(WebSocket(opcode="text") / b"hello")
    peer.expect(Message("hello"))
    peer.send(WebSocket(opcode="ping") / b"p")
    peer.expect(Pong(b"p"), Silence(1.0))
    peer.send(WebSocket(mask=0) / b"unmasked")
    peer.expect(Close(1002, rfc="RFC 6455, section 5.1"))
    peer.send(WebSocket() / WebSocketClose(code=1002))
    peer.expect(End())
    peer.close()
    assert (peer.tcp.state, peer.tcp.error) == (State.CLOSED, None)


def test_several_expectations_give_a_list_of_what_came(board: Board, machine: ServerMachine) -> None:
    answer = frames(
        WebSocket(opcode="ping") / b"1",
        WebSocket(opcode="pong"),
        WebSocket(fin=0) / b"a",
        WebSocket(opcode=0) / b"b",
    )
    machine.application = fixed(answer)
    with Peer(board.wire) as peer:
        peer.upgrade()
        peer.send(WebSocket())
        ping, pong, message = peer.expect(Ping(b"1"), Pong(), Message("ab"))
        assert (ping.data, pong.data, message) == (b"1", b"", b"ab")


def test_the_packet_form_of_an_upgrade_request_is_sent_as_it_is(board: Board) -> None:
    with Peer(board.wire) as peer:
        peer.send(HTTPUpgradeRequest(target="/forbidden"))
        peer.expect(Response(403))


@pytest.mark.parametrize(
    ("expectation", "answer", "told"),
    [
        (Message("a"), WebSocket(opcode=2) / b"a", "text message b'a' .*came: WebSocket binary"),
        (Message(b"a"), WebSocket(opcode=1) / b"a", "binary message b'a' .*came: WebSocket text"),
        (Message("a"), WebSocket() / b"b", "came: WebSocket text message b'b'"),
        (Message("a"), WebSocket(mask=1) / b"a", "came: WebSocket text .FIN MASK"),
        (Message("a"), WebSocket(rsv2=1) / b"a", "came: WebSocket text .FIN RSV2"),
        (Pong(b"a"), WebSocket(opcode="pong") / b"b", "pong .FIN. b'a' .*came: WebSocket pong .FIN. b'b'"),
        (Ping(b"a"), WebSocket(opcode="pong") / b"a", "ping .FIN. b'a'.*came: WebSocket pong"),
        (Frame(WebSocket(fin=0) / b"a"), WebSocket() / b"a", "text .no FIN. b'a'.*came: WebSocket text .FIN"),
        (Close(1000), WebSocket() / WebSocketClose(code=1001), "close with code 1000 .*came: .* code 1001"),
        (Close(1000), WebSocket(opcode="close"), "close with code 1000 .*came: WebSocket close .FIN. b''"),
        (Close(1005), WebSocket() / WebSocketClose(code=1000), "without a code .*came: .* code 1000"),
        (Close(), WebSocket() / b"a", "WebSocket close .*came: WebSocket text"),
        (
            Close(),
            WebSocket(fin=0) / WebSocketClose(code=1000),
            "WebSocket close .*came: WebSocket close .no FIN",
        ),
        (
            Close(1000, "x"),
            WebSocket() / WebSocketClose(code=1000, reason="y"),
            "and reason 'x' .*came: .*b'y'",
        ),
        (Silence(1), WebSocket() / b"a", "silence for 1 s.*came: WebSocket text"),
        (End(), WebSocket() / b"a", "the end of the connection .FIN. .*came: WebSocket text"),
        (Reset(), WebSocket() / b"a", "a reset of the connection .RST. .*came: WebSocket text"),
        (Data(b"\x81\x02"), WebSocket() / b"a", r"b'\\x81\\x02'.*came: WebSocket text"),
        (Data(b"\x81\x01a."), WebSocket() / b"a", r"b'\\x81\\x01a.'.*came: WebSocket text"),
        (Response(426), WebSocket() / b"a", "status 426.*came: not an HTTP response"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_differs_is_told(
    board: Board, machine: ServerMachine, expectation: Any, answer: WebSocket, told: str
) -> None:
    machine.application = fixed(bytes(answer))
    with Peer(board.wire, timeout=0.5) as peer:
        peer.upgrade()
        peer.send(WebSocket(masking_key=b"\1\2\3\4") / b"question")
        with pytest.raises(
            PeerError, match=f"(?s)expected .*{told}.*sent: WebSocket text .FIN MASK 01020304."
        ):
            peer.expect(expectation)


@pytest.mark.parametrize(
    "expectation", [Message(""), Close(), Pong(), Data(b"x"), End(), Reset(), Response()], ids=str
)
def test_nothing_in_time_is_told(board: Board, expectation: Any) -> None:
    with Peer(board.wire) as peer:
        peer.upgrade()
        start = board.clock.now
        with pytest.raises(PeerError, match="came: nothing until"):
            peer.expect(expectation, timeout=0.5)
        assert board.clock.now - start == pytest.approx(0.5)


def test_the_rfc_of_an_expectation_is_told(board: Board) -> None:
    with Peer(board.wire) as peer:
        peer.upgrade()
        with pytest.raises(PeerError, match=r"close with code 1009 \(RFC 6455, section 7.4.1\)"):
            peer.expect(Close(1009, rfc="RFC 6455, section 7.4.1"), timeout=0.1)


def test_a_reset_is_no_end_and_an_end_no_reset(board: Board, machine: ServerMachine) -> None:
    with Peer(board.wire) as peer:
        peer.upgrade()
        tcp = next(iter(machine.connections.values()))[0]
        tcp.inject(Segment(tcp.send_next, 0, RST), board.clock.now)
        machine.at(board.clock.now + 0.1, "frame", tcp.take()[0])
        with pytest.raises(PeerError, match="came: reset by"):
            peer.expect(End())
        peer.expect(Reset())
    with Peer(board.wire) as peer:
        peer.upgrade()
        peer.shutdown()
        with pytest.raises(PeerError, match="came: the end of the connection"):
            peer.expect(Reset(), timeout=0.5)
        peer.expect(End())


SCHEDULES = {
    "reversed": Schedule(order=[2, 1, 0]),
    "repeated": Schedule(order=[0, 0, 1, 2, 1]),
    "lost": Schedule(drop=[1]),
    "never sent": Schedule(order=[]),
    "overlapping": Schedule(order=[2, 0, 1], overlap=3),
    "byte ranges": Schedule(ranges=[(10, 13), (4, 12), (10, 13), (0, 4), (0, 8)]),
}


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES.keys())
def test_whatever_becomes_of_the_segments_the_message_arrives_once(board: Board, schedule: Schedule) -> None:
    with Peer(board.wire) as peer:
        peer.upgrade()
        peer.send(WebSocket() / b"7 bytes", split=[4, 4], schedule=schedule)
        peer.expect(Message("7 bytes"), Silence(3))


def test_segments_go_out_in_the_order_asked_for(board: Board) -> None:
    with Peer(board.wire) as peer:
        peer.upgrade()
        start, began = len(peer.tcp.history), board.clock.now
        peer.send(b"\x81\x80abcd", split=[1, 1, 2], order=[3, 0, 0, 1, 2], gap=0.5)
        sent = [r for r in peer.tcp.history[start:] if r.sent and r.segment.payload]
        assert [r.segment.payload for r in sent] == [b"cd", b"\x81", b"\x81", b"\x80", b"ab"]
        assert [r.time - began for r in sent] == pytest.approx([0, 0.5, 1.0, 1.5, 2.0])


def test_the_answer_to_a_packet_has_to_prove_that_its_key_was_read(
    board: Board, machine: ServerMachine
) -> None:
    with Peer(board.wire) as peer:
        request = HTTPUpgradeRequest().having("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")
        peer.send(request.having("Sec-WebSocket-Protocol", "x, echo"))
        assert peer.expect(Response(101)).protocol == "echo"
    machine.application = lambda: lambda data: bytes(HTTPUpgradeResponse())
    with Peer(board.wire) as peer:
        peer.send(HTTPUpgradeRequest())
        peer.expect(Response(101))
    with Peer(board.wire) as peer:
        peer.send(request)
        with pytest.raises(PeerError, match="Sec-WebSocket-Accept is"):
            peer.expect(Response(101))


def test_an_order_and_a_schedule_contradict_each_other(board: Board) -> None:
    with Peer(board.wire) as peer, pytest.raises(ValueError, match="belongs into the schedule"):
        peer.send(b"x", order=[0], schedule=Schedule())


@pytest.mark.parametrize(
    ("schedule", "why"),
    [
        (Schedule(order=[3]), "there is no piece 3: 3 pieces"),
        (Schedule(drop=[-1]), "there is no piece -1"),
        (Schedule(ranges=[(0, 14)]), "there are no bytes 0 to 14 in 13 bytes"),
    ],
)
def test_a_schedule_of_what_is_not_there_is_refused(schedule: Schedule, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        schedule.segments([4, 4, 5])


def test_a_segment_of_the_board_can_be_lost(board: Board) -> None:
    with Peer(board.wire) as peer:
        peer.upgrade()
        peer.lose()
        peer.send(WebSocket() / b"again")
        peer.expect(Silence(0.5))
        assert [segment.payload for segment in peer.lost] == [b"\x81\x05again"]
        assert [record.segment for record in peer.tcp.history if record.lost] == peer.lost
        peer.reset()  # this server sends nothing twice


def test_a_scapy_packet_is_injected_with_what_it_leaves_open_filled_in(
    board: Board, machine: ServerMachine
) -> None:
    for ipv6 in (False, True):
        with Peer(board.wire, ipv6=ipv6) as peer:
            peer.upgrade()
            frame = bytes(peer.prepare(WebSocket() / b"by hand"))
            peer.inject(TCP(flags="PA") / frame)
            record = peer.tcp.history[-1]
            assert record.sent
            assert record.segment == Segment(
                peer.tcp.send_next, peer.tcp.acknowledged, PSH | ACK, peer.tcp.window, frame
            )
            peer.tcp.book(frame, board.clock.now)
            peer.expect(Message("by hand"))


def test_what_an_injected_packet_says_itself_stays(board: Board, machine: ServerMachine) -> None:
    with Peer(board.wire) as peer:
        peer.upgrade()
        peer.inject(IP(ttl=3) / TCP(flags="A", seq=7, dataofs=15, chksum=0))
        sent = IP(machine.received[-1][14:])
        assert (sent.ttl, sent[TCP].seq, sent[TCP].dataofs, sent[TCP].chksum) == (3, 7, 15, 0)
        assert sent[TCP].sport == peer.tcp.local.port
        assert sent.src == board.wire.host.ip
        assert "A" in peer.sent
