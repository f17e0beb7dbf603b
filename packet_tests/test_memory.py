"""The board gives back what it takes: buffers, connections, Python's heap (bench.baseline counts them)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6ND_NS,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
    IPv6ExtHdrFragment,
)
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw

from bench import Board, Wire
from bench.addresses import BENCH
from bench.baseline import Baseline
from bench.expectations import Message
from bench.layers.tcp_options import Options
from bench.layers.tcpip import ACK, PSH
from bench.layers.websocket import WebSocket, WebSocketClose
from bench.peer import Peer
from emulation.dwarf import debug_info

TIMES = 40
"""More often than there are packet buffers on the board: 32."""


@pytest.fixture
def baseline(board: Board, wire: Wire) -> Baseline:
    """What the board holds at rest, after a few clients that have warmed it up."""
    for _ in range(3):
        serve(wire)
    wire.run(0.5)
    return Baseline.take(board)


def serve(wire: Wire) -> None:
    """A client that comes, is answered, and goes."""
    with Peer(wire) as peer:
        peer.upgrade()
        peer.echo("a message")
        peer.send_frame(WebSocket() / WebSocketClose(code=1000))
        peer.expect_close(1000)


def lose(wire: Wire) -> None:
    """A client that breaks a rule in the middle of a message, and then resets the connection."""
    with Peer(wire) as peer:
        peer.upgrade()
        peer.send_frame(WebSocket(opcode="text", fin=0) / (b"x" * 200))
        peer.send_frame(WebSocket(opcode="text") / b"new message inside a fragmented one")
        peer.receive_frame()
        peer.reset()


@pytest.mark.parametrize("visit", [serve, lose], ids=["served", "lost"])
def test_clients_leave_nothing_behind(
    board: Board, wire: Wire, baseline: Baseline, visit: Callable[[Wire], None]
) -> None:
    for _ in range(40):
        visit(wire)
    for _ in range(5):  # what the interpreter still reaches of the last visit differs from one to the next
        wire.run(1)
        problems = baseline.settle(board)
        if not problems:
            break
        visit(wire)
    assert not problems, "; ".join(problems)


def invalid_solicitation() -> Packet:
    """An option of length 0 (RFC 4861, section 7.1.1)."""
    return (
        IPv6(dst="ff02::1:ff00:1", src=BENCH.ip6, hlim=255)
        / ICMPv6ND_NS(tgt="2001:db8::1")
        / ICMPv6NDOptSrcLLAddr(lladdr=BENCH.mac, len=0)
    )


def fragment(number: int) -> Packet:
    return IP(id=number, proto=1, flags="MF") / Raw(bytes(ICMP(id=1) / bytes(200)))


def fragment6(number: int) -> Packet:
    return IPv6() / IPv6ExtHdrFragment(id=number, m=1, nh=58) / Raw(bytes(208))


DROPPED: dict[str, Callable[[int], Packet]] = {
    "ARP cut short": lambda number: Ether(dst="ff:ff:ff:ff:ff:ff", type=0x0806) / bytes(ARP())[:20],
    "unknown EtherType": lambda number: Ether(type=0x88B5) / bytes(100),
    "bad IPv4 header checksum": lambda number: IP(chksum=1) / ICMP() / bytes(300),
    "IPv4 for somebody else": lambda number: IP(dst="192.0.2.9") / ICMP(),
    "bad ICMP checksum": lambda number: IP() / ICMP(chksum=1) / bytes(300),
    "bad UDP checksum": lambda number: IP() / UDP(dport=9, chksum=1) / bytes(300),
    "UDP to a closed port": lambda number: IP() / UDP(dport=9) / bytes(300),
    "bad TCP checksum": lambda number: IP() / TCP(dport=8080, chksum=1) / bytes(300),
    "TCP to a closed port": lambda number: IP() / TCP(dport=9, flags="A") / bytes(300),
    "TCP to a connection that is not there": lambda number: IP() / TCP(dport=8080, flags="PA") / bytes(300),
    "unknown IPv4 protocol": lambda number: IP(proto=253) / bytes(300),
    "bad ICMPv6 checksum": lambda number: IPv6() / ICMPv6EchoRequest(cksum=1, data=bytes(300)),
    "unknown IPv6 header": lambda number: IPv6(nh=253) / Raw(bytes(300)),
    "invalid neighbour solicitation": lambda number: invalid_solicitation(),
    "lone IPv4 fragment": fragment,
    "lone IPv6 fragment": fragment6,
}


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("make", DROPPED.values(), ids=DROPPED.keys())
def test_what_is_dropped_gives_its_buffers_back(
    board: Board, wire: Wire, baseline: Baseline, make: Callable[[int], Packet]
) -> None:
    for number in range(TIMES):
        wire.send(make(number))
        wire.run(0.01)
    problems = baseline.settle(board)
    assert not problems, "; ".join(problems)


def deaf_to(wire: Wire, sizes: Iterable[int]) -> list[int]:
    """The sizes of pings, in bytes of data, that are not answered."""
    return [size for size in sizes if wire.sr1(IP() / ICMP(id=size) / bytes(size), timeout=1) is None]


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("size", [10, 60, 100, 150, 200, 536], ids=lambda size: f"{size}-byte segments")
def test_peers_whose_data_nobody_reads_do_not_make_the_board_deaf(wire: Wire, size: int) -> None:
    """Six clients do not read what is echoed, so that the server reads no more, and go on sending."""
    with ExitStack() as stack:
        peers = [stack.enter_context(Peer(wire, timeout=60)) for _ in range(6)]
        for peer in peers:
            peer.upgrade()
        for peer in peers:
            peer.tcp.window = 0
            peer.send_frame(WebSocket(opcode="binary") / bytes(1200))
        wire.run(1)
        for peer in peers:
            data = bytes(peer.prepare(WebSocket(opcode="binary") / bytes(2000)))
            peer.send(data, split=[size] * (len(data) // size), gap=0.002)
        wire.run(1)
        deaf = deaf_to(wire, [0, 56, 150])
        assert not deaf, f"no answer to pings with {deaf} bytes of data"
        for peer in peers:
            peer.reset()
        wire.run(1)


def test_one_peer_with_tiny_segments_leaves_room_for_the_others(wire: Wire) -> None:
    """What nobody reads is moved together, so that it takes no more buffers than it needs."""
    with Peer(wire, timeout=60) as hog, Peer(wire) as other:
        hog.upgrade()
        other.upgrade()
        hog.tcp.window = 0
        hog.send_frame(WebSocket(opcode="binary") / bytes(1200))
        wire.run(1)
        data = bytes(hog.prepare(WebSocket(opcode="binary") / bytes(2000)))
        hog.send(data[:1000], split=[10] * 99, gap=0.002)
        other.echo(bytes(1000))
        hog.reset()


def test_what_was_not_taken_for_want_of_buffers_arrives_once_there_are_some(wire: Wire) -> None:
    """As above, but then everybody reads."""
    with ExitStack() as stack:
        peers = [stack.enter_context(Peer(wire, timeout=60)) for _ in range(6)]
        data = bytes(range(240)) * 5
        for peer in peers:
            peer.upgrade()
        for peer in peers:
            peer.tcp.window = 0
            peer.send_frame(WebSocket(opcode="binary") / data)
        wire.run(1)
        for peer in peers:
            peer.send_frame(WebSocket(opcode="binary") / data[::-1], split=[100] * 12, gap=0.002)
        wire.run(1)
        for peer in peers:
            peer.tcp.window = 65535
            peer.tcp.acknowledge(wire.clock.now)
        for peer in peers:
            peer.expect_frame("binary", data)
            peer.expect_frame("binary", data[::-1])


ALWAYS_USED = (24, True)
"""The last block of lwIP's heap: bytes with its administration, and in use."""


