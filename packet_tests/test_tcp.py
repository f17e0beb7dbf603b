"""TCP (RFC 9293): connect, close, half close, closed ports, segments in every order."""

from __future__ import annotations

from itertools import pairwise

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.packet import Packet

from bench import Board, Wire
from bench.expectations import Message, Silence
from bench.layers.schedule import Schedule
from bench.layers.tcp_state import State, TcpResetError
from bench.layers.tcpip import ACK, FIN, PSH, RST, SYN, Segment
from bench.layers.websocket import WebSocket
from bench.peer import Peer, PeerError
from packet_tests.checks import assert_well_formed, payload_of

CLOSED = 9
HEADERS = {"ipv4": IP, "ipv6": IPv6}


def answer(wire: Wire, packet: Packet) -> Packet | None:
    """The first TCP segment the board sends in the half second after `packet`."""
    wire.send(packet)
    seen = wire.sniff(count=1, timeout=0.5, lfilter=lambda p: TCP in p)
    return seen[0] if seen else None


@pytest.mark.parametrize("version", HEADERS)
def test_a_syn_is_answered_with_syn_ack(wire: Wire, version: str) -> None:
    reply = answer(wire, HEADERS[version]() / TCP(sport=40000, dport=8080, seq=0xFFFFFFFF, flags="S"))
    assert reply is not None
    assert_well_formed(reply, wire.board)
    tcp = reply[TCP]
    assert (tcp.sport, tcp.dport, tcp.flags, tcp.ack) == (8080, 40000, "SA", 0)
    mss = dict(tcp.options)["MSS"]
    assert 536 <= mss <= 1460


@pytest.mark.parametrize("version", HEADERS)
@pytest.mark.parametrize(
    ("flags", "payload", "expected"),
    [
        ("S", b"", ("RA", 0, 101)),
        ("A", b"", ("R", 7777, None)),
        ("PA", b"data", ("R", 7777, None)),
        ("FA", b"", ("R", 7777, None)),
        ("F", b"data", ("RA", 0, 105)),
        ("SA", b"", ("R", 7777, None)),
    ],
    ids=["SYN", "ACK", "data", "FIN+ACK", "FIN with data", "SYN+ACK"],
)
def test_a_closed_port_answers_rst_with_the_right_numbers(
    wire: Wire, version: str, flags: str, payload: bytes, expected: tuple[str, int, int | None]
) -> None:
    """RFC 9293, section 3.10.7.1: SEQ=SEG.ACK if there is one, else SEQ=0 and ACK=SEG.SEQ+SEG.LEN."""
    segment = TCP(sport=40000, dport=CLOSED, seq=100, ack=7777 if "A" in flags else 0, flags=flags)
    reply = answer(wire, HEADERS[version]() / segment / payload)
    assert reply is not None
    assert_well_formed(reply, wire.board)
    tcp = reply[TCP]
    # The acknowledgement number counts only with ACK set; lwIP always sets it.
    assert ("R" in tcp.flags, tcp.seq) == (True, expected[1])
    if expected[2] is not None or "A" in tcp.flags:
        length = len(payload) + ("S" in flags) + ("F" in flags)
        assert tcp.ack == 100 + length


def test_a_reset_to_a_closed_port_is_not_answered(wire: Wire) -> None:
    assert answer(wire, IP() / TCP(sport=40000, dport=CLOSED, seq=1, flags="R")) is None


SILENT = {
    "bad checksum": IP() / TCP(sport=40000, dport=8080, flags="S", chksum=0xBEEF),
    "bad checksum to a closed port": IP() / TCP(sport=40000, dport=CLOSED, flags="S", chksum=0xBEEF),
    "data offset 4": IP() / TCP(sport=40000, dport=8080, flags="S", dataofs=4),
    "data offset beyond the segment": IP() / TCP(sport=40000, dport=8080, flags="S", dataofs=15),
    "to the broadcast address": IP(dst="192.0.2.255") / TCP(sport=40000, dport=8080, flags="S"),
    "to a multicast address": IP(dst="224.0.0.1") / TCP(sport=40000, dport=8080, flags="S"),
    "from a broadcast address": IP(src="192.0.2.255") / TCP(sport=40000, dport=8080, flags="S"),
    "reset to a listening port": IP() / TCP(sport=40000, dport=8080, flags="R"),
    "null flags to a listening port": IP() / TCP(sport=40000, dport=8080, flags=0),
}


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("packet", SILENT.values(), ids=SILENT.keys())
def test_silence(wire: Wire, packet: Packet) -> None:
    assert answer(wire, packet) is None


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("flags", ["SF", "SR", "FSRPAU"])
def test_impossible_flags_open_no_connection(wire: Wire, flags: str) -> None:
    reply = answer(wire, IP() / TCP(sport=40000, dport=8080, seq=5, ack=6, flags=flags))
    assert reply is None or "S" not in reply[TCP].flags or flags == "SF"
    follow = answer(
        wire, IP() / TCP(sport=40000, dport=8080, seq=9000, ack=1, flags="PA") / b"GET / HTTP/1.1\r\n"
    )
    assert follow is None or "R" in follow[TCP].flags or payload_of(follow, TCP) == b""


