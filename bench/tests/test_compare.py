"""Comparing two boards: what may differ does not count, what differs is shown frame by frame."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.inet6 import ICMPv6MLReport, IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Padding

from bench.capabilities import Capabilities, Finding
from bench.capture import CapturedFrame
from bench.cases import find as find_cases
from bench.cli import main
from bench.compare import ACKS, EXCHANGE, Side, comparable, compare, differences, without
from bench.tests.elf import with_code_at

RETURN = b"\xc3"


def sent(*packets: Ether) -> list[CapturedFrame]:
    return [CapturedFrame(0.1 * n, bytes(packet), "from-board") for n, packet in enumerate(packets)]


def test_times_identifiers_and_initial_sequence_numbers_may_differ() -> None:
    def talk(ident: int, isn: int) -> list[CapturedFrame]:
        head = Ether() / IP(id=ident) / TCP(sport=8080, dport=5)
        first, second = head.copy(), head.copy()
        first[TCP].seq, second[TCP].seq = isn, (isn + 1) & 0xFFFFFFFF
        return sent(first, second / b"data")

    assert differences(comparable(talk(1, 5)), comparable(talk(7, 0xFFFFFFFF))) == ()


def test_timestamps_may_differ_but_not_whether_there_are_any() -> None:
    def segment(*options: tuple[str, tuple[int, int]]) -> list[CapturedFrame]:
        return sent(Ether() / IP() / TCP(options=list(options)) / b"data")

    one, other, none = (
        comparable(segment(*options)) for options in ([("Timestamp", (1, 2))], [("Timestamp", (3, 4))], [])
    )
    assert differences(one, other) == ()
    assert len(differences(one, none)) == 1


def test_a_side_is_an_engine_or_a_firmware_or_both() -> None:
    assert Side.parse("renode") == Side("renode")
    assert Side.parse("renode:a/b.elf") == Side("renode", Path("a/b.elf"))
    assert Side.parse("a/b.elf") == Side("quark", Path("a/b.elf"))


def test_a_firmware_that_never_gets_ready_is_one_line() -> None:
    result = CliRunner().invoke(main, ["compare", "quark", "quark", "--ready", "no such line"])
    assert result.exit_code == 2
    assert "the firmware does not get ready" in result.stderr
    assert "--ready" in result.stderr


def test_the_fields_that_differ_are_named() -> None:
    one, other = (comparable(sent(Ether() / IP(ttl=ttl) / ICMP(type=0))) for ttl in (64, 255))
    (found,) = differences(one, other)
    assert found.number == 1
    assert found.left is not None and found.left.endswith("[IP.ttl=64]")
    assert found.right is not None and found.right.endswith("[IP.ttl=255]")


def test_a_reply_that_one_side_does_not_send_leaves_the_others_in_step() -> None:
    pings = [Ether() / IP() / ICMP(type=0, seq=n) for n in range(4)]
    found = differences(comparable(sent(*pings)), comparable(sent(*pings[:1], *pings[2:])))
    assert [(one.number, one.left is None, one.right) for one in found] == [(2, False, None)]


def test_how_often_it_acknowledges_may_differ_but_not_what_it_has_acknowledged_last() -> None:
    def acknowledge(*numbers: int) -> list[CapturedFrame]:
        return sent(*(Ether() / IP() / TCP(flags="A", ack=number) / Padding(bytes(6)) for number in numbers))

    assert differences(comparable(acknowledge(1, 2, 3)), comparable(acknowledge(2, 3))) == ()
    assert len(differences(comparable(acknowledge(1, 2, 3)), comparable(acknowledge(1, 2)))) == 1
    # The same once more is a challenge or a duplicate, and says something.
    assert len(differences(comparable(acknowledge(3, 3)), comparable(acknowledge(3)))) == 1


def test_what_it_sends_unasked_may_come_at_another_time() -> None:
    report = Ether() / IPv6() / ICMPv6MLReport()
    assert comparable(sent(report)) == ()


def test_what_the_bench_sends_does_not_count() -> None:
    assert comparable([CapturedFrame(0.0, bytes(60), "to-board")]) == ()


def test_a_board_does_the_same_as_itself() -> None:
    cases = find_cases(["icmp-*"])[:2]
    comparisons = compare(Side("quark"), Side("quark"), [EXCHANGE, *cases])
    assert [one.name for one in comparisons] == [EXCHANGE, *(case.id for case in cases)]
    assert all(not one.differences and not one.skipped for one in comparisons)
    assert comparisons[0].frames > 5


def test_a_firmware_that_does_not_answer_pings_is_told_apart(tmp_path: Path) -> None:
    deaf = with_code_at("icmp_input", RETURN, tmp_path / "deaf.elf")
    result = CliRunner().invoke(main, ["compare", "quark", f"quark:{deaf}", EXCHANGE])
    assert result.exit_code == 1
    assert result.output.startswith("left:   quark (embedded emulator, Unicorn ")
    assert "different     exchange" in result.output
    assert "echo-reply 0" in result.output
    assert "|  nothing" in result.output
    assert "0 the same, 1 different, 0 not compared" in result.output


def test_fields_that_stacks_choose_as_they_like_can_be_left_out() -> None:
    one, other = (comparable(sent(Ether() / IP(ttl=ttl) / ICMP(type=0))) for ttl in (64, 255))
    assert differences(without(one, ["IP.ttl"]), without(other, ["IP.ttl"])) == ()
    assert differences(without(one, ["TCP.window"]), without(other, ["TCP.window"])) != ()


def test_acknowledgements_without_data_can_be_left_out() -> None:
    segment = Ether() / IP() / TCP(flags="PA") / b"data"
    acks = [Ether() / IP() / TCP(flags="A", ack=number) for number in (2, 1)]
    one, other = comparable(sent(*acks, segment)), comparable(sent(segment))
    assert len(differences(one, other)) == 2
    assert differences(without(one, [ACKS]), without(other, [ACKS])) == ()


@pytest.mark.parametrize("name", ["IP.lifetime", "ttl", "Nonsense.ttl"])
def test_a_field_that_does_not_exist_is_one_line(name: str) -> None:
    result = CliRunner().invoke(main, ["compare", "quark", "quark", "--ignore", name])
    assert result.exit_code == 2
    assert f"there is no field {name!r}" in result.stderr


def test_a_firmware_that_cannot_be_looked_into_is_compared_by_what_it_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The project's own stands in for one without IPv6 and without lwIP."""
    lacking = Finding(False, "for the sake of this test")
    find = Capabilities.find
    monkeypatch.setattr(
        Capabilities, "find", lambda self, need: lacking if need in ("lwip", "ipv6") else find(self, need)
    )
    cases = find_cases(["icmp-27-errors-unreachable-quotes-0", "icmp-24-short-echo-ipv6-0"])
    found = {one.name: one for one in compare(Side("quark"), Side("quark"), cases)}
    answered = found["icmp-27-errors-unreachable-quotes-0"]
    assert answered.frames > 3
    assert (answered.differences, answered.skipped) == ((), "")
    assert found["icmp-24-short-echo-ipv6-0"].skipped == "quark: needs ipv6: for the sake of this test"


def test_an_unknown_engine_is_one_line() -> None:
    result = CliRunner().invoke(main, ["compare", "quark", "qemu"])
    assert result.exit_code == 2
    assert "there is no engine 'qemu'" in result.stderr
