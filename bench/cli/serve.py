"""`bench serve`: a board that lives in real time, for the host's own WebSocket clients."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource
from rich.console import Console

from bench.cli.options import BoardChoice, board_options, print_about
from emulation.errors import GuestFault, UserError

if TYPE_CHECKING:
    from bench.board import Board
    from bench.live import TapDevice, WebConsole

LOOPBACK = "127.0.0.1"
CONSOLE_PORT = 8090
"""Where the web console is unless told otherwise; if that is taken, at any port that is free."""
BOARD_PORTS = {
    8080: "echo",
    8081: "the sample of Zephyr.js, sub-protocol my_ws_protocol",
    8082: "sub-protocols echo, masked-echo and clients",
}
"""The servers of the project's own firmware."""
PORT = re.compile(r"(\d{1,5})(?::(\d{1,5}))?")
CONSOLE = re.compile(r"(?:(\[[\da-fA-F:.]+\]|[^:\[\]]+):)?(\d{1,5})")


@dataclass(frozen=True)
class Forward:
    """A port of the host (0: any that is free) and the board's port behind it."""

    host_port: int
    board_port: int


def parse_forwards(_ctx: click.Context, _option: click.Parameter, values: Sequence[str]) -> list[Forward]:
    """The forwards of `HOST[:BOARD]`; the project's servers for none. Raises UserError."""
    forwards = []
    for value in values:
        found = PORT.fullmatch(value)
        numbers = [int(number) for number in found.groups(default="8080")] if found else []
        if not numbers or max(numbers) > 65535 or numbers[1] == 0:
            raise UserError(
                f"--port {value} is not understood",
                "give a port of this machine and, after a colon, one of the board: --port 9000:8080",
            )
        forwards.append(Forward(*numbers))
    return forwards or [Forward(port, port) for port in BOARD_PORTS]


@dataclass(frozen=True)
class ConsoleAt:
    """Where the web console listens; without `wanted`, elsewhere if the port is taken."""

    host: str = LOOPBACK
    port: int = CONSOLE_PORT
    wanted: bool = False


def parse_console(_ctx: click.Context, _option: click.Parameter, value: str | None) -> ConsoleAt:
    """The place of `[ADDRESS:]PORT`. Raises UserError."""
    if value is None:
        return ConsoleAt()
    found = CONSOLE.fullmatch(value)
    if found is None or int(found[2]) > 65535:
        raise UserError(
            f"--console {value} is not understood",
            "give a port of this machine, 0 for any that is free, and before it an address if need be:"
            " --console 0.0.0.0:8090",
        )
    return ConsoleAt((found[1] or LOOPBACK).strip("[]"), int(found[2]), wanted=True)


@click.command()
@click.option(
    "--port",
    "forwards",
    callback=parse_forwards,
    multiple=True,
    metavar="HOST[:BOARD]",
    help="Port of this machine (0: any that is free) and of the board, 8080 if left out; may be repeated."
    " [default: 8080:8080, 8081:8081, 8082:8082]",
)
@click.option("--bind", default=LOOPBACK, show_default=True, help="Address of this machine to listen on.")
@click.option(
    "--console",
    "console_at",
    callback=parse_console,
    metavar="[ADDRESS:]PORT",
    help="Where the web console is (0: any port that is free)."
    f" [default: {LOOPBACK}:{CONSOLE_PORT}, or another port if that is taken]",
)
@click.option("--no-console", is_flag=True, help="Do without the web console.")
@click.option(
    "--tap",
    metavar="NAME",
    help="Also join this network interface of the machine, a TAP, to the board's segment; it is made if there"
    " is none of that name. Needs root, or a TAP that root has made for you.",
)
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="ADDRESS",
    help="The bench's own address on the board's segment, IPv4 or IPv6; may be given once for each."
    " [default: 192.0.2.2 and 2001:db8::2, or beside the board's]",
)
@click.option(
    "--no-host",
    is_flag=True,
    help="Have no station of the bench on the segment: the board is reached over the TAP only.",
)
@click.option("--fast", is_flag=True, help="Let the board's time run ahead of the clock while it has work.")
@click.option(
    "--capture", type=click.Path(path_type=Path), metavar="PCAPNG", help="Write all frames to this file."
)
@board_options
def command(
    forwards: list[Forward],
    bind: str,
    console_at: ConsoleAt,
    no_console: bool,
    tap: str | None,
    hosts: tuple[str, ...],
    no_host: bool,
    fast: bool,
    capture: Path | None,
    board: BoardChoice,
) -> None:
    """Boot a board and let clients on this machine reach it, until Ctrl-C.

    What the board prints goes to the terminal, and to a page for browsers, the web console, which also shows
    the frames and works the board. Neither root nor a TAP is needed: each connection is carried on to the
    board by one of the bench. Ctrl-C and SIGTERM close the connections and end with exit code 0; a board that
    crashes ends with 1, and what keeps it from starting, as a port in use, with 2.
    """
    from bench.addresses import host_at
    from bench.live import TapDevice
    from bench.live.tap_device import host_beside_both

    console = Console(soft_wrap=True, highlight=False)
    if no_host:
        forwards = check_absence(tap, hosts, forwards)
    chosen = board.choose(console)
    host = host_at(chosen.station, hosts) if hosts else None
    print_about(console, chosen.target.about())
    names = BOARD_PORTS if chosen.target.firmware is None else {}
    with contextlib.ExitStack() as stack:
        device = (
            None
            if tap is None
            else stack.enter_context(TapDevice(tap, host_beside_both(chosen.station, host)))
        )
        booted = stack.enter_context(chosen.boot(host=host))
        booted.wire.neighbour.enabled = not no_host
        # Ctrl-C raises only until the loop handles it.
        stack.enter_context(contextlib.suppress(KeyboardInterrupt))
        asyncio.run(
            serve(
                booted,
                forwards,
                bind,
                console_at=None if no_console else console_at,
                tap=device,
                fast=fast,
                capture=capture,
                ready=chosen.wanted,
                names=names,
                application=chosen.target.application.partition(",")[0],
            )
        )


