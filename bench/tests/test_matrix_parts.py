"""Shards, samples, results and reduction of the matrix: whatever is left out or done twice would be a gap."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.matrix.cases import Case, find, of_packets
from bench.matrix.modifications import Modification
from bench.matrix.reduction import reduce
from bench.matrix.results import Results, read
from bench.matrix.runner import Result
from bench.matrix.shards import Shard, by_state, sample
from emulation.errors import UserError


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return list(of_packets(["arp", "icmp", "http"]))


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_shards_are_disjoint_and_together_everything(cases: list[Case], count: int) -> None:
    shards = [Shard(index, count).of(cases) for index in range(1, count + 1)]
    ids = [case.id for shard in shards for case in shard]
    assert len(ids) == len(set(ids)) == len(cases)
    assert set(ids) == {case.id for case in cases}
    assert max(map(len, shards)) - min(map(len, shards)) <= 1


@pytest.mark.parametrize("text", ["3/2", "0/4", "x", "1", "1/0", "-1/2", "1/2/3", ""])
def test_an_impossible_shard_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="shard"):
        Shard.parse(text)


def test_a_shard_is_parsed() -> None:
    assert Shard.parse("2/4") == Shard(2, 4)


def test_a_sample_has_some_of_everything_and_is_the_same_for_the_same_seed(cases: list[Case]) -> None:
    chosen = sample(cases, 100, seed=1)
    assert 90 <= len(chosen) <= 100
    assert {(case.layer, case.state) for case in chosen} == {(case.layer, case.state) for case in cases}
    assert chosen == sample(cases, 100, seed=1)
    assert chosen != sample(cases, 100, seed=2)
    assert sample(cases, len(cases) + 1, seed=1) == cases
    assert [len(sample(cases, count, seed=1)) for count in (1, 2, 3)] == [1, 2, 3]


def test_ordering_by_state_loses_nothing(cases: list[Case]) -> None:
    assert sorted(case.id for case in by_state(cases)) == sorted(case.id for case in cases)


RESULTS = [Result("a"), Result("b", ("wrong",)), Result("c", (), ("known/ack",))]


def test_results_are_kept_as_they_come_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    with Results(path, "f1") as results:
        results.add(RESULTS[:2])
        assert list(read(path)[1].values()) == RESULTS[:2]  # on disk before it is closed
        results.add(RESULTS[2:])
    assert read(path) == ("f1", {result.case: result for result in RESULTS})


def test_a_run_that_was_stopped_in_the_middle_of_a_line_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    with Results(path, "f1") as results:
        results.add(RESULTS)
    path.write_bytes(path.read_bytes()[:-5])
    with Results(path, "f1", resume=True) as results:
        assert list(results.done) == ["a", "b"]
        results.add(RESULTS[2:])
    assert read(path)[1] == {result.case: result for result in RESULTS}


def test_a_new_run_starts_anew(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    with Results(path, "f1") as results:
        results.add(RESULTS)
    with Results(path, "f1") as results:
        assert results.done == {}
        results.add(RESULTS[:1])
    assert read(path) == ("f1", {RESULTS[0].case: RESULTS[0]})


def test_results_of_another_firmware_are_not_mixed(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    Results(path, "f1").close()
    with pytest.raises(UserError, match="another firmware"):
        Results(path, "f2", resume=True)


@pytest.mark.parametrize("content", ["no JSON\n", '{"some": "thing"}\n', "[]\n"])
def test_a_file_that_holds_something_else_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text(content)
    with pytest.raises(UserError, match="not a file of results"):
        Results(path, "f1", resume=True)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="--report"):
        Results(tmp_path / "file" / "results.jsonl", "f1")


def pair() -> Case:
    return find("ipv4/listen/len-1+chksum=0")


def fails_with(*names: str) -> list[Case]:
    """Reduce a case of which these modifications alone make it fail; what was asked, and the outcome."""
    asked = []

    def fails(case: Case) -> bool:
        asked.append(case)
        return {one.name for one in case.modifications} >= set(names)

    outcome = reduce(pair(), fails)
    assert pair() not in asked
    return [outcome]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), "ipv4/listen/unmodified"),
        (("len-1",), "ipv4/listen/len-1"),
        (("chksum=0",), "ipv4/listen/chksum=0"),
        (("len-1", "chksum=0"), "ipv4/listen/len-1+chksum=0"),
    ],
)
def test_a_case_is_reduced_to_what_makes_it_fail(names: tuple[str, ...], expected: str) -> None:
    assert fails_with(*names)[0].id == expected


def test_modifications_of_the_same_bytes_are_no_pair() -> None:
    cut = Modification("cut@8", "shape", splice=(20, 60, b""))
    line = Modification("Host.removed", "Host", splice=(30, 40, b""))
    other = Modification("Upgrade.removed", "Upgrade", splice=(40, 50, b""))
    assert not cut.combines_with(line)
    assert line.combines_with(other)
    assert not line.combines_with(line)


def test_results_of_last_time_stay_until_there_is_one(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    with Results(path, "f1") as results:
        results.add(RESULTS)
    before = path.read_bytes()
    with Results(path, "f2"):
        pass
    assert path.read_bytes() == before
    with Results(path, "f2") as results:
        results.add(RESULTS[:1])
    assert (read(path)[0], list(read(path)[1])) == ("f2", ["a"])
    with Results(tmp_path / "new.jsonl", "f1"):
        pass
    assert read(tmp_path / "new.jsonl") == ("f1", {})


@pytest.mark.parametrize(
    "line",
    ["[" * 100_000, "5", '{"case": "a"}', '{"case": "a", "problems": 5, "departures": []}', "{}", "\0"],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(UserError, match="is not a file of results"):
        Results(path, "f1", resume=True)