def test_an_ack_to_a_listening_port_is_reset(wire: Wire) -> None:
    reply = answer(wire, IP() / TCP(sport=40000, dport=8080, seq=100, ack=7777, flags="A"))
    assert reply is not None
    assert "R" in reply[TCP].flags
    assert reply[TCP].seq == 7777


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize(
    "options",
    [
        pytest.param(b"\x02\x00\x00\x00", id="MSS of length 0"),
        pytest.param(b"\x02\x01\x00\x00", id="MSS of length 1"),
        pytest.param(b"\x02\x03\x05\x00", id="MSS of length 3"),
        pytest.param(b"\x08\x0a\x00\x00", id="timestamps overrun"),
        pytest.param(b"\xfe\x00\x00\x00", id="unknown of length 0"),
        pytest.param(b"\xfe\x01\x00\x00", id="unknown of length 1"),
        pytest.param(b"\xfe\xff\x00\x00", id="unknown overruns"),
        pytest.param(b"\x01\x01\x01\xfe", id="cut short"),
    ],
)
def test_malformed_options_neither_hang_nor_hurt(wire: Wire, options: bytes) -> None:
    """RFC 9293, section 3.1: options may be anything, and a length of 0 must not be passed over for ever."""
    segment = TCP(sport=40000, dport=8080, seq=1, flags="S", dataofs=6) / options
    wire.send(IP() / segment)
    seen = wire.sniff(count=1, timeout=0.5, lfilter=lambda p: TCP in p)
    assert not seen or (seen[0][TCP].flags, seen[0][TCP].ack) == ("SA", 2)


@pytest.mark.parametrize("ipv6", [False, True], ids=["ipv4", "ipv6"])
def test_connect_and_close(wire: Wire, ipv6: bool) -> None:
    peer = Peer(wire, ipv6=ipv6)
    with peer:
        pass
    assert peer.tcp.state is State.TIME_WAIT
    assert peer.tcp.error is None
    assert all(record.segment.flags & RST == 0 for record in peer.tcp.history)


def test_the_board_acknowledges_data_and_fin_exactly(wire: Wire) -> None:
    with Peer(wire) as peer:
        peer.upgrade()
        peer.echo("exact")
        peer.shutdown()
        peer.expect_end()
        assert peer.tcp.send_unacknowledged == peer.tcp.send_next


def test_a_half_closed_connection_still_gets_its_answer(wire: Wire) -> None:
    with Peer(wire) as peer:
        peer.upgrade()
        frame = bytes(peer.prepare(WebSocket(opcode="text") / b"last words"))
        peer.send(frame)
        peer.shutdown()
        peer.expect_frame("text", b"last words", rfc="RFC 9293, section 3.6")


@pytest.mark.parametrize("version", HEADERS)
@pytest.mark.parametrize("flags", ["F", "S"])
def test_a_reset_has_number_0_where_nothing_was_acknowledged(wire: Wire, version: str, flags: str) -> None:
    """RFC 9293, section 3.10.7.1: without ACK the acknowledgement field means nothing, whatever it says."""
    segment = TCP(sport=40000, dport=CLOSED, seq=100, ack=0x12345678, flags=flags)
    reply = answer(wire, HEADERS[version]() / segment)
    assert reply is not None
    assert ("R" in reply[TCP].flags, reply[TCP].seq, reply[TCP].ack) == (True, 0, 101)


@pytest.mark.parametrize("mss", [100, 400])
def test_no_segment_is_longer_than_the_peers_mss(wire: Wire, mss: int) -> None:
    with Peer(wire, mss=mss) as peer:
        peer.upgrade()
        peer.echo(bytes(1500))
        sizes = [len(record.segment.payload) for record in peer.tcp.history if not record.sent]
        assert max(sizes) == mss, "RFC 9293, section 3.7.1"


