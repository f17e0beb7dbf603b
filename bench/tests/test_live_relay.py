"""The relay between a transport and a board, neither of them real: every step is the test's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bench import Board
from bench.addresses import BOARD
from bench.layers.tcp_state import AckPolicy, State, TcpRefusedError, TcpResetError
from bench.layers.tcpip import SYN, Endpoint, parse
from bench.live import ConnectionEvent, Event, FrameEvent, LiveBoard, Relay, UartEvent
from bench.live.live_board import RESET_COMMENT, UART_KEPT
from bench.live.relay import TO_BOARD, TO_CLIENT, Relayed
from bench.report.capture_file import read_capture
from bench.tcp import TcpEndpoint
from bench.tests.fake_machine import LATENCY, FakeMachine
from emulation.errors import GuestFault, UserError


class TcpMachine(FakeMachine):
    """A machine with a TCP end for each connection to port 8080; what it does with them is up to the test."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[TcpEndpoint] = []
        self.ack_policy = AckPolicy.IMMEDIATE
        self.lose = 0
        """Frames to the board that get lost from now on."""

    @property
    def end(self) -> TcpEndpoint:
        return self.ends[-1]

    def send_frame(self, frame: bytes, fcs: bytes | None = None, *, pad: bool = True) -> float:
        if self.lose:
            self.lose -= 1
            return self.now
        parsed = parse(frame)
        if parsed is None:
            return super().send_frame(frame, fcs, pad=pad)
        if parsed.segment.flags & SYN:
            self.ends.append(
                TcpEndpoint(Endpoint.of(BOARD.mac, BOARD.ip, 8080), parsed.source, ack_policy=self.ack_policy)
            )
            if parsed.destination.port == 8080:
                self.end.listen()
        for end in self.ends:
            if (end.remote.port, parsed.destination.port) == (parsed.source.port, 8080):
                end.feed(frame, self.now)
            elif end.remote.port == parsed.source.port:
                end.local = parsed.destination
                end.feed(frame, self.now)
        self.flush()
        return self.now

    def do(self, action: Callable[[TcpEndpoint], Any]) -> None:
        action(self.end)
        self.flush()

    def flush(self) -> None:
        for end in self.ends:
            for frame in end.take():
                self.at(self.now + LATENCY, "frame", frame)


class Socket:
    def __init__(self) -> None:
        self.options: list[tuple[Any, ...]] = []

    def setsockopt(self, *arguments: Any) -> None:
        self.options.append(arguments)


class Client(asyncio.Transport):
    """The transport of a client: what it got, and how it stands."""

    def __init__(self, relay: Relay, port: int = 8080) -> None:
        super().__init__()
        self.socket = Socket()
        self.got = bytearray()
        self.stuck = False
        self.unsent = 0
        self.eof = self.reading = True
        self.eof = self.closed = self.aborted = False
        self.relayed = Relayed(relay, port)
        self.relayed.connection_made(self)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("127.0.0.1", 5555), "socket": self.socket}.get(name, default)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def write(self, data: Any) -> None:
        self.got += data
        if self.stuck:
            self.unsent += len(data)

    def reads_again(self) -> None:
        self.stuck, self.unsent = False, 0
        self.relayed.resume_writing()

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_reading(self) -> bool:
        return self.reading

    def write_eof(self) -> None:
        self.eof = True

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted = True
        self.relayed.connection_lost(None)


class Bench:
    def __init__(self, capture: Path | None = None) -> None:
        self.wall = 0.0
        self.machine = TcpMachine()
        self.live = LiveBoard(Board(self.machine), wall=lambda: self.wall, capture=capture)
        self.relay = Relay(self.live)
        self.events: list[Event] = []
        self.live.feed.subscribe(self.events.append)

    def run(self, seconds: float = 0.05) -> None:
        steps = round(seconds / 0.01)
        for _ in range(steps):
            self.wall += 0.01
            while self.live.advance():
                pass

    def connect(self) -> Client:
        client = Client(self.relay)
        self.run()
        return client

    def told(self) -> list[str]:
        return [event.what for event in self.events if isinstance(event, ConnectionEvent)]


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    with made.live:
        yield made


