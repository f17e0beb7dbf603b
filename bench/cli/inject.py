"""`bench inject`: send the frames of a capture to a board, and show what comes back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace as changed
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from bench.board import Board
from bench.capabilities import Capabilities, Capability
from bench.capture import LINKTYPE_ETHERNET, Capture
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
    from bench.capture_file import StoredCapture, StoredFrame

MAC_SIZE = 6
"""Bytes."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--state", help="Bring a connection into this protocol state first (see `bench matrix`).")
@click.option("--ipv6", is_flag=True, help="That connection is one over IPv6.")
@click.option("--runts", is_flag=True, help="Send frames under 60 bytes as they are, without padding.")
@click.option(
    "--rewrite", is_flag=True, help="Address the frames for the first station that one goes to to the board."
)
@click.option(
    "--interface", type=click.IntRange(min=0), metavar="N", help="Only frames of this interface of the file."
)
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
    rewrite: bool,
    interface: int | None,
    as_json: bool,
    stored: Path | None,
    board: BoardChoice,
) -> None:
    """Send the frames of a capture to a freshly booted board.

    FILE is pcap or pcapng of Ethernet, of any tool, also gzip'd; - is standard input. Frames keep their
    distances in time; those that come from the board's address are not sent. A capture of the bench's own is
    replayed to the cycle, and what the board sends is compared with it: with the same engine, firmware and
    seed it is the same. What is left out, changed or not compared is said. Ends with the board's health.
    """
    from bench.capture_file import read_capture
    from bench.cli.frame_line import frame_as_dict, frame_line
    from bench.replay import compare, incomparable, replay

    capture_read = read_capture(file)
    console = console_beside(as_json, soft_wrap=True)
    notes: list[str] = []

    def tell(note: str) -> None:
        notes.append(note)
        console.print(Text(f"note: {note}"))

    frames = usable(capture_read, tell, interface=interface, others=rewrite)
    own = capture_read.own and state is None and not rewrite
    chosen = board.choose(console)
    print_about(console, chosen.target.about())
    with booted(chosen, state, ipv6, at_reset=own) as guest:
        recorded: list[StoredFrame] = []
        if rewrite:
            from bench.rewrite import rewrite as readdress

            sent, done = readdress(frames, guest.station, guest.wire.host)
            tell(done)
        else:
            recorded = [frame for frame in frames if _is_from(guest, frame)]
            sent = [frame for frame in frames if not _is_from(guest, frame)]
            tell_of_strangers(guest, sent, tell)
        if not sent:
            raise UserError(
                f"{capture_read.name} has no frame for the board", "give a capture with frames from the bench"
            )
        check_whole(capture_read, sent, tell)
        if capture_read.own and state is not None:
            reason = f"the board is brought into the state {state} first"
        else:
            reason = incomparable(capture_read, guest) if recorded else ""
        capture = guest.wire.capture = Capture()
        pinged = (own and chosen.target.firmware is None) or Capabilities(guest).offers(Capability.PING)
        fault, kept = replay(
            guest, sent, tell, own=own, answered=own and bool(recorded) and not reason, pad=not runts
        )
        for crossed in capture.frames:
            style = "" if crossed.direction == "to-board" else "bold"
            console.print(Text(frame_line(crossed.time, crossed.data, crossed.direction), style=style))
        same: bool | None = None
        if recorded:
            reason = reason or ("" if kept else "a gap was shortened")
            if reason:
                console.print(Text(f"not compared with what the board sent then: {reason}"))
            else:
                same, verdict = compare(recorded, capture.frames, frames[0].time)
                console.print(verdict)
        if fault is None:
            fault = _health(guest, pinged)
        if stored is not None:
            capture.write(stored, f"bench inject {file.name}; {guest.origin}")
            console.print(f"capture: {stored}")
    if as_json:
        print_json(
            {
                **chosen.target.as_dict(),
                "healthy": fault is None,
                "fault": None if fault is None else str(fault),
                "as_recorded": same,
                "not_compared": reason or None,
                "notes": notes,
                "frames": [frame_as_dict(crossed) for crossed in capture.frames],
            }
        )
    if fault is not None:
        console.print(Text(f"not healthy: {fault}", style="bold red"))
        ctx.exit(1)
    words = "no fault, no traceback, and a ping is answered" if pinged else "no fault and no traceback"
    console.print(Text(f"healthy: {words}", style="bold green"))