@pytest.mark.parametrize("window", [200, 536, 700])
def test_no_more_is_sent_than_the_window_takes(peer: Peer, window: int) -> None:
    peer.tcp.window = window
    peer.send_frame(WebSocket(opcode="binary") / bytes(1500))
    peer.wait_acknowledged()
    peer.silent = True
    start = peer.tcp.receive_next
    peer.wire.run(0.2)
    edge = max(r.segment.seq + len(r.segment.payload) for r in peer.tcp.history if not r.sent)
    assert edge - start <= window, "RFC 9293, section 3.8.6"


@pytest.mark.usefixtures("unharmed")
def test_reset_frees_the_connection(wire: Wire) -> None:
    for _ in range(30):  # more often than there are places for connections, and for what is left of them
        with Peer(wire) as peer:
            peer.upgrade()
            peer.reset()


@pytest.mark.usefixtures("unharmed")
def test_a_flood_of_half_open_connections_does_not_shut_the_door(wire: Wire) -> None:
    for number in range(40):
        wire.send(IP() / TCP(sport=20000 + number, dport=8080, seq=number, flags="S"))
        wire.run(0.002)
    with Peer(wire, timeout=60) as peer:
        peer.upgrade()
        peer.echo("let in")


@pytest.mark.usefixtures("unharmed")
def test_a_connection_that_says_nothing_is_closed_in_the_end(wire: Wire) -> None:
    with Peer(wire, timeout=60) as peer:
        peer.expect_end(rfc="the server's open timeout")


def test_the_board_refuses_a_closed_port_to_a_client(wire: Wire) -> None:
    with pytest.raises(PeerError, match="refused by"):
        Peer(wire, port=CLOSED).connect()


def test_segments_repeated_overlapping_or_out_of_order_are_delivered_once(peer: Peer) -> None:
    frame = WebSocket(opcode="text") / b"delivered once"
    peer.send(frame, schedule=Schedule(ranges=[(10, 20), (4, 12), (10, 20), (0, 4), (0, 8)]))
    peer.expect(Message("delivered once", rfc="RFC 9293, section 3.10.7.4"), Silence(0.5))


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("offset", [-70000, -1, 100_000, 2**31])
def test_a_reset_outside_the_window_is_ignored(peer: Peer, offset: int) -> None:
    peer.inject(Segment(peer.tcp.send_next + offset, 0, RST))
    peer.wire.run(0.1)
    peer.echo("still connected")


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("offset", [1, 500, 1000])
def test_a_reset_elsewhere_in_the_window_is_challenged(peer: Peer, offset: int) -> None:
    before = len(peer.tcp.history)
    peer.inject(Segment(peer.tcp.send_next + offset, 0, RST))
    peer.wire.run(0.1)
    answers = [record.segment for record in peer.tcp.history[before:] if not record.sent]
    assert [(a.flags, a.ack) for a in answers] == [(ACK, peer.tcp.send_next)], "RFC 5961, section 3.2"
    peer.echo("still connected")


@pytest.mark.usefixtures("unharmed")
def test_a_reset_at_the_expected_number_ends_the_connection(peer: Peer) -> None:
    peer.inject(Segment(peer.tcp.send_next, 0, RST))
    peer.wire.run(0.1)
    peer.send(b"anyone?")
    peer.wire.run(0.1)
    assert isinstance(peer.tcp.error, TcpResetError)


@pytest.mark.usefixtures("unharmed")
def test_a_syn_within_a_connection_does_not_end_it(peer: Peer) -> None:
    peer.inject(Segment(peer.tcp.send_next + 1, 0, SYN, 1000))  # RFC 5961, section 4.2
    peer.wire.run(0.1)
    peer.echo("still connected")


@pytest.mark.usefixtures("unharmed")
def test_an_acknowledgement_of_data_never_sent_is_not_believed(peer: Peer) -> None:
    peer.inject(Segment(peer.tcp.send_next, peer.tcp.receive_next + 5000, ACK, 65535))
    peer.wire.run(0.1)
    peer.echo("still connected")


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("pointer", [0, 1, 0xFFFF])
def test_an_urgent_pointer_does_not_disturb_the_stream(peer: Peer, pointer: int) -> None:
    frame = bytes(peer.prepare(WebSocket(opcode="text") / b"urgent"))
    peer.inject(
        Segment(peer.tcp.send_next, peer.tcp.receive_next, 0x20 | PSH | ACK, 65535, frame, urgent=pointer)
    )
    peer.tcp.send(frame, peer.wire.clock.now)
    peer.expect_frame("text", b"urgent")