def heap_blocks(board: Board) -> list[tuple[int, bool]]:
    """The blocks of lwIP's heap in their order (core/mem.c): bytes with administration; in use or not."""
    assert board.firmware is not None
    layout = debug_info(board.firmware).structure("mem", "core/mem.c")
    start = int.from_bytes(board.read_memory(board.symbol("ram"), 4), "little")
    end = int.from_bytes(board.read_memory(board.symbol("ram_end"), 4), "little") - start
    blocks, offset = [], 0
    while offset < end:
        data = board.read_memory(start + offset, layout.size)
        following = layout.read(data, "next")
        blocks.append((following - offset, bool(layout.read(data, "used"))))
        offset = following
    return blocks


def free_at_the_end(board: Board) -> int:
    """Bytes of lwIP's heap behind all that is in use, but for what always is."""
    size, used = [block for block in heap_blocks(board) if block != ALWAYS_USED][-1]
    return 0 if used else size


SEGMENT = 104
"""What a segment of one frame takes of the heap beside its data, in bytes: administration and headers."""


def write(wire: Wire, client: Peer, size: int) -> None:
    """Have the board hold an echo of at most 512 bytes, which waits for the client's window."""
    client.tcp.window = 0
    client.send(client.prepare(WebSocket(opcode="binary") / bytes(min(size, 512))))
    wire.run(0.1)


