"""A case in full: where it starts, what is sent byte by byte, what has to come back."""

from __future__ import annotations

from collections.abc import Iterator

from scapy.layers.l2 import Ether
from scapy.utils import hexdump

from bench.cases.case import Case, Start
from bench.cases.document import told
from bench.cases.stages import nominal
from bench.cases.steps import Advance, Crafted, Run, Stream
from bench.layers.websocket import describe, parse_frames

MANY = 6
"""Frames of a step that are shown in full; of more, the first only."""

STARTS = {
    Start.LISTENING: "the board listens, another client is connected",
    Start.SYN_RECEIVED: "a connection is half open: the board's SYN+ACK is not acknowledged",
    Start.ESTABLISHED: "a TCP connection is open on which nothing was sent yet",
    Start.UPGRADED: "a WebSocket connection is open and idle",
}


def show(case: Case) -> str:
    """The text of `bench cases show`."""
    lines = [
        case.id,
        f"  entry:    {case.number}, {case.title}",
        f"  state:    {STARTS[case.start]}" + (" (IPv6)" if case.ipv6 else ""),
        f"  expected: {case.expected}",
        f"  source:   {case.source}",
        f"  judged:   {_judged(case)}",
    ]
    if case.departure is not None:
        lines += [f"  departs:  {told(case.departure.came)}", f"            {case.departure.reason}"]
    if case.start is not Start.LISTENING:
        lines += ["", "Numbers of the connection are shown as 1000 (ours) and 5000 (the board's)."]
    return "\n".join([*lines, "", *_steps(case)]).rstrip() + "\n"


def _judged(case: Case) -> str:
    choices = " or ".join(told(choice) for choice in case.expect)
    what = "every frame of the board" if case.view == "wire" else "the stream of the connection"
    return f"{what} in {case.watch:g} virtual seconds has to be: {choices}"


def _steps(case: Case) -> Iterator[str]:
    numbers = nominal(case.ipv6, case.port)
    for number, step in enumerate(case.steps, 1):
        if isinstance(step, Advance):
            list(step.crafted(numbers))
            continue
        if isinstance(step, Run):
            yield f"{number}. {step.seconds:g} virtual seconds pass"
            continue
        crafted = list(step.crafted(numbers))
        if not crafted:
            yield f"{number}. {(type(step).__doc__ or type(step).__name__).splitlines()[0]}"
            continue
        size = f"{len(crafted)} frames" if len(crafted) > 1 else "a frame"
        yield f"{number}. {size}" + (", the first of them:" if len(crafted) > MANY else ":")
        if isinstance(step, Stream):
            frames, rest = parse_frames(step.data)
            if frames and case.layer == "websocket":
                yield from (f"   {describe(frame)}" for frame in frames)
                if rest:
                    yield f"   and the first {len(rest)} bytes of a frame"
        for frame in crafted[:1] if len(crafted) > MANY else crafted:
            yield from _frame(frame)


def _frame(crafted: Crafted) -> Iterator[str]:
    notes = []
    if crafted.fcs is not None:
        notes.append(f"frame check sequence {crafted.fcs.hex()} instead of the right one")
    if not crafted.pad and len(crafted.frame) < 60:
        notes.append("not padded to 60 bytes")
    yield f"   {len(crafted.frame)} bytes" + (f" ({', '.join(notes)})" if notes else "")
    yield hexdump(crafted.frame, dump=True)
    if len(crafted.frame) >= 14:
        yield Ether(crafted.frame).show(dump=True).rstrip()
    yield ""