def test_a_client_is_connected_to_the_board(bench: Bench) -> None:
    client = bench.connect()
    assert bench.machine.end.state is State.ESTABLISHED
    assert client.relayed in bench.relay.connections
    assert bench.told() == ["open", "established"]


def test_bytes_cross_both_ways(bench: Bench) -> None:
    client = bench.connect()
    client.relayed.data_received(b"to the board")
    bench.run()
    assert bench.machine.end.read() == b"to the board"
    bench.machine.do(lambda end: end.send(b"to the client", bench.machine.now))
    bench.run()
    assert client.got == b"to the client"


def test_what_comes_before_the_board_has_answered_is_not_lost(bench: Bench) -> None:
    client = Client(bench.relay)
    client.relayed.data_received(b"early")
    bench.run()
    assert bench.machine.end.read() == b"early"


def test_the_client_may_end_first(bench: Bench) -> None:
    client = bench.connect()
    client.relayed.data_received(b"the last")
    assert client.relayed.eof_received()
    bench.run()
    assert bench.machine.end.read() == b"the last"
    assert bench.machine.end.eof
    bench.machine.do(lambda end: end.send(b"still here", bench.machine.now))
    bench.run()
    assert client.got == b"still here"
    assert not client.closed
    bench.machine.do(lambda end: end.close(bench.machine.now))
    bench.run()
    assert client.closed
    client.relayed.connection_lost(None)
    bench.run(2)
    assert not bench.relay.connections
    assert bench.machine.end.error is None


def test_the_board_may_end_first(bench: Bench) -> None:
    client = bench.connect()
    bench.machine.do(lambda end: end.send(b"bye", bench.machine.now))
    bench.machine.do(lambda end: end.close(bench.machine.now))
    bench.run()
    assert client.got == b"bye"
    assert client.eof
    assert not client.closed
    client.relayed.data_received(b"one more")
    bench.run()
    assert bench.machine.end.read() == b"one more"
    client.relayed.eof_received()
    bench.run()
    assert client.closed
    client.relayed.connection_lost(None)
    bench.run(2)
    assert not bench.relay.connections


def test_a_reset_of_the_client_reaches_the_board(bench: Bench) -> None:
    client = bench.connect()
    client.relayed.connection_lost(ConnectionResetError())
    bench.run()
    assert isinstance(bench.machine.end.error, TcpResetError)
    assert not bench.relay.connections


def test_a_reset_of_the_board_reaches_the_client(bench: Bench) -> None:
    client = bench.connect()
    bench.machine.do(lambda end: end.reset(bench.machine.now))
    bench.run()
    assert client.aborted
    assert client.socket.options, "SO_LINGER makes it a reset"
    assert isinstance(client.relayed.tcp.error, TcpResetError)
    assert not bench.relay.connections


def test_a_port_that_the_board_refuses_is_a_reset_for_the_client(bench: Bench) -> None:
    client = Client(bench.relay, 9)
    bench.run()
    assert client.aborted
    assert isinstance(client.relayed.tcp.error, TcpRefusedError)
    assert not bench.relay.connections


def test_a_client_that_sends_more_than_the_board_takes_has_to_wait(bench: Bench) -> None:
    bench.machine.ack_policy = AckPolicy.MANUAL
    client = bench.connect()
    assert client.is_reading()
    client.relayed.data_received(bytes(TO_BOARD + 1))
    assert not client.is_reading()
    bench.run()
    assert not client.is_reading()
    # The board takes half of it at a time: so much fits its window.
    for _ in range(2):
        bench.machine.end.read()
        bench.machine.do(lambda end: end.acknowledge(bench.machine.now))
        bench.run()
    assert client.is_reading()


def test_a_client_that_does_not_read_closes_the_boards_window(bench: Bench) -> None:
    client = bench.connect()
    client.stuck = True
    data = bytes(range(256)) * 512
    bench.machine.do(lambda end: end.send(data, bench.machine.now))
    bench.run(1)
    assert bench.machine.end.send_window == 0
    assert client.unsent == TO_CLIENT
    client.reads_again()
    bench.run(1)
    assert client.got == data


def test_a_lost_segment_is_sent_again(bench: Bench) -> None:
    client = bench.connect()
    bench.machine.lose = 1
    client.relayed.data_received(b"lost at first")
    bench.run()
    assert not bench.machine.end.received
    bench.run(1)
    assert bench.machine.end.read() == b"lost at first"


