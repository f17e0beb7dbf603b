from __future__ import annotations

import threading
import time

import pytest
from scapy import sendrecv
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw
from scapy.sendrecv import AsyncSniffer

from bench import Board
from bench.addresses import BENCH, BOARD
from bench.tests.fake_machine import LATENCY, FakeMachine
from emulation.errors import GuestFault


@pytest.fixture
def machine() -> FakeMachine:
    return FakeMachine()


@pytest.fixture
def board(machine: FakeMachine) -> Board:
    board = Board(machine)
    board.uart.wait_for("listening")
    return board


def ping(seq: int = 0) -> Ether:
    return Ether() / IP(dst=BOARD.ip) / ICMP(id=7, seq=seq) / Raw(b"abc")


def chatter(machine: FakeMachine, times: list[float]) -> None:
    for t in times:
        machine.at(
            machine.now + t, "frame", bytes(Ether(src=BOARD.mac, dst=BENCH.mac, type=0x88B5)) + b"%.3f" % t
        )


def test_sr1_runs_the_board_for_the_answer_and_no_longer(board: Board) -> None:
    start = board.clock.now
    reply = board.wire.sr1(ping(), timeout=1)
    assert reply[ICMP].type == 0
    assert reply[Raw].load == b"abc"
    assert board.clock.now == pytest.approx(start + LATENCY)
    assert reply.time == pytest.approx(start + LATENCY)


def test_sr1_without_an_answer_ends_exactly_at_its_virtual_timeout(board: Board) -> None:
    start, wall = board.clock.now, time.monotonic()
    assert board.wire.sr1(Ether() / IP(dst=BOARD.ip) / UDP(), timeout=600) is None
    assert board.clock.now == pytest.approx(start + 600)
    assert time.monotonic() - wall < 60


def test_frames_that_are_no_answer_do_not_prolong_the_wait(board: Board, machine: FakeMachine) -> None:
    start = board.clock.now
    chatter(machine, [i / 10 for i in range(1, 100)])
    assert board.wire.sr1(Ether() / IP(dst=BOARD.ip) / UDP(), timeout=1) is None
    assert board.clock.now == pytest.approx(start + 1)


def test_sr_gives_each_request_its_answer_and_the_rest_as_unanswered(board: Board) -> None:
    requests = [ping(1), ping(2), Ether() / IP(dst=BOARD.ip) / UDP(sport=9)]
    answered, unanswered = board.wire.sr(requests, timeout=1)
    assert [(q[ICMP].seq, a[ICMP].seq) for q, a in answered] == [(1, 1), (2, 2)]
    assert [UDP in p for p in unanswered] == [True]


def test_sr_counts_the_time_between_two_packets_in_virtual_seconds(board: Board) -> None:
    start = board.clock.now
    answered, _ = board.wire.sr([ping(1), ping(2)], timeout=1, inter=100)
    assert len(answered) == 2
    assert board.clock.now == pytest.approx(start + 100 + LATENCY)


def test_an_answer_from_before_is_not_taken_for_this_request(board: Board, machine: FakeMachine) -> None:
    board.wire.send(ping())
    board.run(1)
    before = board.clock.now
    assert board.wire.sr1(ping(), timeout=1).time > before


def test_packets_may_start_at_layer_3(board: Board, machine: FakeMachine) -> None:
    assert board.wire.sr1(IP(dst=BOARD.ip) / ICMP(), timeout=1)[ICMP].type == 0
    assert Ether(machine.received[-1]).src == BENCH.mac


