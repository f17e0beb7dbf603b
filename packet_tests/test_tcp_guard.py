"""TCP peers that keep to no rule: each of these sequences has once stopped the board with a failed assertion.

What must come is as important as what must not: the stream goes on at the right byte, and a segment that fits
is taken whole.
"""

from __future__ import annotations

import pytest
from scapy.layers.inet import IP, TCP

from bench import Board, Wire
from bench.expectations import Message
from bench.layers.tcp_options import Options
from bench.layers.tcp_state import State
from bench.layers.tcpip import ACK, FIN, PSH, SYN
from bench.layers.websocket import WebSocket
from bench.lwip import state_of
from bench.peer import Peer
from bench.tcp_states import reach

WINDOW = 1072
"""What the board offers on a new connection, bytes."""

pytestmark = pytest.mark.usefixtures("unharmed")


def acknowledged(peer: Peer) -> int:
    """How much of the stream the board has taken, by the last number it has acknowledged."""
    last = next(r.segment for r in reversed(peer.tcp.history) if not r.sent)
    return (last.ack - peer.tcp.send_next) % (1 << 32)


def quiet(wire: Wire, *, ipv6: bool = False) -> Peer:
    """An established connection on which nothing was sent yet, and of which the test sends every segment."""
    peer = reach(wire, State.ESTABLISHED, ipv6=ipv6)
    peer.silent = True
    return peer


