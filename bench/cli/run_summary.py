"""Writes the summaries of a finished run beside Robot's reports, and onto the page of a CI job."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from bench.files import write_whole
from bench.report.figures import FIGURES, TestFigures, read_figures
from bench.report.plots import plots
from bench.report.run_record import RunRecord, read_run
from bench.report.summary import html, markdown
from bench.report.trend import compare
from emulation.errors import UserError

ENGINES = "engines"
"""Folder of the latest `output.xml` of each engine, within that of the reports."""
PAGES = ("summary.html", "summary.md")
JOB_PAGE = "GITHUB_STEP_SUMMARY"
"""The environment variable with which GitHub's and compatible CI runners name the file that they show."""

HINT = "choose another folder with --report"


class Baseline(NamedTuple):
    """An earlier run."""

    record: RunRecord
    figures: list[TestFigures]
    """None where only its `output.xml` was kept."""
    partial: bool = False
    """Whether of the run that is compared with it only some tests were to run."""


def read_baseline(path: Path, *, partial: bool = False) -> Baseline | None:
    """The earlier run: an `output.xml`, or a folder of reports; None if there is none yet.

    Raises UserError for a file that is no record of a run.
    """
    output = path / "output.xml" if path.is_dir() else path
    if not output.exists():
        return None
    return Baseline(read_run(output), read_figures(output.with_name(FIGURES)), partial)


def write_summaries(
    report: Path, engine: str, interrupted: bool, earlier: Baseline | None = None
) -> list[str]:
    """Write the pages into `report`; returns complaints about what is not part of this run.

    `earlier` is the run to compare with.

    Raises UserError for a file that cannot be written.
    """
    output = report / "output.xml"
    run = read_run(output)
    complaints: list[str] = []
    others: list[RunRecord] = []
    own = report / ENGINES / f"{engine}.xml"
    for path in sorted(own.parent.glob("*.xml")):
        if path != own:
            try:
                others.append(read_run(path))
            except UserError as error:
                complaints.append(f"left out of the summary: {error}")
    if not interrupted:
        write_whole(own, output.read_text(encoding="utf-8"), HINT)
    trend = None if earlier is None else compare(earlier.record, run, partial=earlier.partial or interrupted)
    measured = plots(read_figures(report / FIGURES), earlier.figures if earlier else ())
    page = markdown(run, others, interrupted, trend, measured)
    write_whole(report / PAGES[0], html(run, others, interrupted, trend, measured), HINT)
    write_whole(report / PAGES[1], page, HINT)
    if job_page := os.environ.get(JOB_PAGE):
        try:
            with Path(job_page).open("a", encoding="utf-8") as file:
                file.write(page)
        except OSError as error:
            complaints.append(f"cannot append to {job_page} ({JOB_PAGE}): {error.strerror}")
    return complaints
