from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from bench.cli import main
from bench.perf import Figure, Spent


def test_a_figure_is_judged_by_its_median() -> None:
    figure = Figure("f", "ms", 10, values=[1, 2, 90], cpu=[1, 1, 1])
    assert (figure.median, figure.cpu_median) == (2, 1)
    assert figure.keeps(figure.median)
    assert figure.as_dict()["max"] == 90
    assert not Figure("f", "MIPS", 10, at_least=True, values=[9]).as_dict()["met"]


def test_time_is_counted_over_several_pieces() -> None:
    spent = Spent()
    for _ in range(2):
        with spent.counting():
            sum(range(1000))
    assert spent.cpu > 0
    assert spent.wall > 0


def test_every_figure_has_a_target_and_lands_in_table_and_json(tmp_path: Path) -> None:
    output = tmp_path / "figures" / "perf.json"
    result = CliRunner().invoke(main, ["perf", "--runs", "1", "--json", str(output)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    written = json.loads(output.read_text())
    names = [figure["name"] for figure in written["figures"]]
    assert names == [
        "boot to listening, with construction",
        "restore of a snapshot",
        "connect, upgrade, echo, close",
        "guest speed while computing",
        "guest speed while serving",
        "60 idle virtual seconds",
        "host memory of one board",
    ]
    for figure in written["figures"]:
        assert 0 < figure["min"] <= figure["median"] <= figure["max"]
        assert figure["name"] in result.output
