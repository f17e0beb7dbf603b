from __future__ import annotations

from collections.abc import Iterator

import pytest
from scapy import sendrecv
from scapy.automaton import ATMT, Automaton
from scapy.config import conf
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet

from bench import Board, scapy_interface
from bench.addresses import BENCH, BOARD
from bench.tests.fake_machine import FakeMachine
from emulation.errors import UserError


@pytest.fixture
def board() -> Iterator[Board]:
    yield Board(FakeMachine())


def test_packets_are_built_with_the_addresses_of_the_bench_without_running_the_board(board: Board) -> None:
    frame = Ether(bytes(Ether() / IP(dst=BOARD.ip) / ICMP()))
    assert (frame.src, frame.dst, frame[IP].src) == (BENCH.mac, BOARD.mac, BENCH.ip)
    frame = Ether(bytes(Ether() / IPv6(dst=BOARD.ip6)))
    assert (frame.src, frame.dst, frame[IPv6].src) == (BENCH.mac, BOARD.mac, BENCH.ip6)
    assert IPv6(dst=BOARD.link_local).src == BENCH.link_local
    request = ARP(pdst=BOARD.ip)
    assert (request.psrc, request.hwsrc) == (BENCH.ip, BENCH.mac)
    assert board.clock.now == 0


def test_other_destinations_keep_the_host_machines_routes(board: Board) -> None:
    assert conf.route.route("198.51.100.1")[0] != scapy_interface.NAME
    assert conf.route6.route("2001:db8:ffff::1", verbose=0)[0] != scapy_interface.NAME


def test_sndrcv_matches_answers_to_packets_whose_source_was_left_open(board: Board) -> None:
    answered, _ = sendrecv.sndrcv(
        board.wire, Ether() / IP(dst=BOARD.ip) / ICMP(seq=2), timeout=1, verbose=0, threaded=False
    )
    assert answered[0].answer[ICMP].seq == 2


def test_scapys_own_functions_find_the_board(board: Board) -> None:
    assert sendrecv.sr1(IP(dst=BOARD.ip) / ICMP(seq=3), timeout=5, verbose=0)[ICMP].seq == 3
    reply = sendrecv.srp1(Ether() / IP(dst=BOARD.ip) / ICMP(seq=4), iface="bench0", timeout=5, verbose=0)
    assert (reply.src, reply[ICMP].seq) == (BOARD.mac, 4)
    sendrecv.sendp(Ether() / IP(dst=BOARD.ip) / ICMP(seq=5), iface="bench0", verbose=0)
    assert [f[ICMP].seq for f in sendrecv.sniff(iface="bench0", timeout=1)] == [5]


def test_the_interface_leads_to_the_board_made_last() -> None:
    first, second = Board(FakeMachine()), Board(FakeMachine())
    sendrecv.sendp(Ether() / IP(dst=BOARD.ip) / ICMP(), iface="bench0", verbose=0)
    assert isinstance(first.machine, FakeMachine)
    assert isinstance(second.machine, FakeMachine)
    assert (len(first.machine.received), len(second.machine.received)) == (0, 1)


def test_a_filter_that_would_be_ignored_is_refused(board: Board) -> None:
    with pytest.raises(UserError, match="lfilter"):
        sendrecv.sniff(iface="bench0", filter="icmp", timeout=1)


def test_without_a_board_the_interface_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scapy_interface, "_wire", None)
    with pytest.raises(UserError, match="no board"):
        scapy_interface.FrameSocket()


def test_routes_are_replaced_not_added_by_every_board(board: Board) -> None:
    before = len(conf.route.routes), len(conf.route6.routes)
    Board(FakeMachine())
    assert (len(conf.route.routes), len(conf.route6.routes)) == before


class Pinger(Automaton):  # type: ignore[misc]  # Scapy is not typed for mypy
    """Pings the board three times, each time for the answer to the last; then waits in vain for one more."""

    def parse_args(self, **options: object) -> None:
        super().parse_args(**options)
        self.answers: list[int] = []

    def master_filter(self, pkt: Packet) -> bool:
        return ICMP in pkt and pkt[ICMP].type == 0

    @ATMT.state(initial=1)  # type: ignore[untyped-decorator]  # as above
    def begin(self) -> None:
        self.send(Ether() / IP(dst=BOARD.ip) / ICMP(seq=len(self.answers)))

    @ATMT.receive_condition(begin)  # type: ignore[untyped-decorator]  # as above
    def answered(self, pkt: Packet) -> None:
        self.answers.append(pkt[ICMP].seq)
        raise self.begin() if len(self.answers) < 3 else self.waiting()

    @ATMT.state()  # type: ignore[untyped-decorator]  # as above
    def waiting(self) -> None:
        """Nothing more is sent."""

    @ATMT.timeout(waiting, 0.1)  # type: ignore[untyped-decorator]  # as above
    def silence(self) -> None:
        raise self.end(self.answers)

    @ATMT.state(final=1)  # type: ignore[untyped-decorator]  # as above
    def end(self, answers: list[int]) -> list[int]:
        return answers


def test_an_automaton_runs_on_the_wire(board: Board) -> None:
    automaton = Pinger(sock=board.wire, timeout=10)
    assert automaton.run() == [0, 1, 2]
