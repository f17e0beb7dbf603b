"""The catalogue of malformed frames, one test a case: see `bench cases` and docs/cases.md.

A case in which the firmware departs from its source is reported as an expected failure, with the reason. That
is strict: it fails if the board does anything else than what is known, the right thing included.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.board import Board, BoardState
from bench.capture import Capture
from bench.cases import Case, Runner, Verdict, all_cases, find


@pytest.fixture(scope="module")
def runner(booted: tuple[Board, BoardState]) -> Iterator[Runner]:
    """The starting states of the cases are made once."""
    board, state = booted
    board.restore(state)
    yield Runner(board)


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)
def test_case(runner: Runner, capture: Capture, case: Case) -> None:
    result = runner.run(case)
    capture.frames[:] = result.frames
    if result.verdict is Verdict.SKIPPED:
        pytest.skip(result.came[0])
    if result.verdict is Verdict.DEPARTURE:
        assert case.departure is not None
        pytest.xfail(case.departure.reason)
    assert not result.problems, "\n".join([case.title, case.expected, *result.problems])


def test_what_ran_before_a_case_leaves_no_trace_in_its_capture(runner: Runner) -> None:
    names = (
        "ethernet-03-oversize-burst-of-10",
        "tcp-40-segments-backwards-ipv6",
        "websocket-59-utf-8-text-ff",
    )
    cases = find(names)
    first = [runner.run(case).frames for case in cases]
    again = [runner.run(case).frames for case in reversed(cases)]
    assert all(first)
    assert first == again[::-1]
