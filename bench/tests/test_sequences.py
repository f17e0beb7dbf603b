"""Sequences of segments: their names, the model of a receiver, and that the judgement bites. No board."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.layers.tcp_state import State
from bench.layers.tcpip import ACK, FIN, PSH, RST, SYN, Segment, build
from bench.layers.websocket import WebSocket
from bench.lwip import Connection
from bench.matrix.replies import Reply, read
from bench.matrix.states import Ends
from bench.sequences import fuzz, table
from bench.sequences.case import SEQUENCE_STATES, Part, Place, SequenceCase
from bench.sequences.judge import judge, receiver
from bench.sequences.receiver import Receiver
from bench.sequences.reduction import reduce
from bench.sequences.scenes import End
from bench.sequences.stream import complete_from, message, stream
from emulation.errors import UserError

WINDOW = 1072


def case(segments: str, state: str = "upgraded") -> SequenceCase:
    return SequenceCase.parse(f"sequence/{state}/{segments}")


# Names


@pytest.mark.parametrize(
    "name",
    [
        "sequence/established/FA@1,PA@0..E",
        "sequence/queued/PA@E-200..E+500:mss=1:w0:b:k:20ms,@H",
        "sequence/time-wait/FSRPAU@-1..H+3:overrun",
    ],
)
def test_a_sequence_is_found_by_its_name(name: str) -> None:
    assert SequenceCase.parse(name).id == name


@pytest.mark.parametrize(
    "name",
    ["sequence/asleep/A@0", "sequence/upgraded/", "sequence/upgraded/X@0", "sequence/upgraded/A@",
     "sequence/upgraded/AA@0", "sequence/upgraded/A@0:mss", "sequence/upgraded/A@0..", "tcp/upgraded/A@0"],
)  # fmt: skip
def test_what_is_no_sequence_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="there is no case"):
        SequenceCase.parse(name)


def test_places_are_offsets_from_their_anchors() -> None:
    part = Part.parse("PA@H-1..E+1")
    assert part.span(WINDOW) == (535, 1073)
    assert Part.parse("FA@3").span(WINDOW) == (3, 3)
    assert Part.parse("PA@E..0").span(WINDOW) == (1072, 1072)


# What there is


def test_every_state_has_sequences_and_none_comes_twice() -> None:
    cases = list(table.generate())
    assert {each.state for each in cases} == set(SEQUENCE_STATES)
    assert len({each.id for each in cases}) == len(cases)
    assert {len(each.parts) for each in cases} == {2, 3}
    assert {each.id for each in table.generate(["closing"])} == {
        each.id for each in cases if each.state == "closing"
    }


def test_the_tables_have_what_once_stopped_the_board() -> None:
    names = {each.id for each in table.generate()}
    assert "sequence/established/FA@1,PA@0..E" in names
    assert "sequence/established/PA@H..E+1,PA@0..E" in names
    assert any(":mss=1" in name for name in names if name.startswith("sequence/queued/"))


def test_the_same_seed_draws_the_same_sequences_and_another_others() -> None:
    first, again = list(fuzz.sequences(1, 200)), list(fuzz.sequences(1, 200))
    assert first == again
    assert list(fuzz.sequences(1, 50)) == first[:50]
    assert list(fuzz.sequences(2, 200)) != first
    assert all(2 <= len(each.parts) <= fuzz.MOST for each in first)
    assert {each.connections for each in first} == {1, 2}
    assert {each.state for each in first} == set(SEQUENCE_STATES) == set(fuzz.STATES)
    assert all(SequenceCase.parse(each.id) == each for each in first)


def test_no_segment_is_longer_than_a_frame_and_none_leaves_the_stream() -> None:
    for each in [*fuzz.sequences(3, 2000), *table.generate()]:
        for part in each.parts:
            start, end = part.span(WINDOW)
            assert end - start <= fuzz.LONGEST, each.id
            assert complete_from(each.state, end + 1) < len(stream(each.state)), each.id


def test_no_two_messages_of_the_stream_are_alike() -> None:
    assert len({message(number) for number in range(60)}) == 60
    data = stream("upgraded")
    assert data.startswith(message(0) + message(1))
    assert complete_from("upgraded", 1) == len(message(0))
    assert complete_from("upgraded", len(message(0))) == len(message(0))
    assert stream("established")[complete_from("established", 1) :].startswith(message(0))


# The receiver


def fed(segments: str, **options: bool) -> Receiver:
    model = Receiver(WINDOW, WINDOW, **options)
    for part in case(segments).parts:
        model.feed(part)
    return model


@pytest.mark.parametrize(
    ("segments", "low", "high"),
    [
        ("PA@0..100", 100, 100),
        ("PA@50..100", 0, 0),
        ("PA@50..100,PA@0..50", 100, 100),
        ("PA@0..60,PA@40..100", 100, 100),
        ("PA@-10..10", 10, 10),
        ("PA@0..E", 1072, 1072),
        ("PA@0..E+1", 1072, 1072),
        ("PA@0..E,PA@E..E+1", 1072, 1073),  # has the program read by then?
        ("PA@E..E+1,PA@0..E", 1072, 1072),
        ("FA@0", 1, 1),
        ("FPA@0..100", 101, 101),
        ("FA@1", 0, 0),
        ("FA@1,PA@0..1", 2, 2),
        ("FA@1,PA@0..E", 1, 1073),  # data beyond the end of the stream: RFC 9293 says nothing
        ("PA@0..100:overrun", 0, 100),  # no list of options: a receiver may drop it
        ("P@0..100", 0, 100),  # without ACK
        ("SA@0..100", 0, 0),
        ("PA@10..30,PA@20..40,PA@0..10", 10, 40),  # early data that overlap may be given up
    ],
)
def test_what_must_and_what_can_have_come(segments: str, low: int, high: int) -> None:
    assert fed(segments).acknowledged == (low, high)


def test_more_early_data_than_the_board_has_buffers_for_are_not_promised() -> None:
    few = ",".join(f"PA@{at}..{at + 1}" for at in range(1, 9))
    assert fed(f"{few},PA@0..1").acknowledged == (9, 9)
    assert fed(f"{few},PA@9..10,PA@0..1").acknowledged == (1, 10)


def test_resets_count_where_they_are_expected_alone() -> None:
    assert fed("R@0").may_be_reset
    assert not fed("R@1").may_be_reset
    assert fed("PA@0..10,R@10").may_be_reset
    assert not fed("PA@0..10,R@0").may_be_reset


@pytest.mark.parametrize(
    ("segments", "due"),
    [("A@0", False), ("A@1", False), ("A@-1", True), ("PA@5..6", True), ("R@5", False), ("PA@0..1", True)],
)
def test_when_an_acknowledgement_is_due(segments: str, due: bool) -> None:
    assert fed(segments).must_answer == due


# The judgement


def end(state: str = "upgraded") -> End:
    ends = Ends.model(state)
    connection = Connection(
        State.ESTABLISHED,
        ends.target.ip,
        8080,
        ends.source.ip,
        40000,
        ends.ack,
        ends.ack,
        ends.seq,
        WINDOW,
        4096,
    )
    return End(ends, connection)


def reply(ack: int, data: bytes = b"", at: int = 0, flags: int = ACK, window: int = 0) -> Reply:
    """A segment of the board; its window ends where the first one did, unless it is said."""
    ends = end().ends
    window = window or max(WINDOW - ack, 0)
    segment = Segment(ends.seq + ack, ends.ack + at, flags, window, data)
    segment = replace(segment, seq=ends.ack + at, ack=ends.seq + ack)
    return read(build(ends.target, ends.source, segment).ljust(60, b"\0"))


def rules(segments: str, *replies: Reply, state: str = "upgraded", settled: bool = False) -> list[str]:
    where = end(state)
    model = receiver(where, case(segments, state).parts)
    return [problem.rule for problem in judge(where, model, list(replies), settled=settled)]


FIRST = len(message(0))
ECHO = bytes(WebSocket(opcode="text") / b"000.000 000.001 000.002 000.003 ")


@pytest.mark.parametrize(
    ("segments", "replies", "broken"),
    [
        (f"PA@0..{FIRST}", [reply(FIRST, ECHO)], []),
        (f"PA@0..{FIRST}", [reply(FIRST)], ["websocket-no-answer"]),
        (f"PA@0..{FIRST}", [reply(FIRST, ECHO[:-1] + b"X")], ["websocket-wrong-answer"]),
        (f"PA@0..{FIRST}", [reply(FIRST, ECHO + ECHO)], ["websocket-surplus-answer"]),
        (f"PA@0..{FIRST}", [], ["sequence-silence"]),
        (f"PA@5..{FIRST},PA@0..5", [reply(0), reply(FIRST, ECHO)], []),
        (f"PA@5..{FIRST},PA@0..5", [reply(0), reply(5)], ["sequence-not-taken"]),
        ("PA@5..10", [reply(0)], []),
        ("PA@5..10", [reply(10)], ["sequence-ack-of-unsent"]),
        ("PA@0..5", [reply(5), reply(0)], ["sequence-ack-backward"]),
        ("PA@0..5", [reply(5, window=1067), reply(5, window=1000)], ["sequence-window-shrinks"]),
        ("PA@0..5", [reply(5, window=4000)], ["sequence-window"]),
        ("PA@0..5", [reply(5), reply(5, flags=RST | ACK)], ["sequence-rst"]),
        ("PA@0..5", [reply(5), reply(5, flags=FIN | ACK)], ["sequence-fin"]),
        ("PA@0..5", [reply(5), reply(5, flags=SYN | ACK)], ["sequence-syn-ack"]),
        ("R@0", [], []),
        ("R@0,PA@0..5", [reply(0, flags=RST)], []),
        ("R@1", [reply(0)], []),
        ("R@1", [reply(0, flags=RST)], ["sequence-rst"]),
        ("FA@0", [reply(1), reply(1, flags=FIN | ACK)], []),
        ("FA@1", [reply(0), reply(0, flags=FIN | ACK)], ["sequence-fin"]),
    ],
)  # fmt: skip
def test_a_right_reaction_passes_and_wrong_ones_are_told(
    segments: str, replies: list[Reply], broken: list[str]
) -> None:
    assert rules(segments, *replies, settled=bool(replies)) == broken


def test_what_the_board_sends_again_counts_once() -> None:
    twice = [reply(FIRST, ECHO), reply(FIRST, ECHO), reply(FIRST, ECHO[10:], at=10, flags=PSH | ACK)]
    assert rules(f"PA@0..{FIRST}", *twice, settled=True) == []


# Reduction


def reduced(start: str, *needed: str) -> str:
    """Reduce a sequence that fails as long as segments that begin like these are in it, in this order."""

    def fails(smaller: SequenceCase) -> bool:
        texts = iter(str(part) for part in smaller.parts)
        return all(any(text.startswith(want) for text in texts) for want in needed)

    assert fails(case(start))
    return reduce(case(start), fails).id.rpartition("/")[2]


def test_a_sequence_is_reduced_to_the_segments_and_the_fields_that_matter() -> None:
    long = "PA@0..50:k,FA@1:w0:20ms,PA@7..90:b,UPA@H..E+700:stamp,PA@0..E:mss=1:5ms,A@0:b"
    assert reduced(long, "FA@1", "PA@0..E") == "FA@1,PA@0..E"
    assert reduced(long, "PA@7") == "PA@7"
    assert reduced("PA@E-300..E+500,A@0", "PA@E") == "PA@E"


def test_a_reduction_ends_and_asks_nothing_twice() -> None:
    asked: list[SequenceCase] = []

    def fails(smaller: SequenceCase) -> bool:
        asked.append(smaller)
        return True

    start = next(iter(fuzz.sequences(4, 1)))
    smallest = reduce(start, fails)
    assert len(smallest.parts) == 1
    assert smallest.parts[0] == Part(smallest.parts[0].flags, Place(0, smallest.parts[0].start.anchor))
    assert len(asked) == len(set(asked))
    assert start not in asked
