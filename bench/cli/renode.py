"""`bench renode`: is the Renode of this machine one that runs the board, and how to get one."""

from __future__ import annotations

import contextlib
import time

import click
from rich.console import Console
from rich.text import Text

from bench.board import Board
from emulation.errors import UserError
from emulation.renode.find import find_renode

BOOT_TIMEOUT = 10.0
"""Virtual seconds a firmware gets to say that it is ready."""

HOW_TO_GET = """\
How to get Renode 1.12 or newer, with access to the Internet:

  renode-run, which downloads a portable Renode into your home:
    pip install git+https://github.com/antmicro/renode-run
    renode-run download
    bench renode       # finds it and boots the firmware in it

  or a release from https://github.com/renode/renode/releases:
    unpack renode-VERSION.linux-portable*.tar.gz
    export RENODE=/path/to/the/unpacked/folder
    bench renode

The bench looks at the variable RENODE, for `renode` on the PATH, and for what renode-run has downloaded.
"""


@click.command
@click.option("--ready", default="listening", help="What the firmware prints when it is ready.")
@click.option("--firmware", type=click.Path(), help="ELF to boot instead of the project's own.")
def command(ready: str, firmware: str | None) -> None:
    """Find Renode, boot the firmware in it and say how long that took; or say how to get Renode.

    Exit status 2 if there is no Renode that can run the board.
    """
    console = Console(highlight=False, soft_wrap=True)
    try:
        found = find_renode()
    except UserError:
        console.print(Text(HOW_TO_GET))
        raise
    console.print(f"found:   {found.name}, {' '.join(found.command)}")
    started = time.perf_counter()
    with contextlib.closing(Board.boot("renode", firmware)) as board:
        try:
            board.uart.wait_for(ready, timeout=BOOT_TIMEOUT)
        except TimeoutError as error:
            raise UserError(
                f"the firmware does not get ready in {found.name}: {error}", "try --ready"
            ) from None
        took = time.perf_counter() - started
        console.print(f"booted:  in {took:.1f} s, {board.clock.now:.3f} s of virtual time")
    console.print("`bench run --engine renode` can run", style="green")
