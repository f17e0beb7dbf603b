"""`bench inject`: send the frames of a capture to a board, and show what comes back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from bench.board import Board
from bench.capabilities import Capabilities, Capability
from bench.capture import Capture
from bench.cli.options import (
    BoardChoice,
    BoardOptions,
    board_options,
    console_beside,
    json_option,
    print_about,
    print_json,
)
from bench.peer import PeerError
from bench.readiness import await_ready
from emulation.errors import GuestFault, UserError

if TYPE_CHECKING:
    from bench.capture_file import StoredFrame

QUIET = 1.0
"""Virtual seconds the board is left to run after the last frame."""
ROUNDING = 0.5e-9
"""Seconds."""
EPOCH = 1e6
"""Virtual time does not come this far: a later timestamp is of a wall clock."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--state", help="Bring a connection into this protocol state first (see `bench matrix`).")
@click.option("--ipv6", is_flag=True, help="That connection is one over IPv6.")
@click.option("--runts", is_flag=True, help="Send frames under 60 bytes as they are, without padding.")
@json_option
@click.option(
    "--capture",
    "stored",
    type=click.Path(path_type=Path),
    metavar="PCAPNG",
    help="Write what crosses the wire to this file.",
)
@board_options
@click.pass_context
def command(
    ctx: click.Context,
    file: Path,
    state: str | None,
    ipv6: bool,
    runts: bool,
    as_json: bool,
    stored: Path | None,
    board: BoardChoice,
) -> None:
    """Send the bench's frames of a capture (pcap or pcapng) to a freshly booted board.

    They keep their distances in time; those that come from the board's address are not sent, but compared
    with what the board sends now. A capture of the bench's own, with the same firmware and seed, is replayed
    to the microsecond. Ends with the board's health.
    """
    from bench.capture_file import read_capture
    from bench.cli.frame_line import frame_as_dict, frame_line

    frames = read_capture(file)
    console = console_beside(as_json, soft_wrap=True)
    # The bench's own captures tell directions, and their times are virtual: from reset on.
    own = state is None and frames != [] and all(f.direction and f.time < EPOCH for f in frames)
    chosen = board.choose(console)
    print_about(console, chosen.target.about())
    with booted(chosen, state, ipv6, at_reset=own) as guest:
        sent = [frame for frame in frames if not _is_from(guest, frame)]
        if not sent:
            raise UserError(f"{file} has no frame for the board", "give a capture with frames from the bench")
        recorded = [frame.data for frame in frames if _is_from(guest, frame)]
        capture = guest.wire.capture = Capture()
        pinged = (own and chosen.target.firmware is None) or Capabilities(guest).offers(Capability.PING)
        shift = 0.0 if own else guest.clock.now - sent[0].time
        fault = replay(guest, sent, shift, answered=bool(recorded), pad=not runts)
        for crossed in capture.frames:
            style = "" if crossed.direction == "to-board" else "bold"
            console.print(Text(frame_line(crossed.time, crossed.data, crossed.direction), style=style))
        received = [crossed.data for crossed in capture.frames if crossed.direction == "from-board"]
        verdict = compare(recorded, received) if recorded else ""
        if verdict:
            console.print(verdict)
        if fault is None:
            fault = _health(guest, pinged)
        if stored is not None:
            capture.write(stored, f"bench inject {file.name}, seed {chosen.seed}")
            console.print(f"capture: {stored}")
    if as_json:
        print_json(
            {
                **chosen.target.as_dict(),
                "healthy": fault is None,
                "fault": None if fault is None else str(fault),
                "as_recorded": recorded == received[: len(recorded)] if recorded else None,
                "frames": [frame_as_dict(crossed) for crossed in capture.frames],
            }
        )
    if fault is not None:
        console.print(Text(f"not healthy: {fault}", style="bold red"))
        ctx.exit(1)
    words = "no fault, no traceback, and a ping is answered" if pinged else "no fault and no traceback"
    console.print(Text(f"healthy: {words}", style="bold green"))


@contextmanager
def booted(chosen: BoardOptions, state: str | None, ipv6: bool, *, at_reset: bool = False) -> Iterator[Board]:
    """A board that is ready, one at reset, or one with a connection in `state`.

    Raises UserError for an unknown state, and for a firmware that does not get ready or into it.
    """
    if state is None:
        with chosen.boot() as board:
            if not at_reset:
                await_ready(board, chosen.wanted)
            yield board
        return
    from bench.matrix.runner import Runner
    from bench.matrix.states import STATES

    if state not in ("listen", *STATES):
        raise UserError(f"there is no state {state!r}", f"the states are: listen, {', '.join(STATES)}")
    try:
        runner = Runner(chosen.engine, chosen.target.firmware, seed=chosen.seed)
    except (PeerError, TimeoutError) as error:
        raise UserError(
            f"the firmware cannot be brought into a state: {' '.join(str(error).split())}",
            "leave --state away: states are those of the bench's own echo server",
        ) from None
    with runner:
        runner.oracle.restore(runner.scene(state, ipv6=ipv6).snapshot)
        yield runner.board


def replay(
    board: Board, frames: Sequence[StoredFrame], shift: float, *, answered: bool, pad: bool
) -> GuestFault | None:
    """Send the frames at their times, `shift` seconds later. Returns the fault that ended it, if one did.

    `answered`: the capture also holds the bench host's answers to ARP and Neighbor Discovery, so that it
    gives none of its own.
    """
    board.wire.neighbour.enabled = not answered
    try:
        for frame in frames:
            # Stored times are rounded to a nanosecond; waiting must not end a cycle later for that.
            board.run(max(0.0, frame.time + shift - ROUNDING - board.clock.now))
            board.wire.send(frame.data, pad=pad)
        board.run(QUIET)
    except GuestFault as fault:
        return fault
    finally:
        board.wire.neighbour.enabled = True
    return None


def compare(recorded: Sequence[bytes], received: Sequence[bytes]) -> str:
    """One line: whether the board has sent what the capture says it did."""
    for index, (then, now) in enumerate(zip(recorded, received, strict=False), 1):
        if then != now:
            return f"the board's frame {index} is another than in the capture"
    if len(received) < len(recorded):
        return f"the board has sent only {len(received)} of the {len(recorded)} frames in the capture"
    return f"the board has sent the {len(recorded)} frames that it sent in the capture"


def _is_from(board: Board, frame: StoredFrame) -> bool:
    return frame.direction == "from-board" or frame.data[6:12].hex(":") == board.mac


def _health(board: Board, pinged: bool) -> GuestFault | None:
    board.wire.capture = None
    try:
        board.health.check()
        if pinged:
            board.health.check_alive()
    except GuestFault as fault:
        return fault
    return None
