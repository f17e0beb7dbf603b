"""`bench firmware`: build the firmware and show how much of the board it takes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from bench.cli.options import console_beside, json_option, print_json
from bench.cli.progress import phase
from bench.stacks import DEFAULT_STACK, STACKS
from emulation.firmware.build import BuildResult


@click.command("firmware", help="Build the firmware and show how much of the board it takes.")
@click.option(
    "--stack",
    type=click.Choice(list(STACKS)),
    default=DEFAULT_STACK,
    show_default=True,
    help="Network stack; zephyr needs a Zephyr 1.14 tree, named by ZEPHYR_BASE.",
)
@click.option(
    "--output",
    "out",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Folder for ELF, map and objects. [default: build/firmware, build/firmware/zephyr]",
)
@click.option(
    "--app", type=click.Path(path_type=Path), help="Python file to freeze as main.py (default: the servers)."
)
@click.option(
    "--ws-server", type=click.Path(path_type=Path), help="Folder of another ws_server package to freeze."
)
@json_option
def command(stack: str, out: Path | None, app: Path | None, ws_server: Path | None, as_json: bool) -> None:
    """Build, unless nothing has changed, and print the size table."""
    console = console_beside(as_json)
    with phase(console, "building the firmware") as tell:
        result = STACKS[stack].build(out, app=app, ws_server=ws_server, progress=tell)
    if as_json:
        print_json(as_dict(result, stack))
    console.print(size_table(result))
    state = "built" if result.fresh else "up to date"
    console.print(f"{result.elf} ({state})\nSHA-256 {result.sha256}", highlight=False, soft_wrap=True)


def as_dict(result: BuildResult, stack: str) -> dict[str, Any]:
    """The result for programs; sizes in bytes."""
    return {
        "elf": str(result.elf),
        "sha256": result.sha256,
        "stack": stack,
        "built": result.fresh,
        "sizes": asdict(result.sizes),
    }


def size_table(result: BuildResult) -> Table:
    """Bytes taken and there, by flash bank and by use of SRAM."""
    sizes = result.sizes
    table = Table(title="Memory of the board", caption="bytes", box=None, pad_edge=False)
    table.add_column("")
    for heading in ("used", "of", "%"):
        table.add_column(heading, justify="right")
    rows = [(bank.name, bank.used, bank.size) for bank in sizes.banks]
    rows += [
        ("SRAM: static data", sizes.static_ram, sizes.sram),
        ("SRAM: stack", sizes.stack, sizes.sram),
        ("SRAM: Python heap", sizes.heap, sizes.sram),
    ]
    for name, used, size in rows:
        table.add_row(name, f"{used:,}", f"{size:,}", f"{100 * used / size:.0f}")
    return table
