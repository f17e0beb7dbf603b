"""A seeded sample of the systematic matrix; `bench matrix` runs all of it. See docs/matrix.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.matrix.cases import Case, find, of_packets
from bench.matrix.runner import Runner
from bench.matrix.shards import by_state, sample
from bench.matrix.states import STATES

SAMPLE = 600
PAIRS = 200
"""Cases of one and of two modifications."""
IN_A_ROW = 50
PARTS = 8


@pytest.fixture(scope="module")
def runner(request: pytest.FixtureRequest) -> Iterator[Runner]:
    option = request.config.getoption
    firmware = option("firmware")
    with Runner(option("engine"), Path(firmware) if firmware else None, seed=option("board_seed")) as runner:
        yield runner


@pytest.fixture(scope="module")
def cases(request: pytest.FixtureRequest) -> list[Case]:
    seed = request.config.getoption("board_seed")
    pairs = list(of_packets(["arp", "icmp", "websocket"], depth=2))
    return by_state([*sample(list(of_packets()), SAMPLE, seed), *sample(pairs, PAIRS, seed)])


@pytest.mark.parametrize("part", range(PARTS))
def test_every_case_of_a_sample_passes(runner: Runner, cases: list[Case], part: int) -> None:
    size = -(-len(cases) // PARTS)
    failed = [
        f"{result.case}: {'; '.join(result.problems)}"
        for case in cases[part * size : (part + 1) * size]
        if not (result := runner.run(case)).passed
    ]
    assert failed == [], "\n".join(failed)


@pytest.mark.parametrize("layer", ["ipv4", "ipv6", "http", "websocket"])
def test_cases_in_a_row_leave_nothing_behind(
    request: pytest.FixtureRequest, runner: Runner, layer: str
) -> None:
    """Without going back between them: a leak too small to be seen after one case is seen after fifty."""
    chosen = sample(list(of_packets([layer])), IN_A_ROW, request.config.getoption("board_seed"))
    assert runner.run_in_a_row(chosen) == ()


@pytest.mark.parametrize("state", ["listen", *STATES])
def test_a_state_is_what_it_is_called(runner: Runner, state: str) -> None:
    connection = runner.scene(state).connection
    if state == "listen":
        assert connection is None
        return
    assert connection is not None
    tcp = "established" if state in ("requesting", "upgraded", "queued", "fragmented", "failed") else state
    assert connection.state.value.lower() == tcp


@pytest.mark.parametrize(
    "case_id",
    [
        "icmp/listen/unmodified",
        "arp/listen/unmodified",
        "tcp/listen/unmodified",
        "http/established/unmodified",
        "websocket/upgraded/unmodified",
        "ipv6/upgraded/unmodified",
    ],
)
def test_what_is_correct_is_answered(runner: Runner, case_id: str) -> None:
    """The rules demand an answer here, so that a board that is deaf does not pass."""
    assert runner.run(find(case_id)).problems == ()


def test_the_same_case_ends_the_same_way_twice(runner: Runner) -> None:
    case = find("tcp/upgraded/seq+1")
    assert runner.run(case) == runner.run(case)
