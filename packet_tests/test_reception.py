"""What the board sends is right in every field that a receiver has to check.

The bench is as strict as a real peer. A wrong checksum, length or reserved bit fails any test in which it
comes; here is what no other test evokes.
"""

from __future__ import annotations

import pytest
from scapy.layers.inet import UDP
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6MLReport,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
)
from scapy.layers.l2 import ARP, Ether

from bench import Board, Wire
from bench.board import BoardState
from bench.expectations import End, Response
from bench.layers.http_upgrade import UpgradeRequest
from bench.peer import Peer
from bench.readiness import await_ready
from emulation.machine import TimedFrame

UNSOLICITED = 12.0
"""Virtual seconds after which nothing is left to be sent that belongs to start-up (multicast reports)."""


def test_nothing_is_wrong_with_what_a_board_sends_of_its_own_accord(board: Board, wire: Wire) -> None:
    with wire.tap() as end:
        board.reset()
        await_ready(board, "listening")
        board.run(UNSOLICITED)
        kinds = {ICMPv6MLReport: 0, ICMPv6ND_NS: 0, ARP: 0}
        for frame in list(end.queue):
            packet = Ether(frame.data)
            for kind in kinds:
                kinds[kind] += kind in packet
    assert kinds[ICMPv6MLReport], "no multicast report: there was nothing to check"
    wire.reception.check()


def test_an_echo_over_ipv6_is_answered(wire: Wire) -> None:
    reply = wire.sr1(IPv6() / ICMPv6EchoRequest(id=7, data=b"a text that needs no padding"), timeout=1)
    wire.reception.check()
    assert reply is not None and ICMPv6EchoReply in reply


def test_a_neighbour_is_asked_for_and_answered(board: Board, wire: Wire) -> None:
    wire.send(IPv6() / ICMPv6EchoRequest())
    source = ICMPv6NDOptSrcLLAddr(lladdr=wire.host.mac)
    wire.send(IPv6(dst="ff02::1:ff00:1", hlim=255) / ICMPv6ND_NS(tgt=board.ip6) / source)
    came = wire.sniff(timeout=1)
    wire.reception.check()
    for kind in (ICMPv6ND_NS, ICMPv6ND_NA, ICMPv6EchoReply):
        assert any(kind in packet for packet in came), kind.__name__


def test_a_refusal_is_as_long_as_it_says(wire: Wire) -> None:
    with Peer(wire) as peer:
        peer.send(UpgradeRequest(headers=[("Upgrade", "nothing")]))
        body = peer.expect(Response(400)).headers["content-length"]
        peer.receive(int(body))
        peer.expect(End(rfc="RFC 9112, section 9.6"))


@pytest.mark.needs("python")
def test_a_datagram_of_the_board_arrives(booted: tuple[Board, BoardState]) -> None:
    """The servers send none: it is sent from the prompt, on a board of its own."""
    with Board.boot(booted[0].engine, booted[0].firmware, seed=booted[0].seed) as board:
        await_ready(board, "listening")
        board.uart.write("\x03")
        board.uart.wait_for(">>> ", timeout=5)
        lines = (
            "import socket",
            "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
            "s.sendto(b'a datagram', ('192.0.2.2', 4242))",
        )
        wire = board.wire
        with wire.tap() as end:
            for line in lines:
                board.uart.write(line + "\r\n")
                board.run(0.5)
            packets = [Ether(frame.data) for frame in end.queue]
        wire.reception.check()
        datagrams = [packet[UDP] for packet in packets if UDP in packet]
        assert [bytes(datagram.payload)[:10] for datagram in datagrams] == [b"a datagram"]


def test_a_segment_that_was_damaged_on_its_way_is_sent_again(
    board: Board, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a real link, where the peer drops it (RFC 9293, section 3.1)."""
    frames, damaged = board.machine.frames, list[bytes]()

    def wrong(data: bytes) -> bytes:
        carries = data[12:14] == b"\x08\x00" and data[23] == 6 and b"twice" in data
        if not carries or damaged:
            return data
        damaged.append(data)
        return data[:51] + bytes([data[51] ^ 1]) + data[52:]

    changed = lambda: [TimedFrame(frame.time, wrong(frame.data)) for frame in frames()]  # noqa: E731
    monkeypatch.setattr(board.machine, "frames", changed)
    with Peer(wire) as peer:
        peer.upgrade()
        peer.echo("twice")
        peer.echo("once more")
    assert len(damaged) == 1
    assert wire.reception.take() == ["1 TCP segment with a wrong checksum dropped (RFC 9293, section 3.1)"]
