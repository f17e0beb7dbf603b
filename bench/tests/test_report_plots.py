"""The plots of a run, made of figures as a run leaves them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.board import ROOT
from bench.report import plots as plots_module
from bench.report.figures import HeapSample, Operation, TestFigures, append_figures, read_figures
from bench.report.plots import Plot, plots


def echo(size: int, milliseconds: float, name: str = "text") -> Operation:
    return Operation(name, size, milliseconds * 1000, int(milliseconds * 32_000))


def a_test(
    *operations: Operation, heap: list[HeapSample] | None = None, name: str = "One <&>"
) -> TestFigures:
    return TestFigures("Own", name, "PASS", 12.5, 400_000, 7, 6, heap or [], list(operations))


SAWTOOTH = [HeapSample(0, 20_480), HeapSample(5, 4_096), HeapSample(12.5, 18_432)]
RUN = [
    a_test(echo(1, 3), echo(1, 5), echo(1, 4), echo(4096, 30), Operation("open", 0, 22_000, 700_000)),
    a_test(echo(125, 3.5, "binary"), heap=SAWTOOTH, name="Other"),
]


def by_title(run: list[TestFigures], earlier: list[TestFigures] | None = None) -> dict[str, Plot]:
    return {plot.title: plot for plot in plots(run, earlier or [])}


def test_an_echo_is_plotted_by_its_payload() -> None:
    plot = by_title(RUN)["Time of an echo by payload"]
    assert plot.head == ("Payload, bytes", "Echoes", "Least, ms", "Median, ms", "Most, ms")
    assert plot.rows == [
        ("1", "3", "3.00", "4.00", "5.00"),
        ("125", "1", "3.50", "3.50", "3.50"),
        ("4096", "1", "30.00", "30.00", "30.00"),
    ]
    assert "A message of 1 bytes is back after 4.00 ms" in plot.words
    assert "4096 bytes after 30.00 ms" in plot.words


def test_the_heap_is_that_of_the_tests_that_left_least_of_it() -> None:
    others = [a_test(heap=[HeapSample(t, 9_000) for t in range(5)], name=f"More {n}") for n in range(5)]
    plot = by_title([*others, *RUN])["Free heap over time"]
    assert plot.rows[0] == ("Own: Other", "0.01", "20480", "4096", "18432")
    assert len(plot.rows) == 3
    assert "4.0 KiB, in 'Other'" in plot.words


def test_a_test_that_has_restored_states_of_its_own_has_no_course_of_the_heap() -> None:
    back = [HeapSample(5, 9_000), HeapSample(3, 8_000), HeapSample(6, 7_000)]
    assert "Free heap over time" not in by_title([a_test(heap=back)])


def test_operations_are_told_by_what_they_are() -> None:
    plot = by_title(RUN)["Instructions by operation"]
    assert [row[:2] for row in plot.rows] == [
        ("connect and upgrade", "1"),
        ("echo, up to 125 B", "4"),
        ("echo, beyond 1000 B", "1"),
    ]
    assert plot.rows[1] == ("echo, up to 125 B", "4", "96.0", "120.0", "160.0")


def test_an_engine_that_counts_no_instructions_has_no_plot_of_them() -> None:
    silent = a_test(Operation("text", 1, 3000, 0), Operation("text", 2, 3000, 0))
    assert list(by_title([silent])) == ["Time of an echo by payload"]


def test_an_earlier_run_stands_beside_this_one() -> None:
    found = by_title(RUN, [a_test(echo(1, 8), Operation("open", 0, 25_000, 800_000))])
    latency, instructions = found["Time of an echo by payload"], found["Instructions by operation"]
    assert [row[-1] for row in latency.rows] == ["8.00", "", ""]
    assert [row[-1] for row in instructions.rows] == ["800.0", "256.0", ""]
    assert "baseline" in latency.picture
    assert "baseline" not in by_title(RUN)["Time of an echo by payload"].picture


def test_a_run_without_figures_has_no_plots() -> None:
    assert plots([]) == []
    assert plots([TestFigures("Own", "Nothing")]) == []


def test_pictures_are_parts_of_a_page_in_its_colours_and_fonts() -> None:
    names: list[str] = []
    for plot in plots(RUN):
        svg = ElementTree.fromstring(plot.picture)
        title, words = (svg.findtext(f"{{http://www.w3.org/2000/svg}}{name}") for name in ("title", "desc"))
        assert (title, words) == (plot.title, plot.words)
        assert not re.search(r"#[0-9a-f]{6}\b|rgb\(", plot.picture), (
            "a colour that does not follow the page's"
        )
        assert "var(--blue)" in plot.picture and "var(--ink)" in plot.picture
        assert "url(" not in plot.picture and "DejaVu" not in plot.picture and "<style" not in plot.picture
        names += [element.attrib["id"] for element in svg.iter() if "id" in element.attrib]
    assert len(names) == len(set(names)), "ids that come up twice on one page"


def test_the_same_run_gives_the_same_pictures() -> None:
    assert plots(RUN) == plots(RUN)


def test_without_matplotlib_there_are_words_and_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = plots(RUN)
    monkeypatch.setattr(plots_module, "can_draw", lambda: False)
    for plot, other in zip(plots(RUN), drawn, strict=True):
        assert plot.picture == ""
        assert (plot.words, plot.rows) == (other.words, other.rows)


def test_matplotlib_says_nothing_where_it_cannot_keep_its_fonts() -> None:
    program = (
        "from bench.tests.test_report_plots import RUN; from bench.report.plots import plots; plots(RUN)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "MPLCONFIGDIR": "/proc/none"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_figures_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "figures.jsonl"
    assert read_figures(path) == []
    for figures in RUN:
        append_figures(path, figures)
    assert read_figures(path) == RUN


def test_a_line_that_is_cut_off_loses_no_other(tmp_path: Path) -> None:
    path = tmp_path / "figures.jsonl"
    append_figures(path, RUN[0])
    whole = path.read_text()
    path.write_text(whole + "\n[1, 2]\n" + whole[: len(whole) // 2])
    assert read_figures(path) == RUN[:1]
