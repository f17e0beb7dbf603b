"""A run held against an earlier one."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from bench.cli import main
from bench.cli.robot_status import INVALID
from bench.report.run_record import RunRecord, TestOutcome
from bench.report.summary import html, markdown
from bench.report.trend import Change, compare, same_suites


def record(**tests: str | tuple[str, str]) -> RunRecord:
    """A run with these tests: status, or status and message."""
    outcomes = []
    for name, told in tests.items():
        status, message = (told, "") if isinstance(told, str) else told
        outcomes.append(TestOutcome("Own", name, status, message, "s1-t1"))
    return RunRecord("Own", {"Engine": "quark"}, "Robot", "", 1.0, tuple(outcomes))


def test_each_change_is_told_once() -> None:
    earlier = record(
        worse="PASS", was_left_out="SKIP", better="FAIL", bad="FAIL", good="PASS", removed="PASS"
    )
    now = record(worse="FAIL", was_left_out="FAIL", better="PASS", bad="FAIL", good="PASS", added="FAIL")
    trend = compare(earlier, now)
    assert trend.failing == [Change("Own: worse", ""), Change("Own: was_left_out", "")]
    assert trend.fixed == [Change("Own: better", "")]
    assert trend.new == [Change("Own: added", "fails")]
    assert trend.gone == [Change("Own: removed", "")]
    assert trend.cost == []


def test_the_cost_of_a_test_is_compared_in_virtual_terms_only() -> None:
    took = "9 frames to the board, 8 from it, {} virtual ms, {} million instructions"
    earlier = record(slower=("PASS", took.format("10.0", "1.25")), same=("PASS", took.format("7.0", "2.00")))
    now = record(slower=("PASS", took.format("10.5", "1.25")), same=("PASS", took.format("7.0", "2.00")))
    assert compare(earlier, now).cost == [Change("Own: slower", "10.0 → 10.5 virtual ms")]


def test_the_pages_tell_the_changes_under_headings_and_no_change_in_words() -> None:
    now = record(worse="FAIL")
    changed, same = compare(record(worse="PASS"), now), compare(now, now)
    for page in (html, markdown):
        assert "Newly failing (1)" in page(now, trend=changed)
        assert "Nothing has changed." in page(now, trend=same)
        assert "Since the baseline" not in page(now)


def suites(folder: str, *names: str, top: str = "", **statuses: str) -> RunRecord:
    """A run of suites of one test each, `Does` (PASS unless `statuses` says otherwise), in a folder."""
    outcomes = [
        TestOutcome(
            f"{top}{name.title()}", "Does", statuses.get(name, "PASS"), "", "t", f"{folder}/{name}.robot"
        )
        for name in names
    ]
    return RunRecord("Own", {"Engine": "quark"}, "Robot", "", 1.0, tuple(outcomes))


def test_a_test_is_the_same_whatever_suites_run_beside_its_own() -> None:
    """Robot calls a suite `Bench.Masking` among others, and `Masking` alone."""
    earlier = suites("/bench/robot", "masking", "ping", "closing", top="Bench.")
    trend = compare(earlier, suites("/bench/robot", "masking", masking="FAIL"))
    assert trend.failing == [Change("Masking: Does", "")]
    assert (trend.new, trend.gone, trend.unseen) == ([], [], 2)
    assert "2 tests of the baseline were not to run" in markdown(earlier, trend=trend)


def test_a_test_that_is_gone_from_a_suite_that_ran_is_told_and_one_that_is_not_chosen_is_not() -> None:
    earlier, now = record(kept="PASS", removed="PASS"), record(kept="PASS")
    assert compare(earlier, now).gone == [Change("Own: removed", "")]
    assert (compare(earlier, now, partial=True).gone, compare(earlier, now, partial=True).unseen) == ([], 1)


def test_suites_of_another_checkout_are_the_same_by_the_end_of_their_paths() -> None:
    earlier = suites("/ci/17/robot", "masking", "ping", ping="FAIL")
    trend = compare(earlier, suites("/home/me/robot", "masking", "ping", masking="FAIL"))
    assert trend.failing == [Change("Masking: Does", "")]
    assert trend.fixed == [Change("Ping: Does", "")]
    assert (trend.new, trend.gone) == ([], [])


def test_files_of_one_name_in_several_folders_are_told_apart() -> None:
    both = {"/a/one/x.robot", "/a/two/x.robot"}
    assert same_suites(both, {"/a/two/x.robot"}) == {"/a/two/x.robot": "/a/two/x.robot"}
    elsewhere = {"/b/one/x.robot", "/b/two/x.robot"}
    assert same_suites(both, elsewhere) == {path.replace("/a", "/b"): path for path in both}
    assert same_suites(both, {"/a/one/x.robot", "/a/three/x.robot"}) == {"/a/one/x.robot": "/a/one/x.robot"}


def test_a_baseline_that_is_no_record_is_refused_before_anything_is_cleared(tmp_path: Path) -> None:
    (tmp_path / "log.html").write_text("of an earlier run")
    (tmp_path / "output.xml").write_text("nothing of Robot's")
    options = ["--report", str(tmp_path), "--baseline", str(tmp_path)]
    result = CliRunner().invoke(main, ["run", "masking", *options])
    assert result.exit_code == INVALID
    assert str(tmp_path / "output.xml") in result.stderr
    assert (tmp_path / "log.html").exists()


def test_the_first_run_has_no_baseline_yet_and_says_so(tmp_path: Path) -> None:
    suite = tmp_path / "own.robot"
    suite.write_text("*** Test Cases ***\nDoes\n    No Operation\n")
    words = ["run", str(suite), "--report", str(tmp_path / "reports"), "--baseline", str(tmp_path / "last")]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    assert f"there is no earlier run at {tmp_path / 'last'} yet" in result.output
    assert "Since the baseline" not in (tmp_path / "reports" / "summary.md").read_text()
