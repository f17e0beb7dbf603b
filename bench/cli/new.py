"""`bench new NAME`: a project of one's own."""

from __future__ import annotations

from pathlib import Path

import click


@click.command
@click.argument("folder", metavar="NAME", type=click.Path(path_type=Path))
def command(folder: Path) -> None:
    """Make a folder NAME with a server application, tests for it and CI files.

    `bench run` and pytest test the application in that folder on an emulated board.
    """
    from bench.scaffold import create_project

    for path in create_project(folder):
        click.echo(f"  {path}")
    click.echo(f"\nnow:  cd {folder}\n      bench run")
