"""Makes Robot's reports, and the summaries, from the `output.xml` of a run, whole or cut off."""

from __future__ import annotations

import contextlib
import io
import os
import re
from pathlib import Path
from typing import Any

from bench.cli.robot_run import gist
from bench.cli.robot_status import INTERRUPTED, MOST_FAILED
from bench.cli.run_summary import ENGINES, Baseline, write_summaries
from bench.files import refuse_links
from bench.report.run_record import read_run
from bench.robot.salvage import salvage
from emulation.errors import UserError

OUTPUT, LOG, REPORT, XUNIT = "output.xml", "log.html", "report.html", "xunit.xml"
TAGS = {"tagstatinclude": ["layer:*", "fast", "slow"]}
"""What the table of tags lists: with the sections of the RFCs it would have a hundred rows."""
UNWRITTEN = re.compile(r"(Writing|Opening) \w+ file .* failed")
"""How Robot says that it could not write one of the pages."""
AGAIN = "make room or the folder writable; `bench report {}` writes them from its output.xml"
END = 64
"""Bytes of a page that show whether it has its end."""


def write_reports(folder: Path, *, interrupted: bool = False, earlier: Baseline | None = None) -> list[str]:
    """Write all reports of the run whose `output.xml` lies in `folder`; returns complaints about them.

    `interrupted`: not all that was asked for has run; `earlier` is a run to compare with. Raises UserError
    if there is no output, or a file cannot be written.
    """
    output = folder / OUTPUT
    refuse_links(folder, (LOG, REPORT, XUNIT, ENGINES), "remove the link: it would be written through")
    interrupted = salvage(output) or interrupted
    engine = read_run(output).engine  # what cannot be read is told in one line
    complaints: list[str] = []
    if problem := _write_pages(folder, complaints):
        with contextlib.suppress(UserError):  # the summary is Robot's pages in short: better than none
            write_summaries(folder, engine, True, earlier)
        raise UserError(f"cannot write the reports to {folder}: {problem}", AGAIN.format(folder))
    return complaints + write_summaries(folder, engine, interrupted, earlier)


def _write_pages(folder: Path, complaints: list[str]) -> str:
    """Have Robot write its pages, and note what it says of them; returns why it could not, else nothing."""
    import robot

    said = io.StringIO()
    status = 0
    # A listener of the user's that ends the program when Robot closes it does so here once more.
    with contextlib.suppress(SystemExit, KeyboardInterrupt):
        status = robot.rebot(
            str(folder / OUTPUT),
            outputdir=str(folder),
            log=LOG,
            report=REPORT,
            xunit=XUNIT,
            **TAGS,
            stdout=io.StringIO(),
            stderr=said,
        )
    complaint = said.getvalue().strip()
    if status > MOST_FAILED or UNWRITTEN.search(complaint):
        for name in (LOG, REPORT, XUNIT):
            with contextlib.suppress(OSError):
                _remove_half(folder / name)
        return gist(complaint)
    if complaint:
        complaints.append(complaint)
    return ""


def _remove_half(page: Path) -> None:
    """Remove a page that was not written to its end. Raises OSError."""
    with page.open("rb") as file:
        file.seek(-min(END, page.stat().st_size), os.SEEK_END)
        whole = file.read().rstrip().endswith((b"</html>", b"</testsuite>", b"</testsuites>"))
    if not whole:
        page.unlink()


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