def usable(
    capture: StoredCapture, tell: Callable[[str], None], *, interface: int | None, others: bool
) -> list[StoredFrame]:
    """The frames of a file that can go over Ethernet; what is left out is told.

    `others`: packets of links from which Ethernet can be made are taken too. Raises UserError where there are
    none, or where it is not clear whose they are.
    """
    from bench.report.capture_file import ethernet

    frames, left_out = [], Counter[int]()
    for frame in capture.frames:
        if interface is not None and frame.interface != interface:
            continue
        made = ethernet(frame) if others and frame.link != LINKTYPE_ETHERNET else None
        if made is not None:
            frame = changed(frame, data=made, link=LINKTYPE_ETHERNET)
        if frame.link == LINKTYPE_ETHERNET:
            frames.append(frame)
        else:
            left_out[frame.link] += 1
    of = f" of interface {interface}" if interface is not None else ""
    if not frames and left_out:
        (link, _), *_ = left_out.most_common(1)
        raise UserError(
            f"{capture.name} has no Ethernet frames{of}: its packets are of link type {link}",
            "capture on an Ethernet interface; or, for packets of IP, let --rewrite put them into frames",
        )
    if not frames:
        raise UserError(f"{capture.name} has no frames{of}", "give a capture with frames from the bench")
    if left_out:
        kinds = ", ".join(map(str, sorted(left_out)))
        tell(f"left out: {left_out.total()} of {len(capture.frames)} packets, of other links (type {kinds})")
    used = sorted({frame.interface for frame in frames})
    if len(used) > 1 and not capture.own:
        raise UserError(
            f"{capture.name} has frames of {len(used)} Ethernet interfaces, which may be the same ones twice",
            f"choose one with --interface: {', '.join(map(str, used))}",
        )
    if capture.untimed:
        number = f"{capture.untimed} of {len(capture.frames)}"
        tell(f"without a time of their own: {number} packets; they follow at once")
    return frames


def check_whole(capture: StoredCapture, sent: list[StoredFrame], tell: Callable[[str], None]) -> None:
    """See that no frame is cut, and tell of those that are wrong. Raises UserError."""
    for frame in sent:
        if frame.missing:
            size = len(frame.data) + frame.missing
            raise UserError(
                f"{capture.name} cannot be sent: packet {frame.number} was cut when it was captured, "
                f"{len(frame.data)} of {size} bytes are left",
                "capture whole packets (tcpdump -s 0)",
            )
    if wrong := sum(frame.fcs is not None for frame in sent):
        tell(f"with a wrong FCS, which they are sent with: {wrong} of {len(sent)} frames")


def tell_of_strangers(board: Board, sent: list[StoredFrame], tell: Callable[[str], None]) -> None:
    """Say how many frames are for stations that are not the board: it will not even look at them."""
    from bench.rewrite import destination, is_group

    ours = board.station
    own = {ours.ip, ours.ip6, ours.link_local}
    other_mac = other_ip = 0
    for frame in sent:
        mac, address = destination(frame.data)
        if len(mac) == MAC_SIZE and not is_group(mac) and mac.hex(":") != ours.mac:
            other_mac += 1
        elif address is not None and address not in own:
            other_ip += 1
    for number, what in (
        (other_mac, f"MAC addresses than {ours.mac}"),
        (other_ip, "IP addresses than the board's"),
    ):
        if number:
            tell(f"for other {what}: {number} of {len(sent)} frames; --rewrite addresses them to the board")


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
    from bench.matrix.states import STATES

    if state not in ("listen", *STATES):
        raise UserError(f"there is no state {state!r}", f"the states are: listen, {', '.join(STATES)}")
    try:
        runner = chosen.matrix_setup().runner()
    except (PeerError, TimeoutError) as error:
        raise UserError(
            f"the firmware cannot be brought into a state: {' '.join(str(error).split())}",
            "leave --state away: states are those of the bench's own echo server",
        ) from None
    with runner:
        runner.oracle.restore(runner.scene(state, ipv6=ipv6).snapshot)
        yield runner.board


def _is_from(board: Board, frame: StoredFrame) -> bool:
    return frame.direction == "from-board" or (not frame.direction and frame.data[6:12].hex(":") == board.mac)


def _health(board: Board, pinged: bool) -> GuestFault | None:
    board.wire.capture = None
    try:
        board.health.check()
        if pinged:
            board.health.check_alive()
    except GuestFault as fault:
        return fault
    return None
