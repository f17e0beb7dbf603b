"""The folder a run reports to: proved before it, and cleared of an earlier run's when its first test is due.

A run that comes to nothing, over a typo, a firmware that is not there or a full disk, leaves it as it was.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from bench.cli.robot_reports import LOG, OUTPUT, REPORT, XUNIT
from bench.cli.run_summary import ENGINES, PAGES
from bench.files import refuse_links, remove_unfinished
from bench.report.figures import FIGURES
from emulation.errors import UserError

CAPTURES = "captures"
ARTEFACTS = (REPORT, LOG, OUTPUT, XUNIT, FIGURES, *PAGES)
ROOM = 1 << 20
"""Bytes: Robot's log and report alone take half of it."""
BEGINNING = 1024
"""Bytes of a capture in which its comment stands."""
SEED = b"seed "
HINT = "choose a folder you can write to with --report"


def prove(folder: Path) -> None:
    """Make the folder, and make sure that reports can be written there. Raises UserError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            os.posix_fallocate(file.fileno(), 0, ROOM)
    except OSError as error:
        raise UserError(f"cannot write reports to {folder}: {error.strerror}", HINT) from None
    refuse_links(folder, (CAPTURES, ENGINES, *ARTEFACTS), "remove the link, or choose a folder with --report")


def clear(folder: Path, engine: str) -> None:
    """Remove what an earlier run has left, but for the results of other engines. Raises OSError.

    `output.xml` stays: Robot has just begun to write it.
    """
    for artefact in ARTEFACTS:
        if artefact != OUTPUT:
            (folder / artefact).unlink(missing_ok=True)
        remove_unfinished(folder / artefact)
    for result in (folder / ENGINES).glob("*.xml"):
        remove_unfinished(result)
    (folder / ENGINES / f"{engine}.xml").unlink(missing_ok=True)
    for place, folders, files in os.walk(folder / CAPTURES):  # which follows no links
        for name in folders:
            if (link := Path(place, name)).is_symlink():
                link.unlink()
        for name in files:
            if name.endswith(".pcapng") and is_ours(Path(place, name)):
                Path(place, name).unlink()


def is_ours(capture: Path) -> bool:
    """Whether a run of the bench has left this file: its comment names test and seed. Raises OSError."""
    with capture.open("rb") as file:
        start = file.read(BEGINNING)
    return not start or SEED in start


class Clearing:
    """A Robot listener that clears the folder as soon as it is certain that something runs."""

    ROBOT_LISTENER_API_VERSION = 3
    ROBOT_LISTENER_PRIORITY = 100
    """Before all others."""

    def __init__(self, folder: Path, engine: str) -> None:
        self._folder = folder
        self._engine = engine
        self.begun = False
        """Whether the run has begun: what lies in the folder is of this run."""

    def start_suite(self, data: Any, result: Any) -> None:
        """Clear the folder when the first suite begins. Raises OSError, of which Robot makes an error."""
        if not self.begun:
            self.begun = True
            clear(self._folder, self._engine)
