"""How connections of a live board end: at the worst moment, unheard, all at once; and that nothing stays."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench import Board
from bench.addresses import BENCH, BOARD
from bench.layers.tcp_state import State, TcpResetError
from bench.layers.tcpip import ACK, FIN, RST, SYN, Endpoint, Segment, build, parse
from bench.live import FrameEvent, LiveBoard, NoteEvent, Relay
from bench.live.listening import Doorman
from bench.live.relay import LINGER_ZERO, RESETS, RTO
from bench.report.capture_file import read_capture
from bench.tests.fake_machine import LATENCY
from bench.tests.test_live_relay import Bench, Client, TcpMachine

TIMEOUT = 60


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    with made.live:
        yield made


def notes(bench: Bench) -> list[str]:
    return [event.text for event in bench.events if isinstance(event, NoteEvent)]


# The client ends


def test_a_client_that_has_ended_before_the_board_answers_is_served_all_the_same(bench: Bench) -> None:
    client = Client(bench.relay)
    client.relayed.data_received(b"question")
    client.relayed.eof_received()
    bench.run()
    assert bench.machine.end.read() == b"question"
    assert bench.machine.end.eof
    bench.machine.do(lambda end: end.send(b"answer", bench.machine.now))
    bench.machine.do(lambda end: end.close(bench.machine.now))
    bench.run()
    assert client.got == b"answer"
    assert client.closed
    client.relayed.connection_lost(None)
    bench.run(2)
    assert not bench.relay.connections
    assert bench.machine.end.error is None


def test_a_client_that_comes_and_goes_at_once_leaves_nothing(bench: Bench) -> None:
    client = Client(bench.relay)
    client.relayed.eof_received()
    bench.run()
    states = [bench.machine.end.state]
    bench.machine.do(lambda end: end.close(bench.machine.now))
    bench.run()
    assert client.closed
    client.relayed.connection_lost(None)
    bench.run(2)
    assert not bench.relay.connections
    states.append(bench.machine.end.state)
    assert states == [State.CLOSE_WAIT, State.CLOSED]


def test_a_client_that_resets_as_the_board_closes_is_a_reset_for_the_board(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = bench.connect()

    def not_connected() -> None:
        raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))

    monkeypatch.setattr(client, "write_eof", not_connected)
    bench.machine.do(lambda end: end.close(bench.machine.now))
    bench.run()
    assert client.aborted
    assert isinstance(bench.machine.end.error, TcpResetError)
    assert not bench.relay.connections
    assert not bench.relay.ending


def test_the_end_comes_after_what_the_client_has_still_to_take(bench: Bench) -> None:
    client = bench.connect()
    client.stuck = True
    bench.machine.do(lambda end: end.send(b"last words", bench.machine.now))
    bench.machine.do(lambda end: end.close(bench.machine.now))
    bench.run()
    assert not client.eof
    client.reads_again()
    bench.run()
    assert client.eof
    assert not bench.relay.ending


def test_a_client_that_has_gone_before_it_is_known_has_no_name(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Client, "get_extra_info", lambda *_: None)
    assert str(Client(bench.relay).relayed).startswith("gone:0 to port 8080")


# The board has not heard of it


def test_a_reset_that_the_board_has_not_heard_is_repeated_when_it_sends_something(bench: Bench) -> None:
    client = bench.connect()
    bench.machine.lose = 1
    client.relayed.connection_lost(ConnectionResetError())
    bench.run()
    assert not bench.relay.connections
    assert bench.machine.end.state is State.ESTABLISHED
    bench.machine.do(lambda end: end.send(b"are you there?", bench.machine.now))
    bench.run()
    assert isinstance(bench.machine.end.error, TcpResetError)


def test_a_reset_that_the_board_has_not_heard_is_repeated_though_the_board_is_silent(bench: Bench) -> None:
    client = bench.connect()
    bench.machine.lose = 2
    client.relayed.connection_lost(ConnectionResetError())
    assert not bench.relay.connections
    bench.run(0.9 * RESETS * RTO)
    assert bench.machine.end.error is None
    bench.run(0.2 * RESETS * RTO)
    assert isinstance(bench.machine.end.error, TcpResetError)
    frames = [event for event in bench.events if isinstance(event, FrameEvent)]
    bench.run(10)
    assert frames == [event for event in bench.events if isinstance(event, FrameEvent)], "no more of them"


def test_a_challenge_of_the_board_is_answered_after_the_client_has_gone(bench: Bench) -> None:
    client = bench.connect()
    bench.machine.lose = 1
    client.relayed.data_received(b"lost")  # so the reset has a number the board does not expect yet
    client.relayed.connection_lost(ConnectionResetError())
    bench.run()
    assert isinstance(bench.machine.end.error, TcpResetError)


def sent_to_bench(bench: Bench, segment: Segment, ip: str = BENCH.ip) -> list[Segment]:
    """What the bench puts on the wire when the board sends this from port 8080 to its port 40000."""
    before = len(bench.machine.received)
    there = Endpoint.of(BENCH.mac, ip, 40000)
    frame = build(Endpoint.of(BOARD.mac, BOARD.ip, 8080), there, segment)
    came: list[Segment] = []
    send = bench.machine.send_frame

    def note(frame: bytes, fcs: bytes | None = None, *, pad: bool = True) -> float:
        parsed = parse(frame)
        if parsed is not None:
            came.append(parsed.segment)
        return send(frame, fcs, pad=pad)

    bench.machine.send_frame = note  # type: ignore[method-assign]
    bench.machine.at(bench.machine.now + LATENCY, "frame", frame)
    bench.run()
    assert len(bench.machine.received) == before
    return came


def test_what_is_for_no_connection_is_refused(bench: Bench) -> None:
    bench.run()
    assert sent_to_bench(bench, Segment(7, 99, ACK, 100, b"late")) == [Segment(99, 0, RST)]
    assert sent_to_bench(bench, Segment(7, 0, SYN, 100)) == [Segment(0, 8, RST | ACK)]
    assert sent_to_bench(bench, Segment(7, 99, FIN | ACK)) == [Segment(99, 0, RST)]
    assert sent_to_bench(bench, Segment(7, 99, RST | ACK)) == []


def test_what_is_for_others_or_for_a_bench_that_is_not_there_is_left_alone(bench: Bench) -> None:
    bench.run()
    assert sent_to_bench(bench, Segment(7, 99, ACK), ip="192.0.2.77") == []
    bench.live.wire.neighbour.enabled = False
    assert sent_to_bench(bench, Segment(7, 99, ACK)) == []


def test_a_port_that_is_in_use_is_not_given_out_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    first = bench.connect().relayed.tcp.local.port
    ports = iter([first, first, 55555])
    monkeypatch.setattr(bench.live.wire, "take_port", lambda: next(ports))
    assert bench.connect().relayed.tcp.local.port == 55555


def test_clients_that_came_at_once_do_not_try_again_at_once(bench: Bench) -> None:
    bench.run()
    bench.machine.lose = 10**6
    for _ in range(20):
        Client(bench.relay)
    bench.events.clear()
    bench.run(2 * RTO)
    times = [event.time for event in bench.events if isinstance(event, FrameEvent)]
    assert len(times) >= 20
    assert len({round(time, 3) for time in times}) > 10


# There is no room for more


class Host:
    """Clients of this machine, and a relay for two of them at most."""

    def __init__(self) -> None:
        self.live = LiveBoard(Board(TcpMachine()), fast=True)
        self.notes: list[str] = []
        self.live.feed.subscribe(
            lambda event: self.notes.append(event.text) if isinstance(event, NoteEvent) else None
        )

    async def knock(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", port)


def test_who_finds_no_room_waits_until_somebody_has_gone() -> None:
    async def play() -> list[str]:
        host = Host()
        with host.live:
            relay = Relay(host.live, most=2)
            running = asyncio.create_task(host.live.run())
            port = await relay.listen(0, 9)  # the board refuses: whoever is let in is reset
            relay_port = await relay.listen(0, 8080)
            first, second = [await host.knock(relay_port) for _ in range(2)]
            while len(relay.connections) < 2:
                await asyncio.sleep(0)
            late = await host.knock(port)
            while not host.notes:
                await asyncio.sleep(0)
            assert len(relay.connections) == 2
            for _, writer in (first, second):
                sock = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
            first[1].transport.abort()
            with pytest.raises(ConnectionResetError):
                await asyncio.wait_for(late[0].read(), TIMEOUT)
            second[1].transport.abort()
            host.live.stop()
            await running
            relay.close()
        return host.notes

    (note,) = asyncio.run(play())
    assert note == "2 connections, that is the most the bench carries on: others wait until one of them ends"


def test_a_machine_without_descriptors_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.live.listening.AGAIN", 0.0)
    said: list[str] = []

    async def play() -> bytes:
        doorman = Doorman(said.append)
        came = asyncio.get_running_loop().create_future()

        class Greeter(asyncio.Protocol):
            def connection_made(self, transport: Any) -> None:
                transport.write(b"hello")
                transport.close()

            def connection_lost(self, exc: Exception | None) -> None:
                doorman.ended()
                came.set_result(None)

        accept, left = socket.socket.accept, 5

        def accept_sometimes(door: socket.socket) -> Any:
            nonlocal left
            left -= 1
            if left > 0:
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            return accept(door)

        monkeypatch.setattr(socket.socket, "accept", accept_sometimes)
        port = doorman.open("127.0.0.1", 0, Greeter)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        data = await asyncio.wait_for(reader.read(), TIMEOUT)
        writer.close()
        await came
        doorman.close()
        return data

    assert asyncio.run(play()) == b"hello"
    assert said == ["0 connections, Too many open files: others wait until one of them ends"]


# The disk is full


def test_a_capture_that_can_be_written_no_more_ends_whole_and_all_else_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "live.pcapng"
    bench = Bench(path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with bench.live:
        client = bench.connect()
        size = path.stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, limits[1]))  # the next frame fits in part
        try:
            client.relayed.data_received(b"goes on")
            bench.run()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        client.relayed.data_received(b" and on")
        bench.run()
        assert bench.machine.end.read() == b"goes on and on"
    assert path.stat().st_size == size
    assert len(read_capture(path)) == 3
    assert notes(bench) == [f"the capture {path} ends here: File too large; the board and its clients go on"]
