"""`bench report`: the reports of a run that could not write them itself."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from bench.cli.progress import phase
from bench.cli.robot_reports import LOG, OUTPUT, REPORT, write_reports
from bench.cli.run_summary import PAGES
from emulation.paths import reports_folder


@click.command
@click.argument(
    "folder", type=click.Path(path_type=Path), default=reports_folder() / "robot", metavar="[FOLDER]"
)
def command(folder: Path) -> None:
    """Write the reports of a run that was killed, from the output.xml it left.

    FOLDER is where the run reported to, reports/robot if it is not named. The test that was running when the
    run was killed counts as failed.
    """
    console = Console(soft_wrap=True, highlight=False)
    with phase(console, "writing the reports"):
        complaints = write_reports(folder)
    for complaint in complaints:
        console.print(complaint, style="yellow", markup=False)
    for name in (PAGES[0], REPORT, LOG, OUTPUT):
        console.print(f"  {folder.resolve() / name}")