def test_open_addresses_are_those_of_the_two_stations(board: Board, machine: FakeMachine) -> None:
    board.wire.send(Ether() / IP() / ICMP())
    frame = Ether(machine.received[-1])
    assert (frame.src, frame.dst, frame[IP].src, frame[IP].dst) == (BENCH.mac, BOARD.mac, BENCH.ip, BOARD.ip)
    board.wire.send(Ether() / IPv6(dst=BOARD.link_local) / ICMPv6EchoRequest())
    frame = Ether(machine.received[-1])
    assert (frame.src, frame.dst, frame[IPv6].src) == (BENCH.mac, BOARD.mac, BENCH.link_local)
    board.wire.send(Ether() / IPv6(dst="ff02::1") / ICMPv6EchoRequest())
    frame = Ether(machine.received[-1])
    assert (frame.dst, frame[IPv6].src) == ("33:33:00:00:00:01", BENCH.link_local)
    board.wire.send(ARP())
    frame = Ether(machine.received[-1])
    assert (frame.dst, frame[ARP].hwsrc, frame[ARP].psrc, frame[ARP].pdst) == (
        "ff:ff:ff:ff:ff:ff",
        BENCH.mac,
        BENCH.ip,
        BOARD.ip,
    )


@pytest.mark.parametrize(
    ("destination", "mac"),
    [
        ("255.255.255.255", "ff:ff:ff:ff:ff:ff"),
        ("192.0.2.255", "ff:ff:ff:ff:ff:ff"),
        ("224.0.0.251", "01:00:5e:00:00:fb"),
    ],
)
def test_group_addresses_map_to_group_macs(
    board: Board, machine: FakeMachine, destination: str, mac: str
) -> None:
    board.wire.send(IP(dst=destination) / UDP())
    assert Ether(machine.received[-1]).dst == mac


def test_addresses_the_caller_has_set_stay(board: Board, machine: FakeMachine) -> None:
    board.wire.send(
        Ether(src="00:00:00:00:00:00", dst="02:00:00:00:00:01") / IP(src="127.0.0.1", dst="10.1.1.1") / ICMP()
    )
    frame = Ether(machine.received[-1])
    assert (frame.src, frame.dst) == ("00:00:00:00:00:00", "02:00:00:00:00:01")
    assert (frame[IP].src, frame[IP].dst) == ("127.0.0.1", "10.1.1.1")


def test_raw_bytes_go_out_as_they_are(board: Board, machine: FakeMachine) -> None:
    assert board.wire.send(b"runt") == 4
    assert machine.received[-1] == b"runt"


def test_the_packet_sent_keeps_its_open_fields(board: Board) -> None:
    packet = ping()
    board.wire.send(packet)
    assert "src" not in packet.fields
    assert packet.sent_time == board.clock.now


def test_sniff_returns_frames_with_virtual_times(board: Board, machine: FakeMachine) -> None:
    start = board.clock.now
    chatter(machine, [0.1, 0.2, 5.0])
    frames = board.wire.sniff(timeout=1)
    assert [float(f.time) for f in frames] == pytest.approx([start + 0.1, start + 0.2])
    assert board.clock.now == pytest.approx(start + 1)


def test_sniff_ends_at_its_count_or_stop_filter(board: Board, machine: FakeMachine) -> None:
    start = board.clock.now
    chatter(machine, [0.1, 0.2, 0.3, 0.4])
    assert len(board.wire.sniff(count=2, timeout=9)) == 2
    assert board.clock.now == pytest.approx(start + 0.2)
    assert len(board.wire.sniff(stop_filter=lambda p: b"0.3" in bytes(p), timeout=9)) == 1
    assert board.clock.now == pytest.approx(start + 0.3)


def test_sniff_refuses_a_bpf_filter_it_would_ignore(board: Board) -> None:
    with pytest.raises(ValueError, match="lfilter"):
        board.wire.sniff(filter="tcp", timeout=1)


def test_scapys_sniff_on_the_wire_keeps_its_timeout_in_virtual_time(
    board: Board, machine: FakeMachine
) -> None:
    start = board.clock.now
    chatter(machine, [i / 10 for i in range(1, 100)])
    assert len(sendrecv.sniff(opened_socket=board.wire, timeout=2)) == pytest.approx(20, abs=1)
    assert board.clock.now == pytest.approx(start + 2, abs=0.05)
    assert len(sendrecv.sniff(opened_socket=board.wire, count=3, timeout=2)) == 3
    middle = board.clock.now
    sendrecv.sniff(opened_socket=board.wire, timeout=1)
    assert board.clock.now == pytest.approx(middle + 1, abs=0.05)