def check_absence(tap: str | None, hosts: Sequence[str], forwards: list[Forward]) -> list[Forward]:
    """The ports of this machine for a bench without a station: none. Raises UserError."""
    if hosts:
        raise UserError("--host and --no-host contradict each other", "leave one of them away")
    if tap is None:
        raise UserError(
            "with --no-host nobody would reach the board", "join this machine to its segment with --tap NAME"
        )
    if click.get_current_context().get_parameter_source("forwards") is ParameterSource.COMMANDLINE:
        raise UserError(
            f"port {forwards[0].host_port} of this machine needs the bench's station: no --no-host with it",
            "leave --port away: over the TAP the board is reached by its own addresses",
        )
    return []


async def serve(
    board: Board,
    forwards: Sequence[Forward],
    bind: str,
    *,
    console_at: ConsoleAt | None = None,
    tap: TapDevice | None = None,
    fast: bool = False,
    capture: Path | None = None,
    ready: str | None = None,
    names: Mapping[int, str] = BOARD_PORTS,
    application: str = "",
) -> None:
    """Boot the board and serve until a signal asks to end; `names` says what the board's ports are.

    `application` is what the firmware was made for. Raises UserError, GuestFault, and BrokenPipeError once
    nobody reads what is printed.
    """
    from bench.cli.serve_terminal import Terminal
    from bench.live import About, LiveBoard, Relay, TapBridge, WebConsole
    from bench.readiness import await_ready

    with LiveBoard(board, fast=fast, capture=capture) as live:
        terminal = Terminal()
        live.feed.subscribe(terminal)
        for note in await_ready(board, ready):
            terminal.line(note)
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(terminal.unexpected)
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, live.stop)
        relay = Relay(live)
        console: WebConsole | None = None
        bridge: TapBridge | None = None
        fault: GuestFault | None = None
        try:
            ports = [await relay.listen(each.host_port, each.board_port, bind) for each in forwards]
            if console_at is not None:
                urls = {
                    forward.board_port: url(bind, port) for port, forward in zip(ports, forwards, strict=True)
                }
                firmware = board.firmware.name if board.firmware is not None else "firmware"
                what = f"{application} in {firmware}" if application else firmware
                console = WebConsole(live, About(what, names, urls), lambda: map(str, relay.connections))
                at = await listen(console, console_at)
                terminal.line(f"{url(console_at.host, at, 'http')} is the web console")
            for port, forward in zip(ports, forwards, strict=True):
                name = f" ({names[forward.board_port]})" if forward.board_port in names else ""
                terminal.line(f"{url(bind, port)} to port {forward.board_port} of the board{name}")
            if tap is not None:
                bridge = TapBridge(live, tap)
                first = min((forward.board_port for forward in forwards), default=min(names, default=8080))
                terminal.line(f"{url(board.ip, first)} reaches the board by the TAP {tap.name}")
            await live.run()
        except GuestFault as error:
            fault = error
            raise
        finally:
            relay.close()
            if console is not None:
                await console.close(fault)
            if bridge is not None:
                bridge.close()
            await asyncio.sleep(0)  # the sockets close in the loop's next turn


async def listen(console: WebConsole, where: ConsoleAt) -> int:
    """Let the console listen; returns its port. Raises UserError."""
    try:
        return await console.listen(where.port, where.host)
    except UserError:
        if where.wanted:
            raise
        return await console.listen(0, where.host)


def url(host: str, port: int, scheme: str = "ws") -> str:
    """As clients write it."""
    return f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"
