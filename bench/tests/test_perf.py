from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from click.testing import CliRunner

from bench import Board, perf
from bench.cli import main
from bench.peer import PeerError
from bench.perf import MEASUREMENTS, Figure, Spent, engines, select
from bench.perf.measurement import CannotMeasureError, Measurement, Subject
from bench.perf.prompt import Prompt
from emulation.errors import UserError


def test_a_figure_is_judged_by_its_median() -> None:
    figure = Figure("f", "ms", 10, values=[1, 2, 90], cpu=[1, 1, 1])
    assert (figure.median, figure.cpu_median) == (2, 1)
    assert figure.keeps(figure.median)
    assert figure.as_dict()["max"] == 90
    assert not Figure("f", "MIPS", 10, at_least=True, values=[9]).as_dict()["met"]


def test_a_figure_without_a_target_is_not_judged() -> None:
    assert Figure("f", "bytes", values=[1]).as_dict()["met"] is None


def test_time_is_counted_over_several_pieces() -> None:
    spent = Spent()
    for _ in range(2):
        with spent.counting():
            sum(range(1000))
    assert spent.cpu > 0
    assert spent.wall > 0


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many connections would take too long here."""
    monkeypatch.setattr("bench.perf.heap.FEW", 2)
    monkeypatch.setattr("bench.perf.heap.MANY", 6)
    monkeypatch.setattr("bench.perf.host.ROUND_TRIPS", 20)


def test_every_figure_lands_in_table_and_json(few: None, tmp_path: Path) -> None:
    output = tmp_path / "figures" / "perf.json"
    result = CliRunner().invoke(
        main, ["perf", "--runs", "1", "--output", str(output)], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    written = json.loads(output.read_text())
    assert [figure["name"] for figure in written["figures"]] == [m.name for m in MEASUREMENTS]
    for figure in written["figures"]:
        assert "skipped" not in figure, figure
        assert 0 <= figure["min"] <= figure["median"] <= figure["max"]
        assert figure["name"] in result.output


def test_engines_are_shown_side_by_side(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The embedded emulator beside itself: what a machine without Renode can show."""
    monkeypatch.setattr("bench.perf.engines.SUITES", ("ping_pong",))
    output = tmp_path / "engines.json"
    words = ["perf", "--engines", "quark,quark", "--runs", "1", "--output", str(output)]
    result = CliRunner().invoke(main, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    one, other = json.loads(output.read_text())["engines"]
    assert one["description"] == other["description"]
    assert one["description"].startswith("embedded emulator, Unicorn")
    assert [figure["name"] for figure in one["figures"]] == [figure["name"] for figure in other["figures"]]
    for figure in one["figures"]:
        assert figure["median"] > 0, figure
        assert figure["cpu_median"] > 0, figure
        assert figure["name"] in result.output
    *_, idle, suites = one["figures"]
    assert idle["median"] > 100, "an idle board runs far ahead of the clock on the wall"
    assert "0 failed" in suites["note"]


def test_an_engine_that_is_not_there_is_said_before_anything_is_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RENODE", "/nowhere/renode")
    result = CliRunner().invoke(main, ["perf", "--engines", "quark,renode"])
    assert result.exit_code == 2
    assert result.stdout.splitlines()[-1] == "measuring"
    assert "error: RENODE names /nowhere/renode, which is no program" in result.stderr


def test_suites_that_fail_cost_their_figure_only() -> None:
    *_, suites = engines.measurements(["no-such-suite"])
    figure = suites.figure(Subject("quark"))
    assert "status 252: error: there is no suite 'no-such-suite'" in figure.skipped


def test_the_cpu_time_of_what_was_started_counts() -> None:
    busy = "import time\nwhile time.process_time() < 0.2: pass\nprint(flush=True)\ninput()"
    spent = Spent()
    with subprocess.Popen([sys.executable, "-c", busy], stdin=PIPE, stdout=PIPE) as process:
        assert process.stdout
        with spent.counting():
            process.stdout.readline()
        process.communicate(b"\n")
    assert spent.cpu >= 0.15
    ended = Spent()
    with ended.counting():
        subprocess.run([sys.executable, "-c", busy], input=b"\n", stdout=PIPE, check=True)
    assert ended.cpu >= 0.2


def test_only_some_are_measured(tmp_path: Path) -> None:
    output = tmp_path / "perf.json"
    words = ["perf", "--runs", "1", "--only", "Idle*second", "--only", "snapshot", "--output", str(output)]
    result = CliRunner().invoke(main, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    names = [figure["name"] for figure in json.loads(output.read_text())["figures"]]
    assert names == ["restore of a snapshot", "60 idle virtual seconds"]


def test_a_figure_that_does_not_exist_is_refused_with_the_names_of_those_that_do() -> None:
    with pytest.raises(UserError, match=r"'speed of light'.*restore of a snapshot"):
        select(("speed of light",))


@pytest.mark.parametrize(
    "reason", [CannotMeasureError("no tool for it"), PeerError("a", "b", "c"), TimeoutError("no prompt")]
)
def test_what_cannot_be_measured_is_skipped_with_the_reason(reason: Exception) -> None:
    def take(_subject: Subject, _figure: Figure) -> None:
        raise reason

    figure = Measurement("f", "ms", 1, take).figure(Subject("quark"))
    assert figure.as_dict()["skipped"] == str(reason)


def test_figures_had_before_an_interruption_are_shown_and_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupted(*_arguments: Any, **_options: Any) -> Iterator[Figure]:
        yield Figure("the first", "ms", 1, values=[2])
        raise KeyboardInterrupt

    monkeypatch.setattr(perf, "measure", interrupted)
    output = tmp_path / "perf.json"
    result = CliRunner().invoke(main, ["perf", "--output", str(output)])
    assert result.exit_code == 130
    assert [figure["name"] for figure in json.loads(output.read_text())["figures"]] == ["the first"]
    assert "missed" in result.output


def test_without_websockets_the_comparison_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, *arguments: Any) -> Any:
        if name.startswith("websockets"):
            raise ImportError(name)
        return load(name, *arguments)

    load = importlib.import_module
    monkeypatch.setattr("bench.perf.host.import_module", refuse)
    (comparison,) = select(("beside websockets",))
    with Subject("quark", runs=1) as subject:
        assert "websockets is not installed" in comparison.figure(subject).skipped


def test_instructions_are_the_same_every_time() -> None:
    (echo, *_) = select(("echo of 125 bytes",))
    figures = []
    for _ in range(2):
        with Subject("quark") as subject:
            figures.append(echo.figure(subject).values)
    assert figures[0] == figures[1]


def test_code_runs_at_the_boards_prompt() -> None:
    with Board.boot() as board:
        board.uart.wait_for("listening", timeout=5)
        prompt = Prompt(board)
        prompt.interrupt()
        assert prompt.run("for number in range(3):\n    print(number)\nprint('end')").split() == [
            *"012",
            "end",
        ]
        assert "ZeroDivisionError" in prompt.run("1 // 0")


def test_an_engine_that_is_not_there_leaves_the_figures_of_the_last_run(tmp_path: Path) -> None:
    output = tmp_path / "perf.json"
    output.write_text("of the last run")
    for which in (["--engine", "foo"], ["--engines", "foo,quark"]):
        result = CliRunner().invoke(main, ["perf", "--only", "restore*", "--output", str(output), *which])
        assert result.exit_code == 2, result.output
        assert output.read_text() == "of the last run"