@pytest.mark.parametrize("ipv6", [False, True], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("fin", [1, 500, WINDOW - 1])
def test_data_beyond_an_early_fin_are_cut_off(board: Board, wire: Wire, fin: int, ipv6: bool) -> None:
    peer = quiet(wire, ipv6=ipv6)
    peer.inject(peer.segment(FIN | ACK, seq=fin))
    for at in range(0, WINDOW, 536):
        peer.inject(peer.segment(PSH | ACK, b"G" + bytes(535), seq=at))
    wire.run(0.2)
    assert acknowledged(peer) == fin + 1, "the stream ends at its first FIN (RFC 9293, section 3.10.7.4)"
    assert state_of(board, peer) in (State.CLOSE_WAIT, State.LAST_ACK, None)


def test_a_fin_after_what_fills_the_window_is_left_out(board: Board, wire: Wire) -> None:
    peer = quiet(wire)
    peer.inject(peer.segment(FIN | PSH | ACK, b"G" * 536, seq=536))
    peer.inject(peer.segment(PSH | ACK, b"G" * 536))
    wire.run(0.01)
    assert acknowledged(peer) == WINDOW
    assert state_of(board, peer) is State.ESTABLISHED


def test_a_fin_that_fits_the_window_is_taken_with_its_data(board: Board, wire: Wire) -> None:
    peer = quiet(wire)
    peer.inject(peer.segment(FIN | PSH | ACK, b"G" * 535, seq=536))
    peer.inject(peer.segment(PSH | ACK, b"G" * 536))
    wire.run(0.01)
    assert acknowledged(peer) == WINDOW
    assert state_of(board, peer) is not State.ESTABLISHED


@pytest.mark.parametrize("ipv6", [False, True], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("start", [1, WINDOW - 200, WINDOW - 1])
def test_what_reaches_past_the_window_is_cut_to_it(wire: Wire, start: int, ipv6: bool) -> None:
    peer = quiet(wire, ipv6=ipv6)
    peer.inject(peer.segment(PSH | ACK, b"y" * 1200, seq=start))
    for at in range(0, start, 500):
        peer.inject(peer.segment(PSH | ACK, b"x" * min(500, start - at), seq=at))
    wire.run(0.01)
    assert acknowledged(peer) == WINDOW, "all of the window and no more"


def test_nothing_of_a_message_is_lost_that_comes_in_segments_too_long(wire: Wire) -> None:
    data = bytes(range(200)) * 8
    with Peer(wire, heed_window=False) as peer:
        peer.upgrade()
        frame = bytes(peer.prepare(WebSocket(opcode="binary") / data))
        peer.inject(peer.segment(PSH | ACK, frame[400:1800], seq=400))
        peer.send(frame)
        peer.expect(Message(data), timeout=30)


@pytest.mark.parametrize("mss", [1, 48, 100])
def test_an_mss_option_counts_in_a_syn_only(wire: Wire, mss: int) -> None:
    """RFC 9293, section 3.2."""
    with Peer(wire) as peer:
        peer.upgrade()
        option = b"\x02\x04" + mss.to_bytes(2, "big")
        peer.tcp.window = 0
        for number in range(2):  # what waits was cut by the MSS of the SYN
            peer.send(WebSocket(opcode="binary") / bytes([number] * 300))
            wire.run(0.1)
        peer.inject(peer.segment(ACK, options=option))
        peer.send(WebSocket(opcode="binary") / bytes([2] * 300))
        wire.run(0.5)
        before = len(peer.tcp.history)
        peer.tcp.window = 65535
        peer.tcp.acknowledge(wire.clock.now)
        peer.expect(*(Message(bytes([number] * 300)) for number in range(3)), timeout=20)
        sizes = [len(r.segment.payload) for r in peer.tcp.history[before:] if not r.sent]
        assert max(sizes) > 300, "the board's segments are as long as the SYN allowed"


def test_a_syn_that_comes_again_changes_no_mss(wire: Wire) -> None:
    """Else a second SYN could make the board send single bytes, which the first one cannot."""
    syn = IP() / TCP(sport=40000, dport=8080, seq=99, flags="S")
    for mss in (536, 1):
        again = syn.copy()
        again[TCP].options = [("MSS", mss)]
        wire.send(again)
        wire.run(0.01)
    seen = wire.sniff(timeout=0.1, lfilter=lambda p: TCP in p)
    assert seen == [] or all(p[TCP].flags == "SA" for p in seen)
    with Peer(wire, sport=40000, isn=99, options=Options(syn=b"")) as peer:
        peer.upgrade()
        peer.echo(bytes(1000))
        assert sum(1 for r in peer.tcp.history if not r.sent and r.segment.payload) < 10


@pytest.mark.parametrize("window", [1, 2, 3, 100])
def test_a_window_that_opens_by_a_few_bytes_takes_what_waits_for_it(wire: Wire, window: int) -> None:
    """A client whose window was closed from its SYN on: what waits is of the MSS, the window is less."""
    peer = Peer(wire, window=0)
    with peer:
        request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"  # no upgrade: the answer is one of 400
        peer.send(request)
        wire.run(0.3)
        peer.tcp.window = window
        peer.tcp.acknowledge(wire.clock.now)
        wire.run(1.0)
        peer.tcp.window = 65535
        peer.tcp.acknowledge(wire.clock.now)
        assert peer.receive(until=b"\r\n\r\n", timeout=30).startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize("window", [1, 2, 3, 100])
def test_more_may_be_written_while_a_window_of_a_few_bytes_is_open(wire: Wire, window: int) -> None:
    with Peer(wire, window=0, timeout=30) as peer:
        peer.silent = True
        request = (
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        peer.inject(peer.segment(PSH | ACK, request))
        wire.run(0.2)
        message = bytes(peer.prepare(WebSocket() / b"more to write"))
        peer.inject(peer.segment(ACK, seq=len(request), window=window))
        peer.inject(peer.segment(PSH | ACK, message, seq=len(request), window=window))
        wire.run(1.0)


def test_a_probe_may_bring_the_last_byte(board: Board, wire: Wire) -> None:
    """RFC 9293, section 3.8.6.1: a peer may take the byte of a probe, and keep its window closed."""
    with Peer(wire) as peer:
        peer.upgrade()
        echo = bytes(WebSocket(opcode="binary") / bytes(100))
        peer.tcp.window = len(echo) - 1
        peer.send(peer.prepare(WebSocket(opcode="binary") / bytes(100)), at=[20])
        peer.silent = True
        before = len(peer.tcp.history)

        def came() -> bytes:
            return b"".join(r.segment.payload for r in peer.tcp.history[before:] if not r.sent)

        assert wire.wait_until(lambda: came() != b"", 5)
        assert came() == echo[:-1]
        peer.inject(peer.segment(ACK, ack=len(echo) - 1, window=0))
        before = len(peer.tcp.history)
        wire.run(5)
        probes = [r.segment for r in peer.tcp.history[before:] if not r.sent]
        assert probes and probes[0].payload == echo[-1:], "the probe has the last byte"
        peer.inject(peer.segment(ACK, ack=1, window=0))
        before = len(peer.tcp.history)
        wire.run(10)
        assert [r for r in peer.tcp.history[before:] if not r.sent] == [], "nothing is left to be probed for"
        assert state_of(board, peer) is State.ESTABLISHED
        ping = bytes(peer.prepare(WebSocket(opcode="ping") / b"on"))
        peer.inject(peer.segment(PSH | ACK, ping, window=65535))
        wire.run(0.5)
        sent = b"".join(r.segment.payload for r in peer.tcp.history[before:] if not r.sent)
        assert sent == bytes(WebSocket(opcode="pong") / b"on")


@pytest.mark.parametrize("flags", [SYN | ACK, SYN, SYN | FIN | ACK], ids=["SYN+ACK", "SYN", "SYN+FIN"])
def test_data_with_a_syn_inside_a_connection_are_not_taken(wire: Wire, flags: int) -> None:
    peer = quiet(wire)
    peer.inject(peer.segment(flags, bytes(WINDOW)))
    wire.run(0.01)
    assert acknowledged(peer) == 0
