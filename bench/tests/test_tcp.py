"""Two TCP endpoints joined by a simulated link that loses, repeats, reorders or damages frames."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from itertools import count

import pytest

from bench.layers.tcp_state import AckPolicy, State, TcpError, TcpRefusedError, TcpResetError, TcpTimeoutError
from bench.layers.tcpip import ACK, FIN, PSH, RST, SYN, Endpoint, Segment
from bench.tcp import TcpEndpoint

CLIENT = Endpoint.of("00:00:5e:00:53:02", "192.0.2.2", 50000)
SERVER = Endpoint.of("00:00:5e:00:53:01", "192.0.2.1", 8080)
CLIENT6 = Endpoint.of("00:00:5e:00:53:02", "2001:db8::2", 50000)
SERVER6 = Endpoint.of("00:00:5e:00:53:01", "2001:db8::1", 8080)
DELAY = 0.001

Fate = Callable[[bytes], list[tuple[float, bytes]]]
"""What the link does with a frame: the copies that arrive, each with its delay."""


def perfect(frame: bytes) -> list[tuple[float, bytes]]:
    return [(DELAY, frame)]


class Link:
    """Virtual time, two endpoints, and what happens to the frames between them."""

    def __init__(self, a: TcpEndpoint, b: TcpEndpoint, fate: Fate = perfect) -> None:
        self.ends = {True: a, False: b}
        self.fate = fate
        self.now = 0.0
        self._order = count()
        self._flying: list[tuple[float, int, bool, bytes]] = []

    def run(self, seconds: float = 200.0) -> None:
        """Until nothing is left to happen, or for so long."""
        end = self.now + seconds
        while True:
            for side, endpoint in self.ends.items():
                for frame in endpoint.take():
                    for delay, copy in self.fate(frame):
                        heapq.heappush(self._flying, (self.now + delay, next(self._order), not side, copy))
            timers = [e.next_timer for e in self.ends.values() if e.next_timer is not None]
            due = min([f[0] for f in self._flying[:1]] + timers, default=None)
            if due is None or due > end:
                self.now = end
                return
            self.now = max(self.now, due)
            while self._flying and self._flying[0][0] <= self.now:
                _, _, side, frame = heapq.heappop(self._flying)
                self.ends[side].feed(frame, self.now)
            for endpoint in self.ends.values():
                endpoint.tick(self.now)


def pair(
    fate: Fate = perfect, v6: bool = False, **client_options: object
) -> tuple[TcpEndpoint, TcpEndpoint, Link]:
    client_end, server_end = (CLIENT6, SERVER6) if v6 else (CLIENT, SERVER)
    client = TcpEndpoint(client_end, server_end, isn=0xFFFFFFF0, **client_options)  # type: ignore[arg-type]
    server = TcpEndpoint(server_end, client_end, isn=1000, mss=536, window=2144)
    server.listen()
    client.connect(0.0)
    return client, server, Link(client, server, fate)


def connected(fate: Fate = perfect, **client_options: object) -> tuple[TcpEndpoint, TcpEndpoint, Link]:
    client, server, link = pair(fate, **client_options)  # type: ignore[arg-type]
    link.run(100)
    assert client.state is server.state is State.ESTABLISHED
    return client, server, link


def sent_segments(endpoint: TcpEndpoint) -> list[Segment]:
    return [record.segment for record in endpoint.history if record.sent]


@pytest.mark.parametrize("v6", [False, True], ids=["ipv4", "ipv6"])
def test_connect_exchange_close(v6: bool) -> None:
    client, server, link = pair(v6=v6)
    link.run(1)
    client.send(b"question", link.now)
    link.run(1)
    assert server.read() == b"question"
    server.send(b"answer", link.now)
    link.run(1)
    assert client.read(3) == b"ans"
    assert client.read() == b"wer"
    client.close(link.now)
    link.run(1)
    assert (client.state, server.state) == (State.FIN_WAIT_2, State.CLOSE_WAIT)
    assert server.eof
    server.send(b"half open", link.now)  # the other half still works
    link.run(1)
    assert client.read() == b"half open"
    server.close(link.now)
    link.run(0.5)
    assert (client.state, server.state) == (State.TIME_WAIT, State.CLOSED)
    link.run()
    assert client.state is State.CLOSED
    assert client.error is server.error is None


def test_the_handshake_takes_three_segments_and_both_sides_learn_the_mss() -> None:
    client, server, _ = connected()
    assert [s.flags for s in sent_segments(client)] == [SYN, ACK]
    assert [s.flags for s in sent_segments(server)] == [SYN | ACK]
    assert (client.remote_mss, server.remote_mss) == (536, 1460)


def test_each_piece_asked_for_is_one_segment_and_the_rest_goes_by_mss() -> None:
    client, server, link = connected()
    data = bytes(i % 256 for i in range(1200))
    client.send(data, link.now, split=[1, 2, 600])
    link.run()
    assert [len(s.payload) for s in sent_segments(client) if s.payload] == [1, 2, 600, 536, 61]
    assert server.read() == data


def test_data_beyond_the_remote_window_waits_for_acknowledgements() -> None:
    client, server, link = connected()
    client.send(bytes(10_000), link.now)
    first = link.now
    burst = [r for r in client.history if r.sent and r.time == first and r.segment.payload]
    assert sum(len(r.segment.payload) for r in burst) == 2144
    link.run()
    assert len(server.read()) == 10_000


def test_a_closed_window_is_probed_and_what_waits_goes_out_when_it_opens() -> None:
    client, server, link = connected()
    server.window = 0
    server.acknowledge(link.now)
    link.run(0.1)
    client.send(b"patience", link.now)
    link.run(10)
    assert server.read() == b""
    probes = [s for s in sent_segments(client) if s.payload]
    assert [s.payload for s in probes] == [b"p"] * len(probes)
    assert 2 <= len(probes) <= 5
    server.window = 2144
    server.acknowledge(link.now)
    link.run()
    assert server.read() == b"patience"


def test_a_window_that_never_opens_ends_the_connection() -> None:
    client, server, link = connected()
    server.window = 0
    server.acknowledge(link.now)
    link.run(0.1)
    client.send(b"patience", link.now)
    link.run(1000)
    assert isinstance(client.error, TcpTimeoutError)


def lossy(seed: int, loss: float) -> Fate:
    rng = random.Random(seed)

    def fate(frame: bytes) -> list[tuple[float, bytes]]:
        if rng.random() < loss:
            return []
        copies = 2 if rng.random() < 0.1 else 1
        if rng.random() < 0.05:
            damaged = bytearray(frame)
            damaged[rng.randrange(14, len(frame))] ^= 1 << rng.randrange(8)
            frame = bytes(damaged)
        return [(DELAY + rng.random() * 0.01, frame) for _ in range(copies)]

    return fate


@pytest.mark.parametrize("seed", range(20))
def test_the_stream_survives_loss_repetition_reordering_and_damage(seed: int) -> None:
    client, server, link = pair(lossy(seed, 0.15), retries=12)
    server.retries = 12
    link.run(100)
    there = random.Random(seed).randbytes(20_000)
    back = random.Random(-seed).randbytes(5_000)
    client.send(there, link.now, split=[1, 3, 1000, 7])
    server.send(back, link.now)
    client.close(link.now)
    server.close(link.now)
    link.run(50_000)
    assert server.read() == there
    assert client.read() == back
    assert client.eof
    assert server.eof


def test_a_lost_segment_is_sent_again_after_the_timeout_which_doubles() -> None:
    client, _, link = connected()
    link.fate = lambda frame: []
    start = link.now
    client.send(b"lost", start)
    link.run(1000)
    times = [round(r.time - start, 6) for r in client.history if r.sent and r.segment.payload]
    assert times == [0, 1, 3, 7, 15, 31]
    assert isinstance(client.error, TcpTimeoutError)
    assert "no answer to 5 retransmissions; unanswered: TCP PSH+ACK" in str(client.error)
    with pytest.raises(TcpTimeoutError):
        client.send(b"more", link.now)


def test_nobody_there() -> None:
    client, _, link = pair(lambda frame: [])
    link.run(1000)
    assert isinstance(client.error, TcpTimeoutError)
    assert [s.flags for s in sent_segments(client)] == [SYN] * 6


def test_a_closed_port_refuses() -> None:
    client, server, link = pair()
    server.close(0.0)
    link.run(1)
    assert isinstance(client.error, TcpRefusedError)
    assert str(client.error).startswith("refused by 192.0.2.1:8080: TCP RST+ACK seq=0 ack=4294967281")


def test_reset_reaches_the_other_side() -> None:
    client, server, link = connected()
    client.reset(link.now)
    link.run(1)
    assert isinstance(server.error, TcpResetError)
    assert client.state is server.state is State.CLOSED
    with pytest.raises(TcpError, match="cannot send in state CLOSED"):
        client.send(b"x", link.now)


def test_a_reset_outside_the_window_is_ignored_and_one_inside_is_challenged() -> None:
    client, server, link = connected()
    expected = server.receive_next
    for offset, answers in ((-1, 0), (5000, 0), (1, 1)):
        before = len(sent_segments(server))
        client.inject(Segment(expected + offset, 0, RST), link.now)
        link.run(0.1)
        assert server.state is State.ESTABLISHED
        assert len(sent_segments(server)) - before == answers


def test_an_injected_segment_leaves_this_ends_state_alone() -> None:
    client, server, link = connected()
    client.inject(Segment(client.send_next, client.receive_next, PSH | ACK, 100, b"extra"), link.now)
    client.send(b"extra", link.now)  # the server has these bytes already
    link.run(1)
    assert server.read() == b"extra"


def test_acknowledgements_follow_the_policy() -> None:
    for policy, data_segments, expected in (
        (AckPolicy.IMMEDIATE, 3, 3),
        (AckPolicy.DELAYED, 3, 2),
        (AckPolicy.DELAYED, 1, 1),
        (AckPolicy.MANUAL, 3, 0),
    ):
        client, server, link = connected(ack_policy=policy)
        before = len(sent_segments(client))
        server.send(bytes(data_segments), link.now, split=[1] * data_segments)
        link.run(0.9)
        acknowledgements = sent_segments(client)[before:]
        assert len(acknowledgements) == expected, policy
        if policy is AckPolicy.DELAYED and data_segments == 1:
            assert client.history[-1].time == pytest.approx(link.now - 0.9 + DELAY + client.ack_delay)


def test_data_in_reply_carries_the_acknowledgement() -> None:
    client, server, link = connected(ack_policy=AckPolicy.DELAYED)
    server.send(b"ping", link.now)
    link.run(0.01)
    client.send(b"pong", link.now)
    link.run(0.1)
    assert [(s.payload, s.ack) for s in sent_segments(client)[2:]] == [(b"pong", client.receive_next)]


def test_both_sides_may_close_at_once() -> None:
    client, server, link = connected()
    client.close(link.now)
    server.close(link.now)
    link.run()
    assert client.state is server.state is State.CLOSED
    assert client.error is server.error is None
    assert sum(bool(s.flags & FIN) for s in sent_segments(client)) == 1


def test_both_sides_may_open_at_once() -> None:
    client = TcpEndpoint(CLIENT, SERVER, isn=10)
    server = TcpEndpoint(SERVER, CLIENT, isn=20)
    link = Link(client, server)
    client.connect(0.0)
    server.connect(0.0)
    link.run(5)
    assert client.state is server.state is State.ESTABLISHED


def test_frames_of_other_connections_are_left_alone() -> None:
    client, _, link = connected()
    stranger = TcpEndpoint(SERVER, Endpoint.of("00:00:5e:00:53:02", "192.0.2.2", 50001))
    stranger.inject(Segment(0, 0, RST), 0.0)
    assert not client.feed(stranger.take()[0], link.now)
    assert not client.feed(b"not a frame", link.now)


def test_the_same_calls_give_the_same_frames() -> None:
    def run() -> list[tuple[float, bytes]]:
        client, server, link = pair(lossy(3, 0.1))
        link.run(100)
        client.send(bytes(3000), link.now)
        link.run(100)
        return [(r.time, r.frame) for r in client.history + server.history]

    assert run() == run()


@pytest.mark.parametrize("size", [0, -1])
def test_a_piece_needs_at_least_one_byte(size: int) -> None:
    client, _, link = connected()
    with pytest.raises(ValueError, match="segment sizes must be positive"):
        client.send(b"x", link.now, split=[size])


def test_a_silent_end_follows_but_neither_acknowledges_nor_repeats() -> None:
    client, server, link = connected()
    before = len(sent_segments(client))
    client.silent = True
    server.send(b"unanswered", link.now)
    link.run(20)
    assert client.read() == b"unanswered"
    assert len(sent_segments(client)) == before
    assert sent_segments(server)[-1].payload == b"unanswered"  # again and again
    client.send(b"data", link.now)  # with the acknowledgement that was sent last
    link.run(0.1)
    assert [(s.payload, s.ack) for s in sent_segments(client)[before:]] == [(b"data", 1001)]
    assert server.read() == b"data"


def test_a_silent_end_does_not_answer_what_would_be_challenged() -> None:
    client, server, link = connected()
    client.silent = True
    before = len(sent_segments(client))
    for segment in (Segment(server.send_next + 1, 0, RST), Segment(server.send_next, 0, SYN, 1)):
        server.inject(segment, link.now)
    link.run(1)
    assert len(sent_segments(client)) == before
    assert client.state is State.ESTABLISHED


def test_part_of_what_came_can_be_acknowledged() -> None:
    client, server, link = connected(ack_policy=AckPolicy.MANUAL)
    server.send(b"abcdef", link.now, split=[3])
    link.run(0.1)
    client.acknowledge(link.now, client.receive_next - 3)
    link.run(0.1)
    assert server.send_unacknowledged == 1001 + 3
    assert client.acknowledged == 1001 + 3