def read(wire: Wire, client: Peer, window: int) -> None:
    client.tcp.window = window
    client.tcp.acknowledge(wire.clock.now)
    wire.run(5)


def fill_heap(wire: Wire, clients: list[Peer], hole: int) -> None:
    """Fill the heap but for its end, and two holes that echoes of `hole` bytes to clients 0 and 1 leave."""
    for client in clients:
        client.upgrade()
    for client in clients[2:4] + clients[:1] + clients[4:6] + clients[1:2] + clients[6:]:
        write(wire, client, hole if client in clients[:2] else 512)
    for client in clients[:2]:
        read(wire, client, 1000)
        client.expect(Message(bytes(hole)))


def test_a_segment_that_fills_the_heap_to_its_end_can_be_cut(board: Board, wire: Wire) -> None:
    """A peer's small window makes it shorter; `mem_trim` of lwIP asserts that nothing there is."""
    with ExitStack() as stack:
        clients = [stack.enter_context(Peer(wire)) for _ in range(8)]
        fill_heap(wire, clients, 496)
        first, second = clients[:2]
        write(wire, first, free_at_the_end(board) // 2 - SEGMENT)
        free = free_at_the_end(board)
        write(wire, second, free - SEGMENT)
        assert free and not free_at_the_end(board), "the heap is full to its end"
        read(wire, second, 400)
        read(wire, second, 1000)
        second.expect(Message(bytes(min(free - SEGMENT, 512))))
        for client in clients:
            client.reset()


@pytest.mark.usefixtures("unharmed")
def test_a_client_may_leave_while_the_board_has_no_memory_for_its_answer(board: Board, wire: Wire) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(Peer(wire)) for _ in range(8)]
        fill_heap(wire, clients, 500)
        write(wire, clients[0], 512)
        assert free_at_the_end(board) < 512 + SEGMENT, "there is no block for another answer"
        write(wire, clients[1], 512)
        for client in clients[1:] + clients[:1]:
            client.reset()
            wire.run(0.2)


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize(
    "options", [{"options": Options(syn=b"\x02\x04\x00\x30")}, {"window": 96}], ids=["MSS", "window"]
)
def test_a_client_that_takes_small_segments_and_does_not_answer_keeps_nobody_waiting(
    wire: Wire, options: dict[str, Any]
) -> None:
    """Of segments of 48 bytes the board can send 16 before one is acknowledged; it must not wait for that."""
    with Peer(wire, **options) as slow, Peer(wire) as other:
        slow.upgrade()
        other.upgrade()
        slow.silent = True
        frames = b"".join(bytes(slow.prepare(WebSocket(opcode="binary") / bytes(400))) for _ in range(2))
        for at in range(0, len(frames), 400):
            slow.inject(slow.segment(PSH | ACK, frames[at : at + 400], seq=at))
            wire.run(0.2)
        before = wire.clock.now
        other.echo("hello")
        assert wire.clock.now - before < 1
        slow.reset()
