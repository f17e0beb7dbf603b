"""Sequences of segments: what one segment alone does not do to the stack, two or eight of them may.

A sample of the matrix' sequences, and random ones, drawn with the seed; `bench matrix --layer sequence` runs
all of the former, `bench matrix --fuzz N` any number of the latter. See docs/matrix.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bench.capture import Capture
from bench.matrix.runner import Runner
from bench.matrix.shards import by_state, sample
from bench.sequences.case import SequenceCase
from bench.sequences.fuzz import sequences
from bench.sequences.table import generate

SAMPLE = 160
RANDOM = 240
"""Sequences of the tables, and random ones: some 25 seconds together."""
PARTS = 4


@pytest.fixture(scope="module")
def runner(request: pytest.FixtureRequest) -> Iterator[Runner]:
    option = request.config.getoption
    firmware = option("firmware")
    with Runner(option("engine"), Path(firmware) if firmware else None, seed=option("board_seed")) as runner:
        yield runner


def failures(runner: Runner, cases: Sequence[SequenceCase]) -> str:
    """The cases that fail, and why."""
    results = [runner.run(case) for case in by_state(cases)]
    return "\n".join(f"{each.case}: {'; '.join(each.problems)}" for each in results if not each.passed)


@pytest.mark.parametrize(
    "segments",
    [
        pytest.param("established/FA@1,PA@0..E", id="FIN before its turn, then the window is filled"),
        pytest.param(
            "established/PA@E-200..E+500,PA@0..E", id="early and beyond the window, then it is filled"
        ),
        pytest.param("established/PA@H..E+1,PA@0..E", id="one byte beyond the window, then it is filled"),
        pytest.param("upgraded/PA@1..E+1,PA@1..2", id="early and beyond the window, then nothing more"),
        pytest.param("queued/PA@0..100:w0:mss=1", id="MSS option behind a closed window"),
        pytest.param("queued/PA@0..100:w1,PA@100..200:w1:20ms", id="window of one byte"),
    ],
)
def test_what_once_stopped_the_board_does_not(runner: Runner, segments: str) -> None:
    """Each of these has made an assertion of lwIP fail, and so the board stop."""
    assert runner.run(SequenceCase.parse(f"sequence/{segments}")).problems == ()


@pytest.mark.parametrize(
    "segments",
    [
        pytest.param("PA@0..H,PA@0..E", id="the same again and as much more"),
        pytest.param(
            "PA@194..222,PA@0..157:20ms,PA@0..207", id="over the end of a buffer, before early data"
        ),
        pytest.param("PA@0..400,PA@-1..E:20ms", id="from before the window on"),
    ],
)
def test_a_retransmission_with_new_data_in_it_goes_on_with_the_stream(runner: Runner, segments: str) -> None:
    """RFC 9293, section 3.10.7.4: what has come before is cut off. Linux sends again in larger segments."""
    assert runner.run(SequenceCase.parse(f"sequence/upgraded/{segments}")).problems == ()


@pytest.mark.parametrize("part", range(PARTS))
def test_every_sequence_of_a_sample_passes(request: pytest.FixtureRequest, runner: Runner, part: int) -> None:
    cases = sample(list(generate()), SAMPLE, request.config.getoption("board_seed"))
    assert failures(runner, cases[part::PARTS]) == ""


@pytest.mark.parametrize("part", range(PARTS))
def test_every_random_sequence_passes(request: pytest.FixtureRequest, runner: Runner, part: int) -> None:
    cases = list(sequences(request.config.getoption("board_seed"), RANDOM))
    assert failures(runner, cases[part::PARTS]) == ""


def test_the_same_seed_gives_the_same_capture(request: pytest.FixtureRequest) -> None:
    """Byte for byte and time stamp for time stamp, on boards of their own."""
    option = request.config.getoption

    def captured(seed: int) -> bytes:
        capture = Capture()
        firmware = option("firmware")
        with Runner(
            option("engine"), Path(firmware) if firmware else None, seed=option("board_seed"), capture=capture
        ) as runner:
            for case in sequences(seed, 3):
                runner.run(case)
        return capture.encode()

    assert captured(5) == captured(5) != captured(6)
