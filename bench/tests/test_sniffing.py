"""What a callback of Scapy's raises comes out of the call that it was given to."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any, Never

import pytest
from scapy import sendrecv
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import Ether
from scapy.packet import Packet
from scapy.sendrecv import AsyncSniffer
from scapy.sessions import DefaultSession
from scapy.utils import wrpcap

from bench import Board, Wire
from bench.tests.fake_machine import FakeMachine

CALLBACKS = ("prn", "lfilter", "stop_filter")


class Seen(Exception):
    """What the callbacks raise."""


def wrong(packet: Packet) -> Never:
    raise Seen(packet.summary())


@pytest.fixture
def board() -> Board:
    board = Board(FakeMachine())
    board.uart.wait_for("listening")
    return board


@pytest.fixture
def wire(board: Board) -> Wire:
    return board.wire


@pytest.mark.parametrize("callback", CALLBACKS)
@pytest.mark.parametrize("error", [Seen, AssertionError, EOFError, OSError])
def test_wire_sniff_raises_what_a_callback_raises(wire: Wire, callback: str, error: type[Exception]) -> None:
    def fail(_packet: Packet) -> Never:
        raise error("told")

    wire.send(IP() / ICMP())
    with pytest.raises(error, match="told"):
        wire.sniff(0, 1, **{callback: fail})


@pytest.mark.parametrize("callback", CALLBACKS)
def test_scapys_own_sniff_raises_it(wire: Wire, callback: str) -> None:
    wire.send(IP() / ICMP())
    with pytest.raises(Seen):
        sendrecv.sniff(opened_socket=wire, timeout=1, **{callback: wrong})


def test_scapys_sniff_on_the_interface_raises_it(wire: Wire) -> None:
    wire.send(IP() / ICMP())
    with pytest.raises(Seen):
        sendrecv.sniff(iface="bench0", timeout=1, prn=wrong)


def test_a_session_that_fails_is_no_end_of_the_frames(wire: Wire) -> None:
    class Broken(DefaultSession):  # type: ignore[misc]  # Scapy's classes are not typed for mypy
        def recv(self, sock: Any) -> Any:
            raise Seen

    wire.send(IP() / ICMP())
    with pytest.raises(Seen):
        wire.sniff(timeout=1, session=Broken)


@pytest.mark.parametrize(
    "ask", [lambda wire, **o: wire.sr(Ether() / IP() / ICMP(), timeout=1, **o),
            lambda wire, **o: sendrecv.sndrcv(wire, Ether() / IP() / ICMP(), timeout=1, verbose=0,
                                              threaded=False, **o)]
)  # fmt: skip
def test_sr_raises_what_its_stop_filter_raises(wire: Wire, ask: Callable[..., Any]) -> None:
    with pytest.raises(Seen):
        ask(wire, stop_filter=wrong)


def test_a_packet_that_fails_to_match_is_told(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(_self: Packet, _other: Packet) -> Never:
        raise Seen

    monkeypatch.setattr(Ether, "answers", answers)
    with pytest.raises(Seen):
        wire.sr1(Ether() / IP() / ICMP(), timeout=1)


@pytest.mark.parametrize("end", ["join", "stop"])
def test_a_sniffer_in_a_thread_raises_it_where_it_is_ended(wire: Wire, end: str) -> None:
    started = threading.Event()
    sniffer = AsyncSniffer(opened_socket=wire, prn=wrong, started_callback=started.set)
    sniffer.start()
    started.wait(10)
    wire.send(IP() / ICMP())
    wire.run(1)
    sniffer.thread.join(10)
    with pytest.raises(Seen):
        getattr(sniffer, end)()


def test_what_is_raised_while_another_error_is_handled_is_told_apart(wire: Wire) -> None:
    wire.send(IP() / ICMP())
    try:
        raise KeyError("handled already")
    except KeyError:
        assert len(wire.sniff(timeout=1)) == 1
        assert len(sendrecv.sniff(opened_socket=wire, timeout=1)) == 1
        assert len(sendrecv.sniff(iface="bench0", timeout=1)) == 0
        with pytest.raises(Seen):
            wire.send(IP() / ICMP())
            wire.sniff(timeout=1, prn=wrong)


def test_an_error_that_a_callback_deals_with_is_not_raised(wire: Wire) -> None:
    def careful(_packet: Packet) -> None:
        try:
            raise Seen
        except Seen:
            with wire.tap():
                pass
            assert not wire.sniff(timeout=0.1)

    wire.send(IP() / ICMP())
    assert len(wire.sniff(timeout=1, prn=careful)) == 1


def test_the_inner_of_two_sniffers_raises_into_the_outer_one(wire: Wire) -> None:
    def sniff_on(_packet: Packet) -> None:
        wire.send(IP() / ICMP())
        wire.sniff(timeout=1, prn=wrong)

    wire.send(IP() / ICMP())
    with pytest.raises(Seen):
        wire.sniff(timeout=1, prn=sniff_on)


def test_a_wait_without_frames_ends_as_before(wire: Wire) -> None:
    assert not wire.sniff(timeout=1)
    assert not sendrecv.sniff(opened_socket=wire, timeout=1)
    assert wire.sr1(IP(dst="192.0.2.77") / ICMP(), timeout=1) is None


def test_other_sockets_fail_as_they_did(wire: Wire, tmp_path: Any) -> None:
    path = str(tmp_path / "one.pcap")
    wrpcap(path, [Ether() / IP(src="192.0.2.1", dst="192.0.2.2")])
    assert len(sendrecv.sniff(offline=path, prn=wrong)) == 1


@pytest.mark.parametrize("where", [lambda wire: {"opened_socket": wire}, lambda _wire: {"iface": "bench0"}])
def test_scapys_own_timeout_is_the_boards_on_a_slow_host_too(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, where: Callable[[Wire], dict[str, Any]]
) -> None:
    """Each look at the clock of the wall costs ten seconds: none of them counts."""
    hours = itertools.count(step=10)
    monkeypatch.setattr(sendrecv.time, "monotonic", lambda: next(hours))
    for _ in range(3):
        wire.send(IP() / ICMP())
    now = wire.clock.now
    seen = sendrecv.sniff(timeout=1, **where(wire))
    assert wire.clock.now == pytest.approx(now + 1)
    if "opened_socket" in where(wire):
        assert len(seen) == 3
    late = wire.clock.now
    assert sendrecv.sniff(timeout=0.5, **where(wire)).res == []
    assert wire.clock.now == pytest.approx(late + 0.5)
