"""The catalogue as data: ids, numbers, sources, words; and the page written from it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest

from bench.addresses import BENCH, BOARD
from bench.board import ROOT
from bench.cases import LAYERS, Start, Verdict, all_cases, document, find, words
from bench.cases.describe import Describer, stream
from bench.cases.registry import spread
from bench.cases.results import Count
from bench.cases.runner import judge
from bench.cases.server import Server
from bench.cases.showing import show
from bench.cases.stages import nominal
from bench.layers.tcpip import ACK, RST, Segment, build
from bench.layers.websocket import WebSocket, WebSocketClose
from emulation.errors import UserError

SOURCE = re.compile(r"RFC \d+|CVE-\d{4}-\d+|IEEE 802\.3|DS39662")


def test_all_entries_have_cases() -> None:
    assert {case.number for case in all_cases()} == set(range(1, 72))


def test_ids_are_there_once_and_say_layer_and_number() -> None:
    cases = all_cases()
    assert [name for name, count in Counter(case.id for case in cases).items() if count > 1] == []
    for case in cases:
        assert re.fullmatch(rf"{case.layer}-{case.number:02}-[\w.-]+", case.id), case.id
        assert case.layer in LAYERS


def test_every_case_has_a_title_an_expectation_and_a_source() -> None:
    for case in all_cases():
        assert case.title, case.id
        assert case.expected.endswith("."), case.id
        assert SOURCE.search(case.source), case.id


def test_a_departure_is_not_what_is_expected_and_has_a_reason() -> None:
    for case in all_cases():
        if case.departure is not None:
            came = tuple(str(line) for line in case.departure.came if isinstance(line, str))
            assert not any(words.matches(choice, came) for choice in case.expect if came), case.id
            assert case.departure.reason.endswith("."), case.id


def test_the_page_is_up_to_date() -> None:
    page = (ROOT / "docs" / "cases.md").read_text(encoding="utf-8")
    assert page == document.render(all_cases()), (
        "docs/cases.md is out of date; write it with `bench cases list --markdown > docs/cases.md`"
    )


def test_the_robot_suite_has_every_entry() -> None:
    suite = (ROOT / "bench" / "robot" / "catalogue.robot").read_text(encoding="utf-8")
    rows = {int(number): title for number, title in re.findall(r"^ {4}(\d+) {4}(.+)$", suite, re.MULTILINE)}
    titles = {case.number: case.title for case in reversed(all_cases())}
    assert rows == titles


@pytest.mark.parametrize("case", spread(all_cases(), 1), ids=lambda case: case.id)
def test_every_kind_of_case_can_be_shown_without_a_board(case: object) -> None:
    from bench.cases import Case

    assert isinstance(case, Case)
    text = show(case)
    assert case.id in text
    assert case.source in text
    assert document.told(case.expect[0]) in text


# Finding


def test_cases_are_found_by_id_group_number_and_pattern() -> None:
    one = find(["ipv4-07-version-5"])
    assert [case.id for case in one] == ["ipv4-07-version-5"]
    assert find(["ipv4-07-version"]) == find(["7"]) == find(["ipv4-7"]) == find(["ipv4-07-*"])
    assert len(find(["ipv4-07-version"])) == 6
    assert {case.layer for case in find(["tcp-*", "arp-*"])} == {"tcp", "arp"}
    assert {case.layer for case in find(layer="http")} == {"http"}
    assert find() == list(all_cases())


@pytest.mark.parametrize(
    ("patterns", "layer", "said"),
    [
        (["ipv4-07-version-55"], None, "the nearest is ipv4-07-version-5;"),
        (["udp-*"], None, "no case matches 'udp-*'"),
        (["tcp-*"], "arp", "no case in layer arp matches 'tcp-*'"),
        ([], "udp", "the layers are: ethernet, arp"),
    ],
)
def test_what_names_nothing_is_refused(patterns: list[str], layer: str | None, said: str) -> None:
    with pytest.raises(UserError) as refused:
        find(patterns, layer)
    assert said in str(refused.value)


def test_a_sample_is_spread_over_each_group() -> None:
    cases = find(["7", "8"])
    assert [case.id for case in spread(cases, 2)] == [
        "ipv4-07-version-0",
        "ipv4-07-version-6",
        "ipv4-08-header-length-0",
        "ipv4-08-header-length-4",
    ]
    assert spread(cases, 0) == cases
    assert spread(cases, 100) == cases


# Words


def test_lines_match_exactly_or_by_their_start_so_many_times() -> None:
    assert words.matches((), ())
    assert not words.matches((), ("a",))
    assert words.matches(("a", "b"), ("a", "b"))
    assert not words.matches(("a", "b"), ("b", "a"))
    assert not words.matches(("a", "b"), ("a",))
    some = words.Some("a", 1, 2)
    assert [words.matches((some, "b"), came) for came in (("b",), ("a1", "b"), ("a1", "a2", "b"))] == [
        False,
        True,
        True,
    ]
    assert not words.matches((some,), ("a", "a", "a"))


def test_a_frame_of_the_board_is_described_with_everything_that_is_wrong_with_it() -> None:
    describer = Describer(BOARD, BENCH)
    ours = nominal()
    good = build(ours.remote, ours.local, Segment(7777, 0, RST))
    assert describer.frame(good.ljust(60, b"\0")) == "TCP RST seq=7777"
    assert describer.frame(good) == "[runt of 54 bytes] TCP RST seq=7777"
    elsewhere = build(ours.remote, nominal().local, Segment(1, 2, ACK)).replace(
        bytes([192, 0, 2, 2]), bytes([192, 0, 2, 3])
    )
    assert describer.frame(elsewhere.ljust(60, b"\0")) == "malformed IPv4"
    assert describer.frame(good[:6] + bytes(6) + good[12:].ljust(60, b"\0")) == (
        "[from MAC 00:00:00:00:00:00] TCP RST seq=7777"
    )
    assert describer.frame(good[:50] + b"\1\1" + good[52:].ljust(60, b"\0")) == "malformed TCP"


def test_a_stream_is_described_up_to_what_is_not_complete() -> None:
    text = bytes(WebSocket() / b"hello")
    closing = bytes(WebSocket() / WebSocketClose(code=1002))
    assert stream(text + closing + b"\x81") == (["WebSocket text b'hello'", "WebSocket close 1002"], b"\x81")
    assert stream(bytes(WebSocket(mask=1, rsv1=1) / b"x"))[0] == ["[masked, RSV1] WebSocket text b'x'"]
    refusal = b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno"
    assert stream(refusal) == (["HTTP 426 [sec-websocket-version: missing]"], b"")
    assert stream(refusal[:-1])[0] == []
    assert stream(b"nonsense") != ([], b"")


def test_a_departure_counts_only_if_it_is_exactly_the_one_that_is_known() -> None:
    case = next(case for case in all_cases() if case.id == "tcp-37-no-connection-closed-ack-ipv4")
    assert case.departure is not None
    known = tuple(str(line) for line in case.departure.came)
    expected = tuple(str(line) for line in case.expect[0])
    assert judge(case, known, Server()) == ([], True)
    assert "is gone" in judge(case, expected, Server())[0][0]
    assert "came something else" in judge(case, ("something else",), Server())[0][0]
    plain = replace(case, departure=None)
    assert judge(plain, expected, Server()) == ([], False)
    assert "expected" in judge(plain, known, Server())[0][0]


def test_cases_start_in_every_state() -> None:
    assert {case.start for case in all_cases()} == set(Start)


def test_counts_add_up() -> None:
    count = Count()
    for verdict in (Verdict.PASSED, Verdict.PASSED, Verdict.DEPARTURE, Verdict.FAILED):
        count.add(verdict)
    assert str(count + count) == "8 cases: 4 passed, 2 known departures, 2 failed"
    count.add(Verdict.SKIPPED)
    assert str(count) == "5 cases: 2 passed, 1 known departures, 1 failed, 1 skipped"