def test_a_board_that_never_answers_ends_the_connection(bench: Bench) -> None:
    bench.machine.lose = 10**6
    client = bench.connect()
    bench.run(300)
    assert client.aborted
    assert not bench.relay.connections


def test_connections_do_not_mix(bench: Bench) -> None:
    clients = [bench.connect() for _ in range(3)]
    for number, client in enumerate(clients):
        client.relayed.data_received(bytes([number]))
    bench.run()
    assert [end.read() for end in bench.machine.ends] == [b"\0", b"\1", b"\2"]
    assert len({end.remote.port for end in bench.machine.ends}) == 3


def test_closing_the_relay_ends_all_connections(bench: Bench) -> None:
    clients = [bench.connect() for _ in range(2)]
    bench.relay.close()
    bench.run()
    assert all(client.aborted for client in clients)
    assert [type(end.error) for end in bench.machine.ends] == [TcpResetError] * 2
    assert not bench.live.timers


def test_events_tell_of_frames_and_of_the_console(bench: Bench) -> None:
    bench.run(1)
    console = b"".join(event.data for event in bench.events if isinstance(event, UartEvent))
    assert console.startswith(b"fake board\r\nws_server: listening")
    bench.connect()
    frames = [event.direction for event in bench.events if isinstance(event, FrameEvent)]
    assert frames == ["to-board", "from-board", "to-board"]


def test_who_no_longer_watches_hears_nothing(bench: Bench) -> None:
    heard: list[Event] = []
    end = bench.live.feed.subscribe(heard.append)
    end()
    bench.run(1)
    assert not heard


def test_the_capture_is_written_as_it_happens(tmp_path: Path) -> None:
    path = tmp_path / "new" / "live.pcapng"
    bench = Bench(path)
    with bench.live:
        bench.connect()
        assert path.stat().st_size > 3 * 60
    assert bench.live.wire.capture is None


def test_a_capture_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot write the capture"):
        LiveBoard(Board(TcpMachine()), capture=tmp_path / "file" / "x.pcapng")


def test_a_crash_of_the_guest_ends_the_run(bench: Bench) -> None:
    bench.machine.at(0.01, "fault")
    live = LiveBoard(bench.live.board)
    with live, pytest.raises(GuestFault):
        asyncio.run(asyncio.wait_for(live.run(), 10))


def test_a_port_in_use_is_refused() -> None:
    async def twice() -> None:
        with LiveBoard(Board(TcpMachine())) as live:
            relay = Relay(live)
            port = await relay.listen(0, 8080)
            try:
                await relay.listen(port, 8081)
            finally:
                relay.close()

    with pytest.raises(UserError, match=r"port \d+ of 127.0.0.1 is in use"):
        asyncio.run(twice())


def test_a_reset_of_the_bench_ends_connections_and_goes_on_listening(bench: Bench) -> None:
    client = bench.connect()
    bench.run(1)
    bench.live.reset()
    assert client.aborted
    assert not bench.relay.connections
    assert bench.machine.now == 0.0
    assert bench.told() == ["open", "established", "ended by the bench"]
    bench.machine.ends.clear()
    bench.run(1)
    assert bench.machine.now == pytest.approx(1.0, abs=0.1), "with the clock again"
    bench.connect().relayed.data_received(b"anew")
    bench.run()
    assert bench.machine.end.read() == b"anew"


def test_the_first_frame_after_a_reset_says_so_in_the_capture(tmp_path: Path) -> None:
    capture = tmp_path / "live.pcapng"
    made = Bench(capture)
    with made.live:
        made.live.wire.send(b"\0" * 60)
        made.live.reset()
        made.live.wire.send(b"\1" * 60)
        made.live.wire.send(b"\2" * 60)
    assert [packet.comment for packet in read_capture(capture)] == ["", RESET_COMMENT, ""]


def test_a_board_that_prints_for_days_is_kept_within_bounds(bench: Bench) -> None:
    for _ in range(5):
        bench.machine.at(bench.machine.now, "uart", b"x" * UART_KEPT)
        bench.run(0.02)
        assert len(bench.live.board.uart.text) <= 2 * UART_KEPT
    assert len(bench.live.board.uart.text) >= UART_KEPT
