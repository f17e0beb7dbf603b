"""`bench shell`: an interactive Python with a booted board, its wire and Scapy."""

from __future__ import annotations

import sys

import click
from rich.console import Console

from bench.cli.options import BoardChoice, board_options, print_about

BANNER = """\
{about}
board, wire, uart, clock      run(seconds), reset(), frames(), save("file.pcapng")
peer(8080), Peer, WebSocket   all of Scapy; sr1, sr, send, sniff go over the wire
The board's time stands still while you type. Ctrl-C ends a wait, Ctrl-D the shell."""


@click.command()
@board_options
@click.option("--exec", "text", metavar="CODE", help="Run this and end, instead of asking for input.")
@click.pass_context
def command(
    ctx: click.Context,
    text: str | None,
    board: BoardChoice,
) -> None:
    """Boot a board and let you try things on it in Python, with `board`, `wire`, `peer` and Scapy at hand.

    IPython is used where it is installed. What the board prints is shown between the inputs. If the input is
    no terminal it is run as a script, as with --exec: then the exit code is 1 if the script or the board
    fails, 2 if the board could not be started, 130 after Ctrl-C.
    """
    from bench.robot import session
    from bench.shell.console import interact, run_script
    from bench.shell.tools import namespace
    from bench.shell.uart_echo import UartEcho

    interactive = text is None and sys.stdin.isatty()
    source = "<exec>" if text is not None else "<stdin>"
    # Results of a script may be read by a program: what the board prints is not among them.
    console = Console(stderr=not interactive, soft_wrap=True, highlight=False)
    chosen = board.choose(console)
    if not interactive:
        print_about(console, chosen.target.about())
    echo = UartEcho(console)
    running = session.Session(chosen.settings())
    try:
        echo(running.board.uart.text.encode())
        running.board.uart.listen(echo)
        names = namespace(running)
        if interactive:
            about = running.describe()
            interact(names, BANNER.format(about="; ".join(f"{k}: {v}" for k, v in about.items())), echo.flush)
        else:
            try:
                status = run_script(sys.stdin.read() if text is None else text, source, names)
            finally:
                echo.flush()
            ctx.exit(status)
    finally:
        running.close()