@pytest.mark.usefixtures("unharmed")
def test_a_fin_that_completes_the_handshake_is_acknowledged(wire: Wire) -> None:
    reply = answer(wire, IP() / TCP(sport=40000, dport=8080, seq=100, flags="S"))
    assert reply is not None
    data = b"GET / HT"
    wire.send(IP() / TCP(sport=40000, dport=8080, seq=101, ack=reply[TCP].seq + 1, flags="FA") / data)
    seen = wire.sniff(timeout=1, lfilter=lambda p: TCP in p)
    assert max(p[TCP].ack for p in seen) == 101 + len(data) + 1


def test_a_closed_window_is_probed_and_nothing_is_lost(peer: Peer) -> None:
    peer.tcp.window = 0
    peer.send_frame(WebSocket(opcode="binary") / bytes(1500))  # its segments carry the closed window
    peer.expect_silence(0.5)
    before = len(peer.tcp.history)
    peer.expect_silence(5.0)
    probes = [r.segment for r in peer.tcp.history[before:] if not r.sent]
    assert probes, "no zero-window probe within 5 s (RFC 9293, section 3.8.6.1)"
    assert all(len(probe.payload) <= 1 for probe in probes)
    peer.tcp.window = 65535
    peer.tcp.acknowledge(peer.wire.clock.now)
    peer.expect_frame("binary", bytes(1500))


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("known", [1, 149, 150, 151, 300])
@pytest.mark.parametrize("early", [False, True], ids=["in order", "after a gap"])
def test_what_has_come_already_may_come_again_with_more(peer: Peer, known: int, early: bool) -> None:
    """The board's buffers that hold nothing new, of 150 bytes of data at first, are not the stream's end."""
    data = bytes(range(256)) * 2
    frame = bytes(peer.prepare(WebSocket(opcode="binary") / data))
    peer.inject(peer.segment(PSH | ACK, frame[:known]))
    if early:
        peer.inject(peer.segment(PSH | ACK, frame[400:], seq=400))
    peer.wire.run(0.2)
    peer.send(frame)
    peer.expect(Message(data))


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("window", [1, 20, 100])
def test_the_fin_comes_after_the_last_byte_of_an_answer_that_was_cut(wire: Wire, window: int) -> None:
    """A segment with a FIN that waits is cut to the window; the FIN belongs to its second part."""
    with Peer(wire) as peer:
        peer.send(b"GET / HTTP/1.1\r\n")
        wire.run(0.1)
        peer.tcp.window = window
        peer.send(b"Host: x\r\n\r\n")  # no upgrade: the answer is an error, and the connection's end
        assert len(peer.receive(1, timeout=10)) == 1
        peer.tcp.window = 65535
        peer.tcp.acknowledge(wire.clock.now)
        peer.expect_end(timeout=60)
        came = [r.segment for r in peer.tcp.history if not r.sent]
        ends = {(s.seq + len(s.payload)) % (1 << 32) for s in came if s.flags & FIN}
        answer = b"".join({s.seq: s.payload for s in came}.values())
        assert answer.endswith(b"(RFC 6455 section 4.2.1)\n"), "the whole answer came"
        assert ends == {(came[0].seq + 1 + len(answer)) % (1 << 32)}, "and its end after it, only"


def test_a_lost_answer_is_sent_again(board: Board, peer: Peer) -> None:
    peer.lose()
    peer.send(WebSocket(opcode="text") / b"again")
    start = board.clock.now
    peer.expect(Message("again", rfc="RFC 9293, section 3.8.1"), timeout=10)
    assert len(peer.lost) == 1
    assert board.clock.now - start > 0.1


def test_initial_sequence_numbers_are_not_a_series(wire: Wire) -> None:
    numbers = []
    for _ in range(6):
        with Peer(wire) as peer:
            numbers.append(next(r.segment.seq for r in peer.tcp.history if not r.sent))
    differences = [(b - a) % 2**32 for a, b in pairwise(numbers)]
    assert len(set(differences)) == len(differences), (
        "RFC 6528: an attacker must not be able to tell the next"
    )
    assert max(differences) > 1 << 24
