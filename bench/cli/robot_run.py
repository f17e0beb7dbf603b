"""Runs Robot Framework, and makes one line of what it complains of."""

from __future__ import annotations

import io
import re
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench.cli.robot_status import INTERRUPTED, INVALID, UNEXPECTED
from emulation.errors import UserError


class Outcome(NamedTuple):
    """How a run of Robot ended."""

    status: int
    """Its exit code."""
    complaints: str
    """What it says on standard error, with its own warnings."""
    problem: str
    """Why it could not go on, if it could not, in a line; for a defect, complaints have the traceback."""


OF_SYSTEM = re.compile(r"OSError: (?:\[Errno \d+\] )?([^\n]*)")
"""An error behind which there is no defect, as a full disk."""


def run_robot(paths: Iterable[Path], listeners: Sequence[object], **options: Any) -> Outcome:
    """Run these suites with the options of `robot.run`. Raises UserError if nothing could run."""
    import robot

    said = io.StringIO()
    try:
        status = robot.run(
            *map(str, paths),
            listener=list(listeners),
            console="quiet",
            stdout=io.StringIO(),
            stderr=said,
            **options,
        )
        complaints = said.getvalue().strip()
        problem = gist(complaints) if status == UNEXPECTED else ""
    except KeyboardInterrupt:
        status, complaints, problem = INTERRUPTED, said.getvalue().strip(), ""
    except (Exception, SystemExit) as error:
        # A library's doing; or the output could not be written, and is written to once more as it is closed.
        status, complaints = UNEXPECTED, said.getvalue().strip()
        ended = f"{type(error).__name__}: {error}"
        problem = gist(complaints) if complaints else ended
        complaints = complaints or "".join(traceback.format_exception(error)).strip()
    if status == INVALID:
        raise UserError(*explain(complaints))
    return Outcome(status, "" if OF_SYSTEM.search(complaints) and problem else complaints, problem)


def gist(complaint: str) -> str:
    """The first line of what Robot says of an unexpected error, or what the system has said to it."""
    if (found := OF_SYSTEM.search(complaint)) is not None:
        return found[1]
    last = complaint.rpartition("[ ERROR ] ")[2].removeprefix("Unexpected error: ")
    return last.split("\n", 1)[0] or "Robot Framework gives no reason"


def explain(complaints: str) -> tuple[str, str]:
    """Robot's own complaint as message and hint."""
    found = re.search(r"\[ ERROR \] (.*?)(?:\n\n|\nTry --help|\Z)", complaints, re.DOTALL)
    message = (
        " ".join((found[1] if found else complaints).split()) or "Robot Framework could not run the suites"
    )
    if "no tests" in message:
        return (
            message,
            "see which names and tags there are in the suites, and check --test, --include and --exclude",
        )
    if "output file" in message:
        return message, "choose a folder you can write to with --report"
    return message, "mend the suite file"
