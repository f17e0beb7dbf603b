"""Makes Robot's reports, and the summaries, from the `output.xml` of a run, whole or cut off."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from bench.cli.robot_status import INTERRUPTED
from bench.cli.run_summary import Baseline, write_summaries
from bench.report.run_record import read_run
from bench.robot.salvage import salvage

OUTPUT, LOG, REPORT, XUNIT = "output.xml", "log.html", "report.html", "xunit.xml"


def write_reports(folder: Path, *, interrupted: bool = False, earlier: Baseline | None = None) -> list[str]:
    """Write all reports of the run whose `output.xml` lies in `folder`; returns complaints about them.

    `interrupted`: not all that was asked for has run; `earlier` is a run to compare with. Raises UserError
    if there is no output, or a file cannot be written.
    """
    import robot

    output = folder / OUTPUT
    interrupted = salvage(output) or interrupted
    said = io.StringIO()
    robot.rebot(
        str(output),
        outputdir=str(folder),
        log=LOG,
        report=REPORT,
        xunit=XUNIT,
        stdout=io.StringIO(),
        stderr=said,
    )
    complaints = [said.getvalue().strip()] if said.getvalue().strip() else []
    return complaints + write_summaries(folder, read_run(output).engine, interrupted, earlier)


def as_dict(folder: Path, status: int) -> dict[str, Any]:
    """The run whose reports lie in `folder`, for programs. Raises UserError."""
    run = read_run(folder / OUTPUT)
    count = run.count()
    return {
        "exit_code": status,
        "interrupted": status == INTERRUPTED,
        "passed": count["PASS"],
        "failed": count["FAIL"],
        "skipped": count["SKIP"],
        "seconds": run.seconds,
        "about": dict(run.metadata),
        "reports": str(folder.resolve()),
        "tests": [
            {"suite": test.suite, "name": test.name, "status": test.status, "message": test.message}
            for test in run.tests
        ],
    }
