"""A run held against an earlier one."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from bench.cli import main
from bench.cli.robot_status import INVALID
from bench.report.run_record import RunRecord, TestOutcome
from bench.report.summary import html, markdown
from bench.report.trend import Change, compare


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


def test_a_baseline_that_is_none_is_refused_before_anything_is_cleared(tmp_path: Path) -> None:
    (tmp_path / "log.html").write_text("of an earlier run")
    options = ["--report", str(tmp_path), "--baseline", str(tmp_path)]
    result = CliRunner().invoke(main, ["run", "masking", *options])
    assert result.exit_code == INVALID
    assert str(tmp_path / "output.xml") in result.stderr
    assert (tmp_path / "log.html").exists()