def test_scapys_sniff_without_timeout_ends_when_the_wires_patience_does(board: Board) -> None:
    start = board.clock.now
    assert len(sendrecv.sniff(opened_socket=board.wire)) == 0
    assert board.clock.now == pytest.approx(start + board.wire.patience)


def test_scapys_sndrcv_works_on_the_wire(board: Board) -> None:
    request = Ether(src=BENCH.mac, dst=BOARD.mac) / IP(src=BENCH.ip, dst=BOARD.ip) / ICMP(seq=3)
    answered, _ = sendrecv.sndrcv(board.wire, request, timeout=1, verbose=0, threaded=False)
    assert answered[0].answer[ICMP].seq == 3


def test_scapys_sndrcv_works_on_the_wire_with_its_sending_thread(board: Board) -> None:
    request = Ether(src=BENCH.mac, dst=BOARD.mac) / IP(src=BENCH.ip, dst=BOARD.ip) / ICMP(seq=3)
    answered, _ = sendrecv.sndrcv(board.wire, request, timeout=5, verbose=0)
    assert answered[0].answer[ICMP].seq == 3
    silent = Ether(src=BENCH.mac, dst=BOARD.mac) / IP(src=BENCH.ip, dst=BOARD.ip) / UDP()
    assert len(sendrecv.sndrcv(board.wire, silent, timeout=0.2, verbose=0)[0]) == 0


def test_an_async_sniffer_looks_on_without_running_the_board(board: Board, machine: FakeMachine) -> None:
    started = threading.Event()
    sniffer = AsyncSniffer(opened_socket=board.wire, started_callback=started.set)
    sniffer.start()
    assert started.wait(10)
    before = board.clock.now
    chatter(machine, [0.1, 0.2])
    assert board.wire.sr1(ping(), timeout=1) is not None
    board.run(1)
    assert board.clock.now == pytest.approx(before + 1 + LATENCY)
    assert len(sniffer.stop()) == 3


def test_a_frame_can_be_read_directly(board: Board) -> None:
    board.wire.send(ping(4))
    assert board.wire.recv()[ICMP].seq == 4
    assert board.wire.recv() is None


def test_a_listener_hears_every_frame_until_it_is_detached(board: Board, machine: FakeMachine) -> None:
    heard: list[tuple[float, bytes]] = []
    detach = board.wire.listen(lambda t, frame: heard.append((t, frame)))
    chatter(machine, [0.1, 0.2])
    board.run(0.15)
    detach()
    board.run(1)
    assert [frame[14:19] for _, frame in heard] == [b"0.100"]


def test_wait_until_ends_with_the_frame_that_made_it_true(board: Board, machine: FakeMachine) -> None:
    heard: list[bytes] = []
    board.wire.listen(lambda _t, frame: heard.append(frame))
    chatter(machine, [0.1, 0.2, 0.3])
    start = board.clock.now
    assert board.wire.wait_until(lambda: len(heard) == 2, timeout=9)
    assert board.clock.now == pytest.approx(start + 0.2)
    assert not board.wire.wait_until(lambda: len(heard) == 9, timeout=1)
    assert board.clock.now == pytest.approx(start + 1.2)


def test_a_guest_fault_ends_a_wait_inside_scapy(board: Board, machine: FakeMachine) -> None:
    machine.at(board.clock.now + 0.1, "fault")
    with pytest.raises(GuestFault, match="0xdeadbeef"):
        board.wire.sniff(timeout=1)


def test_a_frame_with_a_broken_fcs_goes_out_as_such(board: Board) -> None:
    board.wire.send(ping(), fcs=b"\0\0\0\0")
    assert len(board.wire.sniff(timeout=1)) == 0


def test_source_ports_follow_from_the_seed_and_come_again_after_a_restore() -> None:
    board, twin = Board(FakeMachine(), seed=5), Board(FakeMachine(), seed=5)
    state = board.snapshot()
    ports = [board.wire.take_port() for _ in range(3)]
    assert ports == [twin.wire.take_port() for _ in range(3)]
    assert len(set(ports)) == 3
    assert all(49152 <= port < 65536 for port in ports)
    board.restore(state)
    assert board.wire.take_port() == ports[0]
